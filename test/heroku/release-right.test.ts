import { expect, test } from 'vitest'
import { createReleaseRight } from '../../src/heroku/release-right.ts'
import { createFakeClock } from '../simulator/support/fake-clock.ts'

const HOUR_MS = 3_600_000

test('a partner who is shown releases once has the right, and only three refusals in a row say otherwise', () => {
  const clock = createFakeClock()
  const right = createReleaseRight(clock.now)
  for (const resource of ['a', 'b']) right.learn(resource, false)
  right.learn('c', true)
  for (const resource of ['d', 'e']) right.learn(resource, false)
  expect(right.mayAsk()).toBe(true)
  right.learn('f', false)
  expect(right.mayAsk()).toBe(false)
})

test('one refusal an hour keeps the answer, and one success ends it', () => {
  const clock = createFakeClock()
  const right = createReleaseRight(clock.now)
  for (const resource of ['a', 'b', 'c']) right.learn(resource, false)
  clock.advance(HOUR_MS)
  expect(right.mayAsk()).toBe(true)
  right.learn('a', false)
  clock.advance(HOUR_MS - 1)
  expect(right.mayAsk()).toBe(false)
  clock.advance(1)
  right.learn('a', true)
  right.learn('b', false)
  expect(right.mayAsk()).toBe(true)
})
