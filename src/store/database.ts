import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import { createPool } from './pool.ts'
import { PreparingClient, READ_ONLY } from './preparing-client.ts'
import type { Schema } from './schema.ts'

/** Where a store function runs: the pool, or the transaction that its caller has open. */
export type Db = Kysely<Schema>
export type Trx = Transaction<Schema>

export type DatabaseOptions = {
  url: string
  /** Most connections held at a time by this process. */
  poolSize: number
  /** Told when an idle connection breaks; without a listener `pg` would end the process. */
  onIdleError: (error: Error) => void
  /** Told of each new connection: it may lead to another server than the ones before. */
  onConnect?: () => void
  statementTimeoutMs?: number
  /** When a server that says nothing counts as gone; five seconds after the time limit of a statement, unless given. */
  noAnswerMs?: number
  /** Longest wait for a connection; see `pool.ts`. */
  connectTimeoutMs?: number
  /** The class of the connections; a test has one of its own. */
  Client?: typeof PreparingClient
}

const STATEMENT_TIMEOUT_MS = 15_000
/** The server ends a slow statement first; so long after that, it is one that no longer answers at all. */
const SILENCE_MS = 5_000

/** Opens a bounded pool; nothing is connected before the first query. Close it with `db.destroy()`. */
export function openDatabase(options: DatabaseOptions): Db {
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
  const pool = createPool({
    url: options.url,
    size: options.poolSize,
    Client: options.Client ?? PreparingClient,
    statementTimeoutMs,
    connectTimeoutMs: options.connectTimeoutMs,
    noAnswerMs: options.noAnswerMs ?? statementTimeoutMs + SILENCE_MS,
    onIdleError: options.onIdleError,
    onConnect: options.onConnect,
  })
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}

/** "Insufficient privilege": Heroku takes the right to insert from whoever has outgrown the plan of the database. */
const NOT_ALLOWED = '42501'

/**
 * Whether the database takes no writes: a standby, one that was made read-only, or one where we may not write any more. It
 * is asked by writes that change nothing, so that the connections that lead to a standby are thrown away.
 */
export async function isReadOnly(db: Db): Promise<boolean> {
  try {
    await sql`
      with updated as (update heroku_budget set next_call_at = next_call_at where false)
      insert into heroku_budget select * from heroku_budget where false`.execute(db)
    return false
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === READ_ONLY || code === NOT_ALLOWED) return true
    throw error
  }
}

/** The clock that all processes share (`service_now` of the migrations). */
export async function serviceNow(db: Db): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select service_now() as now`.execute(db)
  return rows[0]?.now ?? new Date(Number.NaN)
}
