import { sql } from 'kysely'
import type { AskedOnce } from '../domain/asked-once.ts'
import type { RotationName } from '../domain/rotation-id.ts'
import type { Db } from './database.ts'

/** A request that was served, and the rotation that serves it. */
export type ServedRequest = RotationName & { requestDigest: Buffer }

const REMEMBERED = sql<Date>`service_now() - interval '24 hours'`
const PURGED_AT_ONCE = 100

/** The request that was served by that key within a day. */
export async function findServed(
  db: Db,
  resourceId: string,
  { keyDigest }: AskedOnce,
): Promise<ServedRequest | undefined> {
  const row = await db
    .selectFrom('asked_once')
    .select(['request_digest', 'reason', 'opened_at'])
    .where('resource_id', '=', resourceId)
    .where('key_digest', '=', keyDigest)
    .where('served_at', '>', REMEMBERED)
    .executeTakeFirst()
  return row && { requestDigest: row.request_digest, reason: row.reason, openedAt: row.opened_at }
}

/** Remembers for a day what a request was served by, and forgets some of those that are older. */
export async function rememberServed(
  db: Db,
  resourceId: string,
  { keyDigest, requestDigest }: AskedOnce,
  { reason, openedAt }: RotationName,
): Promise<void> {
  const served = { request_digest: requestDigest, reason, opened_at: openedAt }
  const served_at = sql<Date>`service_now()`
  await db
    .insertInto('asked_once')
    .values({ resource_id: resourceId, key_digest: keyDigest, ...served, served_at })
    .onConflict((oc) => oc.columns(['resource_id', 'key_digest']).doUpdateSet({ ...served, served_at }))
    .execute()
  await db
    .deleteFrom('asked_once')
    .where('resource_id', '=', resourceId)
    .where('key_digest', 'in', (q) =>
      q
        .selectFrom('asked_once')
        .select('key_digest')
        .where('resource_id', '=', resourceId)
        .where('served_at', '<=', REMEMBERED)
        .limit(PURGED_AT_ONCE),
    )
    .execute()
}
