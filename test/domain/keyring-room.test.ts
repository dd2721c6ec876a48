import { expect, test } from 'vitest'
import {
  endedByAnnouncing,
  endedByRotation,
  type RoomFacts,
  roomFrom,
} from '../../src/domain/keyring-room.ts'
import { SIGNS_ON_MS } from '../../src/domain/old-key-end.ts'

const DAY = 86_400_000
const START = new Date('2026-03-03T12:00:00Z')
const day = (count: number) => new Date(START.getTime() + count * DAY)

/** Old keys that end after so many days each, the newest first: the first of them is in the second place. */
function keyring(...ends: number[]): RoomFacts {
  const [second, ...older] = ends.map((count, index) => ({ version: 9 - index, until: day(count) }))
  if (!second) throw new Error('no old key')
  return {
    keyset: { second: { ...second, filler: false }, older },
    tokenLifeMs: 6 * DAY,
    announcesNext: false,
  }
}

test('a full keyring has room for a rotation once what the oldest key has signed has ended', () => {
  expect(roomFrom(keyring(7, 6, 5, 4, 3, 2))).toBeNull()
  const full = keyring(8, 7, 6, 5, 4, 3, 2)
  expect(roomFrom(full)).toEqual(new Date(day(2).getTime() - SIGNS_ON_MS))
  expect(endedByRotation(full, START)).toEqual([{ version: 3, until: day(2) }])
})

test('a newer key that ends before the oldest makes room as well', () => {
  const full = keyring(8, 7, 6, 5, 3, 3, 14)
  expect(roomFrom(full)).toEqual(day(3))
  expect(endedByRotation(full, new Date(day(3).getTime() - 1))).toEqual([{ version: 3, until: day(14) }])
  expect(endedByRotation(full, day(3))).toEqual([])
})

test('the next key finds no room in the place of a second key that has ended: that one leaves with a rotation', () => {
  const full = keyring(2, 7, 6, 5, 4, 3, 14)
  expect(endedByAnnouncing({ ...full, rotating: false }, day(2))).toEqual([{ version: 3, until: day(14) }])
  expect(endedByAnnouncing({ ...full, rotating: true }, day(2))).toEqual([{ version: 3, until: day(14) }])
  expect(endedByAnnouncing({ ...full, rotating: true }, day(3))).toEqual([])
})
