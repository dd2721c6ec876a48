import { recordEvents } from '../../store/history.ts'
import { lockState } from '../../store/keysets.ts'
import { setName } from '../../store/resource-names.ts'
import { findResource } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'

/**
 * Takes over the name that an add-on has at Heroku (`addons:rename` tells nobody), and tells it in the history. The uuid
 * is what an add-on is known by; the name is for people.
 */
export async function takeOverName(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  resourceId: string,
  name: string,
): Promise<void> {
  const now = deps.now()
  const renamed = await deps.db.transaction().execute(async (trx) => {
    // In the order in which everybody locks: the state first.
    if (!(await lockState(trx, resourceId))) return false
    const resource = await findResource(trx, resourceId)
    if (!resource || resource.name === name) return false
    await setName(trx, resourceId, name, now)
    const details = { from: resource.name, to: name }
    await recordEvents(trx, [
      { resourceId, events: [{ at: now, kind: 'renamed', actor: { type: 'heroku' }, details }] },
    ])
    return true
  })
  if (renamed) deps.log.info({ resourceId, name }, 'add-on renamed')
}
