import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Credentials that the fake knows, and whose they are. */
export type Credentials = {
  accessKeyId: string
  secretAccessKey: string
  account: string
  /** The user or role of the account, such as `user/NAME`; `user/caller` where it does not matter. */
  identity?: string
  expired?: boolean
}

/** Who calls, and at the endpoint of which region. */
export type Caller = { account: string; identity: string; region: string }

/** Why nobody is known to have signed a request. Each protocol has a code of its own for it. */
export class SignatureError extends Error {
  readonly reason: SignatureReason

  constructor(reason: SignatureReason) {
    super(WORDS[reason])
    this.name = 'SignatureError'
    this.reason = reason
  }
}

export type SignatureReason = 'missing' | 'unknown' | 'expired' | 'wrong'

const WORDS: Readonly<Record<SignatureReason, string>> = {
  missing: 'Request is missing Authentication Token',
  unknown: 'The security token included in the request is invalid.',
  expired: 'The security token included in the request is expired',
  wrong: 'The request signature we calculated does not match the signature you provided.',
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([0-9]{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/** Finds out who signed a request, and checks the signature (AWS Signature Version 4). Throws a `SignatureError`. */
export function callerOf(
  known: readonly Credentials[],
  { headers, body, service }: { headers: IncomingHttpHeaders; body: Buffer; service: string },
): Caller {
  const [, id, day, region, scope, signed, signature] = AUTHORIZATION.exec(headers.authorization ?? '') ?? []
  if (!id || !day || !region || !signed || !signature) throw new SignatureError('missing')
  const credentials = known.find(({ accessKeyId }) => accessKeyId === id)
  if (!credentials) throw new SignatureError('unknown')
  if (credentials.expired) throw new SignatureError('expired')
  const expected = signatureOf(credentials, { headers, body, scope: [day, region, service], signed })
  if (scope !== service || !timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw new SignatureError('wrong')
  }
  const { account, identity = 'user/caller' } = credentials
  return { account, identity, region }
}

function signatureOf(
  { secretAccessKey }: Credentials,
  request: { headers: IncomingHttpHeaders; body: Buffer; scope: string[]; signed: string },
): Buffer {
  const { headers, body, scope, signed } = request
  const lines = signed.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`)
  const canonical = ['POST', '/', '', lines.join(''), signed, sha256(body)].join('\n')
  const place = [...scope, 'aws4_request']
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], place.join('/'), sha256(canonical)].join('\n')
  const key = place.reduce<Buffer>((from, part) => hmac(from, part), Buffer.from(`AWS4${secretAccessKey}`))
  return hmac(key, text)
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}
