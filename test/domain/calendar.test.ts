import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { ANY_TIME, type Calendar, isOpen, serveAt } from '../../src/domain/calendar.ts'
import type { Freeze } from '../../src/domain/freezes.ts'
import { parseWindows, type Window } from '../../src/domain/windows.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const calendar = (text: string, freezes: Freeze[] = []): Calendar => {
  const read = parseWindows(text)
  if ('problem' in read) throw new Error(read.problem)
  return { windows: read.windows, freezes, freezesForAll: [] }
}
const freeze = (from: string, until: string): Freeze => ({
  id: from,
  from: new Date(from),
  until: new Date(until),
  zone: 'UTC',
  reason: '',
})
const served = (due: string, by: Calendar) =>
  serveAt(new Date(due), by).toISOString().replace(':00.000Z', 'Z')

describe('a due date is served at the first moment that is inside', () => {
  const OFFICE = calendar('tue-thu 09:00-12:00 Europe/Berlin; sat 22:00-02:00 Europe/Berlin')

  test.each([
    ['inside', '2026-01-06T09:30Z', '2026-01-06T09:30Z'],
    ['at the opening', '2026-01-06T08:00Z', '2026-01-06T08:00Z'],
    ['at the close, which is outside', '2026-01-06T11:00Z', '2026-01-07T08:00Z'],
    ['on a day without a window', '2026-01-09T10:00Z', '2026-01-10T21:00Z'],
    ['after midnight, inside a window of the day before', '2026-01-11T00:30Z', '2026-01-11T00:30Z'],
    ['after that', '2026-01-11T01:00Z', '2026-01-13T08:00Z'],
    ['in summer', '2026-07-07T06:00Z', '2026-07-07T07:00Z'],
  ])('%s', (_what, due, at) => {
    expect(served(due, OFFICE)).toBe(at)
  })

  test('without windows and freezes that is the due date itself', () => {
    expect(served('2026-01-06T09:30Z', ANY_TIME)).toBe('2026-01-06T09:30Z')
  })

  test('a whole day ends at midnight', () => {
    const tuesday = calendar('tue 00:00-24:00 Asia/Kolkata')
    expect(served('2026-01-06T18:29Z', tuesday)).toBe('2026-01-06T18:29Z')
    expect(served('2026-01-06T18:30Z', tuesday)).toBe('2026-01-12T18:30Z')
  })

  test('windows may be in several zones', () => {
    const both = calendar('mon 09:00-10:00 America/New_York; mon 09:00-10:00 Asia/Tokyo')
    expect(served('2026-01-05T00:00Z', both)).toBe('2026-01-05T00:00Z')
    expect(served('2026-01-05T02:00Z', both)).toBe('2026-01-05T14:00Z')
  })
})

describe('a freeze', () => {
  const weekly = (...freezes: Freeze[]) => calendar('sat 09:00-12:00 UTC', freezes)

  test('that begins within a window leaves what was open before', () => {
    const by = weekly(freeze('2026-01-10T10:00Z', '2026-01-12T00:00Z'))
    expect(served('2026-01-10T09:59Z', by)).toBe('2026-01-10T09:59Z')
    expect(served('2026-01-10T10:00Z', by)).toBe('2026-01-17T09:00Z')
  })

  test('that ends within a window leaves the rest of it', () => {
    const by = weekly(freeze('2026-01-08T00:00Z', '2026-01-10T11:00Z'))
    expect(served('2026-01-09T00:00Z', by)).toBe('2026-01-10T11:00Z')
  })

  test('and another one behind it, in whatever order they are named', () => {
    const first = freeze('2026-01-10T00:00Z', '2026-01-11T00:00Z')
    const second = freeze('2026-01-17T09:00Z', '2026-01-17T11:30Z')
    for (const by of [weekly(first, second), weekly(second, first)]) {
      expect(served('2026-01-09T00:00Z', by)).toBe('2026-01-17T11:30Z')
    }
  })

  test('of the partner counts like one of the add-on', () => {
    const by = { ...ANY_TIME, freezesForAll: [freeze('2026-01-10T00:00Z', '2026-01-11T00:00Z')] }
    expect(served('2026-01-10T10:00Z', by)).toBe('2026-01-11T00:00Z')
    expect(isOpen(by, new Date('2026-01-10T10:00Z'))).toBe(false)
  })
})

