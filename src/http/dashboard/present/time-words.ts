/** The smallest unit that the times of a page are told in. */
export type Precision = 'minute' | 'second'

/** A moment as a page shows it: exact for machines, in UTC for readers; a script puts it into the reader's zone. */
export type Moment = { iso: string; text: string; short: string; fromNow: string; precision: Precision }

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** The precision of everything about a resource: where a key lives for minutes, a time without seconds tells nothing. */
export function precisionOf(resource: { periodMs: number }): Precision {
  return resource.periodMs < HOUR_MS ? 'second' : 'minute'
}

/** For example "Tue 8 Dec 2026 10:04 UTC", "8 Dec, 10:04" and "in 9 days"; or with "10:04:07" for the clock. */
export function momentOf(date: Date, now: Date, precision: Precision): Moment {
  const clock = clockWords(date, precision)
  const day = dayWords(date)
  const text = `${weekdayWords(date)} ${day} ${date.getUTCFullYear()} ${clock} UTC`
  const short = `${day}, ${clock}`
  return { iso: date.toISOString(), text, short, fromNow: fromNow(date, now, precision), precision }
}

/** For example "10:04" or "10:04:07". */
export function clockWords(date: Date, precision: Precision): string {
  return date.toISOString().slice(11, precision === 'second' ? 19 : 16)
}

/** For example "Tue". */
export function weekdayWords(date: Date): string {
  return `${DAYS[date.getUTCDay()]}`
}

/** For example "8 Dec". */
export function dayWords(date: Date): string {
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
}

/** For example "Dec 2026". */
export function monthWords(date: Date): string {
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}

/** For example "in 9 days", "in 12 seconds", "3 hours ago", "just now". */
function fromNow(date: Date, now: Date, precision: Precision): string {
  const ms = date.getTime() - now.getTime()
  // Never "in 0 seconds": what is still to come is at least a second away.
  if (ms > 0) return `in ${lengthWords(Math.max(ms, SECOND_MS))}`
  const justNowMs = precision === 'second' ? SECOND_MS : MINUTE_MS
  return -ms < justNowMs ? 'just now' : `${lengthWords(-ms)} ago`
}

/** A length of time, rounded, by its largest sensible unit: "9 days", "36 hours", "25 minutes", "12 seconds". */
export function lengthWords(ms: number): string {
  if (ms >= 2 * DAY_MS) return counted(Math.round(ms / DAY_MS), 'day')
  if (ms >= 2 * HOUR_MS) return counted(Math.round(ms / HOUR_MS), 'hour')
  if (ms >= 2 * MINUTE_MS) return counted(Math.round(ms / MINUTE_MS), 'minute')
  return counted(Math.max(0, Math.round(ms / SECOND_MS)), 'second')
}

/** An exact period such as a plan's or a grace period: "14 days", "48 hours" is "2 days", "90 minutes" stays. */
export function periodWords(ms: number): string {
  if (ms % DAY_MS === 0) return counted(ms / DAY_MS, 'day')
  if (ms % HOUR_MS === 0) return counted(ms / HOUR_MS, 'hour')
  if (ms % MINUTE_MS === 0) return counted(ms / MINUTE_MS, 'minute')
  return counted(Math.round(ms / SECOND_MS), 'second')
}

/** How often something happens that has such a period: "every day", "every 14 days", "every 25 seconds". */
export function everyWords(ms: number): string {
  return `every ${periodWords(ms).replace(/^1 /, '')}`
}

/** "1 attempt", "3 attempts". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
