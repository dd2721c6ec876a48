import type { Actor } from '../../domain/actor.ts'
import { BY_PERSON } from '../../domain/schedule.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/**
 * A person decides that the foreign pair which Heroku holds is the truth: a worker reads it and takes it into the keyset.
 * False: nothing foreign is known of this add-on. Throws `unknown-resource` or `resource-gone`.
 */
export async function askToAdopt(
  deps: Deps,
  request: { resourceId: string; actor: Actor },
): Promise<boolean> {
  const { resourceId, actor } = request
  const now = deps.now()
  return await changeResource<boolean>(deps, { resourceId, actor }, ({ stored: { state } }) => {
    if (state.trust.foreignSince === null) return { outcome: false }
    const trust = { ...state.trust, adoptAsked: true }
    return {
      outcome: true,
      to: { ...state, trust, checkAt: now, wakeAt: BY_PERSON, claimedUntil: null },
      events: [{ at: now, kind: 'adoption-requested', actor }],
      takeover: true,
    }
  })
}
