import { hash } from 'node:crypto'
import { keyText, kid } from './keys.ts'

/** An entry of a keyring, by the number of its key. */
export type Entry = { key: number; use: string; until?: number | null; withText?: boolean }

/** What a keyring says beside its entries. */
export type Facts = {
  reason?: string
  rotatedAt?: number
  nextRotationAt?: number
  /** Seconds; null leaves the field out. */
  goodFor?: number | null
  /** Versions up to this one were revoked. */
  revokedTo?: number
}

export const DAY = 86_400_000
export const HOUR = 3_600_000
/** 3 March 2026, noon: the first rotation of the vectors' add-on is a fortnight later. */
export const T0 = Date.UTC(2026, 2, 3, 12)
export const FIRST_ROTATION = T0 + 14 * DAY
export const SECOND_ROTATION = T0 + 28 * DAY
/** Half a fortnight, in seconds. */
export const HALF_PERIOD = 604_800

/** The value of `SECURE_KEY` with these keys, by name. */
export function pair(first: string, second: string): string {
  return `${keyText(first)},${keyText(second)}`
}

/** A keyring as the service writes it. Its MAC is none: only the service can check it. */
export function ring(entries: readonly Entry[], facts: Facts = {}): string {
  return JSON.stringify(ringBody(entries, facts))
}

/** The same as an object, to be changed. */
export function ringBody(entries: readonly Entry[], facts: Facts = {}) {
  const { reason = 'scheduled', rotatedAt = FIRST_ROTATION, nextRotationAt = rotatedAt + 14 * DAY } = facts
  const { goodFor = HALF_PERIOD, revokedTo = 0 } = facts
  return {
    v: 1 as unknown,
    keys: entries.map(entryBody) as unknown[],
    reason: reason as unknown,
    rotated_at: iso(rotatedAt) as unknown,
    next_rotation_at: iso(nextRotationAt) as unknown,
    ...(goodFor === null ? {} : { good_for: goodFor as unknown }),
    mac: `1.${revokedTo}.k1.${hash('sha256', 'securekey vectors: mac', 'base64url')}`,
  }
}

/** An entry as the service writes it: with the text of its key where `SECURE_KEY` does not hold that. */
export function entryBody({ key, use, until = null, withText = false }: Entry): Record<string, unknown> {
  const name = `key ${key}`
  const end = until === null ? null : iso(until)
  return { kid: kid(name), version: key, use, until: end, ...(withText ? { key: keyText(name) } : {}) }
}

/** A moment as a keyring writes it. */
export function iso(at: number): string {
  return new Date(at).toISOString()
}

/** The key that signs. */
export function signs(key: number): Entry {
  return { key, use: 'sign' }
}

/** The key in the second place, accepted until then. */
export function accepted(key: number, until: number = SECOND_ROTATION): Entry {
  return { key, use: 'verify', until }
}

/** A key that left the second place early. */
export function older(key: number, until: number): Entry {
  return { key, use: 'verify', until, withText: true }
}

/** The key that is announced. */
export function announced(key: number): Entry {
  return { key, use: 'next', withText: true }
}
