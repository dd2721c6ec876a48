import { setTimeout as sleep } from 'node:timers/promises'
import { startLocalPostgres } from '../../local/postgres.ts'

/** A Postgres on which a test run may create databases. */
export type PostgresServer = { url: string; stop(): Promise<void> }

// Nothing here has to survive a power cut, and a background vacuum would only make the timing uneven.
const FAST_SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=200',
  'autovacuum=off',
].flatMap((setting) => ['-c', setting])

const PROBE_LIMIT_MS = 3_000
const CONTAINER_LIMIT_MS = 120_000

/** The Postgres of this run: the one named by `TEST_DATABASE_URL`, else a container, else the embedded one. */
export async function startPostgresServer(): Promise<PostgresServer> {
  const given = process.env.TEST_DATABASE_URL
  if (given) return { url: given, stop: async () => {} }
  const container = await startContainer().catch((error) => {
    // A daemon without a network cannot fetch the image: that is no reason not to test.
    console.warn(`No Postgres container (${error.message}); the embedded Postgres is used.`)
  })
  return container ?? (await startLocalPostgres({ persistent: false, flags: FAST_SETTINGS }))
}

async function startContainer(): Promise<PostgresServer | undefined> {
  const { getContainerRuntimeClient } = await import('testcontainers')
  // A docker client often stands without its daemon: only an answer counts.
  const answers = getContainerRuntimeClient().then(
    () => true,
    () => false,
  )
  if (!(await Promise.race([answers, sleep(PROBE_LIMIT_MS, false, { ref: false })]))) return undefined

  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const starting = new PostgreSqlContainer('postgres:18-alpine')
    .withCommand(['postgres', ...FAST_SETTINGS])
    .start()
  const started = await Promise.race([starting, sleep(CONTAINER_LIMIT_MS, undefined, { ref: false })])
  if (!started) {
    starting.then((late) => late.stop()).catch(() => {})
    throw new Error(`not ready within ${CONTAINER_LIMIT_MS / 1000} s`)
  }
  return { url: started.getConnectionUri(), stop: async () => void (await started.stop()) }
}
