import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
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
  // The files of the embedded one are kept in memory.
  'max_wal_size=128MB',
].flatMap((setting) => ['-c', setting])

const PATTERNS = fileURLToPath(new URL('../../.local/test-postgres', import.meta.url))
const DAEMON_TRACES = [
  '/var/run/docker.sock',
  `${process.env.XDG_RUNTIME_DIR}/docker.sock`,
  ...['.docker', '.colima', '.testcontainers.properties'].map((name) => join(homedir(), name)),
]
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
  return (
    container ??
    (await startLocalPostgres({
      persistent: false,
      inMemory: true,
      flags: FAST_SETTINGS,
      patterns: PATTERNS,
    }))
  )
}

async function startContainer(): Promise<PostgresServer | undefined> {
  // Loading the client takes as long as Postgres takes to start, so look first whether a daemon can be anywhere.
  const traces = process.platform === 'win32' || process.env.DOCKER_HOST || DAEMON_TRACES.some(existsSync)
  if (!traces) return undefined
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
