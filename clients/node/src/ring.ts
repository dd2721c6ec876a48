import type { KeyringValue } from './keyring-value.ts'
import { guaranteedLifeOf } from './life.ts'
import type { Key } from './secure-key.ts'

/** What a key is for: the four uses of a keyring. Without a keyring the two keys are `sign` and `verify`. */
export type KeyUse = 'next' | 'sign' | 'verify' | 'filler'

/** A key of the ring. Only a further `verify` key has an end at which it is no longer accepted. */
type RingKey = {
  key: Key
  use: KeyUse
  version: number | undefined
  until: Date | undefined
  endsAtMs: number | undefined
}

/**
 * What `SECURE_KEY` and `SECURE_KEYRING` say together, and what the app says of itself. Nothing in it changes. What is not
 * there is an own field that is undefined: one that is left out would be looked for in `Object.prototype`, into which faults of
 * other packages let strangers write, and a stranger's `next` would be an accepted key.
 */
export type Ring = {
  /** Newest first. */
  keys: readonly RingKey[]
  first: Key
  second: Key
  value: KeyringValue | undefined
  guaranteedLifeS: number
  /** When this process first held the key that signs. */
  startedAtMs: number
  settleEndsMs: number
  /** Its key is one that nobody else has: what was held is revoked, and the successors have not come yet. */
  standsIn: boolean
}

const SETTLE_AFTER_ROTATION_MS = 6 * 3_600_000
const CLOCKS_DIFFER_MS = 5 * 60_000

export function ringOf(
  [first, second]: readonly [Key, Key],
  value: KeyringValue | undefined,
  own: { maxLifeS: number | undefined; settleS: number; startedAtMs: number },
): Ring {
  const keys: RingKey[] = []
  const none = { version: undefined, until: undefined, endsAtMs: undefined }
  if (value?.next) keys.push({ ...none, ...value.next, use: 'next' })
  keys.push({ ...none, key: first, use: 'sign', ...value?.first })
  const secondUse = value && !value.second ? 'filler' : 'verify'
  keys.push({ ...none, key: second, use: secondUse, ...value?.second })
  for (const further of value?.further ?? []) {
    keys.push({ ...further, use: 'verify', endsAtMs: further.until.getTime() })
  }
  return {
    keys,
    first,
    second,
    value,
    guaranteedLifeS: guaranteedLifeOf(value?.goodFor, own.maxLifeS),
    startedAtMs: own.startedAtMs,
    // Turned off it never was, wherever the clock goes.
    settleEndsMs: own.settleS === 0 ? -Infinity : own.startedAtMs + own.settleS * 1_000,
    standsIn: false,
  }
}

/** A ring of one key, of which nothing is known. */
export function ringOfOne(key: Key, own: Pick<Ring, 'guaranteedLifeS' | 'startedAtMs' | 'standsIn'>): Ring {
  const { guaranteedLifeS, startedAtMs, standsIn } = own
  const shown: RingKey = { key, use: 'sign', version: undefined, until: undefined, endsAtMs: undefined }
  return {
    ...{ keys: [shown], first: key, second: key, value: undefined },
    ...{ guaranteedLifeS, startedAtMs, settleEndsMs: -Infinity, standsIn },
  }
}

/** The keys that are accepted at a moment, newest first. */
export function acceptedKeys(ring: Ring, nowMs: number): Key[] {
  return ring.keys.filter(({ endsAtMs }) => endsAtMs === undefined || nowMs < endsAtMs).map(({ key }) => key)
}

/**
 * The key that signs what ends at a moment. In the settle time of a process that is the second key, which processes that
 * have not restarted yet know as well: they would refuse what the first one signs.
 */
export function signingKey(ring: Ring, nowMs: number, endMs: number): Key {
  return settles(ring, nowMs) && endMs <= secondEndsAtMs(ring) ? ring.second : ring.first
}

/** For frameworks that sign with the first of a list and accept all of it. A key that is announced signs last of all. */
export function listOfKeys(ring: Ring, nowMs: number, lifeS: number): Key[] {
  const signing = signingKey(ring, nowMs, nowMs + lifeS * 1_000)
  const next = ring.value?.next?.key
  const others = acceptedKeys(ring, nowMs).filter((key) => key !== signing && key !== next)
  return [signing, ...others, ...(next ? [next] : [])]
}

/** Whether a key stands behind the one that signs now: what it signed is to be signed again. */
export function isOlder(ring: Ring, key: Key, signing: Key): boolean {
  const place = (wanted: Key) => ring.keys.findIndex((each) => each.key === wanted)
  return place(key) > place(signing)
}

/** When the settle time ends that lasts now, in which a process signs with the second key. Undefined: there is none. */
export function settleEndMs(ring: Ring, nowMs: number): number | undefined {
  return settles(ring, nowMs) ? ring.settleEndsMs : undefined
}

/** Not after a revoke, for the second key is no longer good, and not for a new add-on, which has no stale process. */
function settles({ settleEndsMs, value }: Ring, nowMs: number): boolean {
  if (!value?.second || value.reason === 'revoke' || value.reason === 'provision') return false
  const sinceRotationMs = nowMs - value.rotatedAt.getTime()
  return (
    nowMs < settleEndsMs && sinceRotationMs < SETTLE_AFTER_ROTATION_MS && sinceRotationMs >= -CLOCKS_DIFFER_MS
  )
}

function secondEndsAtMs({ value }: Ring): number {
  return value?.second?.until.getTime() ?? -Infinity
}
