import type { Overview } from '../../../flows/dashboard/overview.ts'
import { isWithoutDate } from './keys.ts'
import { momentOf, precisionOf } from './time-words.ts'

/** The dates of the next restarts. `due`: what a window or a freeze puts off is due before that. */
export function upcomingModel(overview: Overview) {
  const { now, upcoming } = overview
  const precision = precisionOf(overview)
  const shown = isWithoutDate(overview) ? [] : upcoming
  return {
    upcoming: shown.map(({ dueAt, servedAt }) => ({
      at: momentOf(servedAt, now, precision),
      due: servedAt > dueAt && servedAt > now ? momentOf(dueAt, now, precision) : null,
    })),
  }
}
