import { provingVersions } from '../../domain/hand-over.ts'
import { fingerprintOf, keyFromBytes } from '../../domain/key.ts'
import { findState } from '../../store/keysets.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import { sealedOf } from '../api/read-keyring.ts'
import { liveResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/** What proves that somebody holds a key: its kid, and a MAC of a text by a key that is derived from it. */
export type Proof = { kid: string; text: string; mac: Buffer }

/**
 * The key of a resource by which a client proves that it belongs to it. Two keys may have one kid: then the MAC decides.
 * Undefined where none of the two of the config var made it. Throws `unknown-resource` or `resource-gone`.
 */
export async function findHeldKey(
  deps: Pick<Deps, 'db' | 'sealing' | 'clientSeal'>,
  resourceId: string,
  { kid, text, mac }: Proof,
): Promise<{ version: number; text: string } | undefined> {
  const resource = await liveResource(deps.db, resourceId)
  const stored = await findState(deps.db, resourceId)
  if (!stored || !resource.dek) return undefined
  const keys = await findKeys(deps.db, resourceId)
  const proving = provingVersions(stored.state.keyset)
  const named = keys.filter(
    ({ version, digest }) => proving.includes(version) && fingerprintOf(digest) === kid,
  )
  if (named.length === 0) return undefined
  const sealer = await deps.sealing.forResource(resourceId, resource.dek)
  for (const { version } of named) {
    const held = keyFromBytes(sealer.openKey(version, sealedOf(keys, version)))
    if (deps.clientSeal.isProof(held, text, mac)) return { version, text: held }
  }
  return undefined
}
