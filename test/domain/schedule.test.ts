import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { nextRotationWhenPaused, nextRotationWhenResumed } from '../../src/domain/pause.ts'
import {
  MAX_ATTEMPTS,
  nextRotationAfterPlanChange,
  nextRotationAt,
  nextRotationUnderWindows,
  retryDelayMs,
} from '../../src/domain/schedule.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const anyDate = fc.date({ min: new Date('2020-01-01'), max: new Date('2060-01-01'), noInvalidDate: true })
const anyPeriodMs = fc.integer({ min: 1, max: 400 * 86_400 }).map((seconds) => seconds * 1_000)

afterEach(() => vi.unstubAllEnvs())

test.each([
  ['on time', 0],
  ['a second early, by another clock', -1_000],
  ['ten seconds late', 10_000],
  ['half a period late, less a minute', 7 * DAY - MINUTE],
])('a rotation that ran %s makes the next one due one period after its due date', (_what, latenessMs) => {
  const due = new Date('2026-03-03T12:00:00Z')
  const now = new Date(due.getTime() + latenessMs)
  expect(nextRotationAt(due, 14 * DAY, now)).toEqual(new Date('2026-03-17T12:00:00Z'))
})

test('a fortnight that holds a leap day is as long as any other', () => {
  const due = new Date('2028-02-20T23:59:59Z')
  expect(nextRotationAt(due, 14 * DAY, due)).toEqual(new Date('2028-03-05T23:59:59Z'))
  const atLeapDay = new Date('2028-02-29T00:00:00Z')
  expect(nextRotationAt(atLeapDay, 28 * DAY, atLeapDay)).toEqual(new Date('2028-03-28T00:00:00Z'))
})

test('summer time moves no date', () => {
  vi.stubEnv('TZ', 'Europe/Berlin')
  // The night of 29 March 2026 has 23 hours there.
  const due = new Date('2026-03-28T12:00:00Z')
  expect(due.getTimezoneOffset()).not.toBe(new Date('2026-03-29T12:00:00Z').getTimezoneOffset())
  expect(nextRotationAt(due, DAY, due)).toEqual(new Date('2026-03-29T12:00:00Z'))
})

test('an outage of several periods is caught up by one rotation, in the old phase', () => {
  const due = new Date('2026-03-03T12:00:00Z')
  const now = new Date('2026-03-08T15:30:00Z')
  expect(nextRotationAt(due, DAY, now)).toEqual(new Date('2026-03-09T12:00:00Z'))
})

test('a catch-up that runs exactly at a later due date does not make that date due once more', () => {
  const due = new Date('2026-03-03T12:00:00Z')
  const now = new Date('2026-03-06T12:00:00Z')
  expect(nextRotationAt(due, DAY, now)).toEqual(new Date('2026-03-07T12:00:00Z'))
})

test('a rotation that ran shortly before the next date passes that date over, or it would push its key out at once', () => {
  const due = new Date('2026-03-03T12:00:00Z')
  const now = new Date('2026-03-17T11:59:00Z')
  expect(nextRotationAt(due, 14 * DAY, now)).toEqual(new Date('2026-03-31T12:00:00Z'))
})

test('the next date is at least half a period away, in phase with the due date, and the first such', () => {
  fc.assert(
    fc.property(anyDate, anyPeriodMs, anyDate, (due, periodMs, now) => {
      const next = nextRotationAt(due, periodMs, now).getTime()
      const least = Math.max(due.getTime() + periodMs, now.getTime() + periodMs / 2)
      expect(next).toBeGreaterThanOrEqual(least)
      expect((next - due.getTime()) % periodMs).toBe(0)
      expect(next - periodMs < least).toBe(true)
    }),
  )
})

test('a hundred rotations by a late worker drift by nothing', () => {
  fc.assert(
    fc.property(
      anyDate,
      fc.array(fc.integer({ min: 0, max: 7 * DAY }), { minLength: 100, maxLength: 100 }),
      (start, latenesses) => {
        const end = latenesses.reduce(
          (due, latenessMs) => nextRotationAt(due, 14 * DAY, new Date(due.getTime() + latenessMs)),
          start,
        )
        expect(end.getTime() - start.getTime()).toBe(100 * 14 * DAY)
      },
    ),
    { numRuns: 20 },
  )
})

