import { expect, test } from 'vitest'
import { findPlan, parsePlans } from '../../src/domain/plan.ts'

const DAY = 86_400_000

test('plans keep the order in which they are listed, spaces do not matter', () => {
  expect(parsePlans(' daily=1d, fortnightly = 14d ,quick_test-2=30s')).toEqual({
    plans: [
      { name: 'daily', periodMs: DAY },
      { name: 'fortnightly', periodMs: 14 * DAY },
      { name: 'quick_test-2', periodMs: 30_000 },
    ],
    problems: [],
  })
})

test.each([
  ['an empty list', ''],
  ['a plan without a period', 'daily'],
  ['a plan without a name', '=1d'],
  ['a period that is none', 'daily=often'],
  ['a period of zero', 'daily=0d'],
  ['two equals signs', 'daily=1d=2d'],
  ['a name with a space', 'every day=1d'],
  ['a name in capitals', 'Daily=1d'],
  ['a trailing comma', 'daily=1d,'],
])('%s is a problem', (_what, text) => {
  expect(parsePlans(text).problems).toHaveLength(1)
})

test('a plan that stands twice is a problem', () => {
  expect(parsePlans('daily=1d,weekly=7d,daily=2d').problems).toEqual([
    'entry 3 names a plan that stood before',
  ])
})

test('every wrong entry has its own problem, which tells where it stands and never quotes it', () => {
  const { problems } = parsePlans('daily=1d,hunter2,weekly=7d,s3cret=x')
  expect(problems).toHaveLength(2)
  expect(problems[0]).toContain('entry 2')
  expect(problems[1]).toContain('entry 4')
  expect(problems.join()).not.toMatch(/hunter2|s3cret/)
})

test.each(['fortnightly ', 'Fortnightly', 'securekey:fortnightly', '', 'constructor', '__proto__'])(
  '%o is not the plan fortnightly',
  (name) => {
    expect(findPlan([{ name: 'fortnightly', periodMs: 14 * DAY }], name)).toBeUndefined()
  },
)

test('a plan is found by its slug', () => {
  const weekly = { name: 'weekly', periodMs: 7 * DAY }
  expect(findPlan([{ name: 'daily', periodMs: DAY }, weekly], 'weekly')).toBe(weekly)
})

test.each([
  ['p=14d:private', 'private'],
  ['p=14d:shield', 'shield'],
  ['private-fortnightly=14d', 'private'],
  ['shield-weekly=7d', 'shield'],
  ['private-fortnightly=14d:shield', 'shield'],
  ['fortnightly=14d', undefined],
  ['privately=14d', undefined],
])('%s is a plan for this space: %s', (text, space) => {
  const { plans, problems } = parsePlans(text)
  expect({ space: plans[0]?.space, problems }).toEqual({ space, problems: [] })
})
