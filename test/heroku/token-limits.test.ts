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

test('the closer a limit is, the longer all calls pause, until twenty calls are left again', () => {
  const { limits } = startLimits()
  expect([19, 10, 0].map((remaining) => limits.learn('one', remaining))).toEqual([800, 8_000, 16_000])
})

test.each([-1, -1_000_000, Number.MIN_SAFE_INTEGER])('%i calls left are no fewer than none', (remaining) => {
  const { limits } = startLimits()
  expect(limits.learn('one', remaining)).toBe(16_000)
  expect(limits.waitMs('one')).toBe(800)
})

test('what was known of a token is forgotten when it has calls left again', () => {
  const { limits } = startLimits()
  limits.learn('one', 0)
  limits.learn('one', 4_000)
  expect(limits.waitMs('one')).toBe(0)
})
