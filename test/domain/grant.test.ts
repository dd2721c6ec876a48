import { createHash } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { grantDigest, grantExpiresAt } from '../../src/domain/grant.ts'

const NOW = new Date('2026-03-03T12:00:00Z')
const IN_FIVE_MINUTES = new Date('2026-03-03T12:05:00Z')

afterEach(() => vi.unstubAllEnvs())

test.each([
  ['an offset without a colon', '2026-03-03T04:06:31-0800', '2026-03-03T12:06:31Z'],
  ['an offset east of Greenwich', '2026-03-03T17:36:31+0530', '2026-03-03T12:06:31Z'],
  ['an offset with a colon', '2026-03-03T04:06:31-08:00', '2026-03-03T12:06:31Z'],
  ['UTC', '2026-03-03T12:06:31Z', '2026-03-03T12:06:31Z'],
  ['fractions of a second', '2026-03-03T04:06:31.250-0800', '2026-03-03T12:06:31.250Z'],
  ['blanks around it', ' 2026-03-03T04:06:31-0800 ', '2026-03-03T12:06:31Z'],
])('an expiry with %s is read to the second', (_what, text, expected) => {
  expect(grantExpiresAt(text, NOW)).toEqual(new Date(expected))
})

test.each([
  ['missing', undefined],
  ['null', null],
  ['empty', ''],
  ['a number', 1_456_999_999],
  ['an object', { at: '2016-03-03T18:01:31-0800' }],
  ['words', 'in five minutes'],
  ['an impossible date', '2016-13-03T18:01:31-0800'],
  ['in the past', '2026-03-03T03:59:59-0800'],
  ['ten years ago', '2016-03-03T18:01:31-0800'],
  ['almost over', '2026-03-03T12:00:03Z'],
  ['of the year 9999', '9999-12-31T23:59:59Z'],
  ['more than an hour away', '2026-03-03T13:00:01Z'],
  ['before all calendars', '-271821-04-20T00:00:00Z'],
])('an expiry that is %s counts as five minutes from now', (_what, value) => {
  expect(grantExpiresAt(value, NOW)).toEqual(IN_FIVE_MINUTES)
})

test('the time zone of the machine does not matter', () => {
  vi.stubEnv('TZ', 'Asia/Kolkata')
  expect(NOW.getTimezoneOffset()).toBe(-330)
  expect(grantExpiresAt('2026-03-03T04:06:31-0800', NOW)).toEqual(new Date('2026-03-03T12:06:31Z'))
})

test('a grant code is known again by its SHA-256', () => {
  const code = '01234567-89ab-cdef-0123-456789abcdef'
  expect(grantDigest(code)).toEqual(createHash('sha256').update(code).digest())
})
