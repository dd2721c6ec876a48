import { expect, test } from 'vitest'
import { tellEvent, tellNextRotation } from '../../local/service-words.ts'
import type { ServiceEvent } from '../../src/bin/observe.ts'

const AT = new Date('2026-03-03T12:00:00Z')
const about = {
  resourceId: 'r',
  at: AT,
  actor: { type: 'worker' },
  version: 3,
  fingerprint: '8a1f02bc',
} as const
const tell = (event: Pick<ServiceEvent, 'action'> & Partial<ServiceEvent>) =>
  tellEvent({ ...about, ...event }, 'x')

test.each([
  ['key-created', 'create'],
  ['key-promoted', 'promote'],
  ['key-retired', 'retire'],
] as const)('%s is the step %s, with version and fingerprint', (action, step) => {
  const [entry] = tell({ action, details: { reason: 'scheduled' } })
  expect(entry?.text).toMatch(new RegExp(`^${step} +key 3 \\(8a1f02bc\\)`))
})

test('of one moment: stored, then promoted, then retired, then the next date', () => {
  const ranks = (['key-created', 'key-promoted', 'key-retired'] as const).map(
    (action) => tell({ action })[0]?.rank,
  )
  const next = tellNextRotation({ nextRotationAt: AT, pause: null, plan: 'daily', periodMs: 1 }, AT, 'x').rank
  const ordered = [...ranks, next].map(Number)
  expect(ordered).toEqual(ordered.toSorted((a, b) => a - b))
  expect(new Set(ordered).size).toBe(4)
})

test('a person is named by mail address', () => {
  const actor = {
    type: 'person',
    userId: 'u',
    email: 'ada@example.com',
    verified: true,
    address: null,
  } as const
  expect(tell({ action: 'rotation-requested', actor })[0]?.text).toContain('ada@example.com')
})

test('the next rotation is told in seconds, with what was shortened to what', () => {
  const schedule = { pause: null, plan: 'fortnightly', periodMs: 25_000 }
  const text = (nextRotationAt: string) =>
    tellNextRotation({ ...schedule, nextRotationAt: new Date(nextRotationAt) }, AT, 'securekey').text
  expect(text('2026-03-03T12:00:12Z')).toBe(
    'next rotation in 12 s; a real fortnight is shortened to 25 s here',
  )
  expect(text('2026-03-03T11:00:00Z')).toMatch(/^next rotation at once: its date has passed;/)
})

test('a plan of a name that is not known here is told all the same', () => {
  const schedule = { nextRotationAt: AT, pause: null, plan: 'yearly', periodMs: undefined }
  expect(tellNextRotation(schedule, AT, 'x').text).toBe('next rotation at once: its date has passed')
})

test('a pause is told in place of a date', () => {
  const schedule = { nextRotationAt: AT, plan: 'fortnightly', periodMs: 25_000 }
  const pause = { at: AT, until: null, reason: 'holidays' }
  expect(tellNextRotation({ ...schedule, pause }, AT, 'x').text).toBe('no rotation until somebody resumes it')
})
