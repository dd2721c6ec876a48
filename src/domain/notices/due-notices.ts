import type { HistoryRow } from '../history.ts'
import type { CursorState, DueNotice, DueNotices } from './delivery.ts'
import { noticeFrom } from './from-history.ts'
import { lookAtSchedule, type ScheduleFacts } from './on-schedule.ts'

/** So many notices go out in one delivery. */
export const MOST_AT_ONCE = 20

/**
 * What a target is to be told now: first of the history rows behind its cursor, in their order, then what the schedule says.
 * `rows`: of the kinds that are told, at most one more than go out at once. `readTo`: the newest row that there was.
 * `severeAlone`: of the schedule nothing is told.
 */
export function dueNotices(
  facts: ScheduleFacts,
  cursor: Pick<CursorState, 'seq' | 'told'>,
  { rows, readTo, severeAlone }: { rows: readonly HistoryRow[]; readTo: number; severeAlone?: boolean },
  now: Date,
): DueNotices {
  const look = severeAlone
    ? { notices: [], told: cursor.told, lookAt: null }
    : lookAtSchedule(facts, cursor.told, now)
  const seq = Math.max(cursor.seq, readTo)
  const happened = rows.slice(0, MOST_AT_ONCE).flatMap((row): DueNotice[] => {
    const notice = noticeFrom(row, facts.subject)
    return notice ? [{ notice, after: { seq: row.seq, told: cursor.told } }] : []
  })
  const scheduled = look.notices.map(({ notice, told }): DueNotice => ({ notice, after: { seq, told } }))
  // What the schedule says comes last, so it waits while there is more of what has happened.
  const all = rows.length > MOST_AT_ONCE ? happened : [...happened, ...scheduled]
  const due = all.slice(0, MOST_AT_ONCE)
  const everything = { seq, told: scheduled.at(-1)?.after.told ?? look.told }
  const more = rows.length > MOST_AT_ONCE || all.length > due.length
  const end = more ? (due.at(-1)?.after ?? cursor) : everything
  return { due, end: { seq: end.seq, told: end.told }, everything, more, lookAt: look.lookAt }
}
