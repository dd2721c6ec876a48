import type { Keyset } from './keyset.ts'

/** A signature is taken so long before and after it was made, by the clock of the service. */
export const SIGNED_WITHIN_MS = 60_000
/** A nonce is remembered until no signature that names it can be taken. */
export const NONCE_KEPT_MS = 2 * SIGNED_WITHIN_MS

/**
 * The versions by which a client proves that it belongs to an add-on: the two keys of the config var, the newest first. No
 * filler, since nobody was to have it; none that was revoked; none that is pending, announced or has left the pair: a key
 * that leaked long ago must not climb to the present one.
 */
export function provingVersions({ current, second, revokedTo }: Keyset): number[] {
  const pair = second.filler ? [current] : [current, second.version]
  return pair.filter((version) => version > revokedTo)
}

/** Whether a signature made then is taken now. Both are Unix seconds. */
export function isOnTime(made: { created: number; expires: number | null }, now: Date): boolean {
  const nowMs = now.getTime()
  if (Math.abs(nowMs - made.created * 1_000) > SIGNED_WITHIN_MS) return false
  return made.expires === null || made.expires * 1_000 > nowMs
}

/**
 * - `already-latest`: it holds the key that signs
 * - `hand-over`: it holds the one before, and is given the present ones
 * - `came-back`: it holds the one before though it has signed with the present one: somebody else has its secret, or it
 *   was put back to an older state
 * - `off`: the hand-over is switched off
 * - `unproved`: the key by which it signed proves nothing any more
 */
export type HandOverVerdict = 'already-latest' | 'hand-over' | 'came-back' | 'off' | 'unproved'

/** What a client is given that signed with a version, and before that with no version above `newest`. */
export function judgeHandOver(facts: {
  keyset: Keyset
  on: boolean
  signedWith: number
  newest: number | null
}): HandOverVerdict {
  const { keyset, on, signedWith, newest } = facts
  if (!provingVersions(keyset).includes(signedWith)) return 'unproved'
  if (!on) return 'off'
  if (signedWith === keyset.current) return 'already-latest'
  return newest !== null && newest >= keyset.current ? 'came-back' : 'hand-over'
}

/** What is known of a client: see `ClientRecord` of `store/clients.ts`. */
type Known = {
  newestVersion: number | null
  lastKid: string | null
  seenVersion: number | null
  seenAt: Date | null
  alarmAt: Date | null
}
/** Somebody who tries on and on fills no history. */
const TELL_OF_ALARM_EVERY_MS = 3_600_000

/**
 * What is known of a client after it has asked, and what the history tells of it. Only what it signed with counts as held:
 * an answer may be lost. The first time under each key is told, so that its owner sees who comes.
 */
export function afterAsking<T extends Known>(
  known: T,
  asked: {
    verdict: 'already-latest' | 'hand-over' | 'came-back'
    kid: string
    current: number
    now: Date
  },
): { record: T; tells: ('client-first-asked' | 'keys-handed-over' | 'client-came-back')[] } {
  const { verdict, kid, current, now } = asked
  if (verdict === 'came-back') {
    const told = known.alarmAt !== null && now.getTime() - known.alarmAt.getTime() < TELL_OF_ALARM_EVERY_MS
    return told
      ? { record: { ...known, lastKid: kid }, tells: [] }
      : { record: { ...known, lastKid: kid, alarmAt: now }, tells: ['client-came-back'] }
  }
  const isFirst = known.seenVersion !== current
  const record = {
    ...known,
    lastKid: kid,
    ...(verdict === 'already-latest' && { newestVersion: current }),
    ...(isFirst && { seenVersion: current, seenAt: now }),
  }
  const handed = verdict === 'hand-over' ? (['keys-handed-over'] as const) : []
  return { record, tells: [...(isFirst ? (['client-first-asked'] as const) : []), ...handed] }
}
