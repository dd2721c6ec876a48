import { timingSafeEqual } from 'node:crypto'
import { fingerprint, isKey, keyDigest } from './key.ts'
import type { Keyset, KeyVersion } from './keyset.ts'

/** A key version with what is needed to recognise its key. The digest is erased together with the key. */
export type RecognisableVersion = KeyVersion & { digest: Buffer | null }

/** The closed list of answers to "is this key accepted?". */
export type Verification =
  | { outcome: 'current' | 'pending' | 'previous' | 'retired'; version: number }
  | { outcome: 'unknown' }

/**
 * Whether a key is accepted now. A pending key is accepted, because an app may already hold it;
 * a previous key until it is retired; a revoked one never. Compares digests in constant time.
 */
export function verifyKey(keyset: Keyset<RecognisableVersion>, key: string): Verification {
  if (!isKey(key)) return { outcome: 'unknown' }
  const digest = keyDigest(key)
  for (const { digest: known, stage, version, revokedAt } of keyset) {
    if (!known || !timingSafeEqual(known, digest)) continue
    if (revokedAt !== null) return { outcome: 'retired', version }
    return { outcome: stage, version }
  }
  const retired = keyset.find((v) => v.stage === 'retired' && v.fingerprint === fingerprint(key))
  return retired ? { outcome: 'retired', version: retired.version } : { outcome: 'unknown' }
}

/** Whether the outcome lets a signature made with that key pass. */
export function isAccepted(verification: Verification): boolean {
  return verification.outcome !== 'retired' && verification.outcome !== 'unknown'
}
