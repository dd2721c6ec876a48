import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { PreparingClient } from './preparing-client.ts'
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
}

const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 15_000
/** A transaction that its owner has forgotten holds back vacuum for everybody. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000

/** Opens a bounded pool; nothing is connected before the first query. Close it with `db.destroy()`. */
export function openDatabase(options: DatabaseOptions): Db {
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    // The server ends a slow statement first; this one is for a server that no longer answers at all.
    query_timeout: statementTimeoutMs + 5_000,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'securekey',
  })
  pool.on('error', options.onIdleError)
  // A connection that breaks while it is in use tells its query, and also emits an error that would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
    options.onConnect?.()
  })
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}

/** The database's own clock, to compare a process's with. */
export async function databaseNow(db: Db): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db)
  return rows[0]?.now ?? new Date(Number.NaN)
}
