import type { NamedKey } from '../../domain/history.ts'
import { isInDoubt } from '../../domain/judge-held.ts'
import { keyFromBytes } from '../../domain/key.ts'
import type { ResourceState } from '../../domain/resource-state.ts'
import { decideStep, type Step } from '../../domain/rotation.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import type { ClaimedResource } from '../../store/claimed-resources.ts'
import { findKeysOf, type StoredKey } from '../../store/sealed-keys.ts'
import type { Deps } from '../deps.ts'
import { namedKeyOf } from '../ended-rotation.ts'
import { createHerokuSession, type HerokuSession } from '../heroku/heroku-session.ts'

/** A claimed resource whose data key is open, and the one step that it needs now. */
export type OpenResource = ClaimedResource & {
  sealer: ResourceSealer
  session: HerokuSession
  step: Step
  /** Heroku is read before anything is pushed. */
  inDoubt: boolean
  /** Its stored keys, where the step needs more of them than the one that signs. */
  keys: readonly StoredKey[]
}

/**
 * Opens a resource's data key and decides its step. Undefined: somebody has changed the resource since it was claimed.
 * Throws `sealed-value-unreadable`.
 */
export async function openResource(
  deps: Deps,
  claimed: ClaimedResource,
  callSignal: AbortSignal,
): Promise<OpenResource | undefined> {
  const opening = deps.sealing.forResource(claimed.resourceId, claimed.dek)
  const sealer = opening instanceof Promise ? await opening : opening
  const session = createHerokuSession(deps, { ...claimed, sealer }, callSignal)
  const { state, grace } = claimed
  const now = deps.now()
  const step = decideStep({ ...state, grace }, now)
  const inDoubt = isLookedAtFirst(deps, claimed, step, now)
  const keys = needsCurrentAlone(claimed, step, inDoubt, now) ? [] : await findKeysOf(deps.db, claimed)
  return keys && { ...claimed, sealer, session, step, inDoubt, keys }
}

/**
 * A pair that was stored before this claim may be at Heroku already. A revoke reads nothing before its first push: it
 * overwrites whatever is there. One that was asked for before this epoch may have been served in a past that is lost.
 */
function isLookedAtFirst(deps: Deps, { state }: ClaimedResource, step: Step, now: Date): boolean {
  const { epoch } = deps.installation.standing()
  if (step.step === 'publish' || step.step === 'publish-filler' || step.step === 'publish-next') return true
  if (step.step === 'create' && step.reason === 'revoke') return isRevokeOfThePast(deps, state)
  if (step.step === 'create') return isInDoubt(state, epoch, step.dueAt, now)
  const isMadeAlone = step.step === 'create-filler' || step.step === 'create-next'
  return isMadeAlone && isInDoubt(state, epoch, now, now)
}

/** Whether a revoke is under way that was asked for before the present epoch began. */
export function isRevokeOfThePast(
  { installation }: Pick<Deps, 'installation'>,
  { rotation }: ResourceState,
): boolean {
  return rotation?.reason === 'revoke' && rotation.openedAt < installation.standing().since
}

/** A rotation needs the current key alone, beside the one that it makes. Whatever is rarer reads all that are stored. */
function needsCurrentAlone({ state }: ClaimedResource, { step }: Step, inDoubt: boolean, now: Date): boolean {
  if (step === 'wait' || step === 'erase') return true
  const { second, older, pendingFiller, next } = state.keyset
  // A key that is displaced before its time stays in the keyring.
  const displaced = older.length > 0 || (!second.filler && second.until > now)
  return step === 'create' && !inDoubt && !displaced && pendingFiller === null && next === null
}

/** The text of a stored key. Throws `sealed-value-unreadable`. */
export function storedText({ sealer, keys, sealedCurrent, state }: OpenResource, version: number): string {
  const isCurrent = version === state.keyset.current
  const sealed = isCurrent ? sealedCurrent : keys.find((key) => key.version === version)?.sealed
  if (!sealed) throw new Error(`key version ${version} is not stored`)
  return keyFromBytes(sealer.openKey(version, sealed))
}

/** A stored key by its name, where there is one. */
export function namedKey(keys: readonly StoredKey[], version: number | null): NamedKey | undefined {
  const key = keys.find((each) => each.version === version)
  return key && namedKeyOf(key)
}
