import { afterErasing } from '../../domain/resource-state.ts'
import type { Deps } from '../deps.ts'
import { giveBack } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'
import type { OpenResource } from './open-resource.ts'

/**
 * The step `retire` for keys that stand in no config var any more. It also ends the claim of a resource that needs nothing.
 */
export async function eraseOlderKeys(deps: Deps, group: Group, resource: OpenResource): Promise<Outcome> {
  const now = deps.now()
  const { resourceId, fence, revision, state, grace } = resource
  const { state: to, erased } = afterErasing(state, grace, now)
  const event = { at: now, kind: 'keys-erased', actor: { type: 'worker' }, erased } as const
  const events = erased.length > 0 ? [event] : []
  if (!(await group.write({ resourceId, fence, revision, state, to, by: 'claim', erased, events }))) {
    return await giveBack(deps, resource)
  }
  return erased.length > 0 ? 'retired' : 'waited'
}
