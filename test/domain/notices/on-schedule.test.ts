import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterRotation } from '../../../src/domain/after-push.ts'
import { ANY_TIME, type Calendar } from '../../../src/domain/calendar.ts'
import {
  leadMs,
  lookAtSchedule,
  NOTHING_TOLD,
  type ScheduleFacts,
  type ToldSchedule,
} from '../../../src/domain/notices/on-schedule.ts'
import { type ResourceState, stateAtProvision } from '../../../src/domain/resource-state.ts'
import { nextServedAt } from '../../../src/domain/upcoming.ts'
import { parseWindows } from '../../../src/domain/windows.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = new Date('2026-03-03T12:00:00Z')
const DUE = at(14 * DAY)
const WELL = { state: 'well', heading: 'All is well' } as const

function at(ms: number): Date {
  return new Date(START.getTime() + ms)
}

function freeze(from: Date, ms: number) {
  return { id: 'f', from, until: new Date(from.getTime() + ms), zone: 'UTC', reason: '' }
}

function windows(text: string): Calendar {
  const read = parseWindows(text)
  if ('problem' in read) throw new Error(read.problem)
  return { ...ANY_TIME, windows: read.windows }
}

function fresh(calendar: Calendar = ANY_TIME): ResourceState {
  return stateAtProvision({ current: 2, filler: 1, calendar }, DUE, START)
}

function facts(state: ResourceState, more: Partial<ScheduleFacts> = {}): ScheduleFacts {
  const subject = { resourceId: 'r', name: 'securekey-solid-1' }
  return { subject, state, periodMs: 14 * DAY, health: WELL, ...more }
}

/** A target that looks when it is told to, and to which everything arrives. */
function target(first: ToldSchedule = NOTHING_TOLD) {
  let told = first
  return {
    heard: [] as { id: string; kind: string; at: Date; text: string }[],
    look(about: ScheduleFacts, now: Date): Date {
      const look = lookAtSchedule(about, told, now)
      for (const { notice } of look.notices) this.heard.push(notice)
      told = look.notices.at(-1)?.told ?? look.told
      return look.lookAt
    },
    kinds() {
      return this.heard.map(({ kind }) => kind)
    },
  }
}

