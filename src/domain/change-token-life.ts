import type { GracePeriod } from './grace.ts'
import { keptInRoom, oldKeysOf } from './keyring-room.ts'
import type { Keyset, OlderKey } from './keyset.ts'
import { oldKeyEndsAt, theEarlier, theLater } from './old-key-end.ts'
import { type ResourceState, type StateChange, wokenWhenNeeded } from './resource-state.ts'

/** What a change of the life depends on beside the state. */
export type LifeTerms = { grace: GracePeriod; graceFloorMs: number }

/**
 * Somebody states how long the longest thing lives that apps sign, another time, or none any more. Old keys that are there
 * end by it, counted from when they stopped signing; one whose time gets shorter stays for the grace floor from now on where
 * it is in the second place. What was erased before is gone, and a key of which that moment is not known keeps its end
 * unless it comes later. Keys that no keyring had room for go.
 */
export function afterTokenLife(
  state: ResourceState,
  tokenLifeMs: number | null,
  terms: LifeTerms,
  now: Date,
): StateChange {
  const change = { keyset: keptFor(state, tokenLifeMs, terms, now), erased: [] }
  const { keyset, erased } = keptInRoom(change, { tokenLifeMs })
  return { state: wokenWhenNeeded({ ...state, tokenLifeMs, keyset }, terms.grace, now), erased }
}

/** The old keys whose end another life brings nearer, with that end. Revoked ones have ended. */
export function shortenedBy(
  state: ResourceState,
  tokenLifeMs: number | null,
  terms: LifeTerms,
  now: Date,
): OlderKey[] {
  const after = keptFor(state, tokenLifeMs, terms, now)
  const before = new Map(unrevoked(state.keyset).map(({ version, until }) => [version, until]))
  return unrevoked(after).filter(({ version, until }) => until < (before.get(version) ?? until))
}

/** Whether what apps have signed so far may live for longer than it is to be kept for. */
export function isShorter(from: number | null, to: number | null): boolean {
  return from !== null && (to === null || to < from)
}

function unrevoked(keyset: Keyset): OlderKey[] {
  return oldKeysOf({ keyset }).filter(({ version }) => version > keyset.revokedTo)
}

function keptFor(
  { keyset, publishedAt, nextRotationAt, tokenLifeMs: before }: ResourceState,
  tokenLifeMs: number | null,
  { grace, graceFloorMs }: LifeTerms,
  now: Date,
): Keyset {
  const shorter = isShorter(before, tokenLifeMs)
  const { second, older } = keyset
  const changed = (until: Date, ends: Date, leastEnd: Date) =>
    shorter ? theEarlier(until, theLater(ends, leastEnd)) : theLater(until, ends)
  const floor = new Date(now.getTime() + graceFloorMs)
  const ends = oldKeyEndsAt({ grace, tokenLifeMs }, publishedAt, nextRotationAt)
  return {
    ...keyset,
    second: second.filler ? second : { ...second, until: changed(second.until, ends, floor) },
    older: older.map((key) => {
      const { until, stoppedAt } = key
      if (!stoppedAt) return key
      // It has left its place: a grace period until the next rotation is over.
      const left = oldKeyEndsAt({ grace, tokenLifeMs }, stoppedAt, stoppedAt)
      return { ...key, until: changed(until, left, now) }
    }),
  }
}
