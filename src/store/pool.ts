import pg from 'pg'
import { type PreparingClient, SUSPECT } from './preparing-client.ts'

export type PoolOptions = {
  url: string
  size: number
  Client: typeof PreparingClient
  /** The server ends a statement after this time. */
  statementTimeoutMs: number
  /** A server that has said nothing for so long is gone. */
  noAnswerMs: number
  /** Longest wait for a free connection, or for a new one; five seconds, unless given. */
  connectTimeoutMs?: number | undefined
  onIdleError: (error: Error) => void
  /** Told of each new connection: it may lead to another server than the ones before. */
  onConnect?: (() => void) | undefined
}

const CONNECT_TIMEOUT_MS = 5_000
/** A transaction that its owner has forgotten holds back vacuum for everybody. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000
/** A connection is not trusted for longer: behind its address may stand another server by now. */
const LIFE_SECONDS = 1_800
const KEEP_ALIVE_AFTER_MS = 10_000

/**
 * A bounded pool of connections. Once one of them leads nowhere (a server that has gone silent, or takes no writes), all
 * that were open then are thrown away: the others would lead to the same place, and each would cost a time-out of its own.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const settings = `
    set statement_timeout = ${options.statementTimeoutMs};
    set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_TIMEOUT_MS}`
  const pool = new pg.Pool({
    Client: options.Client,
    connectionString: options.url,
    max: options.size,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    query_timeout: options.noAnswerMs,
    maxLifetimeSeconds: LIFE_SECONDS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    application_name: 'securekey',
    // By statements, since PgBouncer refuses a connection that names them as it starts.
    onConnect: async (client) => {
      await client.query(settings)
    },
  })
  pool.on('error', options.onIdleError)
  throwAwayTogether(pool)
  pool.on('connect', () => options.onConnect?.())
  return pool
}

function throwAwayTogether(pool: pg.Pool): void {
  const open = new Set<pg.PoolClient>()
  const idle = new Set<pg.PoolClient>()
  const distrusted = new WeakSet<pg.PoolClient>()

  pool.on('connect', (client) => {
    open.add(client)
    // A connection that breaks while it is in use tells its query, and also emits an error that would end the process.
    client.on('error', () => undefined)
    client.on(SUSPECT as 'error', () => {
      for (const each of open) distrusted.add(each)
      for (const each of idle) cutOff(each)
    })
  })
  pool.on('acquire', (client) => idle.delete(client))
  // Told before the pool takes it back, which it does not if it is ending.
  pool.on('release', (_error, client) => {
    if (distrusted.has(client)) void client.end().catch(() => undefined)
    else idle.add(client)
  })
  pool.on('remove', (client) => {
    open.delete(client)
    idle.delete(client)
  })
}

/**
 * Without a farewell, for which a silent server would be waited for. The pool is told as of any lost connection, at once:
 * it must not be given out before the socket has closed.
 */
function cutOff(client: pg.PoolClient): void {
  const { connection } = client as unknown as { connection: { stream: { destroy: () => void } } }
  connection.stream.destroy()
  client.emit('error', new Error('thrown away with a connection that leads nowhere'))
}
