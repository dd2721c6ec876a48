import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Db } from '../../src/store/database.ts'
import { newGrant, startStore, storeResource } from './support/start-store.ts'

const prepared = async (db: Db) => {
  const { rows } = await sql<{ name: string; calls: number }>`
    select name, (generic_plans + custom_plans)::integer as calls from pg_prepared_statements`.execute(db)
  return rows
}

test('a marked statement is parsed once per connection, whatever its values, and executed by name', async () => {
  const { db } = await startStore({ connections: 1 })
  await storeResource(db, 1)
  await storeResource(db, 2, { grant: newGrant('code'), name: null })
  await storeResource(db, 3, { grace: { until: 'elapsed', ms: 7_200_000 } })
  expect(await prepared(db)).toEqual([{ name: 'insert-resource', calls: 3 }])
})

test('no other statement stays behind on its connection', async () => {
  const { db } = await startStore({ connections: 1 })
  const mentioned = '/* prepared: a-value */'
  await sql`select ${mentioned}::text as text`.execute(db)
  await db.transaction().execute((trx) => trx.selectFrom('resources').select('id').execute())
  expect(await prepared(db)).toEqual([])
})
