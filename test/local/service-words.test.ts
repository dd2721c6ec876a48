import { expect, test } from 'vitest'
import { tellEvent, tellNextRotation } from '../../local/service-words.ts'
import type { ServiceEvent } from '../../src/bin/observe.ts'

const AT = new Date('2026-03-03T12:00:00Z')
const MADE_AT = new Date('2026-03-03T11:59:58Z')
const KEY = { version: 3, fingerprint: '8a1f02bc' }
const FILLER = { version: 4, fingerprint: '00c0ffee' }
const about = { resourceId: 'r', at: AT, actor: { type: 'worker' } } as const
const tell = (event: Pick<ServiceEvent, 'kind'> & Partial<ServiceEvent>) =>
  tellEvent({ ...about, ...event }, 'x')

test.each<[ServiceEvent['kind'], Partial<ServiceEvent>, RegExp[]]>([
  [
    'rotated',
    { key: KEY, erased: [1] },
    [/^create +key 3 \(8a1f02bc\)/, /^promote +key 3 \(8a1f02bc\)/, /^retire +key 1 /],
  ],
  [
    'filler-published',
    { filler: FILLER, erased: [2] },
    [/^create +key 4 \(00c0ffee\)/, /^promote +key 4 \(00c0ffee\)/, /^retire +key 2 /],
  ],
  ['keys-erased', { erased: [1, 2] }, [/^retire +key 1 /, /^retire +key 2 /]],
])('%s is told as its steps, with version and fingerprint', (kind, more, steps) => {
  const told = tell({ kind, madeAt: MADE_AT, ...more })
  expect(told).toHaveLength(steps.length)
  for (const [index, step] of steps.entries()) expect(told[index]?.text).toMatch(step)
  const made = told.filter(({ text }) => text.startsWith('create'))
  for (const { at } of made) expect(at).toEqual(MADE_AT)
})

test('of one moment: stored, then promoted, then retired, then the next date', () => {
  const ranks = tell({ kind: 'rotated', key: KEY, erased: [1] }).map(({ rank }) => rank)
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
  expect(tell({ kind: 'rotation-requested', actor })[0]?.text).toContain('ada@example.com')
})

test('the next rotation is told in seconds, with what was shortened to what', () => {
  const schedule = { pause: null, plan: 'fortnightly', periodMs: 25_000 }
  const text = (nextRotationAt: string) =>
    tellNextRotation({ ...schedule, nextRotationAt: new Date(nextRotationAt) }, AT, 'securekey').text
  expect(text('2026-03-03T12:00:12Z')).toBe(
    'next rotation in 12 s; a real fortnight is shortened to 25 s here',
  )
  expect(text('2026-03-03T11:00:00Z')).toMatch(/^next rotation now: its date has passed;/)
})

test('a plan of a name that is not known here is told all the same', () => {
  const schedule = { nextRotationAt: AT, pause: null, plan: 'yearly', periodMs: undefined }
  expect(tellNextRotation(schedule, AT, 'x').text).toBe('next rotation now: its date has passed')
})

test('a pause is told in place of a date', () => {
  const schedule = { nextRotationAt: AT, plan: 'fortnightly', periodMs: 25_000 }
  const pause = { at: AT, until: null, reason: 'holidays' }
  expect(tellNextRotation({ ...schedule, pause }, AT, 'x').text).toBe(
    'no scheduled rotations until someone resumes them',
  )
})
