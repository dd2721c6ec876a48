import { sql } from 'kysely'
import { expect, inject, test } from 'vitest'
import type { Deps } from '../../src/flows/deps.ts'
import { openDatabase } from '../../src/store/database.ts'
import { withAdmin } from '../support/admin.ts'
import { clientOfClock } from '../support/clocked-client.ts'
import { DAY, type Harness, MINUTE } from '../support/harness.ts'
import { type Life, lifeOf, startLife } from './support/customer-app.ts'
import { gateAtPush } from './support/gate.ts'
import { holdKeyset, untilSomeWait } from './support/locks.ts'
import { PATIENCE } from './support/patience.ts'
import { tickOf } from './support/ticks.ts'

const LEASE_AND_MORE = 2 * MINUTE

/** A pool of one connection, on the clock of the test. */
function clockedDatabase({ databaseUrl, clock }: Pick<Harness, 'databaseUrl' | 'clock'>, more = {}) {
  const Client = clientOfClock(clock.now)
  return openDatabase({ url: databaseUrl, poolSize: 1, onIdleError: () => {}, Client, ...more })
}

/** Runs a statement on the server's own database, about the database of the test. */
async function onServer(h: Harness, statement: (name: string) => string): Promise<void> {
  const name = new URL(h.databaseUrl).pathname.slice(1)
  await withAdmin(inject('postgres').adminUrl, (admin) => admin.query(statement(name)))
}

