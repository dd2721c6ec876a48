import { type Calendar, serveAt } from './calendar.ts'
import { type RoomFacts, roomFrom } from './keyring-room.ts'
import { isPaused, nextRotationWhenPaused, type Pause } from './pause.ts'
import { isKeptToCalendar, type OpenRotation } from './rotation.ts'
import { nextRotationAt } from './schedule.ts'
import { isTurnAwaited, type Turn } from './turn.ts'

/** A scheduled rotation that is to come: its due date, and when it is served. */
export type Upcoming = { dueAt: Date; servedAt: Date }

type Schedule = {
  turn?: Pick<Turn, 'at'> | null
  nextRotationAt: Date
  pause: Pause | null
  calendar: Calendar
  rotation: Pick<OpenRotation, 'reason' | 'dueAt' | 'pressed'> | null
}

/** The key is published a little later than it may be: no worker is there in the very moment. */
const AFTER_SERVING_MS = 1

/**
 * When the next rotation is served, as things are at `now`: the due date, or when a window opens after that, or when it is
 * its turn among other add-ons on its apps.
 */
export function nextServedAt({ nextRotationAt: next, calendar, rotation, turn }: Schedule, now: Date): Date {
  // One that a plan change made due waits as well, and the date of the schedule is another.
  const dueAt = rotation && isKeptToCalendar(rotation) ? rotation.dueAt : next
  const wanted = turn && isTurnAwaited(turn, now) && turn.at > dueAt ? turn.at : dueAt
  const from = wanted > now ? wanted : now
  const served = serveAt(from, calendar)
  return served > from ? served : wanted
}

/**
 * The next rotations of the schedule, if nobody changes anything and each is served as soon as it may be: one that is
 * under way and waits for a window is the first. None while a pause without an end is on.
 */
export function upcomingRotations(
  schedule: Schedule,
  periodMs: number,
  now: Date,
  count: number,
): Upcoming[] {
  const { pause, calendar, rotation, turn } = schedule
  const paused = pause && isPaused(pause, now) ? pause : null
  if (paused?.until === null) return []
  const waits = rotation !== null && isKeptToCalendar(rotation)
  const earliest = Math.max(now.getTime(), paused?.until?.getTime() ?? 0)
  // What a person has asked for takes a place in the keyring first.
  const isAhead = rotation !== null && !waits
  let dueAt = firstDueAt(schedule, periodMs, now)
  const upcoming: Upcoming[] = []
  while (upcoming.length < count) {
    // A pause holds back none that is under way.
    const isFirst = upcoming.length === 0
    const from = Math.max(waits && isFirst ? now.getTime() : earliest, (isFirst && turn?.at.getTime()) || 0)
    const servedAt = serveAt(new Date(Math.max(dueAt.getTime(), from)), calendar)
    upcoming.push({ dueAt, servedAt })
    dueAt = nextDueAt(dueAt, schedule, periodMs, new Date(servedAt.getTime() + AFTER_SERVING_MS))
  }
  return upcoming
}

/** What a person has asked for goes ahead now, and the date after it is the first of the schedule. */
function firstDueAt(schedule: Schedule, periodMs: number, now: Date): Date {
  const { rotation, nextRotationAt: next } = schedule
  if (rotation === null) return next
  return isKeptToCalendar(rotation) ? rotation.dueAt : nextDueAt(rotation.dueAt, schedule, periodMs, now)
}

/** The date after the one that is served at `servedAt`, as a promotion sets it. */
function nextDueAt(dueAt: Date, { pause, calendar }: Schedule, periodMs: number, servedAt: Date): Date {
  const next = nextRotationAt(dueAt, periodMs, servedAt, calendar.windows)
  return pause && isPaused(pause, servedAt) ? nextRotationWhenPaused(next, { ...pause, at: servedAt }) : next
}

/** From when on the keyring has room for a rotation before which `ahead` others come. */
function roomIn(
  { keyset, tokenLifeMs = null, announcesNext = false }: Partial<RoomFacts>,
  ahead = 0,
): Date | null {
  return keyset ? roomFrom({ keyset, tokenLifeMs, announcesNext }, ahead) : null
}

function latest(...moments: (Date | null)[]): Date {
  return new Date(Math.max(...moments.map((moment) => moment?.getTime() ?? 0)))
}
