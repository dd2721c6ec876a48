import { sql } from 'kysely'
import type { Db, Trx } from './database.ts'
import { executePrepared, given } from './group-statement.ts'
import type { StoredState } from './keysets.ts'
import { TABLES } from './schema.ts'

/** A live key as it is stored. */
export type StoredKey = { version: number; createdAt: Date; digest: Buffer; sealed: Buffer }

/** A key made, sealed and ready to be stored. */
export type NewKey = {
  resourceId: string
  version: number
  fingerprint: string
  /** SHA-256 of its text, 32 bytes. */
  digest: Buffer
  sealed: Buffer
  /** When it was made, where that was before: it is another add-on's. */
  createdAt?: Date
}

/** The stored keys of a live resource, the newest first. */
export async function findKeys(db: Db, resourceId: string): Promise<StoredKey[]> {
  const rows = await db
    .selectFrom('sealed_keys')
    .select(['version', 'created_at', 'digest', 'sealed'])
    .where('resource_id', '=', resourceId)
    .orderBy('version', 'desc')
    .execute()
  return rows.map(({ version, created_at, digest, sealed }) => ({
    version,
    createdAt: created_at,
    digest,
    sealed,
  }))
}

/** The same as they belong to a state that was read before. Undefined: the resource is gone, or has changed since. */
export async function findKeysOf(
  db: Db,
  { resourceId, fence, revision }: Omit<StoredState, 'state'>,
): Promise<StoredKey[] | undefined> {
  const rows = await db
    .selectFrom('keysets')
    .leftJoin('sealed_keys', 'sealed_keys.resource_id', 'keysets.resource_id')
    .select(['version', 'created_at', 'digest', 'sealed'])
    .where('keysets.resource_id', '=', resourceId)
    .where('fence', '=', fence)
    .where('revision', '=', revision)
    .orderBy('version', 'desc')
    .execute()
  if (rows.length === 0) return undefined
  return rows.flatMap(({ version, created_at: createdAt, digest, sealed }) => {
    return version && createdAt && digest && sealed ? [{ version, createdAt, digest, sealed }] : []
  })
}

/** Add-ons that have a key made before a moment, by their ids, in batches: those behind the id `after`. */
export async function listIdsOfOlderKeys(
  db: Db,
  madeBefore: Date,
  page: { limit: number; after?: string },
): Promise<string[]> {
  const rows = await db
    .selectFrom('sealed_keys')
    .select('resource_id')
    .distinct()
    .where('created_at', '<', madeBefore)
    .$if(page.after !== undefined, (query) => query.where('resource_id', '>', page.after ?? ''))
    .orderBy('resource_id')
    .limit(page.limit)
    .execute()
  return rows.map(({ resource_id: id }) => id)
}

/** How many there are. */
export async function countOfOlderKeys(db: Db, madeBefore: Date): Promise<number> {
  const { count } = await db
    .selectFrom('sealed_keys')
    .select(({ fn }) => fn.count<string>('resource_id').distinct().as('count'))
    .where('created_at', '<', madeBefore)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Stores new keys. Throws when a number is used already. */
export async function insertKeys(trx: Trx, keys: readonly NewKey[], now: Date): Promise<void> {
  if (keys.length === 0) return
  const rows = keys.map((key) => keyRow(key, now))
  await executePrepared(
    trx,
    'insert-keys',
    sql`
    insert into sealed_keys (resource_id, version, created_at, digest, sealed)
    select v.resource_id, v.version, v.created_at, v.digest, v.sealed from ${given(TABLES.sealed_keys, rows)}`,
  )
}

/** The row of a new key. */
export function keyRow({ resourceId, version, digest, sealed, createdAt }: NewKey, now: Date) {
  return { resource_id: resourceId, version, created_at: createdAt ?? now, digest, sealed }
}

/** Erases keys for good. */
export async function deleteKeys(
  trx: Trx,
  keys: readonly { resourceId: string; version: number }[],
): Promise<void> {
  if (keys.length === 0) return
  const { resource_id, version } = TABLES.sealed_keys
  const rows = keys.map((key) => ({ resource_id: key.resourceId, version: key.version }))
  await executePrepared(
    trx,
    'delete-keys',
    sql`
    delete from sealed_keys k using ${given({ resource_id, version }, rows)}
     where k.resource_id = v.resource_id and k.version = v.version`,
  )
}
