import type { Freeze } from './freezes.ts'
import type { Window } from './windows.ts'
import { daysAround, type Span, spansOfDay } from './zoned.ts'

/** When scheduled restarts may happen: inside a window, where there is one, and outside of every freeze. */
export type Calendar = {
  windows: readonly Window[]
  /** Of this add-on. */
  freezes: readonly Freeze[]
  /** The partner's, for all add-ons, as they were when the resource was read. */
  freezesForAll: readonly Freeze[]
}

/** At any time. */
export const ANY_TIME: Calendar = { windows: [], freezes: [], freezesForAll: [] }

/** A window that began the day before may be open still; where a zone has left a day out, the one before that. */
const DAYS_BEFORE = 2
/** Every weekday comes within nine days, also where a zone has once left a day out. */
const DAYS_LOOKED_AT = DAYS_BEFORE + 10

/**
 * The first moment, `due` or later, that is inside a window and outside of every freeze. A moment is inside a window while
 * the clock of its zone shows a day and a time of it. So what the clock jumps over is not inside; a window that it jumps
 * over whole opens with the jump, for as long as it would have lasted. What it shows twice is inside twice, and serves a due
 * date at the first. Freezes have an end, so there always is such a moment.
 */
export function serveAt(due: Date, { windows, freezes, freezesForAll }: Calendar): Date {
  const all = [...freezes, ...freezesForAll]
  let at = due
  // A freeze is left behind at its end, so each is met once at most.
  for (let left = all.length; left >= 0; left -= 1) {
    const inside = firstInside(at, windows).from
    const freeze = all.find(({ from, until }) => from <= inside && inside < until)
    if (!freeze) return inside
    at = freeze.until
  }
  throw new Error('a freeze was met twice')
}

/** Whether a scheduled restart may happen now. */
export function isOpen(calendar: Calendar, now: Date): boolean {
  return serveAt(now, calendar).getTime() === now.getTime()
}

/** From when on, at a moment at which a scheduled restart may happen, none may any more. */
export function closesAt(now: Date, { windows, freezes, freezesForAll }: Calendar): Date {
  const ends = [...freezes, ...freezesForAll].flatMap(({ from }) => (from > now ? [from.getTime()] : []))
  return new Date(Math.min(firstInside(now, windows).until.getTime(), ...ends))
}

/** The rest of the window that is open at a moment, or the first that opens later. Without windows it never ends. */
export function firstInside(moment: Date, windows: readonly Window[]): Span {
  if (windows.length === 0) return { from: moment, until: new Date(8.64e15) }
  const spans = windows.flatMap((window) => firstSpan(moment, window) ?? [])
  const opens = new Date(Math.min(...spans.map(({ from }) => from.getTime())))
  const open = spans.filter(({ from }) => from.getTime() === opens.getTime())
  return { from: opens, until: new Date(Math.max(...open.map(({ until }) => until.getTime()))) }
}

function firstSpan(moment: Date, window: Window): Span | undefined {
  for (const { date, weekday } of daysAround(moment, window.zone, DAYS_BEFORE, DAYS_LOOKED_AT)) {
    if (!window.days.includes(weekday)) continue
    const span = spansOfDay(date, window).find(({ until }) => until > moment)
    if (span) return { from: span.from > moment ? span.from : moment, until: span.until }
  }
  throw new Error('a window has a day')
}
