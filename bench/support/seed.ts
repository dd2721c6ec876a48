import { availableParallelism } from 'node:os'
import { TABLES } from '../../src/store/schema.ts'
import { type BenchPostgres, createMigrated, withClient } from './bench-postgres.ts'
import { resourceIdOf } from './bench-resource.ts'
import { startChild } from './child.ts'
import type { OwnKeyOrder } from './own-key.ts'
import type { SeedOrder } from './seeder.ts'

const SEEDER = new URL('./seeder.ts', import.meta.url)

/** Resources by number, from `from` on. */
type Range = { from: number; count: number }

/** Stores resources `from` up to `from + count`, each with sealed values that really open, due over the last day. */
async function seedDue(url: string, range: Range, ownKey?: OwnKeyOrder): Promise<void> {
  const parts = Math.max(1, Math.min(availableParallelism(), Math.ceil(range.count / 2_000)))
  const size = Math.ceil(range.count / parts)
  await Promise.all(
    Array.from({ length: parts }, async (_, part) => {
      const from = range.from + part * size
      const count = Math.min(size, range.from + range.count - from)
      const order: SeedOrder = { url, from, count, ...(ownKey && { ownKey }) }
      await (await startChild(SEEDER, order)).stop()
    }),
  )
}

/**
 * Moves what is due to the last minute: a rotation that is more than ten minutes late is read before it is pushed, which is
 * the work of a backlog.
 */
export async function makeDueNow(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`
      update keysets k set next_rotation_at = n.due, wake_at = n.due
        from (select resource_id, now() - random() * interval '1 minute' as due from keysets where wake_at <= now()) n
       where n.resource_id = k.resource_id`)
    await client.query('vacuum (analyze) keysets')
  })
}

/** What differs from row to row of the copies. Every other column is taken from the resource that is copied. */
const OWN_VALUES: Readonly<Record<string, string>> = {
  id: 'n.id',
  resource_id: 'n.id',
  next_rotation_at: 'n.due',
  wake_at: 'n.due',
}
const COPIED = ['resources', 'keysets', 'sealed_keys', 'oauth_tokens', 'oauth_grants', 'history'] as const

/**
 * Stores resources that are not due for between one and fourteen days. Those behind the first are copies of it, since no
 * bench opens their sealed values: they have its lengths, and a due date of their own.
 */
async function seedWaiting(url: string, range: Range): Promise<void> {
  if (range.count === 0) return
  await seedDue(url, { from: range.from, count: 1 })
  await withClient(url, async (client) => {
    await client.query('begin')
    await client.query(
      `create temporary table numbers on commit drop as
       select md5(n::text)::uuid as id, now() + interval '1 day' + random() * interval '13 days' as due
         from generate_series($1::integer, $2::integer) as n`,
      [range.from, range.from + range.count - 1],
    )
    const copied = resourceIdOf(range.from)
    await client.query(
      `update keysets set next_rotation_at = n.due, wake_at = n.due from numbers n where resource_id = n.id and n.id = $1`,
      [copied],
    )
    for (const table of COPIED) {
      const names = Object.keys(TABLES[table])
      const values = names.map((name) => ownValue(table, name) ?? `one.${name}`)
      await client.query(
        `insert into ${table} (${names.join()})
         select ${values.join()} from numbers n, ${table} one where one.${names[0]} = $1 and n.id <> $1`,
        [copied],
      )
    }
    await client.query('commit')
  })
}

/** A grant that was exchanged is due no more. */
function ownValue(table: (typeof COPIED)[number], name: string): string | undefined {
  return table === 'oauth_grants' && name === 'wake_at' ? undefined : OWN_VALUES[name]
}

/** A migrated database with so many resources, so many of them due, vacuumed and analysed as an old one would be. */
export async function createSeeded(
  postgres: BenchPostgres,
  database: string,
  resources: { all: number; due: number; ownKey?: OwnKeyOrder },
): Promise<string> {
  const url = await createMigrated(postgres, database)
  await seedDue(url, { from: 1, count: resources.due }, resources.ownKey)
  await seedWaiting(url, { from: resources.due + 1, count: resources.all - resources.due })
  await withClient(url, async (client) => {
    // As after a first rotation: each is known to be on an app of its own.
    await client.query(`
      insert into resource_apps (resource_id, app_id, name, seen_at)
      select resource_id, md5(resource_id::text)::uuid, 'app-' || left(resource_id::text, 8), now() from keysets`)
    await client.query('vacuum (analyze)')
  })
  // Or the first statements of a run would write what the seeding left in memory.
  await postgres.admin.query('checkpoint')
  return url
}