const cutConnections = (h: Harness) =>
  onServer(h, (name) => `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
const allowConnections = (h: Harness, allowed: boolean) =>
  onServer(h, (name) => `alter database ${name} with allow_connections ${allowed}`)

/** After a cut every pool has dead connections in it, which it finds out about one query at a time. */
async function untilTheServiceIsBack({ deps }: Harness): Promise<void> {
  const answers = () =>
    sql`select 1`.execute(deps.db).then(
      () => true,
      () => false,
    )
  await expect.poll(answers, PATIENCE).toBe(true)
}

/** A tick whose connections are cut may have failed too: a later job of it finds a dead one, or no database at all. */
async function over(ticking: Promise<unknown>): Promise<void> {
  await Promise.allSettled([ticking])
}

/** The rotation is finished by the next claim: same key, one value, nothing left over. */
async function expectFinished(life: Life, before: { first: string }, pushes: number): Promise<void> {
  await untilTheServiceIsBack(life)
  life.clock.advance(LEASE_AND_MORE)
  await life.tick()
  expect(await life.rotations()).toMatchObject([{ end: 'rotated' }])
  expect(life.held().second).toBe(before.first)
  expect(life.pushed()).toHaveLength(pushes)
  expect(await life.state()).toMatchObject({ claimedUntil: null, attempts: 0 })
}

test.each(['before', 'after'] as const)(
  'connections that are cut %s a push cost nothing: the next claim finishes with the same key',
  async (side) => {
    const life = await startLife()
    const before = life.held()
    life.clock.advance(14 * DAY)
    const gate = gateAtPush(await life.anotherProcess(), side)
    const ticking = tickOf(gate.deps)
    await gate.reached
    await cutConnections(life)
    gate.open()
    await over(ticking)
    await expectFinished(life, before, 1)
  },
)

test('a connection that is cut in the middle of a transaction ends neither the process nor the work', async () => {
  const life = await startLife()
  const before = life.held()
  life.clock.advance(14 * DAY)
  const gate = gateAtPush(await life.anotherProcess(), 'after')
  const ticking = tickOf(gate.deps)
  await gate.reached
  // The promotion waits for this lock, inside its transaction, when the cut comes.
  const lock = await holdKeyset(life.deps.db, life.id)
  gate.open()
  await untilSomeWait(life.deps.db)
  await cutConnections(life)
  lock.release()
  await lock.done
  await over(ticking)
  await expectFinished(life, before, 1)
})

test('a database that goes down during a push and comes back is picked up again by the same worker', async () => {
  const life = await startLife()
  const before = life.held()
  life.clock.advance(14 * DAY)
  const gate = gateAtPush(life.deps, 'after')
  const ticking = tickOf(gate.deps)
  await gate.reached
  await allowConnections(life, false)
  await cutConnections(life)
  gate.open()
  await over(ticking)
  await expect(tickOf(gate.deps)).rejects.toThrow(/not currently accepting connections/)
  await allowConnections(life, true)
  await expectFinished(life, before, 1)
})

test('a statement that waits longer than its limit leaves the claim to its lease, and the push is not repeated', async () => {
  const life = await startLife()
  const before = life.held()
  life.clock.advance(14 * DAY)
  const db = openDatabase({
    url: life.databaseUrl,
    poolSize: 3,
    onIdleError: () => {},
    statementTimeoutMs: 1_000,
    Client: clientOfClock(life.clock.now),
  })
  const gate = gateAtPush({ ...life.deps, db }, 'after')
  const ticking = tickOf(gate.deps)
  await gate.reached
  const lock = await holdKeyset(life.deps.db, life.id)
  gate.open()
  expect(await ticking).toMatchObject({ promoted: 0, failed: 1 })
  // 57014: the server itself has ended the statement, so nothing of it goes on behind our back.
  const interrupted = life.logLines.find((line) => line.includes('rotation interrupted'))
  expect(interrupted).toContain('57014')
  lock.release()
  await lock.done
  await db.destroy()
  await expectFinished(life, before, 1)
})

test('one connection is enough for twenty rotations: no flow waits for a second while it holds one', async () => {
  const h = await startLife()
  const lives = [h, ...(await Promise.all(numbered(19).map((n) => lifeOf(h, `app-${n}`))))]
  h.clock.advance(14 * DAY)
  const db = clockedDatabase(h)
  expect(await tickOf({ ...h.deps, db })).toMatchObject({ promoted: 20, failed: 0 })
  expect(lives.map((life) => life.pushed().length)).toEqual(lives.map(() => 1))
  await db.destroy()
})

test('a pool without a free connection fails the tick within seconds and loses nothing', async () => {
  const life = await startLife()
  const before = life.held()
  life.clock.advance(14 * DAY)
  // Each job waits so long.
  const db = clockedDatabase(life, { connectTimeoutMs: 1_000 })
  const held = Promise.withResolvers<void>()
  const taken = Promise.withResolvers<void>()
  const holding = db.connection().execute(async (connection) => {
    await sql`select 1`.execute(connection)
    taken.resolve()
    await held.promise
  })
  await taken.promise
  const deps: Deps = { ...life.deps, db }
  await expect(tickOf(deps)).rejects.toThrow(/timeout/)
  held.resolve()
  await holding
  expect(await tickOf(deps)).toMatchObject({ promoted: 1 })
  expect(life.held().second).toBe(before.first)
  await db.destroy()
})

test('a row that the database refuses keeps its own add-on back, says so, and nobody else', async () => {
  const refused = await startLife()
  const other = await lifeOf(refused, 'service-2')
  await sql`
    alter table sealed_keys add constraint refuses
      check (resource_id <> ${sql.lit(refused.id)} or version < 3) not valid`.execute(refused.deps.db)
  refused.clock.advance(14 * DAY)
  expect(await refused.tick()).toMatchObject({ promoted: 1, failed: 1 })
  expect([refused.pushed().length, other.pushed().length]).toEqual([0, 1])
  const said = refused.logLines.filter((line) => line.includes('rotation interrupted'))
  expect(said).toHaveLength(1)
  expect(said[0]).toContain(refused.id)

  await sql`alter table sealed_keys drop constraint refuses`.execute(refused.deps.db)
  refused.clock.advance(LEASE_AND_MORE)
  expect(await refused.tick()).toMatchObject({ promoted: 1 })
})

function numbered(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
