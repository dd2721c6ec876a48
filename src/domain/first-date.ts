import { hash } from 'node:crypto'
import { firstInside } from './calendar.ts'
import type { Window } from './windows.ts'

/** Of a window so much is used for first dates: the rest is for attempts that fail. */
const PART_USED = 3 / 4

/**
 * The first due date of a new add-on: a period from `now`. Where a window would put it off it is a moment inside that window
 * instead, by the id of the add-on. So of many add-ons with one window not all are served in the second in which it opens,
 * and where the period is whole weeks the dates after it are spread like the first.
 */
export function firstDueAt(
  { resourceId, periodMs, windows }: { resourceId: string; periodMs: number; windows: readonly Window[] },
  now: Date,
): Date {
  const due = new Date(now.getTime() + periodMs)
  if (windows.length === 0) return due
  const { from, until } = firstInside(due, windows)
  if (from <= due) return due
  const share = hash('sha256', resourceId, 'buffer').readUInt32BE() / 2 ** 32
  const seconds = Math.floor((share * PART_USED * (until.getTime() - from.getTime())) / 1_000)
  return new Date(from.getTime() + seconds * 1_000)
}