describe('when the clock is changed', () => {
  test.each([
    // Forward: 02:00 to 03:00 in Berlin on 29 March 2026, back from 03:00 on 25 October 2026.
    [
      'a window that is jumped over opens with the jump',
      'sun 02:10-02:50',
      '2026-03-29T00:00Z',
      '2026-03-29T01:00Z',
    ],
    ['for as long as it would have lasted', 'sun 02:10-02:50', '2026-03-29T01:39Z', '2026-03-29T01:39Z'],
    ['and no longer', 'sun 02:10-02:50', '2026-03-29T01:40Z', '2026-04-05T00:10Z'],
    [
      'one that begins in the jump opens with it',
      'sun 02:30-03:10',
      '2026-03-29T00:30Z',
      '2026-03-29T01:00Z',
    ],
    ['and closes by the clock', 'sun 02:30-03:10', '2026-03-29T01:10Z', '2026-04-05T00:30Z'],
    [
      'a time that comes twice is served at the first',
      'sun 02:10-02:50',
      '2026-10-25T00:00Z',
      '2026-10-25T00:10Z',
    ],
    ['and a date behind that at the second', 'sun 02:10-02:50', '2026-10-25T00:50Z', '2026-10-25T01:10Z'],
    ['what lies between is outside', 'sun 01:30-02:30', '2026-10-25T00:30Z', '2026-10-25T01:00Z'],
  ])('%s', (_what, window, due, at) => {
    expect(served(due, calendar(`${window} Europe/Berlin`))).toBe(at)
  })

  test('a day that a zone leaves out is served when the next begins', () => {
    // Samoa went from Thursday to Saturday.
    expect(served('2011-12-30T00:00Z', calendar('fri 09:00-12:00 Pacific/Apia'))).toBe('2011-12-30T10:00Z')
  })
})

describe('minute by minute over ten years', () => {
  const ZONES: [zone: string, from: string][] = [
    ['Europe/Berlin', '2026-01-01'],
    ['Australia/Lord_Howe', '2026-01-01'],
    ['Pacific/Apia', '2006-01-01'],
    ['Africa/Casablanca', '2026-01-01'],
    ['Pacific/Chatham', '2026-01-01'],
    ['America/Sao_Paulo', '2011-01-01'],
  ]
  const WINDOWS = [
    'tue-thu 09:00-12:00 Z; sat 22:00-02:00 Z',
    'sun 01:45-03:20 Z',
    'daily 23:30-00:15 Z',
    'fri-mon 00:00-24:00 Z; wed 12:00-13:00 UTC',
  ]

  test.each(ZONES)('%s: nothing is served outside, and nothing later than it could be', (zone, from) => {
    const calendars = WINDOWS.map((window) => calendar(window.replaceAll('Z', zone)))
    for (const minutes of stretchesOf(zone, Date.parse(from))) {
      const clocks = minutes.map((at) => ({ at, here: clock(at, zone), utc: clock(at, 'UTC') }))
      for (const by of calendars) expect({ zone, wrong: wrongIn(by, clocks) }).toEqual({ zone, wrong: [] })
    }
  })

  /** Every minute around each change of the clock, and of eight days in four hundred every fifth. */
  function stretchesOf(zone: string, start: number): number[][] {
    const all: number[][] = []
    const end = start + 10 * 365 * DAY
    for (let day = start; day < end; day += 400 * DAY) all.push(minutesOf(day, day + 8 * DAY, 5))
    let at = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(zone)
    for (;;) {
      const change = at.getTimeZoneTransition('next')
      if (!change || change.epochMilliseconds >= end) return all
      const moment = change.epochMilliseconds
      all.push(minutesOf(moment - 5 * HOUR, moment + 5 * HOUR, 1))
      all.push(minutesOf(moment - 30 * HOUR, moment + 30 * HOUR, 15))
      at = change
    }
  }

  function minutesOf(begin: number, end: number, step: number): number[] {
    return Array.from(
      { length: (end - begin) / (step * MINUTE) },
      (_, index) => begin + index * step * MINUTE,
    )
  }

  type Clock = { weekday: number; minute: number }

  /**
   * From the last moment to the first: what was found for the one behind holds until a moment is inside. Each edge is asked
   * for, and of the moments between them some.
   */
  function wrongIn(by: Calendar, clocks: { at: number; here: Clock; utc: Clock }[]): string[] {
    const wrong: string[] = []
    const last = clocks.at(-1)?.at ?? 0
    let next = serveAt(new Date(last + MINUTE), by).getTime()
    let wasInside: boolean | undefined
    for (const [index, { at, here, utc }] of clocks.toReversed().entries()) {
      const inside = by.windows.some((window) => shows(window.zone === 'UTC' ? utc : here, window))
      if (inside) next = at
      const isAsked = inside !== wasInside || index % 97 === 0
      wasInside = inside
      // Between two minutes that are looked at, a window may have opened: then it has opened before the later of them.
      if (!isAsked) continue
      const found = serveAt(new Date(at), by).getTime()
      const isRight = inside ? found === at : found > at && found <= next
      if (!isRight) wrong.push(`${new Date(at).toISOString()} ${new Date(found).toISOString()}`)
    }
    return wrong
  }

  function clock(at: number, zone: string): Clock {
    const {
      dayOfWeek: weekday,
      hour,
      minute,
    } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
    return { weekday, minute: hour * 60 + minute }
  }

  /** By what the clock shows at that minute, and nothing else. */
  function shows({ weekday, minute }: Clock, { from, to, days }: Window): boolean {
    const [opens, closes] = [minuteOf(from), minuteOf(to)]
    const today = days.includes(weekday)
    if (opens < closes) return today && opens <= minute && minute < closes
    return (today && opens <= minute) || (days.includes(((weekday + 5) % 7) + 1) && minute < closes)
  }

  function minuteOf(time: string): number {
    return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
  }
})
