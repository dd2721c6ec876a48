import { sql } from 'kysely'
import { expect, onTestFinished } from 'vitest'
import type { Db } from '../../../src/store/database.ts'
import type { Harness } from '../../support/harness.ts'
import { PATIENCE } from './patience.ts'

/** A row that is locked in a session of its own, until it is released. */
export type HeldRow = { release: () => void; done: Promise<void> }

/** Holds the lock that every change of an add-on begins with, at most until the end of the test. */
export async function holdKeyset(db: Db, addonId: string): Promise<HeldRow> {
  const locked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  onTestFinished(() => released.resolve())
  const done = db
    .transaction()
    .execute(async (trx) => {
      await sql`select from keysets where resource_id = ${addonId} for update`.execute(trx)
      locked.resolve()
      await released.promise
    })
    .catch(() => undefined)
  await locked.promise
  return { release: released.resolve, done: done.then(() => undefined) }
}

/** How many sessions wait for somebody else's lock. */
export async function waitingForLocks(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
  return rows[0]?.count ?? 0
}

/** Returns when so many sessions wait for a lock. */
export async function untilSomeWait(db: Db, count = 1): Promise<void> {
  await expect.poll(() => waitingForLocks(db), PATIENCE).toBe(count)
}

/** Begins pieces of work, and returns when each of them is done or waits for somebody's lock. */
export async function beginAll(
  db: Db,
  pieces: readonly (() => Promise<unknown>)[],
): Promise<{ ended: Promise<unknown> }> {
  let done = 0
  const ended = Promise.all(pieces.map((work) => work().finally(() => (done += 1))))
  ended.catch(() => undefined)
  const standing = async () => done + (await waitingForLocks(db))
  await expect.poll(standing, PATIENCE).toBeGreaterThanOrEqual(pieces.length)
  return { ended }
}

type Table = 'keysets' | 'oauth_grants' | 'oauth_tokens'

/** Of these add-ons, those whose row in a table nobody has locked. */
export async function unlockedOf(db: Db, table: Table, addonIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ resource_id: string }>`
    select resource_id from ${sql.table(table)}
     where resource_id = any (${sql.val(addonIds)}) for no key update skip locked`.execute(db)
  return rows.map(({ resource_id }) => resource_id).sort()
}

/** Ends one connection from the side of the server. */
export function cutConnection({ deps: { db } }: Pick<Harness, 'deps'>) {
  return async ({ backend }: { backend: number | undefined }): Promise<void> => {
    if (backend === undefined) throw new Error('no connection stands at this point')
    await sql`select pg_terminate_backend(${backend})`.execute(db)
  }
}
