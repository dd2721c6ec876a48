import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import type { HistoryEvent } from '../../src/domain/history.ts'
import { openDatabase, serviceNow } from '../../src/store/database.ts'
import { listHistory, recordEvents } from '../../src/store/history.ts'
import { shredResource } from '../../src/store/resource-ends.ts'
import { uuid } from '../support/resource.ts'
import { inMs, NOW, startStore, storeResource } from './support/start-store.ts'

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
  await expect(serviceNow(db)).resolves.toBeInstanceOf(Date)
})

test("the database's clock is read anew each time, within a transaction too", async () => {
  // By a session that was told no other.
  const { url } = await startStore()
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {} })
  onTestFinished(() => db.destroy())
  await db.transaction().execute(async (trx) => {
    const first = await serviceNow(trx)
    await expect.poll(async () => (await serviceNow(trx)).getTime()).toBeGreaterThan(first.getTime())
  })
})

test('the history is read newest first, page by page, of one resource alone', async () => {
  const { db } = await startStore()
  for (const number of [1, 2]) await storeResource(db, number)
  const actor = {
    type: 'person',
    userId: 'u',
    email: 'a@example.com',
    verified: true,
    address: null,
  } as const
  const event = (number: number, resource: number) => {
    const key = { version: number, fingerprint: '0a1b2c3d' }
    const happened = { at: inMs(number), kind: 'key-revealed', actor, key } as const
    return { resourceId: uuid(resource), events: [happened] }
  }
  for (const each of [event(1, 1), event(2, 1), event(9, 2), event(3, 1)]) {
    await db.transaction().execute((trx) => recordEvents(trx, [each]))
  }
  const first = await listHistory(db, uuid(1), { limit: 2 })
  expect(first.map(({ key }) => key?.version)).toEqual([3, 2])
  expect(first[0]).toEqual({
    seq: 4,
    at: inMs(3),
    kind: 'key-revealed',
    actor,
    key: { version: 3, fingerprint: '0a1b2c3d' },
  })
  const second = await listHistory(db, uuid(1), { limit: 2, before: first.at(-1)?.seq ?? 0 })
  expect(second.map(({ key, kind }) => key?.version ?? kind)).toEqual([1, 'provisioned'])
})

test('a history row is read as it was written, whether it holds all that it can or nothing beside its kind', async () => {
  const { db } = await startStore()
  const resourceId = await storeResource(db, 1)
  const person = { userId: 'u', email: 'a@example.com', verified: true, address: '192.0.2.1' } as const
  const events: HistoryEvent[] = [
    {
      at: inMs(1),
      kind: 'rotated',
      actor: { type: 'person', ...person },
      rotation: { reason: 'manual', dueAt: inMs(2), openedAt: inMs(3), nextRotationAt: inMs(4) },
      key: { version: 3, fingerprint: '0a1b2c3d' },
      filler: { version: 4, fingerprint: '4d3c2b1a' },
      madeAt: inMs(5),
      publishedAt: inMs(6),
      erased: [1, 2],
      attempts: 7,
      failures: [{ at: NOW.toISOString(), kind: 'refused', detail: 'Heroku said "no"', status: 422 }],
      details: { text: 'a {"quoted"} text', number: 8, yes: true, nothing: null },
    },
    { at: inMs(9), kind: 'signed-out', actor: { type: 'operator' } },
  ]
  await db.transaction().execute((trx) => recordEvents(trx, [{ resourceId, events }]))
  const rows = (await listHistory(db, resourceId, { limit: 2 })).toReversed()
  expect(rows).toEqual(events.map((event, index) => ({ ...event, seq: index + 2 })))
})

test('a history row of a change that is rolled back is rolled back with it, and its number is used again', async () => {
  const { db } = await startStore()
  const resourceId = await storeResource(db, 1)
  const event = { at: NOW, kind: 'key-revealed', actor: { type: 'worker' } } as const
  const happened = [{ resourceId, events: [event] }]
  const change = db.transaction().execute(async (trx) => {
    await recordEvents(trx, happened)
    throw new Error('the change failed')
  })
  await expect(change).rejects.toThrow('the change failed')
  await db.transaction().execute((trx) => recordEvents(trx, happened))
  expect((await listHistory(db, resourceId, { limit: 10 })).map(({ seq, kind }) => [seq, kind])).toEqual([
    [2, 'key-revealed'],
    [1, 'provisioned'],
  ])
})

test('the rows that twenty processes write at the same time have numbers without a gap', async () => {
  const { db } = await startStore({ connections: 20 })
  const resourceId = await storeResource(db, 1)
  const event = { at: NOW, kind: 'key-revealed', actor: { type: 'worker' } } as const
  const record = () =>
    db.transaction().execute((trx) => recordEvents(trx, [{ resourceId, events: [event, event] }]))
  await Promise.all(Array.from({ length: 20 }, record))
  const rows = await listHistory(db, resourceId, { limit: 100 })
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 41 }, (_, index) => 41 - index))
})

test('a resource that was deprovisioned gets no further history rows', async () => {
  const { db } = await startStore()
  for (const number of [1, 2]) await storeResource(db, number)
  await db.transaction().execute((trx) => shredResource(trx, uuid(1), NOW))
  const event = { at: NOW, kind: 'signed-in', actor: { type: 'worker' } } as const
  const happened = [1, 2].map((number) => ({ resourceId: uuid(number), events: [event] }))
  await db.transaction().execute((trx) => recordEvents(trx, happened))
  const kindsOf = async (number: number) =>
    (await listHistory(db, uuid(number), { limit: 10 })).map(({ kind }) => kind)
  expect(await kindsOf(1)).toEqual(['provisioned'])
  expect(await kindsOf(2)).toEqual(['signed-in', 'provisioned'])
})