test('after a plan change the age of the present key counts on the new plan', () => {
  // Rotated on 3 March, so due on the 17th; on a weekly plan it is due on the 10th.
  const now = new Date('2026-03-03T12:00:00Z')
  const key = { publishedAt: now, nextRotationAt: new Date('2026-03-17T12:00:00Z'), pause: null }
  expect(nextRotationAfterPlanChange(key, 14 * DAY, 7 * DAY, now)).toEqual(new Date('2026-03-10T12:00:00Z'))
  expect(nextRotationAfterPlanChange(key, 14 * DAY, 28 * DAY, now)).toEqual(new Date('2026-03-31T12:00:00Z'))
})

describe('after a late rotation and a plan change', () => {
  // Six days late, so the next date is eight days away; ten days instead of fourteen would leave four.
  const publishedAt = new Date('2026-03-09T12:00:00Z')
  const now = new Date('2026-03-10T12:00:00Z')
  const key = { publishedAt, nextRotationAt: new Date('2026-03-17T12:00:00Z'), pause: null }
  const halfAPeriodLater = new Date('2026-03-14T12:00:00Z')

  test('the key that left its place stays for half a period of the new plan', () => {
    expect(nextRotationAfterPlanChange(key, 14 * DAY, 10 * DAY, now)).toEqual(halfAPeriodLater)
  })

  test('it does so too when a pause is on, which is ended early', () => {
    const pause = { at: now, until: new Date(now.getTime() + 30 * DAY), reason: '' }
    const paused = { ...key, pause, nextRotationAt: nextRotationWhenPaused(key.nextRotationAt, pause) }
    const next = nextRotationAfterPlanChange(paused, 14 * DAY, 10 * DAY, now)
    expect(nextRotationWhenResumed(next, pause, now)).toEqual(halfAPeriodLater)
  })
})

test('a plan change there and back leaves the date of a rotation that was on time as it was', () => {
  fc.assert(
    fc.property(anyDate, anyPeriodMs, anyPeriodMs, (publishedAt, from, to) => {
      const key = { publishedAt, nextRotationAt: new Date(publishedAt.getTime() + from), pause: null }
      const there = { ...key, nextRotationAt: nextRotationAfterPlanChange(key, from, to, publishedAt) }
      expect(nextRotationAfterPlanChange(there, to, from, publishedAt)).toEqual(key.nextRotationAt)
    }),
  )
})

test.each([
  [1, 30_000],
  [2, 60_000],
  [5, 480_000],
  [8, HOUR],
  [MAX_ATTEMPTS, HOUR],
  [5_000, HOUR],
])('after failure %i the delay is from half of %i ms up to all of it', (failures, longest) => {
  expect(retryDelayMs(failures, 0)).toBe(longest / 2)
  expect(retryDelayMs(failures, 0.999_999_999)).toBeCloseTo(longest, -2)
})

test('all attempts of a rotation take between two and five hours', () => {
  const delays = (random: number) =>
    Array.from({ length: MAX_ATTEMPTS - 1 }, (_, index) => retryDelayMs(index + 1, random))
  const total = (random: number) => delays(random).reduce((sum, ms) => sum + ms, 0)
  expect(total(0)).toBeGreaterThan(2 * HOUR)
  expect(total(1)).toBeLessThan(5.5 * HOUR)
})

describe('with a window on Saturdays, on a weekly plan whose dates are Tuesdays', () => {
  const SATURDAYS = [{ days: [6], from: '21:00', to: '23:00', zone: 'UTC' }]
  const served = new Date('2026-03-14T21:00:00Z')
  const nextDue = new Date('2026-03-17T12:00:00Z')

  test('the next date is the next Tuesday, since the Saturday after it is a week away', () => {
    const due = new Date('2026-03-10T12:00:00Z')
    expect(nextRotationAt(due, 7 * DAY, served, SATURDAYS)).toEqual(nextDue)
    expect(nextRotationAt(due, 7 * DAY, served)).toEqual(new Date('2026-03-24T12:00:00Z'))
  })

  test.each([
    ['stays under the same windows', SATURDAYS, null, '2026-03-17'],
    [
      'moves by a week when they are taken away, or it would come within half a period',
      [],
      null,
      '2026-03-24',
    ],
    [
      'moves so too during a pause that somebody may end early',
      [],
      new Date('2026-03-20T21:00:00Z'),
      '2026-03-30',
    ],
  ])('that date %s', (_what, windows, until, day) => {
    const pause = until && { at: served, until, reason: '' }
    const next = pause ? nextRotationWhenPaused(nextDue, pause) : nextDue
    const key = { nextRotationAt: next, publishedAt: served, pause }
    expect(nextRotationUnderWindows(key, windows, 7 * DAY, served)).toEqual(new Date(`${day}T12:00:00Z`))
  })
})
