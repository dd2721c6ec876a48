import { sql } from 'kysely'
import type { Db } from './database.ts'

export type SliceRequest = { calls: number; callsPerSecond: number; now: Date; horizonMs: number }

/**
 * Reserves the right to make `calls` calls, evenly from the answered moment on, out of the budget that all processes
 * share. Answers undefined when the budget is promised away for longer than `horizonMs`, or Heroku told us to wait.
 * One row and one statement: whoever comes second is queued behind the first (generic cell rate algorithm).
 */
export async function takeSlice(db: Db, request: SliceRequest): Promise<Date | undefined> {
  const { calls, callsPerSecond, now, horizonMs } = request
  const lengthSeconds = calls / callsPerSecond
  const { rows } = await sql<{ starts_at: Date }>`
    update heroku_budget
       set next_call_at = greatest(next_call_at, blocked_until, ${now}) + make_interval(secs => ${lengthSeconds})
     where greatest(next_call_at, blocked_until) <= ${now}::timestamptz + make_interval(secs => ${horizonMs / 1_000})
    returning next_call_at - make_interval(secs => ${lengthSeconds}) as starts_at
  `.execute(db)
  return rows[0]?.starts_at
}

/** After a 429: no process calls Heroku before `until`. Never shortens a longer wait. */
export async function blockHerokuCalls(db: Db, until: Date): Promise<void> {
  await sql`update heroku_budget set blocked_until = greatest(blocked_until, ${until})`.execute(db)
}
