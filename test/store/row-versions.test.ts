import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { type Db, openDatabase } from '../../src/store/database.ts'
import { TABLES } from '../../src/store/schema.ts'
import { takeDatabase } from '../support/database.ts'
import { storeResource } from './support/start-store.ts'

const ROWS = 500
const CYCLES = 12

/** Every column of a table but some, to copy rows of it. */
const others = (table: object, ...except: string[]) =>
  sql.raw(
    Object.keys(table)
      .filter((name) => !except.includes(name))
      .join(', '),
  )

/**
 * Waits until every transaction is over that could still see what the last statement has replaced: one of any database of the
 * server counts, another test's too, and until then nothing makes room on the pages.
 */
async function untilNobodySeesOlder(db: Db): Promise<void> {
  const ids = async () => {
    const { rows } = await sql<{ oldest: string; next: string }>`
      select pg_snapshot_xmin(s)::text as oldest, pg_snapshot_xmax(s)::text as next
        from pg_current_snapshot() s`.execute(db)
    return rows.map(({ oldest, next }) => ({ oldest: BigInt(oldest), next: BigInt(next) }))
  }
  const [replaced] = await ids()
  if (!replaced) throw new Error('no snapshot')
  await expect.poll(async () => (await ids())[0]?.oldest).toBeGreaterThanOrEqual(replaced.next)
}

test('a claim and its end leave a row of keysets on its page as long as vacuum keeps up, as the migration says', async () => {
  const { url, giveBack } = await takeDatabase()
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {} })
  await storeResource(db, 1)
  const resources = others(TABLES.resources, 'id')
  const keysets = others(TABLES.keysets, 'resource_id')
  await sql`insert into resources (id, ${resources})
    select gen_random_uuid(), ${resources} from resources, generate_series(2, ${ROWS})`.execute(db)
  await sql`insert into keysets (resource_id, ${keysets})
    select r.id, ${keysets} from resources r, keysets where not exists (
      select from keysets k where k.resource_id = r.id)`.execute(db)

  const pages = async () => {
    const { rows } = await sql<{ id: string; page: number }>`
      select resource_id as id, (ctid::text::point)[0]::integer as page from keysets`.execute(db)
    return new Map(rows.map(({ id, page }) => [id, page]))
  }
  const before = await pages()
  expect(before.size).toBe(ROWS)
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    await sql`update keysets set wake_at = now() + interval '90 s', fence = fence + 1`.execute(db)
    await untilNobodySeesOlder(db)
    await sql`update keysets set wake_at = now() + interval '14 d', claimed_until = null`.execute(db)
    // As autovacuum does in a large table, where this many updates are far more than its threshold.
    await sql`vacuum keysets`.execute(db)
  }
  const after = await pages()
  const moved = [...before].filter(([id, page]) => after.get(id) !== page).length
  await db.destroy()
  await giveBack()
  expect(moved / ROWS).toBeLessThan(0.05)
})
