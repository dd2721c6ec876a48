import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ANY_TIME, closesAt } from '../../src/domain/calendar.ts'
import { isInDoubt } from '../../src/domain/judge-held.ts'
import { stateAtProvision } from '../../src/domain/resource-state.ts'
import { decideStep, nextWakeAt } from '../../src/domain/rotation.ts'
import {
  type AppInUse,
  gapMs,
  longestTurnMs,
  nextTurn,
  type Subject,
  type Turn,
  waitsForRestart,
} from '../../src/domain/turn.ts'
import { nextServedAt, upcomingRotations } from '../../src/domain/upcoming.ts'
import { windowsOf } from '../engine/support/calendars.ts'
import { anyFleet, liveFleet, SPREAD_MS } from './support/fleet.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = new Date('2026-03-03T12:00:00Z')
const inMs = (ms: number, from: Date = NOW) => new Date(from.getTime() + ms)

const SUBJECT: Subject = {
  turn: null,
  pushedAt: null,
  retries: false,
  filler: false,
  calendar: ANY_TIME,
  periodMs: 14 * DAY,
}
const HOURLY = { spreadMs: HOUR, random: 0.5 }
const used = (more: Partial<AppInUse> = {}): AppInUse => ({
  app: 'shop',
  restartedAt: null,
  awaitedAt: null,
  ...more,
})
const turnAt = (ms: number, more: Partial<Turn> = {}): Turn => ({
  since: NOW,
  at: inMs(ms),
  app: 'shop',
  last: false,
  ...more,
})

describe('the turn of an add-on', () => {
  const at = (more: Partial<Subject>, apps: AppInUse[], now = NOW) =>
    nextTurn({ ...SUBJECT, ...more }, apps, HOURLY, now)

  test('is now where nobody has restarted its apps within the hour', () => {
    expect(at({}, []).at).toEqual(NOW)
    expect(at({}, [used({ restartedAt: inMs(-HOUR) })]).at).toEqual(NOW)
  })

  test('is an hour after the last restart of any of its apps, and says which that was', () => {
    const turn = at({}, [
      used({ restartedAt: inMs(-MINUTE) }),
      used({ app: 'blog', restartedAt: inMs(-2 * MINUTE) }),
    ])
    expect(turn).toEqual({ since: NOW, at: inMs(59 * MINUTE), app: 'shop', last: false })
  })

  test('is an hour behind the last one who waits, for whoever comes new', () => {
    const apps = [used({ restartedAt: inMs(-MINUTE), awaitedAt: inMs(90 * MINUTE) })]
    expect(at({}, apps).at).toEqual(inMs(150 * MINUTE))
    // Whoever has waited looks at restarts alone.
    const turn = turnAt(0, { since: inMs(-HOUR) })
    expect(at({ turn }, apps)).toMatchObject({ since: inMs(-HOUR), at: inMs(59 * MINUTE) })
    expect(at({ turn }, [used({ awaitedAt: inMs(MINUTE) })]).at).toEqual(NOW)
  })

  test('that lies ahead is kept, whatever happens meanwhile', () => {
    const turn = turnAt(MINUTE)
    expect(at({ turn }, [])).toEqual(turn)
  })

  test('that was not used for an hour is forgotten, as after an outage', () => {
    const turn = turnAt(-HOUR - 1, { since: inMs(-9 * DAY), last: true })
    const apps = [used({ restartedAt: inMs(-MINUTE) })]
    expect(at({ turn }, apps)).toMatchObject({ since: NOW, at: inMs(59 * MINUTE) })
  })

  test('waits for its own last restart too, though not for that of an attempt which is made again', () => {
    expect(at({ pushedAt: inMs(-MINUTE) }, [])).toMatchObject({ at: inMs(59 * MINUTE), app: '' })
    expect(at({ pushedAt: inMs(-MINUTE), retries: true }, []).at).toEqual(NOW)
  })

  test('is a moment at which the schedule may restart apps', () => {
    const calendar = { ...ANY_TIME, windows: windowsOf('daily 12:00-12:30 UTC') }
    expect(at({ calendar }, [used({ restartedAt: NOW })]).at).toEqual(inMs(DAY))
  })

  test('is the last, and within what is left of the window, where the next would come too late', () => {
    const calendar = { ...ANY_TIME, windows: windowsOf('tue 12:00-15:00 UTC') }
    const apps = [used({ restartedAt: NOW, awaitedAt: inMs(2 * HOUR) })]
    const of = (random: number) =>
      nextTurn({ ...SUBJECT, calendar, periodMs: 7 * DAY }, apps, { spreadMs: HOUR, random }, NOW)
    expect(of(0)).toMatchObject({ at: NOW, last: true })
    expect(of(0.5)).toMatchObject({ at: inMs(82.5 * MINUTE), last: true })
    expect(of(0.999_999).at.getTime()).toBeLessThan(inMs(165 * MINUTE).getTime())
    const turn = of(0.5)
    // Then it goes, whoever has restarted the app a moment ago.
    expect(
      nextTurn({ ...SUBJECT, calendar, turn }, [used({ restartedAt: turn.at })], HOURLY, turn.at).at,
    ).toEqual(turn.at)
  })

  test('comes within a third of the period, and that of a filler within a day', () => {
    expect([14, 1].map((days) => longestTurnMs(days * DAY, false))).toEqual([(14 * DAY) / 3, 8 * HOUR])
    expect([14, 1].map((days) => longestTurnMs(days * DAY, true))).toEqual([DAY, 8 * HOUR])
    const far = [used({ awaitedAt: inMs(30 * HOUR) })]
    expect(at({}, far).last).toBe(false)
    expect(at({ filler: true }, far)).toMatchObject({ last: true })
    expect(at({ filler: true }, far).at.getTime()).toBeLessThan(inMs(DAY).getTime())
    const waited = turnAt(0, { since: inMs(-5 * DAY) })
    expect(at({ turn: waited }, [used({ restartedAt: inMs(-MINUTE) })]).at).toEqual(NOW)
  })

  test('keeps a shorter distance where a plan rotates more often than once a day', () => {
    expect(gapMs(HOUR, 14 * DAY)).toBe(HOUR)
    expect(gapMs(HOUR, DAY)).toBe(HOUR)
    expect(gapMs(HOUR, 24 * MINUTE)).toBe(MINUTE)
  })

  test('is told as the app and the end of the wait, while it lies ahead', () => {
    expect(waitsForRestart(turnAt(MINUTE), NOW)).toEqual({ app: 'shop', until: inMs(MINUTE) })
    expect(waitsForRestart(turnAt(0), NOW)).toBeNull()
    expect(waitsForRestart(null, NOW)).toBeNull()
  })
})

