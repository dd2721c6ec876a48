import { describe, expect, test } from 'vitest'
import { ANY_TIME, serveAt } from '../../src/domain/calendar.ts'
import { firstDueAt } from '../../src/domain/first-date.ts'
import { windowsOf } from '../engine/support/calendars.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = new Date('2026-03-03T12:00:00Z')
const inMs = (ms: number, from: Date = NOW) => new Date(from.getTime() + ms)

describe('the first date of a new add-on', () => {
  const uuid = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`
  const first = (number: number, windows: string, periodMs = 14 * DAY) =>
    firstDueAt({ resourceId: uuid(number), periodMs, windows: windowsOf(windows) }, NOW)

  test('is a period away where no window puts it off', () => {
    expect(first(1, 'any')).toEqual(inMs(14 * DAY))
    expect(first(1, 'tue 11:00-13:00 UTC')).toEqual(inMs(14 * DAY))
  })

  test('is spread over the window that would put it off, leaves room at its end, and stays what it is', () => {
    const window = 'wed 09:00-13:00 UTC'
    const opens = new Date('2026-03-18T09:00:00Z')
    const dates = Array.from(
      { length: 400 },
      (_, number) => first(number, window).getTime() - opens.getTime(),
    )
    expect(Math.min(...dates)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...dates)).toBeLessThan(3 * HOUR)
    for (const quarter of [0, 1, 2, 3]) {
      const inIt = dates.filter((ms) => Math.floor(ms / (45 * MINUTE)) === quarter)
      expect(inIt.length).toBeGreaterThan(60)
    }
    expect(first(7, window)).toEqual(first(7, window))
    // It is due inside, so it is served when it is due, and so are those a fortnight later.
    const calendar = { ...ANY_TIME, windows: windowsOf(window) }
    expect(serveAt(inMs(14 * DAY, first(7, window)), calendar)).toEqual(inMs(14 * DAY, first(7, window)))
  })
})
