import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/domain/duration.ts'

const LONGEST_MS = 3_650 * 86_400_000

test.each([
  ['1s', 1_000],
  ['90s', 90_000],
  ['15m', 900_000],
  ['48h', 172_800_000],
  ['14d', 1_209_600_000],
  ['2w', 1_209_600_000],
  ['3650d', LONGEST_MS],
  [' 2H ', 7_200_000],
])('%o is read as %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each([
  ['nothing', ''],
  ['a number without a unit', '14'],
  ['a unit without a number', 'd'],
  ['zero', '0d'],
  ['a negative number', '-1d'],
  ['a fraction', '1.5h'],
  ['an unknown unit', '14y'],
  ['two durations', '1d12h'],
  ['a space inside', '14 d'],
  ['two lines', '14d\n14d'],
  ['digits of another script', '١٤d'],
  ['an exponent', '1e3s'],
  ['more than ten years', '3651d'],
  ['more digits than a number holds', '9999999999999999999999s'],
])('%s is not a duration', (_what, text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test('every whole number of seconds up to ten years is written as a duration that is read back to it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: LONGEST_MS / 1_000 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds * 1_000))).toBe(seconds * 1_000)
    }),
  )
})

test.each([
  [172_800_000, '2d'],
  [7_200_000, '2h'],
  [5_400_000, '90m'],
  [61_000, '61s'],
])('%i ms are written as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})
