import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Fault } from '../../simulator/src/faults.ts'
import { startChildWorker } from './support/child-worker.ts'
import { type Life, startLife } from './support/customer-app.ts'

const PATIENCE = { timeout: 30_000, interval: 20 }

/** A life on the real clock, since the worker is a process of its own that has no other. */
async function startLifeNow(): Promise<Life> {
  const life = await startLife()
  await makeDue(life)
  return life
}

/** Moves the due date to now: nobody waits a fortnight for a test. */
async function makeDue(life: Life): Promise<void> {
  const now = new Date()
  life.clock.set(now.toISOString())
  await life.deps.db
    .updateTable('keysets')
    .set({ wake_at: now, next_rotation_at: now })
    .where('resource_id', '=', life.id)
    .execute()
  // The token of the test's own March has expired by today.
  await life.deps.db.updateTable('oauth_tokens').set({ access_expires_at: now }).execute()
}

/** Moves the end of the dead worker's lease to now, as if its ninety seconds had passed. */
async function endLease(life: Life): Promise<void> {
  const now = new Date()
  life.clock.set(now.toISOString())
  await life.deps.db
    .updateTable('keysets')
    .set({ wake_at: now, claimed_until: now })
    .where('resource_id', '=', life.id)
    .execute()
  await life.deps.db.updateTable('oauth_tokens').set({ refreshing_until: null }).execute()
}

type Kill = { when: string; fault: Fault; pushes: number; arrivesLate?: boolean }

const KILLS: Kill[] = [
  {
    when: 'while its push is on the way and never arrives',
    fault: { match: { method: 'PATCH' }, kind: 'hang' },
    pushes: 2,
  },
  {
    when: 'while it waits for the answer to a push that Heroku has applied',
    fault: { match: { method: 'PATCH' }, kind: 'hang', apply: true },
    pushes: 1,
  },
  {
    when: 'while its push is held up and arrives after the next worker has pushed',
    fault: { match: { method: 'PATCH' }, kind: 'delayed-apply', answer: 'hang' },
    pushes: 2,
    arrivesLate: true,
  },
  {
    when: 'while it refreshes its access token, with the new key stored and not yet pushed',
    fault: { match: { method: 'POST', grantType: 'refresh_token' }, kind: 'hang' },
    pushes: 1,
  },
]

test.each(KILLS)(
  'a worker process killed $when leaves one key, one value and one rotation',
  async ({ fault, pushes, arrivesLate }) => {
    const life = await startLifeNow()
    const before = life.held()
    const id = life.heroku.faults.add(fault)
    const child = startChildWorker(life)
    const hit = () => life.heroku.faults.list().find((entry) => entry.id === id)?.hits
    await expect.poll(hit, PATIENCE).toBe(1)
    await child.kill()

    await endLease(life)
    expect(await life.tick()).toMatchObject({ promoted: 1, failed: 0 })
    if (arrivesLate) expect(life.heroku.faults.release(id)).toBe(1)
    expect(life.pushed()).toHaveLength(pushes)
    expect(new Set(life.pushed()).size).toBe(1)
    expect(life.held().second).toBe(before.first)
    expect(await life.rotations()).toMatchObject([{ reason: 'scheduled', end: 'rotated', version: 3 }])
  },
  40_000,
)

test('a worker process whose connections are cut inside a transaction lives on and finishes by itself', async () => {
  const life = await startLifeNow()
  const before = life.held()
  const locked = Promise.withResolvers<void>()
  const cut = Promise.withResolvers<void>()
  const lock = life.deps.db.transaction().execute(async (trx) => {
    // Its second statement: the state is written by then, and the new key is not.
    await sql`lock table sealed_keys in exclusive mode`.execute(trx)
    locked.resolve()
    await cut.promise
  })
  await locked.promise
  const child = startChildWorker(life)
  const cutThoseThatWait = async () => {
    const { rows } = await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`.execute(life.deps.db)
    return rows.length
  }
  await expect.poll(cutThoseThatWait, PATIENCE).toBe(1)
  cut.resolve()
  await lock
  const interrupted = () => child.log().includes('interrupted')
  await expect.poll(interrupted, PATIENCE).toBe(true)
  await endLease(life)
  const ends = async () => (await life.rotations()).map(({ end }) => end)
  await expect.poll(ends, PATIENCE).toEqual(['rotated'])
  expect(child.process.exitCode).toBe(null)
  expect(new Set(life.pushed()).size).toBe(1)
  expect(life.held().second).toBe(before.first)
})
