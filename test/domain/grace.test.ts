import { expect, test } from 'vitest'
import {
  formatGracePeriod,
  graceEndsAt,
  parseGracePeriod,
  UNTIL_NEXT_ROTATION,
} from '../../src/domain/grace.ts'

const HOUR = 3_600_000
const FLOOR = 2 * HOUR
const PUBLISHED = new Date('2026-03-03T12:00:00Z')
const NEXT = new Date('2026-03-17T12:00:00Z')

test.each(['period', 'PERIOD', ' Period '])('%o means until the next rotation', (text) => {
  expect(parseGracePeriod(text, FLOOR)).toEqual({ grace: UNTIL_NEXT_ROTATION })
})

test('a duration is a grace period from its floor on', () => {
  expect(parseGracePeriod('2h', FLOOR)).toEqual({ grace: { until: 'elapsed', ms: FLOOR } })
  expect(parseGracePeriod('48h', FLOOR)).toEqual({ grace: { until: 'elapsed', ms: 48 * HOUR } })
})

test('a duration below the floor is refused with the floor and the reason for it', () => {
  expect(parseGracePeriod('7199s', FLOOR)).toEqual({
    problem: 'must be at least 2h, so that every app has time to restart',
  })
})

test.each(['', 'true', 'forever', '-1h', '[object Object]'])(
  '%o is refused with a sentence that shows what to write',
  (text) => {
    expect(parseGracePeriod(text, FLOOR)).toEqual({ problem: expect.stringContaining('such as 48h or 7d') })
  },
)

test.each(['period', '2h', '150m', '14d'])('the grace period %s is written as it is read', (text) => {
  const parsed = parseGracePeriod(text, FLOOR)
  expect('grace' in parsed && formatGracePeriod(parsed.grace)).toBe(text)
})

test('an elapsed grace period is counted from the push of the successor', () => {
  expect(graceEndsAt({ until: 'elapsed', ms: 48 * HOUR }, PUBLISHED, NEXT)).toEqual(
    new Date('2026-03-05T12:00:00Z'),
  )
})

test('without a time the grace period ends at the next rotation', () => {
  expect(graceEndsAt(UNTIL_NEXT_ROTATION, PUBLISHED, NEXT)).toEqual(NEXT)
})

test('a grace period longer than the rotation period keeps its full length', () => {
  const grace = { until: 'elapsed', ms: 30 * 24 * HOUR } as const
  expect(graceEndsAt(grace, PUBLISHED, NEXT)).toEqual(new Date('2026-04-02T12:00:00Z'))
})
