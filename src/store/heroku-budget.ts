import { sql } from 'kysely'
import type { Db } from './database.ts'

/** Heroku's two hosts share the budget; each tells us by itself to wait. */
export type HerokuHost = 'platform' | 'identity'

export type SliceRequest = {
  host: HerokuHost
  calls: number
  callsPerSecond: number
  now: Date
  horizonMs: number
}

const BLOCKED_UNTIL = { platform: 'platform_blocked_until', identity: 'identity_blocked_until' } as const

/**
 * Reserves the right to make `calls` calls, evenly from the answered moment on, out of the budget that all processes
 * share. Answers undefined when the budget is promised away for longer than `horizonMs`, or this host told us to wait.
 * One row and one statement: whoever comes second is queued behind the first (generic cell rate algorithm).
 */
export async function takeSlice(db: Db, request: SliceRequest): Promise<Date | undefined> {
  const { calls, callsPerSecond, now, horizonMs } = request
  const lengthSeconds = calls / callsPerSecond
  const blockedUntil = sql.ref(BLOCKED_UNTIL[request.host])
  const { rows } = await sql<{ starts_at: Date }>`
    update heroku_budget
       set next_call_at = greatest(next_call_at, ${blockedUntil}, ${now}) + make_interval(secs => ${lengthSeconds})
     where greatest(next_call_at, ${blockedUntil}) <= ${now}::timestamptz + make_interval(secs => ${horizonMs / 1_000})
    returning next_call_at - make_interval(secs => ${lengthSeconds}) as starts_at
  `.execute(db)
  return rows[0]?.starts_at
}

/** After a 429: no process calls this host before `until`. Never shortens a longer wait. */
export async function blockHerokuCalls(db: Db, host: HerokuHost, until: Date): Promise<void> {
  const blockedUntil = sql.ref(BLOCKED_UNTIL[host])
  await sql`update heroku_budget set ${blockedUntil} = greatest(${blockedUntil}, ${until})`.execute(db)
}
