import { createHmac, hash, hkdfSync, randomBytes } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text as textOfStream } from 'node:stream/consumers'
import { compactDecrypt, exportJWK, generateKeyPair, type JWK, jwtVerify } from 'jose'
import { keyFromBytes } from '../../../src/domain/key.ts'
import { switchHandOver } from '../../../src/flows/hand-over/switch-hand-over.ts'
import { enrolClient } from '../../../src/flows/tokens/make-token.ts'
import type { Harness } from '../../support/harness.ts'
import { ANN } from './token.ts'

type Some = Pick<Harness, 'deps'> & { addon: { id: string } }

/** A client that Ann has enrolled. Returns its secret and its id. */
export async function clientOf(
  h: Some,
  { name = 'laptop', resourceId = h.addon.id }: { name?: string; resourceId?: string } = {},
): Promise<{ text: string; id: string }> {
  const made = await enrolClient(h.deps, { resourceId, actor: ANN, name })
  if (made.outcome !== 'made') throw new Error(made.outcome)
  return { text: made.text, id: made.token.id }
}

/** The same, with the hand-over switched on. */
export async function handedOverTo(h: Some, more: Parameters<typeof clientOf>[1] = {}) {
  await switchHandOver(h.deps, { resourceId: more?.resourceId ?? h.addon.id, actor: ANN, on: true })
  return await clientOf(h, more)
}

/** The key of one purpose, as the client libraries derive it. */
export function derived(key: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(key, 'hex'), '', `securekey/v1/${purpose}`, 32))
}

export const kidOf = (key: string) => hash('sha256', key, 'hex').slice(0, 8)

export type Asking = {
  key: string
  secret: string
  created: number
  nonce?: string
  expires?: number
  kid?: string
  authority?: string
  path?: string
  epk?: unknown
  covered?: readonly string[]
}

const COVERED = ['@method', '@authority', '@path', 'authorization', 'content-type', 'content-digest']

/** A signed request, made by what the description says and by nothing of the service. */
export function signedRequest(asking: Asking) {
  const { key, secret, created, authority = '127.0.0.1:5000', path = '/v1/hand-over' } = asking
  const { nonce = randomBytes(16).toString('base64url'), kid = kidOf(key), covered = COVERED } = asking
  const body = JSON.stringify({ epk: asking.epk })
  const fields: Record<string, string> = {
    '@method': 'POST',
    '@authority': authority,
    '@path': path,
    authorization: `Bearer ${secret}`,
    'content-type': 'application/json',
    'content-digest': `sha-256=:${hash('sha256', body, 'base64')}:`,
  }
  const expires = asking.expires === undefined ? '' : `;expires=${asking.expires}`
  const list = covered.map((name) => `"${name}"`).join(' ')
  const params = `(${list});created=${created}${expires};nonce="${nonce}";keyid="${kid}";alg="hmac-sha256"`
  const lines = covered.map((name) => `"${name}": ${fields[name]}`)
  const base = [...lines, `"@signature-params": ${params}`].join('\n')
  const mac = createHmac('sha256', derived(key, 'hand-over')).update(base).digest('base64')
  const headers = {
    authorization: `Bearer ${secret}`,
    'content-type': 'application/json',
    'content-digest': fields['content-digest'] ?? '',
    'signature-input': `securekey=${params}`,
    signature: `securekey=:${mac}:`,
  }
  return { method: 'POST', headers, body, base, nonce }
}

export type HandOverAnswer = {
  status: number
  headers: Headers
  text: string
  body: Record<string, unknown>
  problem: string
  /** What the answer says, opened as the description says; undefined where there is no key in it. */
  opened?: Record<string, unknown> & { keyring: { secure_key: string; secure_keyring: string } }
}

/** A request as it goes out: its header lines in their order, each name as often as it stands there. */
export type Sent = { path: string; lines: [name: string, value: string][]; body: string }

let addresses = 0

/** Sends a request as it is, from an address of its own unless it names one. */
export async function send(h: Pick<Harness, 'url'>, { path, lines, body }: Sent) {
  addresses += 1
  const from = ['x-forwarded-for', `10.1.${Math.trunc(addresses / 250)}.${addresses % 250}`]
  const { port } = new URL(h.url)
  const named = lines.some(([name]) => name === 'x-forwarded-for')
  const headers = [
    ...[
      'host',
      `127.0.0.1:${port}`,
      'content-length',
      String(Buffer.byteLength(body)),
      ...(named ? [] : from),
    ],
    ...lines.flat(),
  ]
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  httpRequest({ host: '127.0.0.1', port, method: 'POST', path, headers, agent: false }, resolve)
    .on('error', reject)
    .end(body)
  const response = await promise
  const text = await textOfStream(response)
  return {
    status: response.statusCode ?? 0,
    headers: new Headers(response.headers as Record<string, string>),
    text,
  }
}

/** A client outside: it asks, and opens what it is given. `change`: what somebody makes of the request on its way. */
export async function ask(
  h: Pick<Harness, 'url' | 'clock'>,
  asking: Omit<Asking, 'created' | 'epk'> & {
    created?: number
    curve?: 'P-256' | 'X25519'
    epk?: unknown
    change?: (sent: Sent) => Sent
  },
  headers: Record<string, string> = {},
): Promise<HandOverAnswer> {
  const { curve = 'P-256', change = (sent: Sent) => sent } = asking
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { crv: curve })
  const epk = 'epk' in asking ? asking.epk : publicJwk(await exportJWK(publicKey))
  const created = asking.created ?? Math.floor(h.clock.now().getTime() / 1_000)
  const request = signedRequest({ ...asking, created, epk })
  const lines = Object.entries({ ...request.headers, ...headers })
  const {
    status,
    headers: told,
    text,
  } = await send(h, change({ path: '/v1/hand-over', lines, body: request.body }))
  const answer = text === '' ? {} : JSON.parse(text)
  const problem = String(answer.type ?? '').replace('urn:securekey:problem:', '')
  const plain = { status, headers: told, text, body: answer, problem }
  if (typeof answer.jwe !== 'string') return plain
  const { plaintext } = await compactDecrypt(answer.jwe, privateKey)
  const jws = Buffer.from(plaintext).toString('ascii')
  const { payload } = await jwtVerify(jws, derived(asking.key, 'hand-over-answer'), {
    algorithms: ['HS256'],
    issuer: 'http://127.0.0.1:5000',
    audience: /^sk_client_([0-9a-f]+)_/.exec(asking.secret)?.[1] ?? '',
    currentDate: h.clock.now(),
  })
  if (payload.nonce !== request.nonce) throw new Error('the answer is to another request')
  return { ...plain, opened: payload as unknown as NonNullable<HandOverAnswer['opened']> }
}

/** The text of a live version, whatever it is for. */
export async function textOf(h: Some, version: number): Promise<string> {
  const resource = await h.deps.db
    .selectFrom('resources')
    .selectAll()
    .where('id', '=', h.addon.id)
    .executeTakeFirst()
  const key = await h.deps.db
    .selectFrom('sealed_keys')
    .selectAll()
    .where('resource_id', '=', h.addon.id)
    .where('version', '=', version)
    .executeTakeFirst()
  if (!resource?.kek_id || !resource.wrapped_dek || !key) throw new Error(`there is no version ${version}`)
  const sealer = await h.deps.sealing.forResource(h.addon.id, {
    kekId: resource.kek_id,
    wrapped: resource.wrapped_dek,
  })
  return keyFromBytes(sealer.openKey(version, key.sealed))
}

function publicJwk({ kty, crv, x, y }: JWK) {
  return { kty, crv, x, ...(y !== undefined && { y }) }
}
