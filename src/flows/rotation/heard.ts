import { type CheckIn, signingWith } from '../../domain/check-in.ts'
import { fingerprintOf } from '../../domain/key.ts'
import { listCheckIns } from '../../store/check-ins.ts'
import type { StoredKey } from '../../store/sealed-keys.ts'
import type { Deps } from '../deps.ts'
import type { OpenResource } from './open-resource.ts'

/** What processes said of late of the key in the second place: that they sign with it still. */
export async function heardOfSecond(
  deps: Pick<Deps, 'db' | 'now'>,
  { resourceId, state }: OpenResource,
  keys: readonly StoredKey[],
): Promise<CheckIn[]> {
  const second = keys.find(({ version }) => version === state.keyset.second.version)
  if (!second) return []
  return signingWith(fingerprintOf(second.digest), await listCheckIns(deps.db, resourceId), deps.now())
}
