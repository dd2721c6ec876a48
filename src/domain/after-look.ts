import type { GracePeriod } from './grace.ts'
import { lifeEndsAt, theLater } from './old-key-end.ts'
import { claimEnded, type ResourceState, resumed } from './resource-state.ts'
import { type HeldBack, nextWakeAt } from './rotation.ts'
import type { Trust } from './trust.ts'

/** Heroku holds a pair that was never made here: nothing goes on but a look each day. */
export function afterForeign(state: ResourceState, lookAgainMs: number, now: Date): ResourceState {
  const checkAt = new Date(now.getTime() + lookAgainMs)
  const { trust: before } = state
  const foreignSince = before.foreignSince ?? now
  const trust = { ...before, foreignSince, adoptAsked: false, uncheckedSince: null }
  // Heroku has answered: what failed before is over.
  const stopped = { heldBack: null, turn: null, attempts: 0, trust, checkAt, wakeAt: checkAt }
  return { ...state, ...stopped, claimedUntil: null }
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
  if (state.rotation) {
    return { ...checked, wakeAt: nextWakeAt({ ...checked, grace }, now), claimedUntil: null }
  }
  return claimEnded(checked, { keyset: state.keyset, erased: [] }, grace, now).state
}

/**
 * Apps still sign with the key that would leave. The first time that a release shows it, the config is compared at once: if
 * an older pair has come back, putting that right is what the apps wait for. What processes say brings nothing forward.
 * A stated life of what apps sign counts from now on for what they still sign with that key.
 */
export function afterHoldingBack(
  state: ResourceState,
  heldBack: HeldBack,
  grace: GracePeriod,
  now: Date,
): ResourceState {
  // Heroku has answered: what failed before is over, and the rotation is stuck no longer.
  const shown = !heldBack.saidOnly && (state.heldBack === null || state.heldBack.saidOnly === true)
  const { keyset, tokenLifeMs } = state
  const { second } = keyset
  const kept =
    tokenLifeMs === null || second.filler
      ? second
      : { ...second, until: theLater(second.until, lifeEndsAt(tokenLifeMs, now)) }
  const seen = { ...resumed(state), keyset: { ...keyset, second: kept } }
  // Nobody waits for one that waits itself.
  const held = { ...seen, heldBack, turn: null, checkAt: shown ? now : state.checkAt }
  return { ...held, wakeAt: nextWakeAt({ ...held, grace }, now), claimedUntil: null }
}
