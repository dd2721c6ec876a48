import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { goodForSeconds } from '../../src/domain/good-for.ts'
import type { GracePeriod } from '../../src/domain/grace.ts'
import { type Life, type LifeEvent, type Pushed, play, WINDOWS } from './support/life.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const PERIOD = { until: 'next-rotation' } as const
const elapsed = (ms: number) => ({ until: 'elapsed', ms }) as const

test.each([
  ['half a period, where the grace period lasts until the next rotation', PERIOD, 14 * DAY, 7 * 86_400],
  ['the grace period, where that is shorter', elapsed(48 * HOUR), 14 * DAY, 2 * 86_400],
  ['half a period, where that is shorter', elapsed(30 * DAY), 14 * DAY, 7 * 86_400],
  ['whole seconds, rounded down', PERIOD, 25_000, 12],
  ['a second at the least', PERIOD, 1_000, 1],
] as const)('what an app signs is good for %s', (_what, grace, periodMs, seconds) => {
  expect(goodForSeconds({ grace, periodMs, tokenLifeMs: null })).toBe(seconds)
})

type Round = readonly LifeEvent[]
const after = fc.integer({ min: 1, max: 3 * DAY }).map((ms) => ({ kind: 'time', ms }) as const)
type Kind = Exclude<
  LifeEvent,
  | { ms: number }
  | { grace: GracePeriod }
  | { periodMs: number }
  | { windows: unknown }
  | { tokenLifeMs: unknown }
>['kind']
const kinds = (...names: Kind[]): LifeEvent[] => names.map((kind) => ({ kind }))
const TRIED = kinds('tick', 'answer')

/** The plan is `daily`: what is due is served on time, late by up to three periods, or by the worker after one that died. */
const anyRound: fc.Arbitrary<Round> = fc.oneof(
  { weight: 4, arbitrary: fc.constant([...kinds('next'), ...TRIED]) },
  { weight: 4, arbitrary: after.map((late) => [...kinds('next'), late, ...TRIED]) },
  {
    weight: 1,
    arbitrary: after.map((late) => [...kinds('next', 'tick', 'death'), late, ...TRIED]),
  },
  { weight: 1, arbitrary: after.map((late) => [...kinds('next', 'tick', 'failure'), late, ...TRIED]) },
  // A pause is a person's, but shortens nothing.
  { weight: 1, arbitrary: after.map((paused) => [...kinds('freeze'), paused, ...kinds('resume')]) },
  { weight: 1, arbitrary: fc.tuple(anyPause(), after).map(([pause, later]) => [pause, later]) },
  { weight: 1, arbitrary: fc.tuple(anyPause(), after).map((both) => [...both, ...kinds('resume')]) },
  { weight: 1, arbitrary: fc.constantFrom(kinds('next on'), kinds('next off')) },
  { weight: 1, arbitrary: after.map((late) => [late, ...TRIED]) },
  // Windows and freezes put a date off, and never bring it nearer, whoever changes them when.
  {
    weight: 1,
    arbitrary: fc.constantFrom(...WINDOWS).map((windows): Round => [{ kind: 'windows', windows }]),
  },
  { weight: 1, arbitrary: after.map(({ ms }): Round => [{ kind: 'hold', ms }]) },
  { weight: 1, arbitrary: fc.constant(kinds('thaw')) },
)

/** What shortens: rotations by hand, other plans and grace periods. */
const anyPress: fc.Arbitrary<Round> = fc.oneof(
  fc.constantFrom(HOUR, DAY, 14 * DAY).map((periodMs): Round => [{ kind: 'plan', periodMs }]),
  fc.constant([...kinds('manual'), ...TRIED]),
  fc.constantFrom(PERIOD, elapsed(2 * HOUR)).map((grace): Round => [{ kind: 'grace', grace }]),
)

function anyPause(): fc.Arbitrary<LifeEvent> {
  return fc.integer({ min: 1, max: 3 * DAY }).map((ms) => ({ kind: 'pause', ms }))
}

function lifeOf(round: fc.Arbitrary<Round>): fc.Arbitrary<Life> {
  const anyGrace = fc.constantFrom<GracePeriod>(
    PERIOD,
    elapsed(2 * HOUR),
    elapsed(20 * HOUR),
    elapsed(5 * DAY),
  )
  const rounds = fc.array(round, { minLength: 4, maxLength: 25, size: 'max' })
  return fc.tuple(
    anyGrace,
    rounds.map((each) => each.flat()),
  )
}

/** For each key that signed: when another took its place, and when it left the config var. */
function departures(pushes: readonly Pushed[]) {
  return pushes.flatMap(({ before, pair, at }, index) => {
    if (pair.first === before.first) return []
    const key = before.first
    const left = pushes.slice(index).find((push) => push.pair.first !== key && push.pair.second !== key)
    return left ? [{ displacedAt: at, left }] : []
  })
}

describe('whatever the schedule does', () => {
  test('what a key signs at any moment before another takes its place is good for at least so long', () => {
    let seen = 0
    fc.assert(
      fc.property(lifeOf(anyRound), (life) => {
        const [grace] = life
        for (const { displacedAt, left } of departures(play(life).pushes)) {
          const leastMs = goodForSeconds({ grace, periodMs: left.periodMs, tokenLifeMs: null }) * 1_000
          expect(left.at.getTime() - displacedAt.getTime()).toBeGreaterThanOrEqual(leastMs)
          seen += 1
        }
      }),
      { numRuns: 1_000 },
    )
    expect(seen).toBeGreaterThan(1_200)
  })

  test('no scheduled rotation takes a key from apps within half a period of its replacement, whatever people do', () => {
    let seen = 0
    fc.assert(
      fc.property(lifeOf(fc.oneof({ weight: 4, arbitrary: anyRound }, anyPress)), (life) => {
        for (const { displacedAt, left } of departures(play(life).pushes)) {
          if (left.reason !== 'scheduled') continue
          expect(left.at.getTime() - displacedAt.getTime()).toBeGreaterThanOrEqual(left.periodMs / 2)
          seen += 1
        }
      }),
      { numRuns: 1_000 },
    )
    expect(seen).toBeGreaterThan(1_200)
  })
})