describe('coming', () => {
  test('is told a day before the rotation is served, and not again for that date', () => {
    const log = target()
    const first = log.look(facts(fresh()), START)
    expect(first).toEqual(new Date(DUE.getTime() - DAY))
    log.look(facts(fresh()), new Date(DUE.getTime() - DAY - 1))
    expect(log.heard).toEqual([])
    log.look(facts(fresh()), new Date(DUE.getTime() - DAY))
    log.look(facts(fresh()), new Date(DUE.getTime() - HOUR))
    expect(log.kinds()).toEqual(['rotation-coming'])
  })

  test('is told of the moment at which a window opens, not of the due date', () => {
    const state = fresh(windows('sat 22:00-02:00 UTC'))
    const served = new Date('2026-03-21T22:00:00Z')
    const log = target()
    expect(log.look(facts(state), DUE)).toEqual(new Date(served.getTime() - DAY))
    log.look(facts(state), new Date(served.getTime() - DAY))
    expect(log.heard[0]?.text).toContain('2026-03-21 22:00 UTC')
  })

  test.each([
    ['an hour', HOUR, 1],
    ['more than an hour', HOUR + MINUTE, 2],
  ])(
    'is told %s later once more only where the date has moved by more than that',
    (_words, movedMs, times) => {
      const log = target()
      const now = new Date(DUE.getTime() - 12 * HOUR)
      log.look(facts(fresh()), now)
      const moved = { ...fresh(), nextRotationAt: new Date(DUE.getTime() + movedMs) }
      log.look(facts(moved), now)
      expect(log.kinds()).toEqual(Array(times).fill('rotation-coming'))
      expect(new Set(log.heard.map(({ id }) => id)).size).toBe(times)
    },
  )

  test('is taken back at once where somebody else has put a freeze over the date, and told again a day before its end', () => {
    const log = target()
    log.look(facts(fresh()), new Date(DUE.getTime() - DAY))
    const frozen = fresh({ ...ANY_TIME, freezesForAll: [freeze(new Date(DUE.getTime() - HOUR), 10 * DAY)] })
    const served = new Date(DUE.getTime() + 10 * DAY - HOUR)
    for (const hours of [-2, 1, 7]) log.look(facts(frozen), new Date(DUE.getTime() + hours * HOUR))
    expect(log.heard.slice(1).map(({ text }) => text)).toEqual([
      'securekey-solid-1 does not rotate on 2026-03-17 12:00 UTC, as was said: it rotates on 2026-03-27 11:00 UTC.',
    ])
    log.look(facts(frozen), new Date(served.getTime() - DAY))
    expect(log.kinds()).toEqual(['rotation-coming', 'rotation-coming', 'rotation-coming'])
    expect(new Set(log.heard.map(({ id }) => id)).size).toBe(3)
  })

  test('is taken back by nothing where a person has rotated by hand since: what is done is told', () => {
    const log = target()
    const told = new Date(DUE.getTime() - DAY)
    log.look(facts(fresh()), told)
    const byHand = new Date(told.getTime() + HOUR)
    const rotated = { ...fresh(), publishedAt: byHand, nextRotationAt: new Date(byHand.getTime() + 14 * DAY) }
    log.look(facts(rotated), byHand)
    expect(log.kinds()).toEqual(['rotation-coming'])
  })

  test('is found out where the partner ends a freeze for all, at a look that comes every six hours while there is one', () => {
    const frozen = fresh({ ...ANY_TIME, freezesForAll: [freeze(at(DAY), 60 * DAY)] })
    const log = target()
    expect(log.look(facts(frozen), START)).toEqual(at(6 * HOUR))
  })

  test('is told of nothing while a pause without an end is on, and of the new date when it is over', () => {
    const paused = { ...fresh(), pause: { at: START, until: null, reason: '' } }
    const log = target()
    log.look(facts(paused), new Date(DUE.getTime() - HOUR))
    expect(log.heard).toEqual([])
    log.look(facts(fresh()), new Date(DUE.getTime() - HOUR))
    expect(log.kinds()).toEqual(['rotation-coming'])
  })

  test('is told of a rotation under way that waits for a window, whatever pause is on', () => {
    const opened = { reason: 'plan-change', dueAt: DUE, openedAt: DUE, stuckSince: null } as const
    const rotation = { ...opened, openedBy: { type: 'heroku' } } as const
    const pause = { at: DUE, until: null, reason: '' }
    const log = target()
    log.look(
      facts({ ...fresh(windows('sat 22:00-02:00 UTC')), rotation, pause }),
      new Date('2026-03-21T00:00:00Z'),
    )
    expect(log.heard[0]?.text).toContain('2026-03-21 22:00 UTC')
  })

  test.each(['foreign', 'missing', 'access-lost', 'access-refused', 'unreadable'] as const)(
    'is told of no date that is not kept: %s',
    (state) => {
      const log = target()
      log.look(facts(fresh(), { health: { state, heading: '' } }), new Date(DUE.getTime() - HOUR))
      expect(log.heard).toEqual([])
    },
  )

  test('comes half a period before where the plan rotates more often than every other day', () => {
    expect(leadMs(DAY)).toBe(12 * HOUR)
    expect(leadMs(14 * DAY)).toBe(DAY)
  })
})

