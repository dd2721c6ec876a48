import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../../src/store/database.ts'
import { migrateToLatest } from '../../src/store/migrations.ts'
import { databaseUrl, withAdmin } from './admin.ts'
import { TOLD_NOW } from './clocked-client.ts'
import { type Emptying, emptyingOf } from './empty-database.ts'
import { startPostgresServer } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { adminUrl: string; template: string; emptying: Emptying }
  }
}

/** Starts one Postgres for the whole run and migrates the database that every test database is cloned from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgresServer()
  const template = `securekey_test_${randomBytes(4).toString('hex')}`
  let emptying: Emptying
  try {
    emptying = await createTemplate(server.url, template)
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('postgres', { adminUrl: server.url, template, emptying })
  return async () => {
    // Only a server that outlives the run has to be tidied.
    if (process.env.TEST_DATABASE_URL) await dropTemplateAndClones(server.url, template)
    await server.stop()
  }
}

async function createTemplate(adminUrl: string, template: string): Promise<Emptying> {
  await withAdmin(adminUrl, (admin) => admin.query(`create database ${template}`))
  const db = openDatabase({ url: databaseUrl(adminUrl, template), poolSize: 2, onIdleError: () => {} })
  try {
    await migrateToLatest(db)
    await sql.raw(TOLD_NOW).execute(db)
  } finally {
    await db.destroy()
  }
  const emptying = await withAdmin(databaseUrl(adminUrl, template), emptyingOf)
  // A clone fails while anybody is connected to its source: from here on, nobody can be.
  await withAdmin(adminUrl, (admin) =>
    admin.query(`alter database ${template} with allow_connections false is_template true`),
  )
  return emptying
}

async function dropTemplateAndClones(adminUrl: string, template: string): Promise<void> {
  await withAdmin(adminUrl, async (admin) => {
    await admin.query(`alter database ${template} with is_template false`)
    const { rows } = await admin.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [template],
    )
    for (const { datname } of rows) await admin.query(`drop database if exists ${datname} with (force)`)
  })
}
