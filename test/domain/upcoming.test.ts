import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterFiller, afterRotation } from '../../src/domain/after-push.ts'
import { ANY_TIME, type Calendar } from '../../src/domain/calendar.ts'
import type { Freeze } from '../../src/domain/freezes.ts'
import type { GracePeriod } from '../../src/domain/grace.ts'
import {
  afterErasing,
  openRotation,
  type ResourceState,
  stateAtProvision,
  withNewKeys,
  wokenWhenNeeded,
} from '../../src/domain/resource-state.ts'
import { decideStep } from '../../src/domain/rotation.ts'
import { nextRotationAt } from '../../src/domain/schedule.ts'
import { nextServedAt, upcomingRotations } from '../../src/domain/upcoming.ts'
import { tooRare } from '../../src/domain/window-wait.ts'
import { parseWindows, type Window } from '../../src/domain/windows.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const START = new Date('2026-03-03T12:00:00Z')

function windowsOf(text: string): Window[] {
  const read = parseWindows(text)
  if ('problem' in read) throw new Error(read.problem)
  return read.windows
}

function freeze(from: Date, days: number): Freeze {
  return { id: '', from, until: new Date(from.getTime() + days * DAY), zone: 'UTC', reason: '' }
}

const SATURDAYS: Calendar = { ...ANY_TIME, windows: windowsOf('sat 22:00-02:00 UTC') }

describe('the dates that are shown', () => {
  test('pass over a date that a worker would serve seconds less than half a period after the one before', () => {
    const calendar = { ...SATURDAYS, freezes: [freeze(new Date('2026-03-20T00:00:00Z'), 7)] }
    const schedule = {
      nextRotationAt: new Date('2026-03-17T12:00:00Z'),
      pause: null,
      rotation: null,
      calendar,
    }
    const served = upcomingRotations(schedule, 14 * DAY, START, 3).map(({ servedAt }) =>
      servedAt.toISOString(),
    )
    // Due on 31 March it would come on 4 April, a week after the push of 28 March, less the time which that took.
    expect(served).toEqual([
      '2026-03-28T22:00:00.000Z',
      '2026-04-18T22:00:00.000Z',
      '2026-05-02T22:00:00.000Z',
    ])
  })

  test('begin with a plan change that waits for a window, whatever the date of the schedule is', () => {
    const rotation = { reason: 'plan-change', dueAt: START } as const
    const schedule = { nextRotationAt: new Date(START.getTime() + 13 * DAY), pause: null, rotation }
    const dates = upcomingRotations({ ...schedule, calendar: SATURDAYS }, 7 * DAY, START, 2)
    expect(dates.map(({ servedAt }) => servedAt)).toEqual([
      new Date('2026-03-07T22:00:00Z'),
      new Date('2026-03-14T22:00:00Z'),
    ])
    expect(nextServedAt({ ...schedule, calendar: SATURDAYS }, START)).toEqual(dates[0]?.servedAt)
  })

  test('are counted from what a person has asked for, while that is under way', () => {
    const rotation = { reason: 'manual', dueAt: START } as const
    const schedule = { nextRotationAt: new Date(START.getTime() + DAY), rotation, calendar: ANY_TIME }
    const first = (pause: { at: Date; until: Date; reason: string } | null) =>
      upcomingRotations({ ...schedule, pause }, 14 * DAY, START, 1)[0]?.servedAt
    expect(first(null)).toEqual(new Date(START.getTime() + 14 * DAY))
    const until = new Date(START.getTime() + 3 * DAY)
    const at = new Date(START.getTime() - DAY)
    expect(first({ at, until, reason: '' })).toEqual(new Date(START.getTime() + 17 * DAY))
  })
})

