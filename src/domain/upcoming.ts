import { type Calendar, serveAt } from './calendar.ts'
import { type GracePeriod, UNTIL_NEXT_ROTATION } from './grace.ts'
import { type RoomFacts, roomAfterRotation, roomFrom } from './keyring-room.ts'
import { oldKeyEndsAt } from './old-key-end.ts'
import { isPaused, nextRotationWhenPaused, type Pause } from './pause.ts'
import { isKeptToCalendar, type OpenRotation } from './rotation.ts'
import { nextRotationAt } from './schedule.ts'
import { isTurnAwaited, type Turn } from './turn.ts'

/** A scheduled rotation that is to come: its due date, and when it is served. */
export type Upcoming = { dueAt: Date; servedAt: Date }

type Schedule = Partial<RoomFacts> & {
  grace?: GracePeriod
  turn?: Pick<Turn, 'at'> | null
  nextRotationAt: Date
  pause: Pause | null
  calendar: Calendar
  rotation: Pick<OpenRotation, 'reason' | 'dueAt' | 'pressed'> | null
}

/** The key is published a little later than it may be: no worker is there in the very moment. */
const AFTER_SERVING_MS = 1

/**
 * When the next rotation is served, as things are at `now`: the due date, or when a window opens after that, and a pause that
 * has an end is over, and the keyring has room for all old keys that are needed, and it is its turn among other add-ons on its
 * apps.
 */
export function nextServedAt(schedule: Schedule, now: Date): Date {
  const { nextRotationAt: next, calendar, rotation, turn = null } = schedule
  // One that a plan change made due waits as well, and the date of the schedule is another.
  const dueAt = rotation && isKeptToCalendar(rotation) ? rotation.dueAt : next
  const waits = rotation === null || isKeptToCalendar(rotation)
  const turnAt = turn !== null && isTurnAwaited(turn, now) ? turn.at : null
  const wanted = waits ? latest(heldUntil(schedule, now), turnAt) : dueAt
  const from = latest(dueAt, now, wanted)
  const served = serveAt(from, calendar)
  if (served > from) return served
  return wanted > latest(dueAt, now) ? wanted : dueAt
}

/**
 * Until when a pause or a full keyring holds the next rotation of the schedule back, whatever its due date is; null: neither
 * does, or nobody knows for how long. A pause that began when the rotation was late already ends behind the due date.
 */
export function heldUntil(schedule: Schedule, now: Date): Date | null {
  const { rotation, pause } = schedule
  if (rotation !== null && !isKeptToCalendar(rotation)) return null
  // A pause holds back none that is under way.
  const pausedUntil = rotation === null && pause && isPaused(pause, now) ? pause.until : null
  const room = roomIn(schedule)
  return pausedUntil || room ? latest(pausedUntil, room) : null
}

/** Whether a pause without an end holds the next rotation back: it holds back none that is under way. */
export function isHeldForGood({ rotation, pause }: Pick<Schedule, 'rotation' | 'pause'>): boolean {
  return pause?.until === null && (rotation === null || !isKeptToCalendar(rotation))
}

/**
 * The next rotations of the schedule, if nobody changes anything and each is served as soon as it may be: one that is
 * under way and waits for a window is the first, whatever pause is on. No others while a pause without an end is on.
 */
export function upcomingRotations(
  schedule: Schedule,
  periodMs: number,
  now: Date,
  count: number,
): Upcoming[] {
  const { pause, calendar, rotation, turn } = schedule
  const paused = pause && isPaused(pause, now) ? pause : null
  const waits = rotation !== null && isKeptToCalendar(rotation)
  const most = paused?.until === null ? (waits ? 1 : 0) : count
  const earliest = Math.max(now.getTime(), paused?.until?.getTime() ?? 0)
  // What a person has asked for takes a place in the keyring first.
  const isAhead = rotation !== null && !waits
  let keys = isAhead ? afterNext(schedule, now) : schedule
  let dueAt = firstDueAt(schedule, periodMs, now)
  const upcoming: Upcoming[] = []
  while (upcoming.length < most) {
    // A pause holds back none that is under way.
    const isFirst = upcoming.length === 0
    const from = new Date(waits && isFirst ? now.getTime() : earliest)
    const servedAt = serveAt(latest(dueAt, from, roomIn(keys), isFirst ? (turn?.at ?? null) : null), calendar)
    upcoming.push({ dueAt, servedAt })
    keys = afterNext(keys, servedAt)
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

type Keys = Pick<Schedule, 'keyset' | 'tokenLifeMs' | 'announcesNext' | 'grace'>

/** From when on the keyring has room for a rotation. */
function roomIn(keys: Keys): Date | null {
  const facts = roomFactsOf(keys)
  return facts ? roomFrom(facts) : null
}

/** The keys once the next rotation is served: the one that signs now is old then. */
function afterNext(keys: Keys, at: Date): Keys {
  const facts = roomFactsOf(keys)
  if (!facts) return keys
  const { grace = UNTIL_NEXT_ROTATION } = keys
  const until = oldKeyEndsAt({ grace, tokenLifeMs: facts.tokenLifeMs }, at, at)
  return { ...roomAfterRotation(facts, { at, until }), grace }
}

function roomFactsOf({ keyset, tokenLifeMs = null, announcesNext = false }: Keys): RoomFacts | null {
  return keyset && tokenLifeMs !== null ? { keyset, tokenLifeMs, announcesNext } : null
}

function latest(...moments: (Date | null)[]): Date {
  return new Date(Math.max(...moments.map((moment) => moment?.getTime() ?? 0)))
}
