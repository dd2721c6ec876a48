import { sql } from 'kysely'
import type pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../src/store/database.ts'
import { PreparingClient } from '../../src/store/preparing-client.ts'
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
  await storeResource(db, 3, {
    options: {
      grace: { until: 'elapsed', ms: 7_200_000 },
      announcesNext: false,
      windows: [],
      logsNotices: false,
      tokenLifeMs: null,
    },
  })
  expect(await prepared(db)).toEqual([{ name: 'insert-resources', calls: 3 }])
})

test('a marked statement calls back whoever asks for it', async () => {
  const { url } = await startStore()
  const client = new PreparingClient({ connectionString: url })
  onTestFinished(() => client.end())
  await client.connect()
  const { promise, resolve } = Promise.withResolvers<unknown>()
  client.query(
    '/* prepared: one */ select $1::integer as one',
    [1],
    (_error: Error, result: pg.QueryResult) => resolve(result.rows),
  )
  expect(await promise).toEqual([['1']])
})

test('the rows of a marked statement come as arrays of texts, a null as null', async () => {
  const { db } = await startStore()
  const { rows } = await sql`/* prepared: texts */ select 1, true, now() is null, null::integer, ''`.execute(
    db,
  )
  expect(rows).toEqual([['1', 't', 'f', null, '']])
})

test('no other statement stays behind on its connection', async () => {
  const { db } = await startStore({ connections: 1 })
  const mentioned = '/* prepared: a-value */'
  await sql`select ${mentioned}::text as text`.execute(db)
  await db.transaction().execute((trx) => trx.selectFrom('resources').select('id').execute())
  expect(await prepared(db)).toEqual([])
})
