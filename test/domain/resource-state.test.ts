import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterRotation } from '../../src/domain/after-push.ts'
import { ANY_TIME, serveAt } from '../../src/domain/calendar.ts'
import { type GracePeriod, graceEndsAt } from '../../src/domain/grace.ts'
import { type Keyset, liveVersions, promoteFiller, promoteKey } from '../../src/domain/keyset.ts'
import {
  afterFailure,
  openRotation,
  type ResourceState,
  stateAtProvision,
  withNewKeys,
} from '../../src/domain/resource-state.ts'
import { decideStep, isOutside, nextWakeAt, type Situation, type Step } from '../../src/domain/rotation.ts'
import type { RotationReason } from '../../src/domain/rotation-reason.ts'
import { anyLife, type Life, play } from './support/life.ts'
import { filled, type KeyVersion, listOf, promoted, stepOver } from './support/list-keyset.ts'

const NOW = new Date('2026-03-03T12:00:00Z')
const inMs = (ms: number) => new Date(NOW.getTime() + ms)
const HOUR = 3_600_000
const DAY = 24 * HOUR
const RUNS = { numRuns: 1_000 }
const MANUAL = { reason: 'manual', dueAt: NOW, openedBy: { type: 'operator' } } as const

/** The moments of a life, each with the one before it. */
function steps(life: Life) {
  const { moments } = play(life)
  return moments.slice(1).map((after, index) => ({ before: moments[index] ?? after, after }))
}

/** The checks of the table `keysets` that a state would break. `test/store/lives.test.ts` asks the table itself. */
function brokenChecks({ keyset, lastVersion, rotation, servedDueAt }: ResourceState): string[] {
  const { current, second, pending, pendingFiller, next, revokedTo } = keyset
  const fresh = [pending, pendingFiller, next?.version ?? null].filter((version) => version !== null)
  const revoking = rotation?.reason === 'revoke'
  const checks: [string, boolean][] = [
    ['versions: positive', current > 0 && second.version > 0],
    ['versions: one key for each place', current !== second.version],
    ['versions: pending', pending === null || (pending > current && pending !== second.version)],
    [
      'versions: pending filler',
      pendingFiller === null || (pendingFiller > current && pendingFiller !== pending),
    ],
    [
      'next',
      next === null ||
        (next.version > current &&
          next.version > (pending ?? 0) &&
          ![second.version, pendingFiller].includes(next.version)),
    ],
    ['next: one that is announced is the one that is promoted', !next?.announced || pending === null],
    ['versions: last', Math.max(current, second.version, ...fresh) <= lastVersion],
    ['revoked: in use', revoking || Math.min(current, second.version) > revokedTo],
    ['revoked: pending', fresh.every((version) => version > revokedTo)],
    ['revoked: last', revokedTo <= lastVersion],
    ['rotation: pending', rotation !== null || pending === null],
    ['due once', rotation?.reason !== 'scheduled' || servedDueAt === null || rotation.dueAt > servedDueAt],
  ]
  return checks.filter(([, holds]) => !holds).map(([name]) => name)
}

