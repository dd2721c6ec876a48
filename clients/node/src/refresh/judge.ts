import { type KeyringValue, readKeyringValue } from '../keyring-value.ts'
import type { Ring } from '../ring.ts'
import { type Key, readSecureKey } from '../secure-key.ts'
import type { Answer, NoAnswer } from './ask.ts'
import { jsonOf } from './json-of.ts'
import type { FailureWord, StopCode } from './words.ts'

/** Two keys and what a keyring says of them. */
export type NamedKeys = { pair: readonly [Key, Key]; value: KeyringValue }

/** What an answer is. Only `taken` brings keys, and it brings them whole. */
export type Outcome =
  | { is: 'taken'; keys: NamedKeys; etag: string | undefined }
  | { is: 'unchanged' | 'revoked' }
  | { is: 'stopped'; code: StopCode }
  | { is: 'failed'; word: FailureWord }

/** The keys that were held when they were revoked: they never come back, whoever offers them. */
export type Revoked = { version: number | undefined; kids: ReadonlySet<string> }

const ETAG = /^(W\/)?"[\x21\x23-\x7e]{0,200}"$/
const REVOKED_TYPE = 'urn:securekey:problem:keys-revoked'

/** Whether the body of an answer with this status is read. */
export function readsBody(status: number): boolean {
  return status === 200 || status === 503
}

/** Judges in the order that all libraries share: what a server says, and then whether it can be true. */
export function judge(
  answer: Answer | NoAnswer,
  held: { ring: Ring; etag: string | undefined; revoked: Revoked | undefined },
): Outcome {
  if (typeof answer === 'string') return failed(answer)
  const { status, header, body } = answer
  if (status === 401) return { is: 'stopped', code: 'unauthenticated' }
  if (status === 410) return { is: 'stopped', code: 'resource-gone' }
  if (status === 304) return held.etag === undefined ? failed('not-asked') : { is: 'unchanged' }
  if (status >= 300 && status < 400) return failed('redirected')
  if (status === 429) return failed('too-many-requests')
  if (status === 503 && saysRevoked(answer)) return { is: 'revoked' }
  if (status >= 400 && status < 500) return failed('refused')
  if (status !== 200) return failed('server-error')
  if (body === undefined) return failed('too-large')
  const keys = keysOf(jsonOf(answer, 'application/json'))
  if (!keys) return failed('unreadable')
  const untrue = contradiction(keys, held.ring, held.revoked)
  if (untrue) return failed(untrue)
  const etag = header('etag')
  return { is: 'taken', keys, etag: etag !== undefined && ETAG.test(etag) ? etag : undefined }
}

/** The keys of an answer, if they are as right as the variables must be. */
export function keysOf(body: Record<string, unknown> | undefined): NamedKeys | undefined {
  const { secure_key: pairText, secure_keyring: keyringText } = body ?? {}
  if (typeof pairText !== 'string' || typeof keyringText !== 'string') return undefined
  try {
    const pair = readSecureKey(pairText, 'secure_key')
    const read = readKeyringValue(keyringText, pair)
    return 'value' in read ? { pair, value: read.value } : undefined
  } catch {
    return undefined
  }
}

/** A server that was restored, or lies, takes no process back to older keys, and puts no other in the place of one. */
export function contradiction(
  { pair, value }: NamedKeys,
  ring: Ring,
  revoked: Revoked | undefined,
): 'older' | 'other-key' | undefined {
  const kids = kidsByVersion(value, pair)
  const signs = value.first.version
  if (revoked) {
    if (revoked.version !== undefined && signs <= revoked.version) return 'older'
    if ([...kids.values()].some((kid) => revoked.kids.has(kid))) return 'older'
  }
  if (ring.value && signs < ring.value.first.version) return 'older'
  const other = ring.keys.some(
    ({ key, version }) => version !== undefined && kids.has(version) && kids.get(version) !== key.kid,
  )
  return other ? 'other-key' : undefined
}

function kidsByVersion(
  { first, second, next, further }: KeyringValue,
  pair: NamedKeys['pair'],
): Map<number, string> {
  const kids = new Map([[first.version, pair[0].kid]])
  if (second) kids.set(second.version, pair[1].kid)
  if (next) kids.set(next.version, next.key.kid)
  for (const { version, key } of further) kids.set(version, key.kid)
  return kids
}

function saysRevoked(answer: Answer): boolean {
  return jsonOf(answer, 'application/problem+json', 'application/json')?.type === REVOKED_TYPE
}

function failed(word: FailureWord): Outcome {
  return { is: 'failed', word }
}