describe('late', () => {
  test('is told an hour after the rotation was to be served, once for its due date', () => {
    const log = target()
    for (const ms of [-DAY, 0, HOUR - 1]) log.look(facts(fresh()), new Date(DUE.getTime() + ms))
    expect(log.kinds()).toEqual(['rotation-coming'])
    for (const ms of [HOUR, 2 * HOUR, 30 * DAY]) log.look(facts(fresh()), new Date(DUE.getTime() + ms))
    expect(log.kinds()).toEqual(['rotation-coming', 'rotation-late'])
    expect(log.heard[1]?.text).toBe(
      'securekey-solid-1 was to rotate on 2026-03-17 12:00 UTC and has not yet.',
    )
  })

  test.each([
    ['heroku-trouble', 'We cannot reach Heroku'],
    ['held-back', 'The previous key stays for shop'],
    ['paused', 'The schedule is paused'],
  ] as const)('says why, where that is known: %s', (state, heading) => {
    const log = target()
    log.look(facts(fresh(), { health: { state, heading } }), new Date(DUE.getTime()))
    log.look(facts(fresh(), { health: { state, heading } }), new Date(DUE.getTime() + HOUR))
    expect(log.heard.at(-1)?.text).toContain(`has not yet: ${heading}.`)
  })

  test.each(['own-key-suspended', 'own-key-lost'] as const)(
    'is not told while the customer has withdrawn the key (%s), nor at once when it works again',
    (state) => {
      const held = { health: { state, heading: 'Suspended' } }
      const log = target({ ...NOTHING_TOLD, comingFor: DUE, expectedAt: DUE })
      for (const hours of [0.5, 2, 48]) log.look(facts(fresh(), held), new Date(DUE.getTime() + hours * HOUR))
      const back = new Date(DUE.getTime() + 49 * HOUR)
      log.look(facts(fresh()), back)
      expect(log.kinds()).toEqual([])
      log.look(facts(fresh()), new Date(back.getTime() + HOUR))
      expect(log.kinds()).toEqual(['rotation-late'])
    },
  )

  test('is counted from the moment at which a freeze was ended early, not from the due date under it', () => {
    const frozen = fresh({ ...ANY_TIME, freezes: [freeze(at(DAY), 60 * DAY)] })
    const log = target()
    log.look(facts(frozen), at(20 * DAY))
    const ended = at(21 * DAY)
    expect(log.look(facts(fresh()), ended)).toEqual(new Date(ended.getTime() + 20_000))
    expect(log.heard).toEqual([])
    log.look(facts(fresh()), new Date(ended.getTime() + HOUR))
    expect(log.kinds()).toEqual(['rotation-late'])
  })

  test('is counted from its turn, where the rotation waits for another restart of its app', () => {
    const log = target({ comingFor: DUE, lateFor: null, expectedAt: null })
    const turn = { since: DUE, at: at(14 * DAY + 3 * HOUR), app: 'shop', last: false }
    const waiting = { ...fresh(), turn }
    const hoursLater = (hours: number) => new Date(DUE.getTime() + hours * HOUR)
    log.look(facts(fresh()), DUE)
    log.look(facts(waiting), hoursLater(1))
    expect(log.kinds()).toEqual(['rotation-coming'])
    log.look(facts(waiting), hoursLater(3))
    // An attempt at it has failed since, and it has given its turn up.
    log.look(facts(fresh()), hoursLater(3.5))
    expect(log.kinds()).toEqual(['rotation-coming'])
    log.look(facts(fresh()), hoursLater(4))
    expect(log.kinds()).toEqual(['rotation-coming', 'rotation-late'])
  })

  test('is counted from the moment at which a full keyring has room, where the rotation waits for that', () => {
    const until = (ms: number) => new Date(DUE.getTime() + ms)
    // A key is needed until six hours before its end.
    const older = Array.from({ length: 6 }, (_, index) => ({ version: 8 - index, until: until(11 * HOUR) }))
    const second = { version: 9, filler: false, until: until(7 * DAY) } as const
    const full = {
      ...fresh(),
      tokenLifeMs: 98 * DAY,
      keyset: { ...fresh().keyset, current: 10, second, older },
    }
    const log = target()
    for (const hours of [-24, 0, 1, 5, 6 - 1 / 60]) log.look(facts(full), until(hours * HOUR))
    expect(log.kinds()).toEqual(['rotation-coming'])
    log.look(facts(full), until(6 * HOUR))
    expect(log.kinds()).toEqual(['rotation-coming', 'rotation-late'])
  })

  test('and coming are counted from the end of a pause that began when the rotation was late', () => {
    const pause = { at: at(15 * DAY), until: at(22 * DAY), reason: '' }
    const paused = { ...fresh(), pause, nextRotationAt: at(21 * DAY) }
    const log = target()
    for (const days of [15, 20.9, 21.5]) log.look(facts(paused), at(days * DAY))
    expect(log.heard.map(({ text }) => text)).toEqual([
      'securekey-solid-1 rotates on 2026-03-25 12:00 UTC, and the apps that it is attached to restart then.',
    ])
    log.look(facts(paused), at(22 * DAY + HOUR))
    expect(log.kinds()).toEqual(['rotation-coming', 'rotation-late'])
  })

  test('is told of a window that closed over the rotation, and the next window is told as coming', () => {
    const state = fresh(windows('sat 22:00-23:30 UTC'))
    const opened = new Date('2026-03-21T22:00:00Z')
    const log = target()
    log.look(facts(state), new Date(opened.getTime() - DAY))
    // Open, and then closed again before the hour is over.
    log.look(facts(state), new Date(opened.getTime() + MINUTE))
    log.look(facts(state), new Date(opened.getTime() + 100 * MINUTE))
    log.look(facts(state), new Date(opened.getTime() + 6 * DAY))
    expect(log.kinds()).toEqual(['rotation-coming', 'rotation-late', 'rotation-coming'])
  })

  test('is told of a rotation that a person asked for, which waits for no window', () => {
    const state: ResourceState = {
      ...fresh(windows('sat 22:00-02:00 UTC')),
      rotation: {
        reason: 'manual',
        dueAt: START,
        openedAt: START,
        openedBy: { type: 'operator' },
        stuckSince: null,
      },
    }
    const log = target()
    log.look(facts(state), START)
    log.look(facts(state), at(HOUR))
    expect(log.kinds()).toEqual(['rotation-late'])
  })
})

