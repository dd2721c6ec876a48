import type { Actor } from '../../domain/actor.ts'
import { findResource } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import { type RevokeOutcome, revokeKeys } from './revoke-keys.ts'

/**
 * Revokes all keys of a resource, once its name was typed: every app restarts and whoever holds an old key is locked
 * out, so this must not happen by a slip. Letter case and space around the name do not matter.
 */
export async function revokeByName(
  deps: Deps,
  request: { resourceId: string; actor: Actor; typedName: string },
): Promise<RevokeOutcome | { outcome: 'name-differs' }> {
  const { resourceId, actor, typedName } = request
  const resource = await findResource(deps.db, resourceId)
  const name = nameToType(resourceId, resource?.name ?? null)
  if (typedName.trim().toLowerCase() !== name.toLowerCase()) return { outcome: 'name-differs' }
  return await revokeKeys(deps, { resourceId, actor })
}

/** What has to be typed: the add-on's name, or its id when Heroku never told the name. */
export function nameToType(resourceId: string, name: string | null): string {
  return name ?? resourceId
}
