import { type Selectable, sql } from 'kysely'
import type { Db, Trx } from './database.ts'
import type { Schema } from './schema.ts'

/** What an enrolled client has proved so far. */
export type ClientRecord = {
  id: string
  /** The newest version by which it has ever signed. */
  newestVersion: number | null
  /** The fingerprint of the key by which it last signed. */
  lastKid: string | null
  /** The version that signed when it last asked, and since when it has asked under that. */
  seenVersion: number | null
  seenAt: Date | null
  /** It came back with the key before the one by which it had signed. */
  alarmAt: Date | null
}

const NONCES_PURGED_AT_ONCE = 100

export async function insertClient(trx: Trx, id: string): Promise<void> {
  await trx.insertInto('clients').values({ id }).execute()
}

export async function findClient(db: Db, id: string): Promise<ClientRecord | undefined> {
  const row = await db.selectFrom('clients').selectAll().where('id', '=', id).executeTakeFirst()
  return row && recordOf(row)
}

/** What these clients have proved, by their ids. */
export async function findClients(db: Db, ids: readonly string[]): Promise<Map<string, ClientRecord>> {
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('clients').selectAll().where('id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.id, recordOf(row)]))
}

/** Writes down what a client has proved now. */
export async function writeClient(trx: Trx, { id, ...record }: ClientRecord): Promise<void> {
  await trx
    .updateTable('clients')
    .set({
      newest_version: record.newestVersion,
      last_kid: record.lastKid,
      seen_version: record.seenVersion,
      seen_at: record.seenAt,
      alarm_at: record.alarmAt,
    })
    .where('id', '=', id)
    .execute()
}

/**
 * Remembers a nonce of a client until then. False: it was used before. Forgets some that no signature can name any more,
 * more than it writes, so that they do not pile up.
 */
export async function useNonce(
  db: Db,
  used: { clientId: string; nonce: string; until: Date },
): Promise<boolean> {
  await db
    .deleteFrom('used_nonces')
    .where(
      sql<boolean>`ctid = any (array(select ctid from used_nonces where until < service_now() order by until limit ${NONCES_PURGED_AT_ONCE} for update skip locked))`,
    )
    .execute()
  const row = await db
    .insertInto('used_nonces')
    .values({ client_id: used.clientId, nonce: used.nonce, until: used.until })
    .onConflict((conflict) => conflict.columns(['client_id', 'nonce']).doNothing())
    .returning('nonce')
    .executeTakeFirst()
  return row !== undefined
}

/** How many nonces of a client are remembered. */
export async function countNonces(db: Db, clientId: string): Promise<number> {
  const { nonces } = await db
    .selectFrom('used_nonces')
    .select((each) => each.fn.countAll<string>().as('nonces'))
    .where('client_id', '=', clientId)
    .executeTakeFirstOrThrow()
  return Number(nonces)
}

/** Switches the hand-over of a resource on or off. */
export async function setHandsOver(trx: Trx, resourceId: string, on: boolean): Promise<void> {
  await trx.updateTable('resources').set({ hands_over: on }).where('id', '=', resourceId).execute()
}

function recordOf(row: Selectable<Schema['clients']>): ClientRecord {
  return {
    id: row.id,
    newestVersion: row.newest_version,
    lastKid: row.last_kid,
    seenVersion: row.seen_version,
    seenAt: row.seen_at,
    alarmAt: row.alarm_at,
  }
}
