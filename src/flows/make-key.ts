import { fingerprint, KEY_BYTES, keyDigest, keyFromBytes } from '../domain/key.ts'
import type { Stage } from '../domain/keyset.ts'
import type { ResourceSealer } from '../sealing/sealing.ts'
import type { NewKey } from '../store/key-versions.ts'
import type { Deps } from './deps.ts'

/** Makes one key and seals it, ready to be stored. The text is answered once and kept nowhere else. */
export async function makeKey(
  deps: Pick<Deps, 'random'>,
  sealer: ResourceSealer,
  about: { resourceId: string; version: number; stage: Stage; filler: boolean },
): Promise<{ text: string; key: NewKey }> {
  const text = keyFromBytes(deps.random(KEY_BYTES))
  return {
    text,
    key: {
      ...about,
      fingerprint: fingerprint(text),
      digest: keyDigest(text),
      sealedKey: await sealer.seal('sealed_key', text, about.version),
    },
  }
}
