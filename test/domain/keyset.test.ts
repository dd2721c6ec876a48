import { describe, expect, test } from 'vitest'
import {
  dropOlder,
  dropPending,
  type Keyset,
  liveVersions,
  promoteFiller,
  promoteKey,
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
  revokedTo: 1,
}
const manual = { reason: 'manual', publishedAt: NOW, until: inMs(2 * DAY) } as const

test('each live version of a keyset is named once, the newest first, in whatever place it stands', () => {
  expect(liveVersions(keyset)).toEqual([7, 6, 5, 4, 3, 2])
  expect(liveVersions({ ...keyset, pending: null, pendingFiller: null, older: [] })).toEqual([5, 4])
})

test('the config var holds the current key and the one in the second place, whatever is pending', () => {
  expect(publishedPair(keyset)).toEqual({ first: 5, second: 4 })
})

test('the second place holds the youngest accepted version', () => {
  const after = promoteKey(keyset, manual).keyset
  expect(after.second.version).toBe(5)
  expect(after.older.every(({ version }) => version < after.second.version)).toBe(true)
})

test('a filler that is younger than the current key holds the second place', () => {
  const filled = promoteFiller({ ...keyset, pending: null }).keyset
  expect(filled.second).toEqual({ version: 7, filler: true })
  expect(publishedPair(filled)).toEqual({ first: 5, second: 7 })
})

describe('a keyset without the version that a change needs is a broken promise, not an answer:', () => {
  test.each<[string, () => unknown]>([
    ['a promotion without a pending key', () => promoteKey({ ...keyset, pending: null }, manual)],
    [
      'that of a revoke without a pending filler',
      () => promoteKey({ ...keyset, pendingFiller: null }, { ...manual, reason: 'revoke' }),
    ],
    ['that of a filler without one', () => promoteFiller({ ...keyset, pendingFiller: null })],
  ])('%s', (_what, change) => {
    expect(change).toThrow()
  })
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
