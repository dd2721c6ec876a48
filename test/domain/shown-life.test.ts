import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lookAtSchedule, NOTHING_TOLD } from '../../src/domain/notices/on-schedule.ts'
import { isKeptToCalendar } from '../../src/domain/rotation.ts'
import { nextServedAt, upcomingRotations } from '../../src/domain/upcoming.ts'
import { type LifeEvent, type Moment, play, WINDOWS } from './support/life.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const UNTIL_NEXT = { until: 'next-rotation' } as const
const WELL = { state: 'well', heading: '' } as const
const SERVED: LifeEvent[] = [{ kind: 'next' }, { kind: 'tick' }, { kind: 'answer' }]

const anyMs = fc.oneof(fc.integer({ min: 1, max: 40 * HOUR }), fc.integer({ min: 1, max: 30 * DAY }))
const anyEvent: fc.Arbitrary<LifeEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('time', 'pause', 'hold'), ms: anyMs }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('thaw', 'resume', 'freeze', 'next on', 'next off', 'revoke', 'manual'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('windows'), windows: fc.constantFrom(...WINDOWS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('life'),
      tokenLifeMs: fc.constantFrom(null, ...[1, 3, 6, 7, 14, 42, 98].map((days) => days * DAY)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('plan'), periodMs: fc.constantFrom(DAY, 14 * DAY) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('grace'),
      grace: fc.constantFrom(
        UNTIL_NEXT,
        ...[2, 24, 240].map((hours) => ({ until: 'elapsed', ms: hours * HOUR }) as const),
      ),
    }),
  },
)
const anyRound = fc.oneof(
  { weight: 3, arbitrary: fc.constant(SERVED) },
  { weight: 4, arbitrary: anyEvent.map((event) => [event]) },
  { weight: 1, arbitrary: anyMs.map((ms): LifeEvent[] => [{ kind: 'next' }, { kind: 'time', ms }]) },
  {
    weight: 1,
    arbitrary: fc.constant<LifeEvent[]>([{ kind: 'next' }, { kind: 'tick' }, { kind: 'failure' }]),
  },
)
const anyPast = fc
  .array(anyRound, { minLength: 1, maxLength: 40, size: 'max' })
  .map((rounds) => rounds.flat())

/** A past full of people, and what follows once they are gone: a worker comes some milliseconds after each moment it is needed. */
function quietAfter(
  past: readonly LifeEvent[],
  rounds: number,
): { from: Moment; after: Moment[] } | undefined {
  const onTime: LifeEvent[] = [
    { kind: 'next' },
    { kind: 'time', ms: 7 },
    { kind: 'tick' },
    { kind: 'answer' },
  ]
  const { moments } = play([UNTIL_NEXT, [...past, ...Array.from({ length: rounds }, () => onTime).flat()]])
  const begins = moments.findIndex(({ state, now }, index) => {
    const { keyset, rotation, claimedUntil, attempts, wakeAt } = state
    const isIdle = claimedUntil === null && attempts === 0 && (wakeAt === null || wakeAt >= now)
    const isMade = keyset.pending !== null || keyset.pendingFiller !== null
    return index >= past.length && isIdle && !isMade && (rotation === null || isKeptToCalendar(rotation))
  })
  const from = moments[begins]
  return from && { from, after: moments.slice(begins + 1) }
}

function restartsOf(moments: readonly Moment[]): Date[] {
  return moments.flatMap(({ pushed }) =>
    pushed?.reason === 'scheduled' || pushed?.reason === 'plan-change' ? [pushed.at] : [],
  )
}

test('whatever people have done, the next date and the next five are those on which apps restart', () => {
  let compared = 0
  fc.assert(
    fc.property(anyPast, (past) => {
      const quiet = quietAfter(past, 40)
      if (!quiet) return
      const { state, now, grace, periodMs } = quiet.from
      const shown = upcomingRotations({ ...state, grace }, periodMs, now, 5)
      const served = restartsOf(quiet.after)
      // No others come while a pause without an end is on.
      if (shown.length < 5) expect(served).toHaveLength(shown.length)
      for (const [place, at] of served.slice(0, shown.length).entries()) {
        const next = Math.max(nextServedAt(state, now).getTime(), now.getTime())
        const dates = [shown[place]?.servedAt.getTime() ?? 0, ...(place === 0 ? [next] : [])]
        for (const date of dates) expect(Math.abs(at.getTime() - date)).toBeLessThan(1_000)
        compared += 1
      }
    }),
    { numRuns: 200 },
  )
  expect(compared).toBeGreaterThan(200)
})

test('where a worker is on time each rotation is told as coming once and before, and none as late', () => {
  fc.assert(
    fc.property(anyPast, (past) => {
      const quiet = quietAfter(past, 20)
      // What a pause without an end holds back is told as late, for that reason.
      if (!quiet || quiet.from.state.rotation || quiet.from.state.pause?.until === null) return
      const heard: { kind: string; rotates: number; at: Date }[] = []
      let told = NOTHING_TOLD
      const look = ({ state, periodMs }: Moment, at: Date): Date => {
        const subject = { resourceId: 'r', name: 'n' }
        const found = lookAtSchedule({ subject, state, periodMs, health: WELL }, told, at)
        for (const { notice } of found.notices) {
          heard.push({ kind: notice.kind, rotates: Date.parse(String(notice.facts?.rotates)), at })
        }
        told = found.notices.at(-1)?.told ?? found.told
        return found.lookAt
      }
      let before = quiet.from
      let lookAt = look(before, before.now)
      for (const moment of quiet.after) {
        for (let looks = 0; lookAt <= moment.now && looks < 500; looks += 1) {
          lookAt = look(lookAt < moment.now ? before : moment, lookAt)
        }
        before = moment
      }
      expect(heard.map(({ kind }) => kind)).not.toContain('rotation-late')
      for (const at of restartsOf(quiet.after)) {
        const coming = heard.filter(({ rotates }) => Math.abs(rotates - at.getTime()) <= HOUR)
        if (at.getTime() - quiet.from.now.getTime() <= HOUR) continue
        expect(coming).toHaveLength(1)
        expect(coming[0]?.at.getTime()).toBeLessThan(at.getTime())
      }
    }),
    { numRuns: 200 },
  )
})
