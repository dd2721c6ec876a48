import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { type Db, isReadOnly, openDatabase } from '../../src/store/database.ts'
import { takeSlice } from '../../src/store/heroku-budget.ts'
import { createPool } from '../../src/store/pool.ts'
import { PreparingClient } from '../../src/store/preparing-client.ts'
import { sharesBackends } from '../../src/store/shared-backend.ts'
import { startSilentProxy } from '../support/silent-proxy.ts'
import { startStore } from './support/start-store.ts'

/** Every other statement has to be answered within it too. */
const NO_ANSWER_MS = 1_500
const SLICE = { host: 'platform' as const, calls: 5, callsPerSecond: 20, horizonMs: 5_000 }

function open(url: string, more: { poolSize?: number; noAnswerMs?: number } = {}): Db {
  const db = openDatabase({ url, poolSize: 3, onIdleError: () => {}, ...more })
  onTestFinished(() => db.destroy())
  return db
}

const pidOf = async (db: Db) => {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid, pg_sleep(0.05)`.execute(db)
  return rows[0]?.pid
}
/** By as many connections at a time. */
const pidsOf = (db: Db, count: number) => Promise.all(Array.from({ length: count }, () => pidOf(db)))

test('after one statement that a dead socket left without an answer, all connections are new', async () => {
  const { url } = await startStore()
  const proxy = await startSilentProxy(url)
  const db = open(proxy.url, { noAnswerMs: NO_ANSWER_MS })
  const before = await pidsOf(db, 3)
  expect(new Set(before).size).toBe(3)
  proxy.silence()
  await expect(pidOf(db)).rejects.toThrow('Query read timeout')
  // Three at once: no other dead connection is in their way.
  const after = await pidsOf(db, 3)
  expect(after.filter((pid) => before.includes(pid))).toEqual([])
})

test('a transaction on a socket that dies in the middle ends with the first time-out, not with a second', async () => {
  const { url } = await startStore()
  const proxy = await startSilentProxy(url)
  const db = open(proxy.url, { noAnswerMs: NO_ANSWER_MS })
  const startedAt = performance.now()
  const cut = db.transaction().execute(async (trx) => {
    await sql`select 1`.execute(trx)
    proxy.silence()
    await sql`select 2`.execute(trx)
  })
  await expect(cut).rejects.toThrow()
  expect(performance.now() - startedAt).toBeLessThan(2 * NO_ANSWER_MS)
  await expect(pidOf(db)).resolves.toEqual(expect.any(Number))
})

test('a connection that leads to a database without writes is left as soon as one says so', async () => {
  const { db: admin, url } = await startStore()
  const db = open(url)
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(admin)
  const name = sql.ref(rows[0]?.name ?? '')
  await sql`alter database ${name} set default_transaction_read_only = on`.execute(admin)
  const before = await pidsOf(db, 3)
  expect(await isReadOnly(db)).toBe(true)
  // What leads to a writer again is found by the next connections; these three would never have.
  await sql`alter database ${name} set default_transaction_read_only = off`.execute(admin)
  expect(await isReadOnly(db)).toBe(false)
  const after = await pidsOf(db, 3)
  expect(after.filter((pid) => before.includes(pid))).toEqual([])
})

test('a write that is refused for the same reason does so too, and an error of any other kind does not', async () => {
  const { db: admin, url } = await startStore()
  const db = open(url, { poolSize: 1 })
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(admin)
  const name = sql.ref(rows[0]?.name ?? '')
  await sql`alter database ${name} set default_transaction_read_only = on`.execute(admin)
  const before = await pidOf(db)
  await expect(sql`select 1 / 0`.execute(db)).rejects.toMatchObject({ code: '22012' })
  expect(await pidOf(db)).toBe(before)
  await expect(takeSlice(db, SLICE)).rejects.toMatchObject({ code: '25006' })
  await sql`alter database ${name} set default_transaction_read_only = off`.execute(admin)
  expect(await takeSlice(db, SLICE)).toEqual({ startsInMs: 0 })
})

test('the time limits of a connection are set without naming them as it starts', async () => {
  const { url } = await startStore()
  const db = open(url)
  const { rows } = await sql<{ limit: string; idle: string }>`
    select current_setting('statement_timeout') as limit,
           current_setting('idle_in_transaction_session_timeout') as idle`.execute(db)
  expect(rows).toEqual([{ limit: '15s', idle: '30s' }])
  // What a connection names as it starts is the default of its session.
  const { rows: named } = await sql<{ name: string }>`
    select name from pg_settings where source = 'client' and name like '%timeout%'`.execute(db)
  expect(named).toEqual([])
})

test('a connection of its own is told from one that shares its server with others', async () => {
  const { url } = await startStore()
  expect(await sharesBackends(url)).toBe(false)
  expect(await sharesBackends('postgres://127.0.0.1:1/none')).toBeUndefined()
})

test('nobody waits longer than five seconds for a connection', async () => {
  const options = { size: 1, Client: PreparingClient, statementTimeoutMs: 1_000, noAnswerMs: 1_000 }
  const pool = createPool({ ...options, url: 'postgres://127.0.0.1:1/none', onIdleError: () => {} })
  expect(pool.options.connectionTimeoutMillis).toBe(5_000)
  await pool.end()
})
