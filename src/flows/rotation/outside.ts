import { afterWaiting } from '../../domain/resource-state.ts'
import { isOutside } from '../../domain/rotation.ts'
import type { Deps } from '../deps.ts'
import { giveBack } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'
import type { OpenResource } from './open-resource.ts'

/**
 * Asks whether what is made may be pushed at this moment: nothing of the schedule restarts apps outside of its windows or
 * in a freeze, whatever has failed inside. Where not, the claim ends until a window opens; Heroku is looked at meanwhile as
 * often as by checks, since a push that was given up may have arrived. Undefined when it may.
 */
export async function waitOutside(
  deps: Deps,
  group: Group,
  resource: OpenResource,
): Promise<Outcome | undefined> {
  const now = deps.now()
  const { resourceId, fence, revision, state, step } = resource
  // A person has pressed for the next key.
  if (step.step === 'publish-next' || step.step === 'create-next' || !isOutside(state, now)) return undefined
  const to = afterWaiting(state, deps.settings.checkEveryMs, now)
  const written = await group.write({ resourceId, fence, revision, state, to, by: 'claim', events: [] })
  if (!written) return await giveBack(deps, resource)
  deps.log.event({ resourceId, ...(to.wakeAt && { until: to.wakeAt }) }, 'push waits for a window')
  return 'waited'
}
