import { SecurekeyError } from '../domain/errors.ts'
import { type Verification, verifyKey as verify } from '../domain/verification.ts'
import { allKeysOf } from '../store/key-versions.ts'
import type { Deps } from './deps.ts'

/** Whether a key of this resource is accepted now. Throws `unknown-resource` when the resource never had a key. */
export async function verifyKey(
  deps: Pick<Deps, 'db'>,
  request: { resourceId: string; key: string },
): Promise<Verification> {
  const keyset = await allKeysOf(deps.db, request.resourceId)
  if (keyset.length === 0) throw new SecurekeyError('unknown-resource', 'There is no add-on of that id.')
  return verify(keyset, request.key)
}
