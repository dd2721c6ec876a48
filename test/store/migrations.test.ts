import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { expect, inject, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/store/database.ts'
import { migrateToLatest, missingMigrations } from '../../src/store/migrations.ts'
import { databaseUrl, withAdmin } from '../support/admin.ts'

/** Two pools on an empty database, as two release processes have them. */
async function startEmptyDatabase() {
  const { adminUrl, template } = inject('postgres')
  const name = `${template}_empty_${randomBytes(6).toString('hex')}`
  await withAdmin(adminUrl, (admin) => admin.query(`create database ${name}`))
  const url = databaseUrl(adminUrl, name)
  const pools = [1, 2].map(() => openDatabase({ url, poolSize: 1, onIdleError: () => {} }))
  onTestFinished(async () => {
    for (const pool of pools) await pool.destroy()
    await withAdmin(adminUrl, (admin) => admin.query(`drop database if exists ${name} with (force)`))
  })
  return pools
}

/** Every file of the folder but the one that is there to be read. */
async function allMigrations(): Promise<string[]> {
  const files = await readdir(new URL('../../migrations/', import.meta.url))
  expect(files).toContain('schema.sql')
  const others = files.filter((file) => file !== 'schema.sql')
  return others.map((file) => file.replace(/\.sql$/, '')).toSorted()
}

test('two processes that migrate at the same time apply every migration once, in order, and schema.sql never', async () => {
  const pools = await startEmptyDatabase()
  const applied = await Promise.all(pools.map((pool) => migrateToLatest(pool)))
  expect(applied.flat()).toEqual(await allMigrations())
  expect(applied.some((names) => names.length === 0)).toBe(true)
})

test('a database says which migrations it lacks, and none once it is migrated', async () => {
  const [db] = await startEmptyDatabase()
  if (!db) throw new Error('there is no database')
  expect(await missingMigrations(db)).toEqual(await allMigrations())
  await migrateToLatest(db)
  expect(await missingMigrations(db)).toEqual([])
  expect(await migrateToLatest(db)).toEqual([])
})
