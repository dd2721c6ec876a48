import type { GracePeriod } from './grace.ts'
import { claimEnded, type ResourceState } from './resource-state.ts'
import type { Trust } from './trust.ts'

/** Heroku holds a pair that was never made here: nothing goes on but a look each day. */
export function afterForeign(state: ResourceState, lookAgainMs: number, now: Date): ResourceState {
  const checkAt = new Date(now.getTime() + lookAgainMs)
  const trust = { ...state.trust, foreignSince: state.trust.foreignSince ?? now, adoptAsked: false }
  return { ...state, trust, checkAt, wakeAt: checkAt, claimedUntil: null }
}

/**
 * The config was compared, or could not be: `checkAt` is when it is compared again. A rotation that waited for the look
 * goes on.
 */
export function afterCheck(
  state: ResourceState,
  check: { checkAt: Date; trust: Trust },
  grace: GracePeriod,
  now: Date,
): ResourceState {
  const checked = { ...state, ...check }
  const waits = state.rotation !== null && check.trust.foreignSince !== null
  if (state.rotation) return { ...checked, wakeAt: waits ? check.checkAt : now, claimedUntil: null }
  return claimEnded(checked, { keyset: state.keyset, erased: [] }, grace, now).state
}
