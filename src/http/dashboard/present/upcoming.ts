import { serveAt } from '../../../domain/calendar.ts'
import { isPaused } from '../../../domain/pause.ts'
import { clockOf } from '../../../domain/zoned.ts'
import type { Overview } from '../../../flows/dashboard/overview.ts'
import { isWithoutDate } from './keys.ts'
import { putOffWords } from './put-off.ts'
import { momentOf, periodWords, precisionOf } from './time-words.ts'

/**
 * The dates of the next restarts. `due`: what a window or a freeze puts off is due before that, and waits
 * for what `waits` says. `there`: what the clock of
 * the windows shows then. `takesOut`: the restart that takes out an old key whose grace period ends before the first of
 * them, and `graceWords`: the grace period, where each rotation is followed by such a restart.
 */
export function upcomingModel(overview: Overview) {
  const { now, upcoming, calendar, grace, periodMs } = overview
  const precision = precisionOf(overview)
  const shown = isWithoutDate(overview) ? [] : upcoming
  const zone = calendar.windows[0]?.zone
  const there = (at: Date) => (zone ? `${clockOf(at, zone).time} ${zone}` : '')
  const takesOutAt = shown.length > 0 ? takenOutAt(overview) : null
  const isShort = grace.until === 'elapsed' && grace.ms < periodMs
  return {
    upcoming: shown.map(({ dueAt, servedAt }) => ({
      at: momentOf(servedAt, now, precision),
      there: there(servedAt),
      due: servedAt > dueAt && servedAt > now ? momentOf(dueAt, now, precision) : null,
      waits: putOffWords(overview, { dueAt, servedAt }),
    })),
    takesOut: takesOutAt && { at: momentOf(takesOutAt, now, precision), there: there(takesOutAt) },
    graceWords: isShort ? periodWords(grace.ms) : '',
  }
}

/** When a restart of its own takes the old key out of the second place; null where the next rotation does that. */
export function takenOutAt(overview: Overview): Date | null {
  const { grace, keys, second, pause, now, calendar, upcoming, waitsFor } = overview
  const old = keys.find(({ version }) => version === second)
  if (grace.until !== 'elapsed' || !old?.graceEndsAt || old.filler) return null
  const paused = pause && isPaused(pause, now) ? pause.until : null
  const held = Math.max(paused?.getTime() ?? 0, waitsFor?.until.getTime() ?? 0)
  const wanted = Math.max(old.graceEndsAt.getTime(), now.getTime(), held)
  const at = serveAt(new Date(wanted), calendar)
  const first = upcoming[0]?.servedAt
  return first && at < first ? at : null
}