describe('a pause with an end', () => {
  test('that began when the rotation was late holds it back for all of the pause, and is shown so', () => {
    const at = new Date(START.getTime() + DAY)
    const pause = { at, until: new Date(at.getTime() + 7 * DAY), reason: '' }
    // Due a day before the pause began; what was left of it then is less than nothing.
    const nextRotationAt = new Date(START.getTime() + 7 * DAY)
    const schedule = { nextRotationAt, pause, rotation: null, calendar: ANY_TIME }
    expect(nextServedAt(schedule, at)).toEqual(pause.until)
    expect(upcomingRotations(schedule, 14 * DAY, at, 1)[0]?.servedAt).toEqual(pause.until)
  })

  test('or without one holds back none that is under way, and what waits for a window is shown', () => {
    const pause = { at: START, until: null, reason: '' }
    const rotation = { reason: 'plan-change', dueAt: START } as const
    const schedule = { nextRotationAt: START, pause, calendar: SATURDAYS }
    const dates = upcomingRotations({ ...schedule, rotation }, 14 * DAY, START, 5)
    expect(dates.map(({ servedAt }) => servedAt)).toEqual([new Date('2026-03-07T22:00:00Z')])
    expect(upcomingRotations({ ...schedule, rotation: null }, 14 * DAY, START, 5)).toEqual([])
  })

  test('holds back none that is under way', () => {
    const at = new Date(START.getTime() + DAY)
    const pause = { at, until: new Date(at.getTime() + 17 * DAY), reason: '' }
    const rotation = { reason: 'scheduled', dueAt: START } as const
    const schedule = { nextRotationAt: pause.until, pause, rotation, calendar: SATURDAYS }
    expect(nextServedAt(schedule, at)).toEqual(new Date('2026-03-07T22:00:00Z'))
  })
})

test('a rotation that keys of long ago would hold back waits for none that has ended by then', () => {
  const until = (days: number) => new Date(START.getTime() + days * DAY)
  const older = [
    { version: 3, until: until(28) },
    { version: 2, until: until(28) },
  ]
  const keyset = { second: { version: 4, filler: false, until: until(1) } as const, older }
  const schedule = { keyset, tokenLifeMs: DAY, nextRotationAt: until(1), pause: null, rotation: null }
  const dates = upcomingRotations({ ...schedule, calendar: ANY_TIME }, DAY, START, 7)
  // A key lives for a day and six hours, so that no more than two new ones are old at a time.
  expect(dates.map(({ servedAt }) => servedAt)).toEqual([1, 2, 3, 4, 5, 6, 7].map(until))
})

