import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { startLocalPostgres } from '../../local/postgres.ts'
import { openDatabase } from '../../src/store/database.ts'
import { migrateToLatest } from '../../src/store/migrations.ts'
import { TOLD_NOW } from '../../test/support/clocked-client.ts'

/** The Postgres of a bench, with its default durability: `fsync` and `synchronous_commit` are on. */
export type BenchPostgres = {
  admin: pg.Client
  /** Process id of the postmaster, to add up the CPU time of its children. */
  pid: number
  urlOf: (database: string) => string
  /** Makes a database of that name, a copy of `template` if one is given. One that was there before goes. */
  create: (database: string, template?: string) => Promise<string>
  drop: (database: string) => Promise<void>
  stop: () => Promise<void>
}

/** Starts it. Every bench has one of its own, gone when it ends. */
export async function startBenchPostgres(flags: readonly string[] = []): Promise<BenchPostgres> {
  const server = await startLocalPostgres({ persistent: false, flags: flags.flatMap((f) => ['-c', f]) })
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  const urlOf = (database: string) => {
    const url = new URL(server.url)
    url.pathname = `/${database}`
    return url.href
  }
  const drop = async (database: string) => {
    await admin.query(`drop database if exists ${database} with (force)`)
  }
  const pidFile = await readFile(join(server.dataDir, 'data', 'postmaster.pid'), 'utf8')
  return {
    admin,
    pid: Number(pidFile.split('\n')[0]),
    urlOf,
    async create(database, template) {
      await drop(database)
      // A checkpoint first: a copy is written to the log page by page, so a run on it pays no full-page images again.
      await admin.query('checkpoint')
      await admin.query(`create database ${database}${template ? ` template ${template}` : ''}`)
      return urlOf(database)
    },
    drop,
    async stop() {
      await admin.end()
      await server.stop()
    },
  }
}

/** A new database with this service's tables. */
export async function createMigrated(postgres: BenchPostgres, database: string): Promise<string> {
  const url = await postgres.create(database)
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {}, statementTimeoutMs: 600_000 })
  try {
    await migrateToLatest(db)
    // Some benches look into the future: their sessions tell the database what time it is.
    await sql.raw(TOLD_NOW).execute(db)
  } finally {
    await db.destroy()
  }
  return url
}

/** Runs statements on a database over one connection of its own, without a time limit. */
export async function withClient<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await run(client)
  } finally {
    await client.end()
  }
}
