import { access, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { type Db, openDatabase } from '../src/store/database.ts'
import { type DemoSecrets, makeDemoSecrets, readDemoSecrets, writeDemoSecrets } from './demo-secrets.ts'

/** Where one local stack keeps what must survive it; `resumed` when an earlier run left all of it. */
export type DemoData = { secrets: DemoSecrets; databaseUrl: string; statePath: string; resumed: boolean }

/**
 * The secrets, the service's database and the simulated Heroku's state make sense only together: a key sealed with
 * other secrets never opens, an add-on that one side has forgotten never rotates. Where one is missing, all begin anew.
 */
export async function openDemoData(folder: string, postgresUrl: string): Promise<DemoData> {
  await mkdir(folder, { recursive: true })
  const secretsPath = join(folder, 'demo-secrets.json')
  const statePath = join(folder, 'simulator.json')
  const earlier = await readDemoSecrets(secretsPath)
  const server = openDatabase({ url: postgresUrl, poolSize: 1, onIdleError: () => {} })
  try {
    const resumed =
      earlier !== undefined && (await exists(statePath)) && (await hasDatabase(server, earlier.database))
    if (resumed) return { ...places(earlier, postgresUrl, statePath), resumed }
    await rm(statePath, { force: true })
    if (earlier) await sql`drop database if exists ${sql.ref(earlier.database)} with (force)`.execute(server)
    const secrets = makeDemoSecrets()
    await writeDemoSecrets(secretsPath, secrets)
    await sql`create database ${sql.ref(secrets.database)}`.execute(server)
    return { ...places(secrets, postgresUrl, statePath), resumed }
  } finally {
    await server.destroy()
  }
}

function places(secrets: DemoSecrets, postgresUrl: string, statePath: string): Omit<DemoData, 'resumed'> {
  const url = new URL(postgresUrl)
  url.pathname = `/${secrets.database}`
  return { secrets, databaseUrl: url.href, statePath }
}

async function hasDatabase(server: Db, name: string): Promise<boolean> {
  const { rows } = await sql`select from pg_database where datname = ${name}`.execute(server)
  return rows.length === 1
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
