import { type Selectable, sql } from 'kysely'
import type { Stage } from '../domain/keyset.ts'
import type { Transition } from '../domain/rotation.ts'
import type { RecognisableVersion } from '../domain/verification.ts'
import type { Db } from './database.ts'
import type { Schema } from './schema.ts'

/** A key version with its sealed key, which is erased together with the digest when the version retires. */
export type StoredKey = RecognisableVersion & {
  sealedKey: string | null
  createdAt: Date
  publishedAt: Date | null
}

/** A key made, sealed and ready to be stored. */
export type NewKey = {
  resourceId: string
  version: number
  stage: Stage
  filler: boolean
  fingerprint: string
  sealedKey: string
  digest: Buffer
}

/**
 * Stores new versions and answers them as they are stored. Throws when a number is used or a second current or pending
 * version would come to be.
 */
export async function insertKeys(
  db: Db,
  keys: readonly NewKey[],
  now: Date,
): Promise<Map<string, StoredKey[]>> {
  if (keys.length === 0) return new Map()
  const { rows } = await sql<{ resource_id: string; version: number; sealed_key: string }>`
    insert into key_versions (resource_id, version, stage, filler, fingerprint, sealed_key, digest, created_at)
    select v.*, ${now}::timestamptz
      from unnest(
             ${keys.map((k) => k.resourceId)}::uuid[], ${keys.map((k) => k.version)}::integer[],
             ${keys.map((k) => k.stage)}::text[], ${keys.map((k) => k.filler)}::boolean[],
             ${keys.map((k) => k.fingerprint)}::text[], ${keys.map((k) => k.sealedKey)}::text[],
             ${keys.map((k) => k.digest)}::bytea[]
           ) as v
    returning resource_id, version, sealed_key
  `.execute(db)
  const blobs = new Map(rows.map((row) => [`${row.resource_id} ${row.version}`, row.sealed_key]))
  const stored = keys.map((key) => ({
    ...key,
    sealedKey: blobs.get(`${key.resourceId} ${key.version}`) ?? null,
    createdAt: now,
    publishedAt: null,
    graceEndsAt: null,
    revokedAt: null,
  }))
  return Map.groupBy(stored, (key) => key.resourceId)
}

/** The versions of each resource that are not retired. */
export async function liveKeysOf(db: Db, resourceIds: readonly string[]): Promise<Map<string, StoredKey[]>> {
  const { rows } = await sql<KeyRow>`
    select resource_id, version, stage, filler, fingerprint, sealed_key, digest, created_at, published_at,
           grace_ends_at, revoked_at
      from key_versions where resource_id = any(${resourceIds}::uuid[]) and stage <> 'retired'
  `.execute(db)
  return keysByResource(rows)
}

function keysByResource(rows: readonly KeyRow[]): Map<string, StoredKey[]> {
  const keys = new Map<string, StoredKey[]>()
  for (const row of rows) {
    const known = keys.get(row.resource_id)
    if (known) known.push(storedKey(row))
    else keys.set(row.resource_id, [storedKey(row)])
  }
  return keys
}

/** Every version that a resource ever had, oldest first, the retired ones without key and digest. */
export async function allKeysOf(db: Db, resourceId: string): Promise<StoredKey[]> {
  const rows = await db
    .selectFrom('key_versions')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .orderBy('version')
    .execute()
  return rows.map(storedKey)
}

export type KeyTransition = Transition & { resourceId: string; publishedAt: Date | null }

/**
 * Moves versions to other stages by one statement per direction. Retired versions lose their key and digest here,
 * in the same write. Those that stop being current go first, since at no moment may a resource have two.
 */
export async function applyTransitions(
  db: Db,
  transitions: readonly KeyTransition[],
  now: Date,
): Promise<void> {
  await updateStages(
    db,
    transitions.filter((t) => t.to !== 'current'),
    now,
  )
  await updateStages(
    db,
    transitions.filter((t) => t.to === 'current'),
    now,
  )
}

async function updateStages(db: Db, transitions: readonly KeyTransition[], now: Date): Promise<void> {
  if (transitions.length === 0) return
  await sql`
    update key_versions k
       set stage = v.stage,
           grace_ends_at = v.grace_ends_at,
           published_at = coalesce(v.published_at, k.published_at),
           sealed_key = case when v.stage = 'retired' then null else k.sealed_key end,
           digest = case when v.stage = 'retired' then null else k.digest end,
           retired_at = case when v.stage = 'retired' then ${now}::timestamptz end
      from unnest(
             ${transitions.map((t) => t.resourceId)}::uuid[],
             ${transitions.map((t) => t.version)}::integer[],
             ${transitions.map((t) => t.to)}::text[],
             ${transitions.map((t) => t.graceEndsAt)}::timestamptz[],
             ${transitions.map((t) => t.publishedAt)}::timestamptz[]
           ) as v (resource_id, version, stage, grace_ends_at, published_at)
     where k.resource_id = v.resource_id and k.version = v.version
  `.execute(db)
}

/** Marks every live key of a resource as refused from `now` on. */
export async function revokeKeysOf(db: Db, resourceId: string, now: Date): Promise<void> {
  await db
    .updateTable('key_versions')
    .set({ revoked_at: now })
    .where('resource_id', '=', resourceId)
    .where('stage', '<>', 'retired')
    .where('revoked_at', 'is', null)
    .execute()
}

/** Sets the end of the grace period of one version. */
export async function setGraceEnd(
  db: Db,
  resourceId: string,
  version: number,
  graceEndsAt: Date,
): Promise<void> {
  await db
    .updateTable('key_versions')
    .set({ grace_ends_at: graceEndsAt })
    .where('resource_id', '=', resourceId)
    .where('version', '=', version)
    .execute()
}

/** Erases every key of a resource, for good; fingerprints and times stay. */
export async function eraseKeysOf(db: Db, resourceId: string, now: Date): Promise<void> {
  await db
    .updateTable('key_versions')
    .set({ stage: 'retired', sealed_key: null, digest: null, retired_at: now })
    .where('resource_id', '=', resourceId)
    .where('stage', '<>', 'retired')
    .execute()
}

/** What is read of a version: without the times that nobody asks for. */
type KeyRow = Omit<Selectable<Schema['key_versions']>, 'retired_at'>

function storedKey(row: KeyRow): StoredKey {
  return {
    version: row.version,
    stage: row.stage,
    filler: row.filler,
    fingerprint: row.fingerprint,
    sealedKey: row.sealed_key,
    digest: row.digest,
    createdAt: row.created_at,
    publishedAt: row.published_at,
    graceEndsAt: row.grace_ends_at,
    revokedAt: row.revoked_at,
  }
}
