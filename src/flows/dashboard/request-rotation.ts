import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { openRotation, type ResourceState, resumed, wokenAt } from '../../domain/resource-state.ts'
import { changeResource, type ResourceChange } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

export type RequestRotationOutcome =
  | { outcome: 'requested' }
  /** A rotation is under way already, or was stuck and is taken up again; this request is served by it. */
  | { outcome: 'joined' }
  /** It would displace a key that apps may still be signing with; possible again at `allowedAt`. */
  | { outcome: 'too-soon'; allowedAt: Date }

/**
 * Opens a rotation by hand; the worker takes it from there, on the same path as a scheduled one. The rotation period
 * counts anew from this moment. Throws `unknown-resource` or `resource-gone`.
 */
export async function requestRotation(
  deps: Deps,
  request: { resourceId: string; actor: Actor; evenIfTooSoon?: boolean },
): Promise<RequestRotationOutcome> {
  const { resourceId, actor, evenIfTooSoon = false } = request
  const now = deps.now()
  return await changeResource<RequestRotationOutcome>(deps, resourceId, ({ stored: { state } }) => {
    if (state.rotation) {
      const outcome = { outcome: 'joined' } as const
      return state.rotation.stuckSince ? resume(state, actor, outcome, now) : { outcome }
    }
    const allowedAt = new Date(state.publishedAt.getTime() + deps.settings.graceFloorMs)
    // A filler may go at any time: nobody signs with it. A real key needs its floor, or people are logged out.
    const tooSoon = !state.keyset.second.filler && allowedAt > now
    if (tooSoon && !evenIfTooSoon) return { outcome: { outcome: 'too-soon', allowedAt } }
    const intent = { reason: 'manual', dueAt: now, openedBy: actor } as const
    const details = { reason: 'manual', ...(evenIfTooSoon && { evenIfTooSoon }) }
    const event: HistoryEvent = { at: now, kind: 'rotation-requested', actor, details }
    const opened = wokenAt(openRotation(state, intent, now), now, now)
    return { outcome: { outcome: 'requested' }, to: opened, events: [event] }
  })
}

/** Takes a stuck rotation up again, with a fresh count of attempts. False: there is no stuck rotation. */
export async function resumeRotation(
  deps: Deps,
  request: { resourceId: string; actor: Actor },
): Promise<boolean> {
  const { resourceId, actor } = request
  return await changeResource<boolean>(deps, resourceId, ({ stored: { state } }) => {
    if (!state.rotation?.stuckSince) return { outcome: false }
    return resume(state, actor, true, deps.now())
  })
}

function resume<T>(state: ResourceState, actor: Actor, outcome: T, now: Date): ResourceChange<T> {
  const event: HistoryEvent = { at: now, kind: 'rotation-resumed', actor }
  return { outcome, to: wokenAt(resumed(state), now, now), events: [event] }
}
