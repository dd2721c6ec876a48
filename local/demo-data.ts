import { access, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { type DemoSecrets, makeDemoSecrets, readDemoSecrets, writeDemoSecrets } from './demo-secrets.ts'

/** Where one local stack keeps what must survive it; `resumed` when an earlier run left all of it. */
export type DemoData = { secrets: DemoSecrets; databaseUrl: string; statePath: string; resumed: boolean }

const CONNECT_TIMEOUT_MS = 5_000

/**
 * The secrets, the service's database and the simulated Heroku's state make sense only together: a key sealed with
 * other secrets never opens, an add-on that one side has forgotten never rotates. Where one is missing, all begin anew.
 */
export async function openDemoData(folder: string, postgresUrl: string): Promise<DemoData> {
  await mkdir(folder, { recursive: true })
  const secretsPath = join(folder, 'demo-secrets.json')
  const statePath = join(folder, 'simulator.json')
  const earlier = await readDemoSecrets(secretsPath)
  const server = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  // A connection that breaks tells its query too.
  server.on('error', () => {})
  await server.connect()
  try {
    const resumed =
      earlier !== undefined && (await exists(statePath)) && (await hasDatabase(server, earlier.database))
    if (resumed) return { ...places(earlier, postgresUrl, statePath), resumed }
    await rm(statePath, { force: true })
    if (earlier) await server.query(`drop database if exists ${earlier.database} with (force)`)
    const secrets = makeDemoSecrets()
    await writeDemoSecrets(secretsPath, secrets)
    await server.query(`create database ${secrets.database}`)
    return { ...places(secrets, postgresUrl, statePath), resumed }
  } finally {
    await server.end()
  }
}

function places(secrets: DemoSecrets, postgresUrl: string, statePath: string): Omit<DemoData, 'resumed'> {
  const url = new URL(postgresUrl)
  url.pathname = `/${secrets.database}`
  return { secrets, databaseUrl: url.href, statePath }
}

async function hasDatabase(server: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await server.query('select from pg_database where datname = $1', [name])
  return rowCount === 1
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
