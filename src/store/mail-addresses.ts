import { type Selectable, sql } from 'kysely'
import type { Mailed } from '../domain/notices/gather.ts'
import type { Db, Trx } from './database.ts'
import { interval } from './intervals.ts'
import type { Schema } from './schema.ts'

/** An address as it is stored, sealed. `confirmBy`: until when its link is good; null once it is confirmed. */
export type StoredMailAddress = {
  id: string
  resourceId: string
  sealed: Buffer
  createdAt: Date
  confirmBy: Date | null
  confirmedAt: Date | null
  failed: { at: Date; words: string } | null
  mailed: readonly Mailed[]
}

/** More than a resource may have. */
const MOST_LISTED = 50
const NOW = sql<Date>`service_now()`

/** Addresses that wait no longer to be confirmed are forgotten: they stand in no list, and are cleared away. */
const IS_KEPT = sql<boolean>`(confirm_until is null or confirm_until > service_now())`

/** Stores an address that nobody has confirmed. Its link is good for so long by the clock of the database. */
export async function insertMailAddress(
  trx: Trx,
  address: Pick<StoredMailAddress, 'id' | 'resourceId' | 'sealed'>,
  linkLifeMs: number,
): Promise<StoredMailAddress> {
  const row = await trx
    .insertInto('mail_addresses')
    .values({
      id: address.id,
      resource_id: address.resourceId,
      sealed_address: address.sealed,
      created_at: NOW,
      confirm_until: sql<Date>`service_now() + ${interval(linkLifeMs)}`,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return addressOf(row)
}

/** The addresses of a resource, the oldest first. */
export async function listMailAddresses(db: Db, resourceId: string): Promise<StoredMailAddress[]> {
  const rows = await db
    .selectFrom('mail_addresses')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .where(IS_KEPT)
    .orderBy('created_at')
    .orderBy('id')
    .limit(MOST_LISTED)
    .execute()
  return rows.map(addressOf)
}

/** The address of that id. */
export async function findMailAddress(db: Db, id: string): Promise<StoredMailAddress | undefined> {
  const query = db.selectFrom('mail_addresses').selectAll().where('id', '=', id).where(IS_KEPT)
  const row = await query.executeTakeFirst()
  return row && addressOf(row)
}

/** Puts another sealed value into the place of an address that waits, whose link is good for so long from now on. */
export async function renewMailLink(
  trx: Trx,
  { id, sealed }: Pick<StoredMailAddress, 'id' | 'sealed'>,
  linkLifeMs: number,
): Promise<Date | null> {
  const row = await trx
    .updateTable('mail_addresses')
    .set({ sealed_address: sealed, confirm_until: sql<Date>`service_now() + ${interval(linkLifeMs)}` })
    .where('id', '=', id)
    .where('confirm_until', 'is not', null)
    .returning('confirm_until')
    .executeTakeFirst()
  return row?.confirm_until ?? null
}

/** Writes down that an address was confirmed; its sealed value holds no such link any more. */
export async function confirmMailAddress(
  trx: Trx,
  { id, sealed }: Pick<StoredMailAddress, 'id' | 'sealed'>,
): Promise<void> {
  await trx
    .updateTable('mail_addresses')
    .set({ sealed_address: sealed, confirm_until: null, confirmed_at: NOW, failed_at: null, failure: null })
    .where('id', '=', id)
    .execute()
}

/** Notes that the mail server refused an address, or (`null`) that it is to be tried again. */
export async function setMailFailure(db: Db, id: string, words: string | null): Promise<void> {
  await db
    .updateTable('mail_addresses')
    .set({ failed_at: words === null ? null : NOW, failure: words })
    .where('id', '=', id)
    .execute()
}

/** Notes which letters an address had in the last hour. */
export async function setMailed(db: Db, id: string, mailed: readonly Mailed[]): Promise<void> {
  await db
    .updateTable('mail_addresses')
    .set({ mailed: JSON.stringify(mailed) })
    .where('id', '=', id)
    .execute()
}

/** Forgets an address of a resource. False: there is none of that id. */
export async function deleteMailAddress(trx: Trx, resourceId: string, id: string): Promise<boolean> {
  const row = await trx
    .deleteFrom('mail_addresses')
    .where('resource_id', '=', resourceId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Clears away addresses that nobody has confirmed in time, `limit` at the most. */
export async function purgeMailAddresses(db: Db, limit: number): Promise<void> {
  await db
    .deleteFrom('mail_addresses')
    .where('id', 'in', (q) =>
      q
        .selectFrom('mail_addresses')
        .select('id')
        .where('confirm_until', '<=', sql<Date>`(select service_now())`)
        .orderBy('confirm_until')
        .limit(limit),
    )
    .execute()
}

/** The sealed values of all addresses of a resource, those that are over too. */
export async function findSealedMailAddresses(
  trx: Trx,
  resourceId: string,
): Promise<{ id: string; sealed: Buffer }[]> {
  return await trx
    .selectFrom('mail_addresses')
    .select(['id', 'sealed_address as sealed'])
    .where('resource_id', '=', resourceId)
    .execute()
}

/** Puts the same address, sealed anew, into the place of a sealed value. */
export async function replaceSealedMailAddress(
  trx: Trx,
  { id, sealed }: { id: string; sealed: Buffer },
): Promise<void> {
  await trx.updateTable('mail_addresses').set({ sealed_address: sealed }).where('id', '=', id).execute()
}

function addressOf(row: Selectable<Schema['mail_addresses']>): StoredMailAddress {
  const { failed_at: at, failure: words } = row
  return {
    id: row.id,
    resourceId: row.resource_id,
    sealed: row.sealed_address,
    createdAt: row.created_at,
    confirmBy: row.confirm_until,
    confirmedAt: row.confirmed_at,
    failed: at !== null && words !== null ? { at, words } : null,
    mailed: row.mailed,
  }
}
