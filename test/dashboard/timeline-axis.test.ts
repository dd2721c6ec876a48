import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { axisLabel, axisOf } from '../../src/http/dashboard/present/timeline-axis.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'

const NEWEST_MS = Date.parse('2060-01-01T00:00:00Z')

/** Lengths of all magnitudes are equally likely, from five seconds to ten years. */
const spans = fc
  .double({ min: Math.log(5 * SECOND), max: Math.log(3_653 * DAY), noNaN: true })
  .map((power) => Math.round(Math.exp(power)))
const starts = fc.integer({ min: Date.parse('2020-01-01T00:00:00Z'), max: NEWEST_MS })

function axisAt(startMs: number, span: number) {
  const [from, to] = [new Date(startMs), new Date(startMs + span)]
  const { form, ticks } = axisOf(from, to)
  return { from, to, ticks, labels: ticks.map((at) => axisLabel(at, form)) }
}

describe('the axis of the picture', () => {
  test('has two to five ticks, inside of the picture, in order, each with a label of its own', () => {
    fc.assert(
      fc.property(starts, spans, (startMs, span) => {
        const { from, to, ticks, labels } = axisAt(startMs, span)
        expect(ticks.length).toBeGreaterThanOrEqual(2)
        expect(ticks.length).toBeLessThanOrEqual(5)
        for (const [index, at] of ticks.entries()) {
          expect(at.getTime()).toBeGreaterThanOrEqual((ticks[index - 1]?.getTime() ?? from.getTime() - 1) + 1)
          expect(at.getTime()).toBeLessThanOrEqual(to.getTime())
        }
        expect(new Set(labels).size).toBe(ticks.length)
      }),
      { numRuns: 20_000 },
    )
  })

  test('leaves out no tick between its first and its last', () => {
    fc.assert(
      fc.property(starts, spans, (startMs, span) => {
        const { from, to, ticks } = axisAt(startMs, span)
        const times = [from, ...ticks, to].map((at) => at.getTime())
        const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
        const between = Math.max(...gaps.slice(1, -1))
        // Months and years differ by a few days, 28 against 31 at the most.
        expect(between / Math.min(...gaps.slice(1, -1))).toBeLessThan(1.11)
        expect(gaps[0]).toBeLessThan(between * 1.11)
        expect(gaps.at(-1)).toBeLessThan(between * 1.11)
      }),
      { numRuns: 5_000 },
    )
  })

  test.each([
    ['seconds', 75 * SECOND, ['10:04:00', '10:04:30', '10:05:00']],
    ['minutes', 9 * MINUTE, ['10:06', '10:09', '10:12']],
    ['hours', 20 * HOUR, ['12:00', '18:00', '00:00', '06:00']],
    ['half days by the weekday', 40 * HOUR, ['Sun 12:00', 'Mon 00:00', 'Mon 12:00', 'Tue 00:00']],
    ['days', 56 * DAY, ['3 Dec', '17 Dec', '31 Dec', '14 Jan']],
    ['months with their year', 120 * DAY, ['Dec 2026', 'Jan 2027', 'Feb 2027', 'Mar 2027']],
    ['years', 1_500 * DAY, ['2027', '2028', '2029', '2030', '2031']],
  ])('tells %s where a picture is that long', (_unit, span, labels) => {
    const start = Date.parse('2026-11-29T10:03:50Z')
    expect(axisAt(start, span).labels).toEqual(labels)
  })

  test.each([
    ['minute', 4 * HOUR - 1],
    ['month', 100 * DAY],
    ['year', 1_500 * DAY],
  ])('has its first tick at the edge where the picture begins with a full %s', (_unit, span) => {
    const start = Date.parse('2027-01-01T00:00:00Z')
    expect(axisAt(start, span).ticks[0]?.getTime()).toBe(start)
  })
})
