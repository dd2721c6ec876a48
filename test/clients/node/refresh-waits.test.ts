import { describe, expect, test } from 'vitest'
import { advance, mayAskEarly, START } from '../../../clients/node/src/refresh/progress.ts'
import {
  retryAfterMs,
  waitAfterAnswer,
  waitAfterFailure,
  waitWhileRevoked,
} from '../../../clients/node/src/refresh/waits.ts'

const NOW = Date.parse('2026-11-26T12:00:00Z')
const NONE = { nextRotationMs: undefined, settleEndsMs: undefined }
const middle = () => 0.5
const least = () => 0
const most = () => 0.999_999

describe('after an answer', () => {
  test.each([
    ['3600', 3_600],
    ['300', 300],
    ['60', 60],
    ['59', 60],
    ['0', 60],
    ['3601', 3_600],
    ['999999999', 3_600],
    ['9999999999', 3_600],
    ['-5', 3_600],
    ['1e2', 3_600],
    ['60.5', 3_600],
    ['NaN', 3_600],
    ['Infinity', 3_600],
    ['', 3_600],
    [' 300', 3_600],
    ['٣٠٠', 3_600],
    [undefined, 3_600],
  ])('Refresh-After %j means %i seconds', (text, seconds) => {
    expect(waitAfterAnswer(text, NONE, NOW, middle)).toBe(seconds * 1_000)
  })

  test('the wait is a tenth shorter or longer, so that processes spread out', () => {
    expect(waitAfterAnswer('1000', NONE, NOW, least)).toBe(900_000)
    expect(waitAfterAnswer('1000', NONE, NOW, most)).toBeCloseTo(1_100_000, -1)
  })

  test.each<[string, number, () => number, number]>([
    ['within the minute after the next rotation', 600, least, 600],
    ['within the minute after the next rotation', 600, most, 660],
    ['as ever where that is sooner', 4_000, middle, 3_600],
    ['again within a minute of a rotation that has not come', 0, least, 30],
    ['again within a minute of a rotation that has not come', -599, most, 60],
    ['as ever from ten minutes on', -600, middle, 3_600],
    ['no sooner than in a second', 0.1, least, 1],
  ])('it asks %s (%d)', (_, ahead, random, seconds) => {
    const dates = { ...NONE, nextRotationMs: NOW + ahead * 1_000 }
    expect(Math.round(waitAfterAnswer('3600', dates, NOW, random) / 1_000)).toBe(seconds)
  })

  test('it asks when the settle time is over, to tell with which key it signs', () => {
    expect(waitAfterAnswer('3600', { ...NONE, settleEndsMs: NOW + 500_000 }, NOW, middle)).toBe(501_000)
  })

  test('a clock that tells no time counts for nothing', () => {
    const dates = { nextRotationMs: NOW, settleEndsMs: NOW }
    expect(waitAfterAnswer('3600', dates, Number.NaN, middle)).toBe(3_600_000)
  })
})

describe('after failures in a row', () => {
  test('the wait grows up to five minutes, and is spread over all of that time', () => {
    const waits = [1, 2, 3, 4, 8, 9, 50, 5_000].map((inARow) => waitAfterFailure(inARow, 0, most))
    expect(waits.map((ms) => Math.round(ms / 1_000))).toEqual([2, 4, 8, 16, 256, 300, 300, 300])
    expect(waitAfterFailure(9, 0, () => 0.1)).toBeCloseTo(30_000)
    expect(waitAfterFailure(9, 0, least)).toBe(1_000)
  })

  test('it is never shorter than Retry-After', () => {
    expect(waitAfterFailure(1, 120_000, most)).toBe(120_000)
    expect(waitAfterFailure(9, 1_000, most)).toBeGreaterThan(299_000)
  })
})

test.each<[string | undefined, number | undefined]>([
  ['120', 120],
  ['0', 0],
  ['999999999', 3_600],
  ['9999999999', undefined],
  ['Thu, 26 Nov 2026 12:02:00 GMT', 120],
  ['Thu, 26 Nov 2026 11:00:00 GMT', 0],
  ['Fri, 26 Nov 2027 12:00:00 GMT', 3_600],
  ['Thu, 99 Nov 2026 12:02:00 GMT', undefined],
  ['2026-11-26T12:02:00Z', undefined],
  ['-1', undefined],
  ['NaN', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After %j means %s seconds', (text, seconds) => {
  expect(retryAfterMs(text, NOW)).toBe(seconds === undefined ? undefined : seconds * 1_000)
})

test('while keys are revoked it asks within a minute, whatever Retry-After says', () => {
  const waits = ['10', '3600', '0', undefined, 'x'].map((text) => waitWhileRevoked(text, NOW, least) / 1_000)
  expect(waits).toEqual([10, 60, 1, 10, 10])
  expect(waitWhileRevoked('10', NOW, most)).toBeCloseTo(11_000, -1)
})

describe('an early request', () => {
  test('is made once in 30 seconds, and again when the clock was put back', () => {
    const asked = { ...START, earlyMs: NOW }
    expect(mayAskEarly(START, NOW)).toBe(true)
    expect([0, 29_999, 30_000, -1].map((ms) => mayAskEarly(asked, NOW + ms))).toEqual([
      false,
      false,
      true,
      true,
    ])
    expect(mayAskEarly(START, Number.NaN)).toBe(false)
  })

  test('waits for the end of Retry-After, and is not made after the end', () => {
    const told = { header: (name: string) => (name === 'retry-after' ? '100' : undefined) }
    const facts = {
      ...told,
      dates: NONE,
      held: { version: 5, kids: new Set<string>() },
      nowMs: NOW,
      random: least,
    }
    const { progress, waitMs } = advance(START, { is: 'failed', word: 'too-many-requests' }, facts)
    expect(waitMs).toBe(100_000)
    expect([99_999, 100_000].map((ms) => mayAskEarly(progress, NOW + ms))).toEqual([false, true])
    const ended = advance(START, { is: 'stopped', code: 'resource-gone' }, facts)
    expect([ended.waitMs, mayAskEarly(ended.progress, NOW)]).toEqual([undefined, false])
  })
})
