import { fingerprintOf, KEY_BYTES, keyDigest, keyFromBytes } from '../domain/key.ts'
import type { ResourceSealer } from '../sealing/sealing.ts'
import type { NewKey } from '../store/sealed-keys.ts'
import type { Deps } from './deps.ts'

/** Makes one key and seals it, ready to be stored. Its text is returned once and kept nowhere else. */
export function makeKey(
  deps: Pick<Deps, 'random'>,
  sealer: ResourceSealer,
  resourceId: string,
  version: number,
): { text: string; key: NewKey } {
  const bytes = deps.random(KEY_BYTES)
  const text = keyFromBytes(bytes)
  const digest = keyDigest(text)
  const sealed = sealer.sealKey(version, bytes)
  return {
    text,
    key: { resourceId, version, fingerprint: fingerprintOf(digest), digest, sealed },
  }
}
