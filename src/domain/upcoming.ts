import { type Calendar, serveAt } from './calendar.ts'
import { isPaused, type Pause } from './pause.ts'
import { nextRotationAt } from './schedule.ts'

/** A scheduled rotation that is to come: its due date, and when it is served. */
export type Upcoming = { dueAt: Date; servedAt: Date }

type Schedule = { nextRotationAt: Date; pause: Pause | null; calendar: Calendar }

/** When the next rotation is served, as things are at `now`: the due date, or when a window opens after that. */
export function nextServedAt({ nextRotationAt: dueAt, calendar }: Schedule, now: Date): Date {
  const from = dueAt > now ? dueAt : now
  const served = serveAt(from, calendar)
  return served > from ? served : dueAt
}

/**
 * The next rotations of the schedule, if nobody changes anything and each is served as soon as it may be. None while a
 * pause without an end is on.
 */
export function upcomingRotations(
  { nextRotationAt: first, pause, calendar }: Schedule,
  periodMs: number,
  now: Date,
  count: number,
): Upcoming[] {
  const paused = pause && isPaused(pause, now) ? pause : null
  if (paused?.until === null) return []
  const earliest = Math.max(now.getTime(), paused?.until?.getTime() ?? 0)
  const upcoming: Upcoming[] = []
  let dueAt = first
  while (upcoming.length < count) {
    const servedAt = serveAt(new Date(Math.max(dueAt.getTime(), earliest)), calendar)
    upcoming.push({ dueAt, servedAt })
    dueAt = nextRotationAt(dueAt, periodMs, servedAt, calendar.windows)
  }
  return upcoming
}
