import pg from 'pg'

const CONNECT_TIMEOUT_MS = 5_000
const ANSWER_TIMEOUT_MS = 10_000
/** Uneven, so that servers that are handed out in turn show too. */
const ORDER = [0, 1, 0, 0, 1, 1, 0, 1]

/**
 * Whether connections to this address share their servers, as behind PgBouncer in transaction or statement mode: two open
 * connections are then served by one Postgres process, or one of them by two. Undefined when the database cannot be asked.
 */
export async function sharesBackends(url: string): Promise<boolean | undefined> {
  const clients = [0, 1].map(
    () =>
      new pg.Client({
        connectionString: url,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        query_timeout: ANSWER_TIMEOUT_MS,
        application_name: 'securekey',
      }),
  )
  for (const client of clients) client.on('error', () => undefined)
  try {
    for (const client of clients) await client.connect()
    const backends = new Map<number, Set<number>>()
    for (const place of ORDER) {
      const { rows } = (await clients[place]?.query('select pg_backend_pid() as pid')) ?? { rows: [] }
      const seen = backends.get(place) ?? new Set()
      backends.set(place, seen.add(rows[0]?.pid))
    }
    const pids = [...backends.values()].flatMap((seen) => [...seen])
    return pids.length !== clients.length || new Set(pids).size !== clients.length
  } catch {
    return undefined
  } finally {
    await Promise.allSettled(clients.map((client) => client.end()))
  }
}
