import { firstInside } from '../../../domain/calendar.ts'
import { isPaused } from '../../../domain/pause.ts'
import type { Upcoming } from '../../../domain/upcoming.ts'
import type { Overview } from '../../../flows/dashboard/overview.ts'

/**
 * What a rotation of the schedule waits for between its due date and the moment at which it is served, in that order: "for
 * the end of the freeze “Easter”, then for a window". Empty where it is served at once, or waits for another restart.
 */
export function putOffWords(overview: Overview, { dueAt, servedAt }: Upcoming): string {
  const { now, pause, calendar, tokenLifeMs } = overview
  let at = dueAt > now ? dueAt : now
  if (servedAt <= at) return ''
  const waits: string[] = []
  if (pause?.until && isPaused(pause, now) && pause.until > at) {
    at = pause.until
    waits.push('for the end of the pause')
  }
  const own = calendar.freezes.map((freeze) => ({ ...freeze, words: 'the freeze' }))
  const all = calendar.freezesForAll.map((freeze) => ({ ...freeze, words: 'our operators’ freeze' }))
  const freezes = [...own, ...all]
  // A freeze is left behind at its end, so each is met once at most.
  for (let left = freezes.length; left >= 0 && at < servedAt; left -= 1) {
    const inside = firstInside(at, calendar.windows).from
    if (inside > at) waits.push('for a window')
    at = inside
    const freeze = freezes.find(({ from, until }) => from <= inside && inside < until)
    if (!freeze) break
    at = freeze.until
    waits.push(`for the end of ${freeze.words}${freeze.reason === '' ? '' : ` “${freeze.reason}”`}`)
  }
  // What the calendar does not explain: every place of the keyring is taken by a key that is needed.
  const isExplained = at >= servedAt
  if (!isExplained && tokenLifeMs !== null && !overview.waitsFor) {
    return 'for the end of an old key, since all places of the keyring are taken'
  }
  return isExplained ? waits.join(', then ') : ''
}
