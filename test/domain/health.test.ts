import { describe, expect, test } from 'vitest'
import { healthOf } from '../../src/domain/health.ts'
import type { HealthFacts, HealthState } from '../../src/domain/health-state.ts'
import type { FailureKind } from '../../src/domain/heroku-failure.ts'
import { type ResourceState, stateAtProvision } from '../../src/domain/resource-state.ts'
import { type Trust, trusted } from '../../src/domain/trust.ts'

const NOW = new Date('2026-03-03T12:00:00Z')
const HOUR = 3_600_000
const inHours = (hours: number) => new Date(NOW.getTime() + hours * HOUR)

const PROVISIONED = stateAtProvision({ current: 2, filler: 1 }, inHours(14 * 24), inHours(-24))

type Known = Partial<Omit<HealthFacts, 'state'>> & { state?: Partial<ResourceState>; trust?: Partial<Trust> }

function look({ state, trust, ...known }: Known) {
  const facts: HealthFacts = {
    id: '01234567-89ab-4cde-8f01-23456789abcd',
    plan: 'fortnightly',
    missingSince: null,
    access: 'given',
    trouble: null,
    unusualSince: null,
    undeliveredSince: null,
    ...known,
    state: { ...PROVISIONED, trust: { ...trusted(1), ...trust }, ...state },
  }
  return healthOf(facts, NOW)
}

const rotation = {
  reason: 'scheduled',
  dueAt: inHours(-2),
  openedAt: inHours(-2),
  openedBy: { type: 'worker' },
  stuckSince: null,
} as const
const stuck = { ...rotation, stuckSince: inHours(-1) }
const failed = (kind: FailureKind) => ({
  attempts: 3,
  failures: [
    { at: inHours(-2).toISOString(), kind: 'unavailable' as const, detail: 'no answer' },
    { at: inHours(-1).toISOString(), kind, detail: 'as Heroku said' },
  ],
})
const heldBack = { since: inHours(-1), until: inHours(23), lookAt: inHours(1), apps: ['service-2'] }
const pause = { at: inHours(-1), until: inHours(5), reason: 'a sale' }

/** Each state by the one fact that makes it, the worst first. */
const CAUSES: [HealthState, Known][] = [
  ['missing', { missingSince: inHours(-3) }],
  ['access-lost', { access: 'none' }],
  ['access-refused', { state: failed('refresh-refused') }],
  ['unreadable', { state: failed('unreadable') }],
  ['foreign', { trust: { foreignSince: inHours(-3) } }],
  ['stuck', { state: { rotation: stuck } }],
  ['gone', { trust: { goneSince: inHours(-3), doubtful: true } }],
  ['heroku-trouble', { trouble: 'host', state: { rotation } }],
  ['failing', { state: failed('unavailable') }],
  ['held-back', { state: { heldBack } }],
  ['rotating', { state: { rotation } }],
  ['unchecked', { trust: { uncheckedSince: inHours(-2) } }],
  ['differs', { trust: { repairedAt: inHours(-3), doubtful: true } }],
  ['unusual-access', { unusualSince: inHours(-3) }],
  ['undelivered', { undeliveredSince: inHours(-3) }],
  ['paused', { state: { pause } }],
  ['well', {}],
]

