import type { Freeze } from '../answers/freezes.ts'
import type { Resource } from '../answers/resource.ts'
import { clockWords } from '../words/clock.ts'
import { dateWords, momentWords } from '../words/moment.ts'

/** What `securekey:window` prints, and what a change of the calendar ends with, by label. */
export function scheduleOf(
  { policy, nextRotations }: { policy: Pick<Resource['policy'], 'windows'>; nextRotations: readonly Date[] },
  now: Date,
): Record<string, string | string[]> {
  return { Windows: windowWords(policy), 'Next rotations': nextWords(nextRotations, now) }
}

export function windowWords({ windows }: Pick<Resource['policy'], 'windows'>): string | string[] {
  return windows.length === 0 ? 'at any time' : [...windows]
}

export function nextWords(dates: readonly Date[], now: Date): string | string[] {
  return dates.length === 0 ? 'none before somebody has acted' : dates.map((date) => momentWords(date, now))
}

/** When the next rotation is served, and when it was due if something puts it off. */
export function nextRotationWords(
  {
    nextRotationAt: at,
    nextRotationDueAt: due,
    waitsForRestart: waits,
  }: Pick<Resource, 'nextRotationAt' | 'nextRotationDueAt' | 'waitsForRestart'>,
  now: Date,
): string {
  if (!at) return 'none before somebody has acted'
  if (!due || due >= at) return momentWords(at, now)
  const why = waits ? `another restart of ${waits.app || 'its app'}` : 'a window or a freeze'
  return `${momentWords(at, now)}, put off by ${why}: due ${dateWords(due)}`
}

/** A line for a freeze: its dates by the clock of its zone, and why it is there. */
export function freezeWords({ from, until, zone, reason, forAll }: Freeze): string {
  const dates = `${clockWords(from, zone)} to ${clockWords(until, zone)} ${zone}`
  const whose = forAll ? ' (all add-ons)' : ''
  return `${dates}${reason === '' ? '' : `: ${reason}`}${whose}`
}

/** A row of `securekey:freezes`. */
export type FreezeRow = Readonly<Record<'id' | 'from' | 'until' | 'zone' | 'state' | 'reason' | 'of', string>>

export function freezeRow({ id, from, until, zone, reason, forAll }: Freeze, now: Date): FreezeRow {
  return {
    id,
    from: clockWords(from, zone),
    until: clockWords(until, zone),
    zone,
    state: from <= now ? 'now' : 'to come',
    reason,
    of: forAll ? 'all add-ons' : 'this add-on',
  }
}
