import pg from 'pg'

const CONNECT_LIMIT_MS = 30_000
const STATEMENT_LIMIT_MS = 60_000

/** Runs statements on the server's own database, over a connection of its own. */
export async function withAdmin<T>(adminUrl: string, run: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({
    connectionString: adminUrl,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: STATEMENT_LIMIT_MS,
  })
  // The failed statement reports it too; without a listener `pg` would end the process.
  admin.on('error', () => {})
  await admin.connect()
  try {
    return await run(admin)
  } finally {
    await admin.end()
  }
}

/** The same server, another database. */
export function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}
