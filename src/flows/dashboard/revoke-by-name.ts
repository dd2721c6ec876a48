import { findResource, type Resource } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import { sessionOf } from './attached-apps.ts'
import { type Replacement, type RevokeOutcome, revokeKeys } from './revoke-keys.ts'

/** So long after it was renamed an add-on may still be called by its former name: a page may be open that shows it. */
const FORMER_NAME_MS = 86_400_000

/**
 * Revokes all keys of a resource, once its name was typed: every app restarts and whoever holds an old key is locked
 * out, so this must not happen by a slip. Letter case and space around the name do not matter. Its true name is taken
 * always, though Heroku has told it to nobody yet: Heroku is asked before another name is refused. So is its id, which
 * needs no Heroku, and for a day after a rename its former name.
 */
export async function revokeByName(
  deps: Deps,
  request: Replacement & { typedName: string },
): Promise<RevokeOutcome | { outcome: 'name-differs' }> {
  const { resourceId } = request
  const typed = request.typedName.trim().toLowerCase()
  const isNamed = async () =>
    namesOf(resourceId, await findResource(deps.db, resourceId), deps.now()).has(typed)
  if (!(await isNamed())) {
    if (typed === '') return { outcome: 'name-differs' }
    // Brings the present name with it.
    await (await sessionOf(deps, resourceId))?.listAttachments()
    if (!(await isNamed())) return { outcome: 'name-differs' }
  }
  return await revokeKeys(deps, request)
}

function namesOf(resourceId: string, resource: Resource | undefined, now: Date): ReadonlySet<string> {
  const names = [resourceId, nameToType(resourceId, resource?.name ?? null)]
  const { formerName = null, renamedAt = null } = resource ?? {}
  const isRecent = renamedAt !== null && now.getTime() - renamedAt.getTime() < FORMER_NAME_MS
  if (formerName !== null && isRecent) names.push(formerName)
  return new Set(names.map((name) => name.toLowerCase()))
}

/** What has to be typed: the add-on's name, or its id when Heroku never told the name. */
export function nameToType(resourceId: string, name: string | null): string {
  return name ?? resourceId
}
