import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/store/database.ts'
import { storeResource } from '../store/support/start-store.ts'
import { databaseUrl, withAdmin } from './admin.ts'
import { allRows } from './all-rows.ts'
import { takeDatabase } from './database.ts'

/** Uses a database for a while and gives it back; returns its address. */
async function useOne(use: (url: string) => Promise<void>): Promise<string> {
  const { url, giveBack } = await takeDatabase()
  await use(url).finally(giveBack)
  return url
}

async function withDb<T>(url: string, run: (db: ReturnType<typeof openDatabase>) => Promise<T>): Promise<T> {
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {} })
  return await run(db).finally(() => db.destroy())
}

/** A session that nobody closes; how the server ends it is no error of the test. */
async function openSession(url: string): Promise<pg.Client> {
  const session = new pg.Client(url)
  session.on('error', () => {})
  onTestFinished(() => session.end().catch(() => {}))
  await session.connect()
  return session
}

test('a database that was given back holds what a new one holds, and numbers its rows from one again', async () => {
  let fresh: string[] = []
  let firstTrail: unknown
  const trailOf = (db: ReturnType<typeof openDatabase>) =>
    db.selectFrom('history').select(['seq', 'kind']).execute()
  const first = await useOne((url) =>
    withDb(url, async (db) => {
      fresh = await allRows(db)
      await storeResource(db, 1)
      firstTrail = await trailOf(db)
      await db.updateTable('heroku_budget').set({ next_call_at: new Date() }).execute()
    }),
  )
  const second = await useOne((url) =>
    withDb(url, async (db) => {
      expect((await allRows(db)).sort()).toEqual(fresh.sort())
      await storeResource(db, 1)
      expect(await trailOf(db)).toEqual(firstTrail)
    }),
  )
  expect(second).toBe(first)
})

test('a session that somebody left open is ended, and what it has not committed is lost', async () => {
  const first = await useOne(async (url) => {
    const session = await openSession(url)
    await session.query('begin')
    await session.query('lock table resources')
  })
  const second = await useOne(async (url) => {
    expect(await withDb(url, (db) => storeResource(db, 1))).not.toBe('')
  })
  expect(second).toBe(first)
})

test.each([
  ['another constraint', 'alter table keysets add constraint never check (fence < 0)'],
  ['another type', 'alter table keysets alter column attempts type bigint'],
  ['one index less', 'drop index keysets_wake_at'],
])('a database with %s is not given out again', async (_, change) => {
  const first = await useOne((url) => withAdmin(url, async (client) => void (await client.query(change))))
  const second = await useOne(async () => {})
  expect(second).not.toBe(first)
})

test('two users at a time have two databases', async () => {
  const [first, second] = await Promise.all([takeDatabase(), takeDatabase()])
  expect(first.url).not.toBe(second.url)
  await Promise.all([first.giveBack(), second.giveBack()])
})

test('a database that takes no connections any more is not given out again', async () => {
  const first = await useOne(async (url) => {
    const name = new URL(url).pathname.slice(1)
    await withAdmin(databaseUrl(url, 'postgres'), async (admin) => {
      await admin.query(`alter database ${name} with allow_connections false`)
      await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
    })
  })
  const second = await useOne(async () => {})
  expect(second).not.toBe(first)
})
