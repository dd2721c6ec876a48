import { fingerprintOf } from '../domain/key.ts'
import type { Db } from './database.ts'

/**
 * The versions of an add-on's keys by fingerprint, of every key that was ever stored: the history names each of them, and
 * those that live are stored. Fingerprints that were never ours are missing in the answer.
 */
export async function findVersions(
  db: Db,
  resourceId: string,
  kids: readonly string[],
): Promise<Map<string, number>> {
  const versions = new Map<string, number>()
  if (kids.length === 0) return versions
  const told = await db
    .selectFrom('history')
    .select(['version', 'fingerprint', 'filler_version', 'filler_fingerprint'])
    .where('resource_id', '=', resourceId)
    .where((eb) => eb.or([eb('fingerprint', 'in', kids), eb('filler_fingerprint', 'in', kids)]))
    .execute()
  for (const row of told) {
    if (row.version !== null && row.fingerprint !== null) versions.set(row.fingerprint, row.version)
    if (row.filler_version !== null && row.filler_fingerprint !== null) {
      versions.set(row.filler_fingerprint, row.filler_version)
    }
  }
  const stored = await db
    .selectFrom('sealed_keys')
    .select(['version', 'digest'])
    .where('resource_id', '=', resourceId)
    .execute()
  for (const { version, digest } of stored) versions.set(fingerprintOf(digest), version)
  return versions
}
