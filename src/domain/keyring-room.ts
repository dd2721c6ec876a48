import type { Keyset, KeysetChange, OlderKey } from './keyset.ts'
import { SIGNS_ON_MS } from './old-key-end.ts'

/** A config var is small, and an app reads it at each start. */
export const MOST_KEYS = 8

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

/** The same for announcing the next key. `rotating`: a rotation is under way, and takes a place too. */
export function endedByAnnouncing(facts: RoomFacts & { rotating: boolean }, at: Date): OlderKey[] {
  return withoutRoom(facts, roomForOld(true) - (facts.rotating ? 1 : 0), at)
}

/**
 * From when on a rotation ends no key before its time; null: at any time. `ahead`: so many others come before it.
 */
export function roomFrom(facts: RoomFacts, ahead = 0): Date | null {
  const room = Math.max(0, roomForOld(facts.announcesNext) - 1 - ahead)
  const inTheWay = withoutRoom(facts, room, new Date(0))
  return inTheWay.length === 0
    ? null
    : new Date(Math.max(...inTheWay.map((key) => promisedTo(key).getTime())))
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

function withoutRoom({ keyset, tokenLifeMs }: RoomFacts, room: number, at: Date): OlderKey[] {
  if (tokenLifeMs === null) return []
  const { second, older } = keyset
  const old = second.filler ? older : [{ version: second.version, until: second.until }, ...older]
  return old.slice(room).filter((key) => promisedTo(key) > at)
}
