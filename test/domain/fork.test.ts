import { describe, expect, test } from 'vitest'
import { ANY_TIME } from '../../src/domain/calendar.ts'
import {
  type ForkSource,
  forkProblem,
  forkTerms,
  stateAfterFork,
  whyNotForked,
} from '../../src/domain/fork.ts'
import { UNTIL_NEXT_ROTATION } from '../../src/domain/grace.ts'
import { type ResourceState, stateAtProvision } from '../../src/domain/resource-state.ts'

const DAY = 86_400_000
const NOW = new Date('2026-03-03T12:00:00Z')
const at = (days: number) => new Date(NOW.getTime() + days * DAY)
const GRACE = { until: 'elapsed', ms: 2 * DAY } as const

function sourceOf(more: Partial<ResourceState> = {}): ForkSource {
  const state = stateAtProvision({ current: 7, filler: 6 }, at(5), at(-9))
  return { state: { ...state, ...more }, grace: GRACE, periodMs: 14 * DAY }
}
const termsOf = (source: ForkSource, more = {}) =>
  forkTerms(source, {
    grace: UNTIL_NEXT_ROTATION,
    tokenLifeMs: null,
    announcesNext: false,
    periodMs: 14 * DAY,
    stated: { grace: false, tokenLife: false },
    ...more,
  })
const forked = (source: ForkSource, terms = termsOf(source)) =>
  stateAfterFork(source, { terms, nextMade: null, epoch: 3, checkAt: at(1), calendar: ANY_TIME }, NOW)

describe('an add-on that begins with the keys of another', () => {
  test('rotates when that one would, on the same plan; not within a day, and after no more than a period', () => {
    expect(forked(sourceOf()).nextRotationAt).toEqual(at(5))
    expect(forked(sourceOf({ nextRotationAt: at(0.1) })).nextRotationAt).toEqual(at(1))
    expect(forked(sourceOf({ nextRotationAt: at(90) })).nextRotationAt).toEqual(at(14))
    const source = sourceOf()
    expect(forked(source, termsOf(source, { periodMs: 28 * DAY })).nextRotationAt).toEqual(at(19))
  })

  test('keeps what apps accept, and nothing of what the other was doing', () => {
    const second = { version: 6, filler: false, until: at(1) } as const
    const older = [
      { version: 5, until: at(3), stoppedAt: at(-9) },
      { version: 4, until: at(-1) },
    ]
    const { state } = sourceOf()
    const keyset = { ...state.keyset, second, older, next: { version: 8, announced: false }, revokedTo: 3 }
    const source = sourceOf({
      keyset,
      lastVersion: 9,
      attempts: 2,
      pause: { at: NOW, until: null, reason: '' },
    })
    expect(forked(source)).toMatchObject({
      keyset: { current: 7, second, older: older.slice(0, 1), next: null, pending: null, revokedTo: 3 },
      publishedAt: state.publishedAt,
      lastVersion: 9,
      attempts: 0,
      pause: null,
      rotation: null,
      trust: { confirmedEpoch: 3 },
    })
  })

  test('has the grace period, life and next key of the other where it is told none', () => {
    const source = sourceOf({ tokenLifeMs: 30 * DAY, announcesNext: true })
    expect(termsOf(source)).toMatchObject({ grace: GRACE, tokenLifeMs: 30 * DAY, announcesNext: true })
    const stated = { grace: true, tokenLife: true }
    expect(termsOf(source, { stated })).toMatchObject({ grace: UNTIL_NEXT_ROTATION, tokenLifeMs: null })
  })
})

test('what apps were promised of what they sign is kept, or it is refused with what would do', () => {
  const problem = (source: ForkSource, more = {}) => forkProblem(source, termsOf(source, more), [], NOW)
  const source = sourceOf()
  expect(problem(source)).toBeUndefined()
  expect(problem(source, { periodMs: DAY })).toContain(
    'what is good for 2d at the least, and here that would be 12h',
  )
  const stated = { grace: true, tokenLife: true }
  expect(problem(source, { periodMs: DAY, tokenLifeMs: 2 * DAY, stated })).toBeUndefined()
  expect(problem(sourceOf({ tokenLifeMs: 60 * DAY }), { periodMs: 7 * DAY })).toContain('needs 10 keys')
  const until = at(40)
  const older = [6, 5, 4, 3, 2, 1].map((version) => ({ version: version + 10, until }))
  const { state } = sourceOf()
  const keyset = {
    ...state.keyset,
    current: 18,
    second: { version: 17, filler: false, until } as const,
    older,
  }
  const full = sourceOf({ keyset, tokenLifeMs: 60 * DAY })
  expect(problem(full)).toBeUndefined()
  expect(problem(full, { announcesNext: true })).toContain('leave out --next')
})

test('keys are not taken over while apps may hold others than are known', () => {
  const { state } = sourceOf()
  const openedBy = { type: 'worker' } as const
  const rotation = { dueAt: NOW, openedAt: NOW, openedBy, stuckSince: null }
  const why = (more: Partial<ResourceState>) => whyNotForked(sourceOf(more).state)
  expect(why({})).toBeUndefined()
  expect(why({ rotation: { ...rotation, reason: 'scheduled' } })).toBeUndefined()
  expect(why({ rotation: { ...rotation, reason: 'revoke' } })).toContain('revoked keys')
  expect(why({ keyset: { ...state.keyset, pending: 8 } })).toContain('just being rotated')
  expect(why({ trust: { ...state.trust, foreignSince: NOW } })).toContain('did not make')
})
