import { describe, expect, test } from 'vitest'
import {
  refusedByGrace,
  refusedByRevoking,
  refusedByRotating,
} from '../../src/http/dashboard/present/refused.ts'
import { inDays, key, NOW, overview } from './support/made-up-overview.ts'

const PERIOD = { until: 'next-rotation' } as const
const days = (count: number) => ({ until: 'elapsed', ms: count * 86_400_000 }) as const
/** Key 3 signs for five days, key 2 is accepted; the next rotation is nine days away. */
const KEYS = [key(3, 'current', -5), key(2, 'previous', -19, { graceEndsAt: inDays(9) })]
const FILLED = [key(3, 'current', -5), key(2, 'previous', -1, { filler: true })]
const pausedUntil = (until: Date | null) => ({ pause: { at: inDays(-1), until, reason: 'audit' } })

const said = (refused: ReturnType<typeof refusedByGrace>) =>
  refused && [refused.fingerprint, refused.from?.iso ?? null]
const at = (version: number, date: Date | null) => [
  String(version).padStart(8, '0'),
  date?.toISOString() ?? null,
]

describe('"rotate now"', () => {
  const both = (...of: Parameters<typeof overview>) => {
    const { now, later } = refusedByRotating(overview(...of))
    return { now: said(now), later: said(later) }
  }

  test('ends the old key at once, and the current one when a whole period is over', () => {
    expect(both(KEYS)).toEqual({ now: at(2, NOW), later: at(3, inDays(14)) })
  })

  test('ends the current key sooner where the grace period is shorter, and no later where it is longer', () => {
    expect(both(KEYS, { grace: days(2) }).later).toEqual(at(3, inDays(2)))
    expect(both(KEYS, { grace: days(30) }).later).toEqual(at(3, inDays(14)))
  })

  test('ends nothing at once where a filler stands in the second place', () => {
    expect(both(FILLED)).toEqual({ now: null, later: at(3, inDays(14)) })
  })

  test('leaves the current key for the whole of a pause', () => {
    expect(both(KEYS, pausedUntil(inDays(3))).later).toEqual(at(3, inDays(17)))
    expect(both(KEYS, { ...pausedUntil(inDays(3)), grace: days(2) }).later).toEqual(at(3, inDays(3)))
    expect(both(KEYS, pausedUntil(null)).later).toEqual(at(3, null))
  })
})

describe('another grace period', () => {
  test('ends the old key so long after the push of the current one, but not before the floor, nor before now', () => {
    expect(said(refusedByGrace(overview(KEYS), days(7)))).toEqual(at(2, inDays(2)))
    const floor = new Date(NOW.getTime() + 7_200_000)
    expect(said(refusedByGrace(overview(KEYS), days(1)))).toEqual(at(2, floor))
    const over = [key(3, 'current', -5), key(2, 'previous', -19, { graceEndsAt: inDays(-2) })]
    expect(said(refusedByGrace(overview(over), days(3)))).toEqual(at(2, NOW))
  })

  test('ends it at the next rotation at the latest', () => {
    expect(said(refusedByGrace(overview(KEYS), PERIOD))).toEqual(at(2, inDays(9)))
    expect(said(refusedByGrace(overview(KEYS), days(60)))).toEqual(at(2, inDays(9)))
  })

  test('ends it after a pause', () => {
    expect(said(refusedByGrace(overview(KEYS, pausedUntil(inDays(4))), days(7)))).toEqual(at(2, inDays(4)))
    expect(said(refusedByGrace(overview(KEYS, pausedUntil(null)), days(7)))).toEqual(at(2, null))
  })

  test('ends nothing where there is no old key', () => {
    expect(refusedByGrace(overview(FILLED), days(1))).toBeNull()
  })
})

test('a revoke ends every key that there is, the next one too, and no filler', () => {
  const next = key(4, 'next', -5, { publishedAt: null })
  const names = refusedByRevoking(overview([next, ...KEYS, key(1, 'retired', -40)]))
  expect(names).toEqual(['00000004', '00000003', '00000002'])
  expect(refusedByRevoking(overview(FILLED))).toEqual(['00000003'])
})
