import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { CompactEncrypt, importJWK, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'
import { type HandOverOptions, handOver, type StoredKeys } from '../../../../clients/node/src/hand-over.ts'
import type { listening, Respond } from './live.ts'
import { keyText, kidOf, PAIR, ROTATED } from './rings.ts'
import { createTimers } from './timers.ts'

type Server = ReturnType<typeof listening>
type Asked = Server['requests'][number]

const CLIENT_ID = '0123456789abcdef'
export const CLIENT = `sk_client_${CLIENT_ID}_${'a'.repeat(58)}`
const COVERED = '("@method" "@authority" "@path" "authorization" "content-type" "content-digest")'

/** What the service makes of a key for one purpose, by RFC 5869. */
function derived(version: number, purpose: string): Buffer {
  const key = Buffer.from(keyText(version), 'hex')
  return Buffer.from(hkdfSync('sha256', key, '', `securekey/v1/hand-over${purpose}`, 32))
}

/** The version that a request is signed with, read as the description of the API says; throws if it is not right. */
export function signedWith({ headers, body, path, method }: Asked): {
  version: number
  nonce: string
  created: number
} {
  const input = String(headers['signature-input']).replace(/^securekey=/, '')
  const [, covered, created, nonce = '', kid] =
    /^(\(.*\));created=(\d+);nonce="([\w-]{22,64})";keyid="([0-9a-f]{8})";alg="hmac-sha256"$/.exec(input) ??
    []
  const version = [3, 4, 5, 6, 7, 8, 9].find((each) => kidOf(each) === kid)
  if (covered !== COVERED || version === undefined) throw new Error('no such signature')
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  const base = [
    `"@method": ${method}`,
    `"@authority": ${headers.host}`,
    `"@path": ${path}`,
    `"authorization": Bearer ${CLIENT}`,
    `"content-type": application/json`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${input}`,
  ].join('\n')
  const mac = createHmac('sha256', derived(version, '')).update(base).digest('base64')
  if (headers.signature !== `securekey=:${mac}:`) throw new Error('the signature is not right')
  return { version, nonce, created: Number(created) }
}

type Lie = {
  /** The version by which the answer is signed; else the one of the request. */
  by?: number
  claims?: Record<string, unknown>
  kid?: string
  alg?: string
  enc?: string
  epk?: object
}

/** An answer that hands over these keys, as the description of the API says, or with a lie in it. */
export function handsOver(server: Server, keyring: unknown, lie: Lie = {}): Respond {
  return async (_request, response) => {
    const asked = server.requests.at(-1)
    if (!asked) throw new Error('nothing was asked')
    const { version, nonce } = signedWith(asked)
    const jws = await new SignJWT({ keyring, nonce, ...lie.claims })
      .setProtectedHeader({ alg: 'HS256', kid: lie.kid ?? kidOf(version) })
      .setIssuer(String(lie.claims?.iss ?? `http://${asked.headers.host}`))
      .setAudience(String(lie.claims?.aud ?? CLIENT_ID))
      .setIssuedAt(ROTATED / 1_000)
      .sign(derived(lie.by ?? version, '-answer'))
    const epk = lie.epk ?? JSON.parse(asked.body).epk
    const { alg = 'ECDH-ES', enc = 'A256GCM' } = lie
    const jwe = await new CompactEncrypt(new TextEncoder().encode(jws))
      .setProtectedHeader({ alg, enc, cty: 'JWT' })
      .encrypt(await importJWK(epk, alg))
    response.writeHead(200, { 'content-type': 'application/json', 'refresh-after': '600' })
    response.end(JSON.stringify({ status: 'handed-over', jwe }))
  }
}

export function problem(word: string, status: number, more: object = {}): Respond {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ type: `urn:securekey:problem:${word}`, ...more }))
  }
}

/** A client that holds version 5 and 4 and asks this server; what it was told to store, and its timers. */
export async function client(server: Server, options: Partial<HandOverOptions> = {}) {
  const clock = { ms: ROTATED + 60_000 }
  const timers = createTimers((ms) => {
    clock.ms += ms
  })
  const stored: StoredKeys[] = []
  const warnings: string[] = []
  const stops: unknown[] = []
  const outside = await handOver({
    url: server.url(),
    client: CLIENT,
    ...(options.key === undefined && { keys: PAIR }),
    onKeys: (keys) => stored.push(keys),
    onWarning: (code) => warnings.push(code),
    now: () => clock.ms,
    setTimer: timers.setTimer,
    random: () => 0.5,
    ...options,
  })
  onTestFinished(outside.close)
  outside.keyring.on('stopped', ({ code }) => stops.push(code))
  return { outside, ring: outside.keyring, clock, timers, stored, warnings, stops }
}
