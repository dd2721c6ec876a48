import { formatDuration, parseDuration } from './duration.ts'

/** How long an old key stays valid after its successor was published: a time, or until the next rotation. */
export type GracePeriod = { until: 'next-rotation' } | { until: 'elapsed'; ms: number }

/** The word that stands for "until the next rotation" in `GRACE_PERIOD` and in `--grace`. */
const PERIOD_WORD = 'period'

export const UNTIL_NEXT_ROTATION: GracePeriod = { until: 'next-rotation' }

/** Reads `period`, or a duration of at least `floorMs`. The problem is a sentence that a customer can act on. */
export function parseGracePeriod(
  text: string,
  floorMs: number,
): { grace: GracePeriod } | { problem: string } {
  if (text.trim().toLowerCase() === PERIOD_WORD) return { grace: UNTIL_NEXT_ROTATION }
  const ms = parseDuration(text)
  if (ms === undefined) {
    return { problem: 'must be a duration such as 48h or 7d, or the word "period" (until the next rotation)' }
  }
  if (ms < floorMs) {
    return { problem: `must be at least ${formatDuration(floorMs)}, so that every app has time to restart` }
  }
  return { grace: { until: 'elapsed', ms } }
}

/** The text that `parseGracePeriod` reads back to the same grace period. */
export function formatGracePeriod(grace: GracePeriod): string {
  return grace.until === 'elapsed' ? formatDuration(grace.ms) : PERIOD_WORD
}

/**
 * When the grace period of an old key ends once another one is chosen: counted from the push of its successor, as ever. One
 * that is shortened by that ends at `earliest` at the soonest.
 */
export function changedGraceEnd(
  grace: GracePeriod,
  { until, publishedAt, nextRotationAt }: { until: Date; publishedAt: Date; nextRotationAt: Date },
  earliest: Date,
): Date {
  const chosen = graceEndsAt(grace, publishedAt, nextRotationAt)
  return chosen < until && chosen < earliest ? earliest : chosen
}

/** When a key's grace period ends: counted from the successful push of its successor, never from that key's making. */
export function graceEndsAt(grace: GracePeriod, publishedAt: Date, nextRotationAt: Date): Date {
  return grace.until === 'elapsed' ? new Date(publishedAt.getTime() + grace.ms) : nextRotationAt
}