describe('the health of an add-on', () => {
  test.each(CAUSES)('is %s by one fact alone', (state, known) => {
    expect(look(known).state).toBe(state)
  })

  test('is the worst of all that is known', () => {
    const found = CAUSES.map((_, from) => {
      // Of facts that exclude each other the worse one holds.
      const worseLast = CAUSES.slice(from).toReversed()
      const known = Object.assign({}, ...worseLast.map(([, more]) => more))
      const state = Object.assign({}, ...worseLast.map(([, more]) => more.state))
      const trust = Object.assign({}, ...worseLast.map(([, more]) => more.trust))
      return look({ ...known, state, trust }).state
    })
    expect(found).toEqual(CAUSES.map(([state]) => state))
  })

  test.each(CAUSES.filter(([state]) => state !== 'well'))(
    'says in words what to do when it is %s, to the customer and to the operator, and nothing in them is cut off',
    (_state, known) => {
      const { heading, customer, operator, steps } = look(known)
      const told = steps.flatMap((step) => [step.words, step.command ?? step.words])
      for (const words of [heading, customer, operator, ...told]) {
        expect(words.length).toBeGreaterThan(10)
        expect(words).not.toMatch(/undefined|null|\[object/)
      }
    },
  )
})

test('a lost grant says how the add-on is made again, step by step', () => {
  const { customer, steps } = look({ access: 'none' })
  expect(customer).toContain('Make the add-on again')
  expect(steps[0]?.command).toContain('heroku addons:create securekey:fortnightly --as NEXT_SECURE')
  expect(steps.at(-1)?.command).toContain('heroku addons:destroy 01234567-89ab-4cde-8f01-23456789abcd')
})

test('a grant that waits for its exchange is no loss', () => {
  expect(look({ access: 'waiting' }).state).toBe('well')
})

test('what ends by itself says when at the latest', () => {
  expect(look({ state: { heldBack } })).toMatchObject({ since: heldBack.since, until: heldBack.until })
  expect(look({ state: { pause } })).toMatchObject({ since: pause.at, until: pause.until })
})

test('a revoke that is to replace foreign keys is told by how it goes, and asks nobody to revoke', () => {
  const trust = { foreignSince: inHours(-3) }
  const revoke = { ...rotation, reason: 'revoke' } as const
  expect(look({ trust, state: { rotation } }).state).toBe('foreign')
  expect(look({ trust, state: { rotation: revoke } }).state).toBe('rotating')
  expect(look({ trust, state: { rotation: revoke, ...failed('unavailable') } }).state).toBe('failing')
  expect(look({ trust, state: { rotation: { ...revoke, stuckSince: NOW } } }).state).toBe('stuck')
})

test('what was held back is not held back beyond its end', () => {
  expect(look({ state: { heldBack: { ...heldBack, until: NOW } } }).state).toBe('well')
})

test('what only processes say is told as theirs, and one that names no app has no name', () => {
  const apps = ['a', '(not named)']
  const { heading, customer } = look({ state: { heldBack: { ...heldBack, apps, saidOnly: true } } })
  expect(heading).toBe('The previous key stays for a and a process that names no app')
  expect(customer).toContain('processes say so in their check-ins')
  expect(customer).not.toContain('release')
})

test('the apps that are waited for are named, five of them', () => {
  const named = (apps: string[]) => look({ state: { heldBack: { ...heldBack, apps } } }).customer
  expect(named(['a'])).toContain('a still signs with the previous key: its last release failed')
  expect(named(['a', 'b', 'c'])).toContain('a, b and c still sign with the previous key: their last releases')
  expect(named(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toContain('a, b, c, d, e and 2 more still')
})

test('one check that failed says nothing, and one repair is no trouble', () => {
  expect(look({ trust: { uncheckedSince: inHours(-1) } }).state).toBe('well')
  expect(look({ trust: { repairedAt: inHours(-1) } }).state).toBe('well')
  expect(look({ trust: { goneSince: inHours(-1) } }).state).toBe('well')
  // The look after a push that was in doubt has failed, long after a repair: nothing was seen to come back.
  const trust = { repairedAt: inHours(-300), doubtful: true, uncheckedSince: inHours(-1) }
  expect(look({ trust, state: { checkAt: inHours(1) } }).state).toBe('well')
})

test('trouble beside the add-on is told where the add-on waits for it', () => {
  expect(look({ trouble: 'account' }).state).toBe('well')
  expect(look({ trouble: 'account', state: { wakeAt: NOW } })).toMatchObject({
    state: 'heroku-trouble',
    operator: expect.stringContaining('client secret'),
  })
})

test('a failure is over once its attempts are', () => {
  expect(look({ state: { ...failed('unreadable'), attempts: 0 } }).state).toBe('well')
})
