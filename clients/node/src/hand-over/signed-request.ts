import { createHash, createHmac } from 'node:crypto'
import { deriveKey } from '../derived-key.ts'
import type { Key } from '../secure-key.ts'

/** What a client asks with: its secret, the key that it holds, and what is made for this request alone. */
export type ToSign = {
  url: string
  client: string
  key: Key
  /** Unix seconds. */
  created: number
  nonce: string
  /** The public key to which the answer is encrypted, as a JWK. */
  epk: object
}

const TYPE = 'application/json'

/**
 * A request of the hand-over, with an HTTP message signature (RFC 9421, `hmac-sha256`) by a key that is derived from the held
 * one, over the digest of its body (RFC 9530). The held key itself does not travel.
 */
export function signedRequest({ url, client, key, created, nonce, epk }: ToSign): {
  url: string
  body: string
  headers: Record<string, string>
} {
  const target = new URL(`${url}/hand-over`)
  const body = JSON.stringify({ epk })
  const authorization = `Bearer ${client}`
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  const covered = {
    '@method': 'POST',
    '@authority': target.host,
    '@path': target.pathname,
    authorization,
    'content-type': TYPE,
    'content-digest': digest,
  }
  const names = Object.keys(covered).map((name) => `"${name}"`)
  const params = `(${names.join(' ')});created=${created};nonce="${nonce}";keyid="${key.kid}";alg="hmac-sha256"`
  const lines = Object.entries(covered).map(([name, value]) => `"${name}": ${value}`)
  const base = [...lines, `"@signature-params": ${params}`].join('\n')
  const mac = createHmac('sha256', deriveKey(key.bytes, 'hand-over', 32))
    .update(base)
    .digest('base64')
  return {
    url: target.href,
    body,
    headers: {
      authorization,
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-type': TYPE,
      'content-digest': digest,
      'signature-input': `securekey=${params}`,
      signature: `securekey=:${mac}:`,
    },
  }
}
