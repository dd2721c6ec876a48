import { serveAt } from './calendar.ts'
import { isPaused, nextRotationWhenPaused, type Pause } from './pause.ts'
import type { RotationReason } from './rotation-reason.ts'
import type { Window } from './windows.ts'

const FIRST_RETRY_DELAY_MS = 30_000
const LONGEST_RETRY_DELAY_MS = 3_600_000

/** Attempts after which a rotation is `stuck`: with the delays below, two and a half to five hours of trying. */
export const MAX_ATTEMPTS = 12

const DAY_MS = 86_400_000
/** A 404 is asked again after this, before it is believed. */
const MISSING_ASKED_AGAIN_MS = 240_000
const FIRST_MISSING_DELAY_MS = 3_600_000

/** So many dates are passed over at the most while one is looked for that a window serves late enough. */
const MOST_DATES_LOOKED_AT = 400

/**
 * The date after `dueAt`: `dueAt + period`, or after an outage the first `dueAt + n * period` that is served at least half a
 * period from now. It is counted from the due date, so a late worker, a window or a wrong clock neither drifts it nor makes
 * a burst; were it served sooner, it would push out the key that apps have signed with until a moment ago. Freezes do not
 * count, since somebody may end them: they put a date off, and never bring one nearer.
 */
export function nextRotationAt(
  dueAt: Date,
  periodMs: number,
  now: Date,
  windows: readonly Window[] = [],
): Date {
  const lateMs = now.getTime() - dueAt.getTime()
  let periods = Math.max(1, Math.ceil((lateMs + periodMs / 2) / periodMs))
  const date = (count: number) => new Date(dueAt.getTime() + count * periodMs)
  if (windows.length === 0) return date(periods)
  const least = now.getTime() + periodMs / 2
  const calendar = { windows, freezes: [], freezesForAll: [] }
  for (let looked = 0; periods > 1 && looked < MOST_DATES_LOOKED_AT; looked += 1) {
    // A date that has passed may still be one that the next window serves.
    if (serveAt(date(periods - 1), calendar).getTime() < least) break
    periods -= 1
  }
  return date(periods)
}

/**
 * The date under other windows: the same, or the first of its row that they serve at least half a period after the present
 * key was published. Windows must not bring a rotation nearer than any schedule may.
 */
export function nextRotationUnderWindows(
  {
    nextRotationAt: dueAt,
    publishedAt,
    pause,
  }: { nextRotationAt: Date; publishedAt: Date; pause: Pause | null },
  windows: readonly Window[],
  periodMs: number,
  now: Date,
): Date {
  // Somebody may end a pause early: then its end is counted in no more.
  const countedInMs = pause?.until && isPaused(pause, now) ? pause.until.getTime() - pause.at.getTime() : 0
  const soonest = new Date(dueAt.getTime() - countedInMs - periodMs)
  const next = nextRotationAt(soonest, periodMs, publishedAt, windows)
  return new Date(next.getTime() + countedInMs)
}

/**
 * The date on the new plan: the present key's age counts, so the old period is taken back and the new one added. After a
 * late rotation that may be near: the key that left its place at `publishedAt` stays for half a period all the same.
 */
export function nextRotationAfterPlanChange(
  { nextRotationAt, publishedAt, pause }: { nextRotationAt: Date; publishedAt: Date; pause: Pause | null },
  oldPeriodMs: number,
  newPeriodMs: number,
  now: Date,
): Date {
  const movedMs = nextRotationAt.getTime() - oldPeriodMs + newPeriodMs
  const half = new Date(publishedAt.getTime() + newPeriodMs / 2)
  // The date of a pause with a known end has that counted in, and loses it when the pause is ended early.
  const earliest = pause && isPaused(pause, now) ? nextRotationWhenPaused(half, pause) : half
  return new Date(Math.max(movedMs, earliest.getTime()))
}

/**
 * Delay before the next attempt: 30 s doubled with each failure, at most an hour, of which a random half is taken off
 * so that resources which failed together do not return together. `random` is a number from 0 up to 1.
 */
export function retryDelayMs(failures: number, random: number): number {
  const doubled = FIRST_RETRY_DELAY_MS * 2 ** Math.min(failures - 1, 20)
  const capped = Math.min(doubled, LONGEST_RETRY_DELAY_MS)
  return Math.round(capped * (0.5 + random / 2))
}

/** The delay between tries of a stuck rotation: a day, of which a random sixth is taken off. `random`: from 0 up to 1. */
export function stuckRetryDelayMs(random: number): number {
  return Math.round(DAY_MS * (1 - random / 6))
}

/**
 * Delay before Heroku is asked again for a resource that it said it does not know, `times` times in a row: minutes after
 * the first time, then an hour, doubled up to a day. Of each a random half is taken off.
 */
export function missingRetryDelayMs(times: number, random: number): number {
  const doubled = FIRST_MISSING_DELAY_MS * 2 ** Math.min(times - 2, 20)
  const delayMs = times <= 1 ? MISSING_ASKED_AGAIN_MS : Math.min(doubled, DAY_MS)
  return Math.round(delayMs * (0.5 + random / 2))
}

/** So long after a push the config is compared with it: every call that could have overtaken the push has ended. */
export const CHECK_AFTER_PUSH_MS = 3_600_000
/** Where an older push may still be on its way (a retry, a revoke): as soon as every such call must have ended. */
export const CHECK_AFTER_DOUBT_MS = 120_000

/** Older than every due date: whoever has this moment is claimed before any backlog. Keys leaked: a revoke. */
export const BEFORE_SCHEDULED = new Date(0)
/** A person waits for it: claimed after every revoke, and before whatever is merely due. */
export const BY_PERSON = new Date(1_000)

/** The moment at which a rotation that somebody waits for is claimed; undefined where the date alone counts. */
export function urgentMoment(reason: RotationReason | undefined): Date | undefined {
  if (reason === 'revoke') return BEFORE_SCHEDULED
  return reason === 'manual' ? BY_PERSON : undefined
}
