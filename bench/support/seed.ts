import { availableParallelism } from 'node:os'
import { type BenchPostgres, createMigrated, withClient } from './bench-postgres.ts'
import { startChild } from './child.ts'
import type { SeedOrder } from './seeder.ts'

const SEEDER = new URL('./seeder.ts', import.meta.url)
const PERIOD_SECONDS = 14 * 86_400

/** Resources by number, from `from` on. */
type Range = { from: number; count: number }

/** Stores resources `from` up to `from + count`, each with sealed values that really open, due over the last day. */
async function seedDue(url: string, range: Range): Promise<void> {
  const parts = Math.max(1, Math.min(availableParallelism(), Math.ceil(range.count / 2_000)))
  const size = Math.ceil(range.count / parts)
  await Promise.all(
    Array.from({ length: parts }, async (_, part) => {
      const from = range.from + part * size
      const order: SeedOrder = { url, from, count: Math.min(size, range.from + range.count - from) }
      await (await startChild(SEEDER, order)).stop()
    }),
  )
}

const scattered = ({ from, count }: Range) =>
  `(select md5(n::text)::uuid as id, n from generate_series(${from}, ${from + count - 1}) as n) as x`

/**
 * Stores resources that are not due for between one and fourteen days. No bench opens their sealed values, so they hold
 * text of the same length instead.
 */
async function seedWaiting(url: string, range: Range): Promise<void> {
  await seedSchedule(url, range)
  await withClient(url, async (client) => {
    await client.query(`
      insert into key_versions (resource_id, version, stage, filler, fingerprint, sealed_key, digest, created_at, published_at)
      select id, v, case v when 2 then 'current' else 'previous' end, v = 1, '00000000', repeat('x', 323),
             decode(repeat('00', 32), 'hex'), now(), now()
        from ${scattered(range)}, generate_series(1, 2) as v`)
    await client.query(`
      insert into oauth_tokens (resource_id, sealed_access_token, access_expires_at, sealed_refresh_token)
      select id, repeat('x', 250), now() + interval '8 hours', repeat('x', 250) from ${scattered(range)}`)
  })
}

/** The part of them that a claim reads: resources and their dates, without keys and tokens. */
export async function seedSchedule(url: string, range: Range): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`
      insert into resources (id, state, name, plan, rotation_period_seconds, wrapped_dek, created_at)
      select id, 'provisioned', 'securekey-bench-' || n, 'fortnightly', ${PERIOD_SECONDS}, repeat('x', 236), now()
        from ${scattered(range)}`)
    await client.query(`
      insert into schedule (resource_id, next_rotation_at, wake_at)
      select id, due, due
        from ${scattered(range)},
             lateral (select now() + interval '1 day' + random() * interval '13 days' as due where n > 0) as d`)
  })
}

/** A migrated database with so many resources, so many of them due, vacuumed and analysed as an old one would be. */
export async function createSeeded(
  postgres: BenchPostgres,
  database: string,
  resources: { all: number; due: number },
): Promise<string> {
  const url = await createMigrated(postgres, database)
  await seedDue(url, { from: 1, count: resources.due })
  await seedWaiting(url, { from: resources.due + 1, count: resources.all - resources.due })
  await withClient(url, (client) => client.query('vacuum (analyze)'))
  return url
}
