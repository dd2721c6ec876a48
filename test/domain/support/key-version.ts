import type { KeyVersion, Stage } from '../../../src/domain/keyset.ts'

/** A key version of a test; its fingerprint is made of its number. */
export function keyVersion(version: number, stage: Stage, more: Partial<KeyVersion> = {}): KeyVersion {
  return {
    version,
    stage,
    filler: false,
    fingerprint: version.toString(16).padStart(8, '0'),
    graceEndsAt: null,
    revokedAt: null,
    ...more,
  }
}