describe('while a turn lies ahead', () => {
  const plain = {
    ...stateAtProvision({ current: 2, filler: 1 }, inMs(-MINUTE), NOW),
    grace: { until: 'next-rotation' as const },
  }
  const waiting = { ...plain, turn: turnAt(HOUR) }

  test('what the schedule wants waits, and is looked at then', () => {
    expect(decideStep(plain, NOW).step).toBe('create')
    expect(decideStep(waiting, NOW).step).toBe('wait')
    expect(nextWakeAt(waiting, NOW)).toEqual(inMs(HOUR))
    expect(decideStep(waiting, inMs(HOUR)).step).toBe('create')
    const planned = { ...waiting, rotation: { reason: 'plan-change', dueAt: NOW } as const }
    expect(decideStep(planned, NOW).step).toBe('wait')
    expect(nextWakeAt(planned, NOW)).toEqual(inMs(HOUR))
  })

  test('a filler waits, and the check of the config does not', () => {
    const second = { version: 1, filler: false as const, until: inMs(-1) }
    const late = {
      ...waiting,
      nextRotationAt: inMs(DAY),
      keyset: { ...plain.keyset, second },
      grace: { until: 'elapsed' as const, ms: HOUR },
    }
    expect(decideStep({ ...late, turn: null }, NOW).step).toBe('create-filler')
    expect(decideStep(late, NOW).step).toBe('wait')
    expect(nextWakeAt(late, NOW)).toEqual(inMs(HOUR))
    expect(decideStep({ ...late, checkAt: NOW }, NOW).step).toBe('check')
    expect(nextWakeAt({ ...late, checkAt: inMs(MINUTE) }, NOW)).toEqual(inMs(MINUTE))
  })

  test('what a person wants goes ahead, as does what is made already', () => {
    for (const reason of ['manual', 'revoke'] as const) {
      expect(decideStep({ ...waiting, rotation: { reason, dueAt: NOW } }, NOW).step).toBe('create')
    }
    const pressed = { reason: 'scheduled', dueAt: NOW, pressed: true } as const
    expect(decideStep({ ...waiting, rotation: pressed }, NOW).step).toBe('create')
    const made = {
      ...waiting,
      rotation: { reason: 'scheduled', dueAt: NOW } as const,
      keyset: { ...plain.keyset, pending: 3 },
    }
    expect(decideStep(made, NOW).step).toBe('publish')
  })

  test('the date that is shown is that of the turn, inside a window, and the dates after it do not move', () => {
    expect(nextServedAt(waiting, NOW)).toEqual(inMs(HOUR))
    const dates = upcomingRotations(waiting, 14 * DAY, NOW, 3).map(({ servedAt }) => servedAt)
    expect(dates).toEqual([inMs(HOUR), inMs(14 * DAY - MINUTE), inMs(28 * DAY - MINUTE)])
    const calendar = { ...ANY_TIME, windows: windowsOf('tue 14:00-15:00 UTC') }
    expect(nextServedAt({ ...waiting, calendar }, NOW)).toEqual(inMs(2 * HOUR))
    // A turn for something else, before the date is due, changes nothing of that.
    expect(nextServedAt({ ...waiting, nextRotationAt: inMs(DAY) }, NOW)).toEqual(inMs(DAY))
  })

  test('Heroku is not read for that wait, and is where something else had held the rotation up before', () => {
    const doubt = (state: typeof plain, now: Date) =>
      isInDoubt({ ...state, trust: { ...state.trust, confirmedEpoch: 1 } }, 1, state.nextRotationAt, now)
    const [served, late] = [inMs(HOUR), inMs(HOUR + 11 * MINUTE)]
    expect(doubt(plain, served)).toBe(true)
    expect(doubt(waiting, served)).toBe(false)
    expect(doubt(waiting, late)).toBe(true)
    expect(doubt({ ...waiting, nextRotationAt: inMs(-DAY) }, served)).toBe(true)
  })
})

