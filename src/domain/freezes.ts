import { cleanText } from './clean-text.ts'
import { momentOfClock, timeZoneNamed } from './zoned.ts'

/** From `from` until `until` nothing scheduled restarts an app. The zone is the one in which somebody wrote the dates. */
export type Freeze = { id: string; from: Date; until: Date; zone: string; reason: string }

/** What somebody asks for: dates, of which the last is frozen too, or dates with times, in a time zone. */
export type FreezeRequest = { from: string; until: string; zone: string; reason: string }

/** So many freezes one add-on may have, beside those that are over. */
export const MOST_FREEZES = 20
/** Whoever means longer wants a pause, which has no end. */
const LONGEST_MS = 366 * 86_400_000
/** It begins within ten years, like the longest duration. */
const FARTHEST_MS = 3_650 * 86_400_000
const LONGEST_REASON = 200

const DATE = /^\d{4}-\d{2}-\d{2}$/
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}$/

/**
 * Reads the dates of a freeze (`2026-12-20` to `2027-01-05`, or `2026-12-20T18:00` to `2027-01-05T06:00`), by the clock
 * of its zone. The problem is a sentence that a customer can act on.
 */
export function parseFreeze(
  { from, until, zone: zoneText, reason }: FreezeRequest,
  now: Date,
): { freeze: Omit<Freeze, 'id'> } | { problem: string } {
  const zone = timeZoneNamed(zoneText.trim())
  if (zone === undefined) {
    return { problem: 'must name an IANA time zone, such as Europe/Berlin, America/New_York or UTC' }
  }
  const [begins, ends] = [momentOf(from.trim(), zone, 0), momentOf(until.trim(), zone, 1)]
  if (!begins || !ends) {
    return { problem: 'must have dates such as 2026-12-20, or with a time, 2026-12-20T18:00' }
  }
  if (ends <= begins) return { problem: 'must end after it begins' }
  if (ends <= now) return { problem: 'must end in the future' }
  if (begins.getTime() - now.getTime() > FARTHEST_MS) return { problem: 'must begin within ten years' }
  if (ends.getTime() - begins.getTime() > LONGEST_MS) {
    return { problem: 'must not be longer than a year; a pause holds rotations back without an end' }
  }
  return { freeze: { from: begins, until: ends, zone, reason: cleanText(reason, LONGEST_REASON) } }
}

/** The freezes that are not over. */
export function comingFreezes(freezes: readonly Freeze[], now: Date): Freeze[] {
  return freezes.filter(({ until }) => until > now)
}

/** A date stands for its whole day: one at the end for the beginning of the next. */
function momentOf(text: string, zone: string, daysLater: number): Date | undefined {
  if (DATE.test(text)) return momentOfClock(text, zone, { daysLater })
  return DATE_TIME.test(text) ? momentOfClock(text.replace(' ', 'T'), zone) : undefined
}
