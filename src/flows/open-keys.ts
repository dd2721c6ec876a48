import { secureKeyValue } from '../domain/config-vars.ts'
import { currentVersion, secondVersion } from '../domain/keyset.ts'
import type { Pair } from '../domain/rotation.ts'
import type { ResourceSealer } from '../sealing/sealing.ts'
import type { StoredKey } from '../store/key-versions.ts'

/** The config value of two stored versions. Always opens what is stored: a key in memory may never have been saved. */
export async function openPair(
  sealer: ResourceSealer,
  keyset: readonly StoredKey[],
  pair: Pair,
): Promise<string> {
  const [first, second] = await Promise.all([
    openKey(sealer, keyset, pair.first),
    openKey(sealer, keyset, pair.second),
  ])
  return secureKeyValue(first, second)
}

/** The value that the config var holds when no rotation is under way. */
export async function openCurrentPair(sealer: ResourceSealer, keyset: readonly StoredKey[]): Promise<string> {
  return await openPair(sealer, keyset, {
    first: currentVersion(keyset).version,
    second: secondVersion(keyset).version,
  })
}

async function openKey(
  sealer: ResourceSealer,
  keyset: readonly StoredKey[],
  version: number,
): Promise<string> {
  const sealed = keyset.find((key) => key.version === version)?.sealedKey
  if (!sealed) throw new Error(`key version ${version} is not stored`)
  return await sealer.open('sealed_key', sealed, version)
}
