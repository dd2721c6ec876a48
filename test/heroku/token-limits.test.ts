import { expect, test } from 'vitest'
import { createTokenLimits } from '../../src/heroku/token-limits.ts'

function startLimits() {
  const clock = { nowMs: 1_000_000 }
  return { clock, limits: createTokenLimits(() => new Date(clock.nowMs)) }
}

test('a token of which nothing is known may be used', () => {
  expect(startLimits().limits.waitMs('one')).toBe(0)
})

test('a token with calls left may be used, and nobody has to pause', () => {
  const { limits } = startLimits()
  expect(limits.learn('one', 20)).toBe(0)
  expect(limits.waitMs('one')).toBe(0)
})

test('an empty token waits for one call to be refilled: 800 ms at 75 a minute', () => {
  const { clock, limits } = startLimits()
  limits.learn('one', 0)
  expect(limits.waitMs('one')).toBe(800)
  clock.nowMs += 799
  expect(limits.waitMs('one')).toBe(1)
  clock.nowMs += 1
  expect(limits.waitMs('one')).toBe(0)
  expect(limits.waitMs('other')).toBe(0)
})

test('where three tokens are near their limit within a minute, all calls pause until twenty are left again', () => {
  const { clock, limits } = startLimits()
  expect(['one', 'two', 'one'].map((token) => limits.learn(token, 10))).toEqual([0, 0, 0])
  expect([19, 10, 0].map((remaining) => limits.learn('three', remaining))).toEqual([800, 8_000, 16_000])
  clock.nowMs += 60_001
  expect(limits.learn('four', 10)).toBe(0)
})

test('one token that is answered 429 again and again waits alone; three make all pause, for an hour at most', () => {
  const { limits } = startLimits()
  expect(Array.from({ length: 10 }, () => limits.refused('one', 60_000))).toEqual(Array(10).fill(0))
  expect([limits.waitMs('one'), limits.waitMs('two')]).toEqual([60_000, 0])
  expect([limits.refused('two', 30_000), limits.refused('three', 86_400_000)]).toEqual([0, 3_600_000])
  expect(limits.waitMs('three')).toBe(3_600_000)
})

test('nothing that Heroku says, and no clock that is put back, makes a token wait for more than an hour', () => {
  const { clock, limits } = startLimits()
  limits.learn('one', -1_000_000)
  expect(limits.waitMs('one')).toBe(800)
  limits.refused('one', 3_000_000)
  clock.nowMs -= 86_400_000
  expect(limits.waitMs('one')).toBe(3_600_000)
})

test.each([-1, -1_000_000, Number.MIN_SAFE_INTEGER])('%i calls left are no fewer than none', (remaining) => {
  const { limits } = startLimits()
  const pauses = ['one', 'two', 'three'].map((token) => limits.learn(token, remaining))
  expect(pauses).toEqual([0, 0, 16_000])
  expect(limits.waitMs('one')).toBe(800)
})

test('what was known of a token is forgotten when it has calls left again', () => {
  const { limits } = startLimits()
  limits.learn('one', 0)
  limits.learn('one', 4_000)
  expect(limits.waitMs('one')).toBe(0)
})
