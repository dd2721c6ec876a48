import { sql } from 'kysely'
import type { Db } from './database.ts'
import { interval } from './intervals.ts'

/** Heroku's two hosts share the budget; each tells us by itself to wait. */
export type HerokuHost = 'platform' | 'identity'

export type SliceRequest = {
  host: HerokuHost
  calls: number
  callsPerSecond: number
  horizonMs: number
}

const BLOCKED_UNTIL = { platform: 'platform_blocked_until', identity: 'identity_blocked_until' } as const

/** No host is left alone for longer, whatever it or anybody else says. */
const LONGEST_BLOCK_MS = 3_600_000
/** What lies farther ahead than anybody can have promised is a mistake, and is not waited for. */
const DOUBT_MS = 60_000

/**
 * Reserves the right to make `calls` calls, evenly from `startsInMs` on, out of the budget that all processes share.
 * Returns undefined when the budget is promised away for longer than `horizonMs`, or this host told us to wait. One row,
 * one statement, one clock: whoever comes second is queued behind the first (generic cell rate algorithm), and a process
 * whose own clock is wrong moves nothing.
 */
export async function takeSlice(db: Db, request: SliceRequest): Promise<{ startsInMs: number } | undefined> {
  const { calls, callsPerSecond, horizonMs } = request
  const length = interval((calls / callsPerSecond) * 1_000)
  const horizon = interval(horizonMs)
  const promised = believed('next_call_at', horizonMs + DOUBT_MS)
  const blocked = believed(BLOCKED_UNTIL[request.host], LONGEST_BLOCK_MS + DOUBT_MS)
  const { rows } = await sql<{ starts_in_ms: string }>`
    update heroku_budget
       set next_call_at = greatest(${promised}, ${blocked}, service_now()) + ${length}
     where greatest(${promised}, ${blocked}) <= service_now() + ${horizon}
    returning extract(epoch from next_call_at - ${length} - service_now()) * 1000 as starts_in_ms
  `.execute(db)
  const [row] = rows
  return row && { startsInMs: Math.max(0, Number(row.starts_in_ms)) }
}

/** The part of the budget that the pages of all processes have together, and for how long they may save it up. */
const PAGES_PART = 0.2
const PAGES_SAVED_MS = 10_000

/**
 * The same for calls that only a page waits for: right now, out of a fifth of the budget, and only while nobody has
 * reserved what comes next. So reloaded pages never hold up a rotation for longer than one slice.
 */
export async function takePageSlice(
  db: Db,
  request: Omit<SliceRequest, 'horizonMs'>,
): Promise<{ startsInMs: number } | undefined> {
  const lengthMs = (request.calls / request.callsPerSecond) * 1_000
  const promised = believed('next_call_at', DOUBT_MS)
  const blocked = believed(BLOCKED_UNTIL[request.host], LONGEST_BLOCK_MS + DOUBT_MS)
  const spent = believed('next_page_call_at', PAGES_SAVED_MS + lengthMs / PAGES_PART + DOUBT_MS)
  const { numUpdatedRows } = await db
    .updateTable('heroku_budget')
    .set({
      next_call_at: sql`service_now() + ${interval(lengthMs)}`,
      next_page_call_at: sql`greatest(${spent}, service_now()) + ${interval(lengthMs / PAGES_PART)}`,
    })
    .where(sql<boolean>`greatest(${promised}, ${blocked}) <= service_now()`)
    .where(sql<boolean>`${spent} <= service_now() + ${interval(PAGES_SAVED_MS)}`)
    .executeTakeFirst()
  return numUpdatedRows > 0n ? { startsInMs: 0 } : undefined
}

/** A moment that stands in the row, or none at all when it lies farther ahead than it can. */
function believed(column: string, mostMs: number) {
  return sql`case when ${sql.ref(column)} <= service_now() + ${interval(mostMs)} then ${sql.ref(column)}
                  else '-infinity' end`
}

/** After a 429: no process calls this host for `ms`, an hour at the most. Never shortens a longer wait. */
export async function blockHerokuCalls(db: Db, host: HerokuHost, ms: number): Promise<void> {
  const blockedUntil = sql.ref(BLOCKED_UNTIL[host])
  const until = sql`service_now() + ${interval(Math.min(ms, LONGEST_BLOCK_MS))}`
  await sql`
    update heroku_budget
       set ${blockedUntil} = greatest(${believed(BLOCKED_UNTIL[host], LONGEST_BLOCK_MS + DOUBT_MS)}, ${until})
  `.execute(db)
}