describe('whatever happens to a resource', () => {
  test('its state satisfies every check that its table has', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { state, event } of play(life).moments) {
          expect(brokenChecks(state), `after ${event}`).toEqual([])
        }
      }),
      RUNS,
    )
  })

  test('each version is made once and is live until it is erased: never both, never again', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const erased = new Set<number>()
        for (const { before, after } of steps(life)) {
          for (const version of after.erased) {
            expect(liveVersions(before.state.keyset), `erased after ${after.event}`).toContain(version)
            erased.add(version)
          }
          const live = liveVersions(after.state.keyset)
          const all = Array.from({ length: after.state.lastVersion }, (_, index) => index + 1)
          expect([...erased, ...live].toSorted((a, b) => a - b)).toEqual(all)
        }
      }),
      RUNS,
    )
  })

  test('no revoked version is live once the revoke has ended, and none comes back', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { state } of play(life).moments) {
          if (state.rotation?.reason === 'revoke') continue
          expect(Math.min(...liveVersions(state.keyset))).toBeGreaterThan(state.keyset.revokedTo)
        }
      }),
      RUNS,
    )
  })

  test('a revoke reaches every version that exists, and leaves nothing pending', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { before, after } of steps(life)) {
          const { revokedTo, pending, pendingFiller, next } = after.state.keyset
          if (revokedTo === before.state.keyset.revokedTo) continue
          expect(revokedTo).toBe(before.state.lastVersion)
          expect([pending, pendingFiller, next]).toEqual([null, null, null])
          expect(after.state.rotation?.reason).toBe('revoke')
        }
      }),
      RUNS,
    )
  })

  test('the due dates of its scheduled rotations strictly increase, and the next one is later than the last that was served', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { before, after } of steps(life)) {
          const [served, next] = [before.state.servedDueAt, after.state.servedDueAt]
          if (next?.getTime() !== served?.getTime()) {
            const { rotation } = before.state
            expect({ reason: rotation?.reason, dueAt: rotation?.dueAt }).toEqual({
              reason: 'scheduled',
              dueAt: next,
            })
            if (served) expect(next?.getTime()).toBeGreaterThan(served.getTime())
          }
          if (next) expect(after.state.nextRotationAt.getTime()).toBeGreaterThan(next.getTime())
        }
      }),
      RUNS,
    )
  })

  test('an old key is accepted for its whole grace period, counted from the push of its successor', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { before, after } of steps(life)) {
          const reason = before.state.rotation?.reason
          const { current, second } = after.state.keyset
          if (current === before.state.keyset.current || reason === 'revoke') continue
          const next = serveAt(nextWithoutPause(before.state, after.state), after.state.calendar)
          const until = graceEndsAt(after.grace, after.now, next)
          expect(second).toEqual({ version: before.state.keyset.current, filler: false, until })
        }
      }),
      RUNS,
    )
  })

  test('no old key is erased before its end, except by a revoke or by a filler that was made for its place', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { before, after } of steps(life)) {
          const { keyset, rotation } = before.state
          if (rotation?.reason === 'revoke') continue
          const held = keyset.second.filler ? keyset.older : [keyset.second, ...keyset.older]
          for (const { version, until } of held.filter((key) => after.erased.includes(key.version))) {
            const byFiller = version === keyset.second.version && keyset.pendingFiller !== null
            if (!byFiller) expect(until.getTime()).toBeLessThanOrEqual(after.now.getTime())
          }
        }
      }),
      RUNS,
    )
  })

  test('every key that an app may hold and that was not revoked is live: the second place is younger than older keys', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { state } of play(life).moments) {
          const { current, second, older } = state.keyset
          for (const { version } of older) expect(version).toBeLessThan(Math.min(current, second.version))
        }
      }),
    )
  })

  test('it is looked at no later than it needs a step, unless a worker holds or postponed it, or it failed or is stuck', () => {
    fc.assert(
      fc.property(anyLife, ([grace, events]) => {
        const life: Life = [grace, events.filter(({ kind }) => kind !== 'postpone')]
        for (const { state, grace: present, now } of play(life).moments) {
          const { wakeAt, claimedUntil, rotation, attempts } = state
          if (rotation?.stuckSince || attempts > 0) continue
          if (claimedUntil && claimedUntil > now) {
            expect(wakeAt?.getTime()).toBeLessThanOrEqual(claimedUntil.getTime())
            continue
          }
          const situation = { ...state, grace: present }
          const waits = decideStep(situation, now).step === 'wait'
          // What is made and has not arrived waits for a window.
          const opensAt = isOutside(state, now) ? serveAt(now, state.calendar) : now
          const neededAt = waits ? nextWakeAt(situation, now) : opensAt
          if (neededAt) expect(wakeAt?.getTime()).toBeLessThanOrEqual(neededAt.getTime())
        }
      }),
      RUNS,
    )
  })
})

/** The date after a rotation, before a pause that is on moves it. */
function nextWithoutPause(before: ResourceState, after: ResourceState): Date {
  const { pause, publishedAt, nextRotationAt } = after
  const isOn = pause !== null && (pause.until === null || pause.until > publishedAt)
  const movedMs = isOn && pause.until ? pause.until.getTime() - pause.at.getTime() : 0
  return before.rotation ? new Date(nextRotationAt.getTime() - movedMs) : nextRotationAt
}

test('failures stand in the state until the rotation ends: the newest twelve, and the number of all', () => {
  const failed = (state: ResourceState, number: number) =>
    afterFailure(
      state,
      { at: `${number}`, kind: 'refused', detail: 'no' },
      { retryAt: inMs(number), stuck: false },
      NOW,
    )
  const provisioned = stateAtProvision({ current: 2, filler: 1 }, NOW, NOW)
  const opened = withNewKeys(openRotation(provisioned, MANUAL, NOW), { key: 3, filler: null, next: null })
  let state = opened
  for (let number = 1; number <= 15; number += 1) state = failed(state, number)
  expect(state.attempts).toBe(15)
  expect(state.failures.map(({ at }) => at)).toEqual(Array.from({ length: 12 }, (_, index) => `${index + 4}`))
  const facts = {
    grace: { until: 'next-rotation' },
    periodMs: DAY,
    publishedAt: NOW,
    doubtful: true,
    epoch: 1,
  } as const
  const { state: after } = afterRotation(state, facts, NOW)
  expect(after).toMatchObject({ attempts: 0, failures: [], rotation: null, claimedUntil: null })
})

