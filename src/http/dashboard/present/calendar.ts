import { firstInside } from '../../../domain/calendar.ts'
import { clockOf, type Day, daysAround, momentOfClock } from '../../../domain/zoned.ts'
import type { Overview } from '../../../flows/dashboard/overview.ts'
import { isWithoutDate } from './keys.ts'
import { takenOutAt } from './upcoming.ts'

/** One day of the picture. `times`: when apps restart on it, by the clock of the picture's zone. */
export type DayCell = {
  x: number
  y: number
  number: string
  kind: 'open' | 'closed' | 'frozen' | 'past'
  today: boolean
  times: string
}
export type CalendarPicture = {
  zone: string
  width: number
  height: number
  weekdays: { x: number; name: string }[]
  /** The month beside the week in which it begins: one for each week at most. */
  months: { y: number; name: string }[]
  days: DayCell[]
  description: string
}

const DAY_MS = 86_400_000
const CELL_WIDTH = 46
const CELL_HEIGHT = 34
const LEFT = 36
const TOP = 20
const LEAST_WEEKS = 4
const MOST_WEEKS = 9
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The zone in which a customer thinks of this add-on's days: that of its first window, or of its first freeze. */
export function zoneOf({ calendar }: Pick<Overview, 'calendar'>): string {
  return calendar.windows[0]?.zone ?? calendar.freezes[0]?.zone ?? 'UTC'
}

/**
 * The weeks to come, a row each from Monday on: days on which the schedule may restart apps, frozen ones, and those on which
 * it does. Null where rotations come so often that days tell nothing, or none is to come.
 */
export function calendarPicture(overview: Overview): CalendarPicture | null {
  const { now, periodMs, upcoming } = overview
  if (periodMs < DAY_MS || isWithoutDate(overview)) return null
  const zone = zoneOf(overview)
  const [today] = daysAround(now, zone, 0, 1)
  if (!today) return null
  const sinceMonday = today.weekday - 1
  const last = upcoming.at(-1)?.servedAt ?? now
  const shownDays = (last.getTime() - now.getTime()) / DAY_MS + sinceMonday + 1
  const weeks = Math.min(MOST_WEEKS, Math.max(LEAST_WEEKS, Math.ceil(shownDays / 7)))
  const days = daysAround(now, zone, sinceMonday, weeks * 7)
  const place = (index: number) => ({
    x: LEFT + (index % 7) * CELL_WIDTH,
    y: TOP + Math.floor(index / 7) * CELL_HEIGHT,
  })
  const cells = days.map((day, index) => ({
    ...place(index),
    ...cellOf(day, index - sinceMonday, overview, zone),
  }))
  return {
    zone,
    width: LEFT + 7 * CELL_WIDTH,
    height: TOP + weeks * CELL_HEIGHT + 2,
    weekdays: WEEKDAYS.map((name, index) => ({ name, x: LEFT + (index + 0.5) * CELL_WIDTH })),
    months: monthsOf(days).map(({ week, name }) => ({ name, y: TOP + week * CELL_HEIGHT })),
    days: cells,
    description: describe(days, cells, zone),
  }
}

function cellOf(
  { date }: Day,
  daysFromToday: number,
  overview: Overview,
  zone: string,
): Omit<DayCell, 'x' | 'y'> {
  const from = momentOfClock(date, zone) ?? new Date(0)
  const until = momentOfClock(date, zone, { daysLater: 1 }) ?? from
  const { calendar, upcoming } = overview
  const takesOut = takenOutAt(overview)
  const times = [...(takesOut ? [takesOut] : []), ...upcoming.map(({ servedAt }) => servedAt)]
    .filter((at) => at >= from && at < until)
    .map((at) => clockOf(at, zone).time)
  const [first = ''] = times
  const common = { number: String(Number(date.slice(8))), today: daysFromToday === 0 }
  if (daysFromToday < 0) return { ...common, kind: 'past', times: '' }
  const freezes = [...calendar.freezes, ...calendar.freezesForAll]
  const isFrozen = freezes.some((freeze) => freeze.from <= from && freeze.until >= until)
  const isOpen = firstInside(from, calendar.windows).from < until
  const kind = isFrozen ? 'frozen' : isOpen ? 'open' : 'closed'
  return { ...common, kind, times: times.length > 1 ? `${first} +${times.length - 1}` : first }
}

/** Each month at the week in which its first shown day is; one that another has ended in does not write over that. */
function monthsOf(days: readonly Day[]): { week: number; name: string }[] {
  const weeks = new Map<number, string>()
  days.forEach(({ date }, index) => {
    if (index > 0 && date.slice(0, 7) === days[index - 1]?.date.slice(0, 7)) return
    weeks.set(Math.floor(index / 7), MONTHS[Number(date.slice(5, 7)) - 1] ?? '')
  })
  return [...weeks].map(([week, name]) => ({ week, name }))
}

/** The same in words, for who does not see it. */
function describe(days: readonly Day[], cells: readonly DayCell[], zone: string): string {
  const dated = cells.map((cell, index) => ({ ...cell, date: days[index]?.date ?? '' }))
  const restarts = dated.filter(({ times }) => times !== '').map(({ date, times }) => `${date} at ${times}`)
  const frozen = dated.filter(({ kind }) => kind === 'frozen').map(({ date }) => date)
  const sentences = [
    restarts.length > 0
      ? `By the clock of ${zone}, apps restart on ${restarts.join(', on ')}.`
      : 'No restart falls into these weeks.',
  ]
  if (frozen.length > 0) sentences.push(`Frozen: ${rangesOf(frozen).join(', ')}.`)
  return sentences.join(' ')
}

/** Days in a row as "first to last". */
function rangesOf(dates: readonly string[]): string[] {
  const ranges: { first: string; last: string }[] = []
  for (const date of dates) {
    const range = ranges.at(-1)
    if (range && Date.parse(date) - Date.parse(range.last) <= DAY_MS) range.last = date
    else ranges.push({ first: date, last: date })
  }
  return ranges.map(({ first, last }) => (first === last ? first : `${first} to ${last}`))
}
