import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { databaseUrl, withAdmin } from './admin.ts'
import { emptyDatabase } from './empty-database.ts'

/** A migrated database without rows, for one user at a time, who gives it back when nothing of theirs runs any more. */
export type TestDatabase = { url: string; giveBack(): Promise<void> }

type Clone = { name: string; url: string; cleaner: pg.Pool }

const CONNECT_LIMIT_MS = 30_000
const STATEMENT_LIMIT_MS = 20_000

/** Databases of this process that were given back and emptied. */
const unused: Clone[] = []

/** Takes one that was given back, else clones the template: a clone takes ten times as long as emptying one. */
export async function takeDatabase(): Promise<TestDatabase> {
  const database = unused.pop() ?? (await clone())
  return {
    url: database.url,
    async giveBack() {
      // One that cannot even be emptied was damaged on purpose, and no other test wants to meet it.
      const usable = await emptyDatabase(database.cleaner, inject('postgres').emptying).catch(() => false)
      if (usable) unused.push(database)
      else await drop(database)
    },
  }
}

async function clone(): Promise<Clone> {
  const { adminUrl, template } = inject('postgres')
  const name = `${template}_${randomBytes(6).toString('hex')}`
  await withAdmin(adminUrl, (admin) => admin.query(`create database ${name} template ${template}`))
  const url = databaseUrl(adminUrl, name)
  // One session for all emptying: a new one would take longer than its statements. A pool replaces one that was ended.
  const cleaner = new pg.Pool({
    connectionString: url,
    max: 1,
    idleTimeoutMillis: 0,
    allowExitOnIdle: true,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: STATEMENT_LIMIT_MS,
  })
  cleaner.on('error', () => {})
  return { name, url, cleaner }
}

async function drop({ name, cleaner }: Clone): Promise<void> {
  await cleaner.end()
  // By force: a test that failed may have left a connection open.
  await withAdmin(inject('postgres').adminUrl, (admin) =>
    admin.query(`drop database if exists ${name} with (force)`),
  )
}
