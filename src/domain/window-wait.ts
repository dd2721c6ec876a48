import { firstInside } from './calendar.ts'
import type { Window } from './windows.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** Every window has opened in this time. */
const LOOKED_AT_MS = 8 * DAY_MS
/** Of two such stretches in a row one has no change of the clock in it, which makes a wait longer for once. */
const STRETCHES = 2
const MOST_OPENINGS = 200

/** How long a due date waits for a window at the most, in an ordinary week from `now` on. */
function longestWaitMs(windows: readonly Window[], now: Date): number {
  if (windows.length === 0) return 0
  const starts = Array.from({ length: STRETCHES }, (_, index) => now.getTime() + index * LOOKED_AT_MS)
  return Math.min(...starts.map((start) => longestIn(windows, new Date(start))))
}

/**
 * Why these windows cannot serve a plan: somewhere between two of them there is no room for all of its dates. Undefined
 * where they can. A sentence with the sum, that a customer can act on.
 */
export function tooRare(windows: readonly Window[], periodMs: number, now: Date): string | undefined {
  const waitMs = longestWaitMs(windows, now)
  if (waitMs <= periodMs) return undefined
  const [wait, period] = [lengthOf(waitMs), lengthOf(periodMs)]
  return `must open at least once in each ${period}, which is how often this plan rotates: up to ${wait} pass between these windows. Add windows, or choose a plan that rotates every ${lengthOf(Math.ceil(waitMs / DAY_MS) * DAY_MS)} or more rarely`
}

function longestIn(windows: readonly Window[], start: Date): number {
  const end = start.getTime() + LOOKED_AT_MS
  let closedAt = firstInside(start, windows).until
  let longest = 0
  for (let opening = 0; opening < MOST_OPENINGS && closedAt.getTime() < end; opening += 1) {
    const { from, until } = firstInside(closedAt, windows)
    longest = Math.max(longest, from.getTime() - closedAt.getTime())
    closedAt = until
  }
  return longest
}

/** "4 days 21 hours": the two largest units. */
function lengthOf(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const hours = Math.floor((ms % DAY_MS) / HOUR_MS)
  const minutes = Math.round((ms % HOUR_MS) / MINUTE_MS)
  const parts = [counted(days, 'day'), counted(hours, 'hour'), counted(minutes, 'minute')].filter(Boolean)
  return parts.slice(0, 2).join(' ') || counted(Math.round(ms / 1_000), 'second')
}

function counted(number: number, unit: string): string {
  if (number === 0) return ''
  return `${number} ${unit}${number === 1 ? '' : 's'}`
}