describe('over a year of windows, freezes and outages', () => {
  const anyWindows = fc.constantFrom(
    'any',
    'daily 01:45-03:20 Europe/Berlin',
    'sat 22:00-02:00 America/New_York',
    'sun 02:10-02:40 Australia/Lord_Howe; wed 00:00-24:00 Asia/Kathmandu',
    'fri-mon 00:30-01:30 Antarctica/Troll; tue 23:50-00:20 Pacific/Chatham',
    'thu 02:00-03:00 Africa/Casablanca',
  )
  const anyGrace = fc.constantFrom<GracePeriod>({ until: 'next-rotation' }, { until: 'elapsed', ms: 2 * DAY })
  const anyLife = fc
    .record({
      windows: anyWindows.map(windowsOf),
      periodMs: fc.constantFrom(1, 7, 14, 30).map((days) => days * DAY),
      grace: anyGrace,
      minute: fc.integer({ min: 0, max: 400 * 1_440 }),
      freezes: fc.array(fc.tuple(fc.integer({ min: 0, max: 365 }), fc.integer({ min: 1, max: 25 })), {
        maxLength: 4,
      }),
      outage: fc.tuple(fc.integer({ min: 0, max: 365 }), fc.integer({ min: 0, max: 20 })),
      late: fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 7, maxLength: 7 }),
    })
    .filter(({ windows, periodMs }) => tooRare(windows, periodMs, START) === undefined)

  test('the next five dates are those that a worker serves then; none drifts, and none comes within half a period', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const { periodMs, outage } = life
        const begins = new Date(START.getTime() + life.minute * MINUTE)
        const day = (count: number) => new Date(begins.getTime() + count * DAY)
        const down = { from: day(outage[0]), until: day(outage[0] + outage[1]) }
        const freezes = life.freezes.map(([at, days]) => freeze(day(at), days))
        const rotations = yearOf(life, { ...ANY_TIME, windows: life.windows, freezes }, begins, down)
        for (const [index, { at, dueAt, shown }] of rotations.entries()) {
          const before = rotations[index - 1]
          if (!before) continue
          expect(at.getTime() - before.at.getTime()).toBeGreaterThanOrEqual(periodMs / 2)
          const periods = (dueAt.getTime() - before.dueAt.getTime()) / periodMs
          expect(Number.isInteger(periods) && periods > 0).toBe(true)
          const after = rotations
            .slice(index + 1, index + 6)
            .filter((each) => each.at < down.from || at > down.until)
          for (const [place, each] of after.entries()) {
            if (each.at > down.from && at < down.until) break
            const said = shown[place]?.getTime() ?? 0
            const lateMs = each.at.getTime() - said
            expect(
              lateMs >= 0 && lateMs < MINUTE,
              `${each.at.toISOString()} was said to be at ${new Date(said).toISOString()}`,
            ).toBe(true)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  type Rotated = { at: Date; dueAt: Date; shown: Date[] }

  /** A worker comes some seconds after each moment at which it is needed, and not at all while it is down. */
  function yearOf(
    { periodMs, grace, late }: { periodMs: number; grace: GracePeriod; late: readonly number[] },
    calendar: Calendar,
    begins: Date,
    down: { from: Date; until: Date },
  ): Rotated[] {
    const due = nextRotationAt(begins, periodMs, begins, calendar.windows)
    let state = stateAtProvision({ current: 2, filler: 1, calendar }, due, begins)
    const rotated: Rotated[] = []
    for (let step = 0; step < 2_000; step += 1) {
      const wakeAt = state.wakeAt?.getTime() ?? 0
      if (wakeAt > begins.getTime() + 400 * DAY) return rotated
      const there =
        wakeAt >= down.from.getTime() && wakeAt < down.until.getTime() ? down.until.getTime() : wakeAt
      const now = new Date(there + (late[step % late.length] ?? 0))
      const { nextRotationAt: dueAt } = state
      const next = stepped(state, { grace, periodMs, now })
      if (next.publishedAt !== state.publishedAt) {
        const shown = upcomingRotations(next, periodMs, now, 5).map(({ servedAt }) => servedAt)
        rotated.push({ at: now, dueAt, shown })
      }
      state = next
    }
    throw new Error('a year took too many steps')
  }

  function stepped(
    state: ResourceState,
    { grace, periodMs, now }: { grace: GracePeriod; periodMs: number; now: Date },
  ): ResourceState {
    const facts = { grace, periodMs, publishedAt: now, doubtful: false, epoch: 0 }
    const made = { key: null, filler: null, next: null }
    const step = decideStep({ ...state, grace }, now)
    switch (step.step) {
      case 'create': {
        const intent = { ...step, openedBy: { type: 'worker' } } as const
        const opened = openRotation(state, intent, now)
        return afterRotation(withNewKeys(opened, { ...made, key: state.lastVersion + 1 }), facts, now).state
      }
      case 'create-filler':
        return afterFiller(withNewKeys(state, { ...made, filler: state.lastVersion + 1 }), facts, now).state
      case 'erase':
        return afterErasing(state, grace, now).state
      case 'check':
        return { ...state, checkAt: null, wakeAt: now }
      default: {
        // A late worker may find its window closed: it is needed again later.
        const { wakeAt } = wokenWhenNeeded(state, grace, now)
        if (step.step !== 'wait' || wakeAt === null || wakeAt <= now) throw new Error(step.step)
        return { ...state, wakeAt }
      }
    }
  }
})
