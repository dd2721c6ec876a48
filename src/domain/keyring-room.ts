import type { Keyset, KeysetChange, OlderKey } from './keyset.ts'
import { SIGNS_ON_MS } from './old-key-end.ts'

/** A config var is small, and an app reads it at each start. */
export const MOST_KEYS = 8

/** Stands for a key of which the number does not matter. */
const SIGNED_BEFORE = 0

/** How many old keys a keyring has room for, beside the one that signs and the next one. */
export function roomForOld(announcesNext: boolean): number {
  return MOST_KEYS - 1 - (announcesNext ? 1 : 0)
}

/** What it depends on whether old keys have room. */
export type RoomFacts = {
  keyset: Pick<Keyset, 'second' | 'older'>
  tokenLifeMs: number | null
  announcesNext: boolean
}

/**
 * The old keys that a rotation at `at` ends before what they signed has ended, for want of room. None where no life is
 * stated: then old keys give way.
 */
export function endedByRotation(facts: RoomFacts, at: Date): OlderKey[] {
  // The key that signs now takes a place itself.
  return withoutRoom(facts, roomForOld(facts.announcesNext) - 1, at)
}

/**
 * The same for announcing the next key. `rotating`: a rotation is under way, and takes a place too. Without one the second key
 * keeps its place, also where it has ended.
 */
export function endedByAnnouncing(facts: RoomFacts & { rotating: boolean }, at: Date): OlderKey[] {
  const { second } = facts.keyset
  const isSecondOver = !second.filler && second.until <= at
  return withoutRoom(facts, roomForOld(true) - (facts.rotating || isSecondOver ? 1 : 0), at)
}

/**
 * From when on a rotation ends no key before its time; null: at any time. A newer key may end before an older one, where the
 * life, the grace period or the plan was another, and its place is free then.
 */
export function roomFrom(facts: RoomFacts): Date | null {
  const isFree = (at: Date) => endedByRotation(facts, at).length === 0
  if (isFree(new Date(0))) return null
  const moments = oldKeysOf(facts).flatMap((key) => [promisedTo(key), key.until])
  return moments.sort((a, b) => a.getTime() - b.getTime()).find(isFree) ?? null
}

/** Until when a rotation that is due at `dueAt` waits for room; null: it does not. */
export function waitsForRoom(facts: RoomFacts, dueAt: Date, now: Date): Date | null {
  const from = roomFrom(facts)
  return from && from > dueAt && from > now ? from : null
}

/** The same facts once a rotation is served at `at`: the key that signs now ends at `until` from then on. */
export function roomAfterRotation(facts: RoomFacts, { at, until }: { at: Date; until: Date }): RoomFacts {
  const older = oldKeysOf(facts).filter((key) => key.until > at)
  return { ...facts, keyset: { second: { version: SIGNED_BEFORE, filler: false, until }, older } }
}

/**
 * What a keyring has no room for no app accepts: the oldest keys go where a life is stated, so that what is kept is what apps
 * accept. Without one the service alone accepts them until their end.
 */
export function keptInRoom(
  { keyset, erased }: KeysetChange,
  { tokenLifeMs }: Pick<RoomFacts, 'tokenLifeMs'>,
): KeysetChange {
  if (tokenLifeMs === null) return { keyset, erased }
  const { second, older, next } = keyset
  const room = roomForOld(next?.announced === true) - (second.filler ? 0 : 1)
  const gone = older.slice(room).map(({ version }) => version)
  if (gone.length === 0) return { keyset, erased }
  return { keyset: { ...keyset, older: older.slice(0, room) }, erased: [...erased, ...gone] }
}

/** Until when a key is needed at least. What it is kept beyond that gives way where there is no room. */
function promisedTo({ until }: OlderKey): Date {
  return new Date(until.getTime() - SIGNS_ON_MS)
}

/** What has ended gives its place away. */
function withoutRoom(facts: RoomFacts, room: number, at: Date): OlderKey[] {
  if (facts.tokenLifeMs === null) return []
  const living = oldKeysOf(facts).filter(({ until }) => until > at)
  return living.slice(room).filter((key) => promisedTo(key) > at)
}

/** The old keys, the newest first. Nobody signs with a filler. */
export function oldKeysOf({ keyset: { second, older } }: Pick<RoomFacts, 'keyset'>): OlderKey[] {
  return second.filler ? [...older] : [{ version: second.version, until: second.until }, ...older]
}
