import type { Stage } from '../domain/keyset.ts'
import type { Db } from './database.ts'

/** A key version by its times alone: nothing in it opens anything. */
export type KeyTimes = {
  version: number
  stage: Stage
  filler: boolean
  fingerprint: string
  createdAt: Date
  publishedAt: Date | null
  graceEndsAt: Date | null
  revokedAt: Date | null
  retiredAt: Date | null
}

/** The newest versions of a resource, newest first, retired ones among them. */
export async function listKeyTimes(db: Db, resourceId: string, limit: number): Promise<KeyTimes[]> {
  const rows = await db
    .selectFrom('key_versions')
    .select([
      'version',
      'stage',
      'filler',
      'fingerprint',
      'created_at',
      'published_at',
      'grace_ends_at',
      'revoked_at',
      'retired_at',
    ])
    .where('resource_id', '=', resourceId)
    .orderBy('version', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    version: row.version,
    stage: row.stage,
    filler: row.filler,
    fingerprint: row.fingerprint,
    createdAt: row.created_at,
    publishedAt: row.published_at,
    graceEndsAt: row.grace_ends_at,
    revokedAt: row.revoked_at,
    retiredAt: row.retired_at,
  }))
}
