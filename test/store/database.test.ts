import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { insertAuditEvents, listAuditEvents } from '../../src/store/audit-events.ts'
import { databaseNow, openDatabase } from '../../src/store/database.ts'
import { uuid } from '../support/resource.ts'
import { inMs, NOW, startStore } from './support/start-store.ts'

test('a statement that takes too long is ended by the server, and the connection goes on', async () => {
  const { url } = await startStore()
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {}, statementTimeoutMs: 50 })
  onTestFinished(() => db.destroy())
  await expect(sql`select pg_sleep(60)`.execute(db)).rejects.toMatchObject({ code: '57014' })
  expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
})

test('an idle connection that the server ends is reported, and the next query gets a new one', async () => {
  const { db: admin, url } = await startStore()
  const reported: string[] = []
  const db = openDatabase({ url, poolSize: 1, onIdleError: (error) => reported.push(error.message) })
  onTestFinished(() => db.destroy())
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
  await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(admin)
  await expect.poll(() => reported).toHaveLength(1)
  await expect(databaseNow(db)).resolves.toBeInstanceOf(Date)
})

test("the database's clock is read anew each time, within a transaction too", async () => {
  const { db } = await startStore()
  await db.transaction().execute(async (trx) => {
    const first = await databaseNow(trx)
    await expect.poll(async () => (await databaseNow(trx)).getTime()).toBeGreaterThan(first.getTime())
  })
})

test('the audit trail is read newest first, page by page, of one resource alone', async () => {
  const { db } = await startStore()
  const actor = {
    type: 'person',
    userId: 'u',
    email: 'a@example.com',
    verified: true,
    address: null,
  } as const
  const event = (number: number, resource: number) => {
    return {
      resourceId: uuid(resource),
      at: inMs(number),
      actor,
      action: 'key-promoted',
      version: number,
    } as const
  }
  await insertAuditEvents(db, [event(1, 1), event(2, 1), event(9, 2), event(3, 1)])
  const first = await listAuditEvents(db, uuid(1), { limit: 2 })
  expect(first.map(({ version }) => version)).toEqual([3, 2])
  expect(first[0]).toMatchObject({ at: inMs(3), actor, details: {} })
  const second = await listAuditEvents(db, uuid(1), { limit: 2, before: first.at(-1)?.id ?? '' })
  expect(second.map(({ version }) => version)).toEqual([1])
})

test('an audit row of a change that is rolled back is rolled back with it', async () => {
  const { db } = await startStore()
  const event = { resourceId: uuid(1), at: NOW, actor: { type: 'worker' }, action: 'key-promoted' } as const
  const change = db.transaction().execute(async (trx) => {
    await insertAuditEvents(trx, [event])
    throw new Error('the change failed')
  })
  await expect(change).rejects.toThrow('the change failed')
  expect(await listAuditEvents(db, uuid(1), { limit: 10 })).toEqual([])
})
