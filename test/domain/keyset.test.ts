import { describe, expect, test } from 'vitest'
import {
  dropOlder,
  dropPending,
  isSamePair,
  type Keyset,
  liveVersions,
  promoteFiller,
  promoteKey,
  promoteNext,
  publishedPair,
} from '../../src/domain/keyset.ts'

const NOW = new Date('2026-03-03T12:00:00Z')
const DAY = 86_400_000
const inMs = (ms: number) => new Date(NOW.getTime() + ms)

const keyset: Keyset = {
  current: 5,
  second: { version: 4, filler: false, until: inMs(DAY) },
  pending: 6,
  pendingFiller: 7,
  older: [
    { version: 3, until: inMs(1) },
    { version: 2, until: NOW },
  ],
  next: null,
  revokedTo: 1,
}
const OFF = { announces: false }
const manual = { reason: 'manual', publishedAt: NOW, until: inMs(2 * DAY), announces: false } as const

test('each live version of a keyset is named once, the newest first, in whatever place it stands', () => {
  expect(liveVersions(keyset)).toEqual([7, 6, 5, 4, 3, 2])
  expect(liveVersions({ ...keyset, pending: null, pendingFiller: null, older: [] })).toEqual([5, 4])
})

test('the config var holds the current key and the one in the second place, whatever is pending', () => {
  expect(publishedPair(keyset)).toEqual({ first: 5, second: 4, next: null })
})

test('the second place holds the youngest accepted version', () => {
  const after = promoteKey(keyset, manual).keyset
  expect(after.second.version).toBe(5)
  expect(after.older.every(({ version }) => version < after.second.version)).toBe(true)
})

test('a filler that is younger than the current key holds the second place', () => {
  const filled = promoteFiller({ ...keyset, pending: null }, OFF).keyset
  expect(filled.second).toEqual({ version: 7, filler: true })
  expect(publishedPair(filled)).toEqual({ first: 5, second: 7, next: null })
})

describe('a keyset without the version that a change needs is a broken promise, not an answer:', () => {
  test.each<[string, () => unknown]>([
    ['a promotion without a pending key', () => promoteKey({ ...keyset, pending: null }, manual)],
    [
      'that of a revoke without a pending filler',
      () => promoteKey({ ...keyset, pendingFiller: null }, { ...manual, reason: 'revoke' }),
    ],
    ['that of a filler without one', () => promoteFiller({ ...keyset, pendingFiller: null }, OFF)],
  ])('%s', (_what, change) => {
    expect(change).toThrow()
  })
})

describe('the next key', () => {
  const next = { version: 8, announced: false }
  const waiting = { ...keyset, next }
  const listed = { ...next, announced: true }

  test('is announced once Heroku has confirmed a keyring that lists it, whatever that came with', () => {
    const on = { announces: true }
    expect(promoteKey(waiting, { ...manual, ...on }).keyset.next).toEqual(listed)
    expect(promoteKey(waiting, { ...manual, ...on, reason: 'revoke' }).keyset.next).toEqual(listed)
    expect(promoteFiller(waiting, on).keyset.next).toEqual(listed)
    expect(promoteNext(waiting, on)).toEqual({ keyset: { ...waiting, next: listed }, erased: [] })
  })

  test('is erased once Heroku has confirmed one without it', () => {
    for (const was of [next, listed]) {
      const before = { ...keyset, next: was }
      expect(promoteKey(before, manual)).toMatchObject({
        keyset: { next: null },
        erased: expect.arrayContaining([8]),
      })
      expect(promoteKey(before, { ...manual, reason: 'revoke' }).erased).toContain(8)
      expect(promoteFiller(before, OFF).erased).toEqual([4, 8])
      expect(promoteNext(before, OFF)).toEqual({ keyset: { ...before, next: null }, erased: [8] })
    }
  })

  test('is published from its announcement on, and a live version from its making', () => {
    expect(publishedPair(waiting).next).toBeNull()
    expect(publishedPair({ ...keyset, next: listed })).toEqual({ first: 5, second: 4, next: 8 })
    expect(liveVersions(waiting)).toContain(8)
  })

  test('is dropped with what is pending: a revoke makes it worthless too', () => {
    expect(dropPending({ ...keyset, next: listed })).toEqual({
      keyset: { ...keyset, pending: null, pendingFiller: null },
      erased: [6, 7, 8],
    })
  })
})

test('two pairs are the same by both places and the next key', () => {
  const pair = { first: 5, second: 4, next: 8 }
  expect(isSamePair(pair, { ...pair })).toBe(true)
  for (const other of [{ first: 6 }, { second: 3 }, { next: null }, { next: 9 }]) {
    expect(isSamePair(pair, { ...pair, ...other })).toBe(false)
  }
})

test('what is pending is dropped whole, and nothing else of the keyset changes', () => {
  expect(dropPending(keyset)).toEqual({
    keyset: { ...keyset, pending: null, pendingFiller: null },
    erased: [6, 7],
  })
  expect(dropPending({ ...keyset, pending: null }).erased).toEqual([7])
})

test('an older key is dropped from the end of its grace period on, and not a millisecond earlier', () => {
  expect(dropOlder(keyset, NOW)).toEqual({
    keyset: { ...keyset, older: [{ version: 3, until: inMs(1) }] },
    erased: [2],
  })
  expect(dropOlder(keyset, inMs(-1))).toEqual({ keyset, erased: [] })
})
