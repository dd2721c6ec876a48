import { Temporal } from 'temporal-polyfill'

/** A stretch of time: `from` is in it, `until` is not. */
export type Span = { from: Date; until: Date }

/** Clock times of a day and the zone whose clock shows them. `to` may be `24:00`; one before `from` is of the next day. */
export type ClockTimes = { from: string; to: string; zone: string }

/** The name of an IANA time zone as it is spelled; undefined for anything else, and for a bare offset. */
export function timeZoneNamed(text: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(text)) return undefined
  try {
    return new Temporal.ZonedDateTime(0n, text).timeZoneId
  } catch {
    return undefined
  }
}

/** A day of the calendar: as text, and as a weekday from 1 (Monday) to 7. */
export type Day = { date: string; weekday: number }

/** `count` days in a row, from `before` days before the one that the clock of `zone` shows at a moment. */
export function daysAround(moment: Date, zone: string, before: number, count: number): Day[] {
  const today = zoned(moment, zone).toPlainDate()
  const known = knownDays.get(`${today} ${before} ${count}`)
  if (known) return known
  const days = Array.from({ length: count }, (_, index) => {
    const date = today.add({ days: index - before })
    return { date: date.toString(), weekday: date.dayOfWeek }
  })
  return remember(knownDays, `${today} ${before} ${count}`, days)
}

/** What the clock of `zone` shows at a moment: `2026-03-29 09:00`, and the offset that it has from UTC then. */
export function clockOf(moment: Date, zone: string): { date: string; time: string; offset: string } {
  const shown = zoned(moment, zone)
  const time = shown.toPlainTime().toString({ smallestUnit: 'minute' })
  return { date: shown.toPlainDate().toString(), time, offset: shown.offset }
}

/**
 * The moment at which the clock of `zone` shows a date (`2026-12-20`, its beginning) or a date and time (`2026-12-20T18:00`)
 * for the first time; one that the clock jumps over comes with the jump. Undefined for what is no date.
 */
export function momentOfClock(text: string, zone: string, { daysLater = 0 } = {}): Date | undefined {
  try {
    const shown = Temporal.PlainDateTime.from(text).add({ days: daysLater })
    return dateOf(firstOf(shown, zone))
  } catch {
    return undefined
  }
}

/**
 * When the clock of the zone shows the times of the day `date`: mostly one stretch. Where the clock is put forward, what it
 * jumps over is not in it; a window that it jumps over whole opens with the jump, for as long as it would have lasted.
 * Where it is put back, a time that it shows twice is in it twice.
 */
export function spansOfDay(date: string, times: ClockTimes): readonly Span[] {
  const { from, to, zone } = times
  const key = `${date} ${from} ${to} ${zone}`
  return knownSpans.get(key) ?? remember(knownSpans, key, spansOf(date, times))
}

/** Days and windows are asked for again and again: by each step of each add-on that has the same. */
const knownDays = new Map<string, Day[]>()
const knownSpans = new Map<string, readonly Span[]>()
const MOST_REMEMBERED = 5_000

function remember<T>(known: Map<string, T>, key: string, value: T): T {
  if (known.size >= MOST_REMEMBERED) known.clear()
  known.set(key, value)
  return value
}

function spansOf(date: string, { from, to, zone }: ClockTimes): Span[] {
  const day = Temporal.PlainDate.from(date)
  const start = day.toPlainDateTime(from)
  const endDay = to > from && to !== END_OF_DAY ? day : day.add({ days: 1 })
  const end = endDay.toPlainDateTime(to === END_OF_DAY ? '00:00' : to)
  const spans = stretches(start, end, zone).flatMap(({ since, before, offset }) => {
    const opens = later(start.toZonedDateTime(offset), since)
    const closes = earlier(end.toZonedDateTime(offset), before)
    return isBefore(opens, closes) ? [{ from: dateOf(opens), until: dateOf(closes) }] : []
  })
  if (spans.length > 0) return joined(spans)
  const jump = firstOf(start, zone)
  return [{ from: dateOf(jump), until: dateOf(jump.add(start.until(end, { largestUnit: 'hours' }))) }]
}

const END_OF_DAY = '24:00'
/** No zone has changed its clock more often within the days around one window. */
const MOST_STRETCHES = 8

type Stretch = { since: Temporal.ZonedDateTime; before: Temporal.ZonedDateTime; offset: string }

/** The time around two clock times, in parts between which the clock is changed and within which it is not. */
function stretches(start: Temporal.PlainDateTime, end: Temporal.PlainDateTime, zone: string): Stretch[] {
  const last = end.add({ days: 1 }).toZonedDateTime(zone)
  const found: Stretch[] = []
  let since = start.subtract({ days: 1 }).toZonedDateTime(zone)
  while (found.length < MOST_STRETCHES) {
    const change = since.getTimeZoneTransition('next')
    const before = change && isBefore(change, last) ? change : last
    found.push({ since, before, offset: since.offset })
    if (before === last) return found
    since = before
  }
  return found
}

/** Where a clock time comes first; with the jump, where the clock jumps over it. */
function firstOf(shown: Temporal.PlainDateTime, zone: string): Temporal.ZonedDateTime {
  const first = shown.toZonedDateTime(zone, { disambiguation: 'earlier' })
  if (first.toPlainDateTime().equals(shown)) return first
  return first.getTimeZoneTransition('next') ?? first
}

/** Stretches that touch are one. */
function joined(spans: readonly Span[]): Span[] {
  const all: Span[] = []
  for (const span of spans) {
    const last = all.at(-1)
    if (last && last.until >= span.from) last.until = span.until
    else all.push({ ...span })
  }
  return all
}

function zoned(moment: Date, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(moment.getTime()).toZonedDateTimeISO(zone)
}

function dateOf(moment: Temporal.ZonedDateTime): Date {
  return new Date(moment.epochMilliseconds)
}

function isBefore(a: Temporal.ZonedDateTime, b: Temporal.ZonedDateTime): boolean {
  return a.epochMilliseconds < b.epochMilliseconds
}

function later(a: Temporal.ZonedDateTime, b: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  return isBefore(a, b) ? b : a
}

function earlier(a: Temporal.ZonedDateTime, b: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  return isBefore(a, b) ? a : b
}