describe('the older protocol over lists of versions gives the same answers', () => {
  const anyEnd = fc.integer({ min: -3, max: 3 }).map((hours) => inMs(hours * HOUR))
  const anyGrace: fc.Arbitrary<GracePeriod> = fc.constantFrom(
    { until: 'next-rotation' } as const,
    { until: 'elapsed', ms: 2 * HOUR } as const,
  )
  /** Numbers with gaps, the oldest first: older keys, the two places, and what is pending. */
  const anyKeyset = fc
    .record({
      gaps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 7, maxLength: 7 }),
      older: fc.array(anyEnd, { maxLength: 3 }),
      second: fc.oneof(fc.constant(null), anyEnd),
      fillerFirst: fc.boolean(),
      pending: fc.boolean(),
      pendingFiller: fc.boolean(),
    })
    .map(({ gaps, older, second, fillerFirst, ...has }): Keyset => {
      let last = 0
      const next = () => {
        last += gaps.shift() ?? 1
        return last
      }
      const displaced = older.map((until) => ({ version: next(), until }))
      const [low, high] = [next(), next()]
      // Only a filler is ever younger than the current key.
      const younger = second === null && fillerFirst
      const version = younger ? high : low
      return {
        current: younger ? low : high,
        second: second === null ? { version, filler: true } : { version, filler: false, until: second },
        pending: has.pending ? next() : null,
        pendingFiller: has.pendingFiller ? next() : null,
        older: displaced.toReversed(),
        next: null,
        revokedTo: 0,
      }
    })
  const anyReason = fc.constantFrom<RotationReason>('scheduled', 'manual', 'plan-change', 'revoke')

  /** What is left of a list, and what was erased, as the new code tells it. */
  function outcomeOf(list: readonly KeyVersion[]) {
    const byVersion = (a: KeyVersion, b: KeyVersion) => a.version - b.version
    const erased = list.filter(({ stage }) => stage === 'retired').map(({ version }) => version)
    return {
      live: list.filter(({ stage }) => stage !== 'retired').toSorted(byVersion),
      erased: erased.toSorted((a, b) => a - b),
    }
  }
  function sameAs(change: { keyset: Keyset; erased: readonly number[] }, list: readonly KeyVersion[]): void {
    const { live } = outcomeOf(listOf(change.keyset))
    expect({ live, erased: change.erased.toSorted((a, b) => a - b) }).toEqual(outcomeOf(list))
  }

  test('about a promotion, in 20,000 random keysets', () => {
    fc.assert(
      fc.property(anyKeyset, anyReason, anyGrace, (some, reason, grace) => {
        const made = { pending: some.pending ?? 50, pendingFiller: some.pendingFiller ?? 51 }
        const keyset = { ...some, ...made, ...(reason !== 'revoke' && { pendingFiller: some.pendingFiller }) }
        const schedule = { grace, publishedAt: NOW, nextRotationAt: inMs(DAY) }
        const until = graceEndsAt(grace, NOW, schedule.nextRotationAt)
        sameAs(
          promoteKey(keyset, { reason, publishedAt: NOW, until, announces: false }),
          promoted(listOf(keyset), reason, schedule),
        )
      }),
      { numRuns: 20_000 },
    )
  })

  test('about the promotion of a filler, in 5,000', () => {
    fc.assert(
      fc.property(anyKeyset, (some) => {
        const keyset = { ...some, pending: null, pendingFiller: some.pendingFiller ?? 50 }
        sameAs(promoteFiller(keyset, { announces: false }), filled(listOf(keyset)))
      }),
      { numRuns: 5_000 },
    )
  })

  const anySituation: fc.Arbitrary<Situation> = fc.record({
    keyset: anyKeyset,
    grace: anyGrace,
    nextRotationAt: anyEnd,
    rotation: fc.option(fc.record({ reason: anyReason, dueAt: anyEnd })),
    pause: fc.option(fc.record({ at: fc.constant(NOW), until: fc.option(anyEnd), reason: fc.constant('') })),
    calendar: fc.constant(ANY_TIME),
    checkAt: fc.option(anyEnd),
    trust: fc.constant({ foreignSince: null }),
    heldBack: fc.constant(null),
    turn: fc.constant(null),
    announcesNext: fc.constant(false),
    tokenLifeMs: fc.option(fc.constant(3 * 24 * HOUR)),
  })

  test('about the step that is needed, in 20,000 random situations', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const { keyset, rotation } = situation
        // A revoke makes its filler together with its key.
        const complete =
          rotation?.reason !== 'revoke' || keyset.pending === null || keyset.pendingFiller !== null
        fc.pre(complete)
        expect(told(decideStep(situation, NOW), keyset)).toBe(stepOver(listOf(keyset), situation, NOW))
      }),
      { numRuns: 20_000 },
    )
  })

  function told(step: Step, { older }: Keyset): string {
    if ('pair' in step) return `${step.step} ${step.pair.first},${step.pair.second}`
    const over = older.filter(({ until }) => until <= NOW).map(({ version }) => version)
    return step.step === 'erase' ? `erase ${over.toSorted()}` : step.step
  }
})
