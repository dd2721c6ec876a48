import { findResource } from '../../store/resources.ts'
import { sessionOf } from '../dashboard/attached-apps.ts'
import type { Deps } from '../deps.ts'

/**
 * The name that a resource has now, `null` where nobody ever told one. Names here are copies and add-ons may swap theirs at
 * Heroku, so Heroku is asked; where it does not answer, the copy is all that there is.
 */
export async function nameAtHeroku(deps: Deps, resourceId: string): Promise<string | null> {
  // Brings the present name with it.
  await (await sessionOf(deps, resourceId))?.listAttachments()
  return (await findResource(deps.db, resourceId))?.name ?? null
}
