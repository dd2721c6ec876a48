import type { GracePeriod } from './grace.ts'

/**
 * How long what an app signs stays good at the least, in whole seconds, whatever the schedule does: on time, late, held
 * back or paused. The key that signed it is displaced later than that, and an old key stays for its grace period, or
 * until the next rotation, which no schedule brings within half a period (`nextRotationAt`); where a life is stated, that
 * long at the least. A person may shorten it: by a grace period, another life, a rotation by hand, another plan, or a revoke.
 */
export function goodForSeconds(terms: {
  grace: GracePeriod
  periodMs: number
  tokenLifeMs: number | null
}): number {
  const { grace, periodMs, tokenLifeMs } = terms
  const halfMs = periodMs / 2
  const ms = grace.until === 'elapsed' ? Math.min(grace.ms, halfMs) : halfMs
  // No worker looks twice within a second, so half a period of one second is a whole one.
  return Math.max(1, Math.floor(Math.max(ms, tokenLifeMs ?? 0) / 1_000))
}
