import { sql } from 'kysely'
import type { ForkCode } from '../domain/fork-code.ts'
import type { Db, Trx } from './database.ts'

/** A code as it is stored: without its text, which whoever made it has. */
export type StoredForkCode = ForkCode & { kekId: string; mac: Buffer }

const NOW = sql<Date>`service_now()`

/** Stores the code of a locked resource, in the place of the one that it may have. */
export async function putForkCode(trx: Trx, code: StoredForkCode, createdAt: Date): Promise<void> {
  const row = {
    id: code.id,
    created_at: createdAt,
    expires_at: code.expiresAt,
    kek_id: code.kekId,
    mac: code.mac,
  }
  await trx
    .insertInto('fork_codes')
    .values({ resource_id: code.resourceId, ...row })
    .onConflict((conflict) => conflict.column('resource_id').doUpdateSet(row))
    .execute()
}

/** The code of that id, if it is not over. */
export async function findForkCode(db: Db, id: string): Promise<StoredForkCode | undefined> {
  const row = await db
    .selectFrom('fork_codes')
    .selectAll()
    .where('id', '=', id)
    .where('expires_at', '>', NOW)
    .executeTakeFirst()
  if (!row) return undefined
  const { resource_id: resourceId, expires_at: expiresAt, kek_id: kekId, mac } = row
  return { id: row.id, resourceId, expiresAt, kekId, mac }
}

/** Uses up the very code that was found. False: it was used, replaced or ended since, or it is over. */
export async function spendForkCode(trx: Trx, { id, mac }: StoredForkCode): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('fork_codes')
    .where('id', '=', id)
    .where('mac', '=', mac)
    .where('expires_at', '>', NOW)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** Deletes the code of a resource. Returns its id, where it was not over. */
export async function deleteForkCode(trx: Trx, resourceId: string): Promise<string | undefined> {
  const row = await trx
    .deleteFrom('fork_codes')
    .where('resource_id', '=', resourceId)
    .returning(['id', sql<boolean>`expires_at > service_now()`.as('live')])
    .executeTakeFirst()
  return row?.live ? row.id : undefined
}

/** Clears away codes that are over, `limit` at the most. */
export async function purgeForkCodes(db: Db, limit: number): Promise<void> {
  await sql`
    delete from fork_codes where resource_id = any (array(
      select resource_id from fork_codes where expires_at <= service_now() order by expires_at limit ${limit}
    ))
  `.execute(db)
}