describe('over random fleets, outages and people', () => {
  test('no app is restarted twice within the gap but by a person or at the end of a wait, and no wait is longer than it may be', () => {
    let [forcedOnes, scheduledOnes] = [0, 0]
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        const { addons, restarts } = liveFleet(fleet)
        for (const { restart, failed, firstAt } of addons) {
          expect(restart).not.toBeNull()
          // A window ends a day's wait, and an attempt that failed begins another.
          if (!restart?.scheduled || failed || fleet.windows !== 'any') continue
          expect(restart.at - firstAt).toBeLessThanOrEqual(longestTurnMs(fleet.periodMs, false))
        }
        for (const restartsOfApp of restarts) {
          for (const [index, { at, forced, scheduled }] of restartsOfApp.entries()) {
            if (scheduled) scheduledOnes += 1
            if (forced) forcedOnes += 1
            const before = restartsOfApp[index - 1]
            if (before && scheduled && !forced) {
              expect(at - before.at).toBeGreaterThanOrEqual(gapMs(SPREAD_MS, fleet.periodMs))
            }
          }
        }
      }),
      { numRuns: 400 },
    )
    expect(forcedOnes).toBeGreaterThan(0)
    expect(scheduledOnes).toBeGreaterThan(forcedOnes)
  })

  test('nobody ends a wait early where an hour for each fits into it', () => {
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        const addons = fleet.addons.slice(0, 12).map((each) => ({ ...each, fails: 0, pressedMs: null }))
        const roomy = { ...fleet, addons, windows: 'any', periodMs: 14 * DAY }
        for (const { restart } of liveFleet(roomy).addons) expect(restart?.forced).toBe(false)
      }),
      { numRuns: 100 },
    )
  })
})

test('a moment closes with its window, or with the freeze that begins before', () => {
  const freezes = [{ id: 'f', from: inMs(HOUR), until: inMs(DAY), zone: 'UTC', reason: '' }]
  const windows = windowsOf('tue 11:00-15:00 UTC')
  expect(closesAt(NOW, { ...ANY_TIME, windows })).toEqual(inMs(3 * HOUR))
  expect(closesAt(NOW, { windows, freezes, freezesForAll: [] })).toEqual(inMs(HOUR))
  expect(closesAt(NOW, { ...ANY_TIME, freezesForAll: freezes })).toEqual(inMs(HOUR))
})
