import { type RawBuilder, sql } from 'kysely'
import type { GracePeriod } from '../domain/grace.ts'

/** Periods are stored in whole seconds and handled in milliseconds. */
export function msOf(seconds: string): number {
  return Number(seconds) * 1_000
}

export function secondsOf(ms: number): number {
  return Math.round(ms / 1_000)
}

/** A span of time inside a statement. */
export function interval(ms: number): RawBuilder<string> {
  return sql`make_interval(secs => ${ms / 1_000})`
}

/** A grace period is stored as seconds; null stands for "until the next rotation". */
export function gracePeriodOf(seconds: string | null): GracePeriod {
  return seconds === null ? { until: 'next-rotation' } : { until: 'elapsed', ms: msOf(seconds) }
}

export function graceSecondsOf(grace: GracePeriod): number | null {
  return grace.until === 'elapsed' ? secondsOf(grace.ms) : null
}