type LifeStep = { kind: 'rotate' | 'freeze' | 'thaw' | 'windows' | 'any' | 'wait'; hours: number }
const anyStep: fc.Arbitrary<LifeStep> = fc.record({
  kind: fc.constantFrom('rotate', 'freeze', 'thaw', 'windows', 'any', 'wait', 'wait', 'wait'),
  hours: fc.integer({ min: 0, max: 24 * 9 }),
})

test('over random lives each date is told as coming once, a day before at the earliest, and each due date as late once', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 40 }), (life) => {
      let state = fresh()
      let now = START
      const log = target()
      const coming: { served: Date; at: Date; takenBack: boolean }[] = []
      const dues: number[] = []
      const hear = () => {
        const before = log.heard.length
        const lookAt = log.look(facts(state), now)
        for (const { kind, id } of log.heard.slice(before)) {
          if (id.includes('_moved_')) {
            // Only what was told and has not happened is taken back.
            expect(coming.at(-1)?.takenBack).toBe(false)
            coming.push({ served: nextServedAt(state, now), at: now, takenBack: true })
            continue
          }
          if (kind === 'rotation-coming')
            coming.push({ served: nextServedAt(state, now), at: now, takenBack: false })
          else dues.push((state.rotation?.dueAt ?? state.nextRotationAt).getTime())
        }
        expect(lookAt > now).toBe(true)
        return lookAt
      }
      for (const { kind, hours } of life) {
        if (kind === 'rotate') {
          const opened = { reason: 'scheduled', dueAt: state.nextRotationAt, openedAt: now } as const
          const rotation = { ...opened, openedBy: { type: 'worker' }, stuckSince: null } as const
          const keyset = { ...state.keyset, pending: state.lastVersion + 1 }
          const made = { ...state, keyset, rotation, lastVersion: state.lastVersion + 1 }
          const promoted = {
            grace: { until: 'next-rotation' },
            periodMs: 14 * DAY,
            publishedAt: now,
          } as const
          state = afterRotation(made, { ...promoted, doubtful: false, epoch: 0 }, now).state
        }
        if (kind === 'freeze') {
          const until = freeze(new Date(now.getTime() + hours * HOUR), 3 * DAY)
          state = { ...state, calendar: { ...state.calendar, freezes: [until] } }
        }
        if (kind === 'thaw') state = { ...state, calendar: { ...state.calendar, freezes: [] } }
        if (kind === 'windows') state = { ...state, calendar: windows('mon,thu 03:00-05:00 UTC') }
        if (kind === 'any') state = { ...state, calendar: ANY_TIME }
        // A change wakes the target; else it sleeps until it said that it would look.
        const end = new Date(now.getTime() + (kind === 'wait' ? hours * HOUR : 1))
        let next = hear()
        for (let looks = 0; next <= end && looks < 100; looks += 1) {
          now = next
          next = hear()
        }
        now = end
      }
      for (const [place, { served, at: toldAt, takenBack }] of coming.entries()) {
        if (takenBack) continue
        const aheadMs = served.getTime() - toldAt.getTime()
        expect(aheadMs > 0 && aheadMs <= DAY).toBe(true)
        // The same date comes back only where it was another in between.
        if (!coming[place - 1]?.takenBack)
          expect(coming[place - 1]?.served.getTime()).not.toBe(served.getTime())
      }
      for (const [place, due] of dues.entries()) expect(due).not.toBe(dues[place - 1])
    }),
    { numRuns: 300 },
  )
})
