import { readdir, readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Db } from './database.ts'

const MIGRATIONS_FOLDER = new URL('../../migrations/', import.meta.url)

/** `0001_first.sql`. Any other file beside them is none: `schema.sql` is what all of them make, for readers. */
const MIGRATION = /^\d{4}_\w+\.sql$/

/** The forward-only SQL files of `migrations/`, by name. Each runs in one transaction together with its record. */
async function readMigrations(): Promise<Record<string, Migration>> {
  const names = (await readdir(MIGRATIONS_FOLDER)).filter((name) => MIGRATION.test(name))
  const entries = names.map(async (name): Promise<[string, Migration]> => {
    const text = await readFile(new URL(name, MIGRATIONS_FOLDER), 'utf8')
    return [name.replace(/\.sql$/, ''), { up: async (db) => void (await sql.raw(text).execute(db)) }]
  })
  return Object.fromEntries(await Promise.all(entries))
}

function createMigrator(db: Db): Migrator {
  return new Migrator({ db, provider: { getMigrations: readMigrations } })
}

/**
 * Applies every migration that is missing and answers their names. Two processes may start it at once: kysely holds
 * an advisory lock, and the second finds nothing left to do. Throws when a migration fails; that one is rolled back.
 */
export async function migrateToLatest(db: Db): Promise<string[]> {
  const { error, results } = await createMigrator(db).migrateToLatest()
  if (error) throw error
  return (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName)
}

/** Names of migrations that this code needs and the database lacks: not empty means "not ready". */
export async function missingMigrations(db: Db): Promise<string[]> {
  const migrations = await createMigrator(db).getMigrations()
  return migrations.filter((m) => m.executedAt === undefined).map((m) => m.name)
}
