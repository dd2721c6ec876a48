/** A moment as a page shows it: exact for machines, in UTC for readers; a script puts it into the reader's zone. */
export type Moment = { iso: string; text: string; short: string; fromNow: string }

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** For example "Tue 8 Dec 2026 10:04 UTC", "8 Dec, 10:04" and "in 9 days". */
export function momentOf(date: Date, now: Date): Moment {
  const iso = date.toISOString()
  const clock = iso.slice(11, 16)
  const day = dayWords(date)
  const text = `${DAYS[date.getUTCDay()]} ${day} ${date.getUTCFullYear()} ${clock} UTC`
  return { iso, text, short: `${day}, ${clock}`, fromNow: fromNow(date, now) }
}

/** For example "8 Dec". */
export function dayWords(date: Date): string {
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
}

/** For example "in 9 days", "3 hours ago", "just now". */
function fromNow(date: Date, now: Date): string {
  const ms = date.getTime() - now.getTime()
  if (Math.abs(ms) < MINUTE_MS) return ms > 0 ? 'in less than a minute' : 'just now'
  return ms > 0 ? `in ${lengthWords(ms)}` : `${lengthWords(-ms)} ago`
}

/** A length of time, rounded, by its largest sensible unit: "9 days", "36 hours", "25 minutes", "12 seconds". */
export function lengthWords(ms: number): string {
  if (ms >= 2 * DAY_MS) return counted(Math.round(ms / DAY_MS), 'day')
  if (ms >= 2 * HOUR_MS) return counted(Math.round(ms / HOUR_MS), 'hour')
  if (ms >= 2 * MINUTE_MS) return counted(Math.round(ms / MINUTE_MS), 'minute')
  return counted(Math.max(0, Math.round(ms / 1_000)), 'second')
}

/** An exact period such as a plan's or a grace period: "14 days", "48 hours" is "2 days", "90 minutes" stays. */
export function periodWords(ms: number): string {
  if (ms % DAY_MS === 0) return counted(ms / DAY_MS, 'day')
  if (ms % HOUR_MS === 0) return counted(ms / HOUR_MS, 'hour')
  if (ms % MINUTE_MS === 0) return counted(ms / MINUTE_MS, 'minute')
  return counted(Math.round(ms / 1_000), 'second')
}

/** "1 attempt", "3 attempts". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
