import { afterForeign } from '../../domain/after-look.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import type { Deps } from '../deps.ts'
import { giveBack } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'
import type { OpenResource } from './open-resource.ts'

/**
 * Heroku holds a pair that was never made here. Nothing is pushed and no schedule goes on: a person decides, by adopting
 * it or by replacing it. It is told when it is found, and looked at again each day, since it may go away by itself.
 */
export async function stopAtForeign(deps: Deps, group: Group, resource: OpenResource): Promise<Outcome> {
  const now = deps.now()
  const { resourceId, fence, revision, state } = resource
  const isNew = state.trust.foreignSince === null
  const event: HistoryEvent = { at: now, kind: 'config-foreign', actor: { type: 'worker' } }
  const to = afterForeign(state, deps.settings.checkEveryMs, now)
  const events = isNew ? [event] : []
  if (!(await group.write({ resourceId, fence, revision, state, to, by: 'claim', events }))) {
    return await giveBack(deps, resource)
  }
  if (isNew) deps.log.error({ resourceId }, 'Heroku holds a pair that was never made here')
  if (state.trust.adoptAsked)
    deps.log.error({ resourceId }, 'what Heroku holds is no pair of keys to take over')
  return 'checked'
}
