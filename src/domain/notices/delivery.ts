import { retryDelayMs } from '../schedule.ts'
import type { Notice } from './notice.ts'
import type { ToldSchedule } from './on-schedule.ts'

/** How far a target was told, and how its deliveries went of late. */
export type CursorState = {
  /** Of the last history row that was told, or is nothing to be told of. */
  seq: number
  told: ToldSchedule
  /** Failed deliveries in a row, and since when. */
  attempts: number
  failingSince: Date | null
  /** Why the last one failed, in a few words; null: something has arrived since, or never failed. */
  lastFailure: string | null
  /** Up to this history row, what could not be told was given up then. */
  givenUp: { seq: number; at: Date } | null
}

/** One notice to be delivered, and where the cursor stands once it has arrived. */
export type DueNotice = { notice: Notice; after: Pick<CursorState, 'seq' | 'told'> }

/** What is to be told to a target now: a bounded list in order. */
export type DueNotices = {
  due: readonly DueNotice[]
  /** Where the cursor stands when all of it is told, or there was nothing to tell. */
  end: Pick<CursorState, 'seq' | 'told'>
  /** Where it stands when nothing at all is left to tell. */
  everything: Pick<CursorState, 'seq' | 'told'>
  /** There is more than fits into one delivery. */
  more: boolean
  /** When the schedule may next have something to say. */
  lookAt: Date | null
}

/** What became of a delivery: how many notices were taken, from the start of the list, and why no more. */
export type Delivery = {
  told: number
  /** `words`: short ones of ours, for the page. `lasting`: trying again is of no use. */
  failure?: { words: string; lasting: boolean }
  /** The receiver wants to be left alone for so long. */
  retryAfterMs?: number
}

/** Where a cursor goes after a look or a delivery, and when somebody next looks. */
export type CursorMove = { to: CursorState; wakeAt: Date | null; gaveUp: boolean }

/** What could not be delivered for so long is given up. */
export const GIVEN_UP_AFTER_MS = 3 * 86_400_000
/** Longest that a receiver may ask us to wait. */
const LONGEST_WAIT_MS = 3_600_000

/**
 * The cursor after a delivery. It moves by what has arrived, in order. What failed is tried again after half a minute, then
 * more and more rarely up to an hour, and given up after three days: then the cursor goes on behind it, and the target is
 * tried again with the next notice. `random`: from 0 up to 1.
 */
export function afterDelivery(
  before: CursorState,
  { due, end, everything, more, lookAt }: DueNotices,
  { told, failure, retryAfterMs = 0 }: Delivery,
  { now, random }: { now: Date; random: number },
): CursorMove {
  const arrived = Math.min(Math.max(0, told), due.length)
  const moved = { ...before, ...arrivedTo(before, due, arrived) }
  const healed = { ...moved, attempts: 0, failingSince: null, lastFailure: null }
  if (arrived === due.length) {
    const to = due.length === 0 ? { ...before, ...end } : { ...healed, ...end }
    return { to, wakeAt: more ? now : lookAt, gaveUp: false }
  }
  const waitMs = Math.min(Math.max(0, retryAfterMs), LONGEST_WAIT_MS)
  if (!failure) {
    return { to: arrived > 0 ? healed : moved, wakeAt: later(now, waitMs), gaveUp: false }
  }
  const failed = arrived > 0 ? healed : moved
  const since = failed.failingSince ?? now
  if (failure.lasting || now.getTime() - since.getTime() >= GIVEN_UP_AFTER_MS) {
    const givenUp = { seq: everything.seq, at: now }
    const to = {
      ...failed,
      ...everything,
      attempts: 0,
      failingSince: null,
      lastFailure: failure.words,
      givenUp,
    }
    return { to, wakeAt: lookAt, gaveUp: true }
  }
  const attempts = failed.attempts + 1
  const to = { ...failed, attempts, failingSince: since, lastFailure: failure.words }
  return { to, wakeAt: later(now, Math.max(waitMs, retryDelayMs(attempts, random))), gaveUp: false }
}

/** Where the cursor stands behind the notices that have arrived. */
function arrivedTo(before: CursorState, due: readonly DueNotice[], arrived: number) {
  const last = arrived > 0 ? due[arrived - 1] : undefined
  return last ? last.after : { seq: before.seq, told: before.told }
}

function later(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms)
}
