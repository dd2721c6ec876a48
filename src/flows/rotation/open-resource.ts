import { secureKeyValue } from '../../domain/config-vars.ts'
import type { NamedKey } from '../../domain/history.ts'
import { keyFromBytes } from '../../domain/key.ts'
import type { Pair } from '../../domain/keyset.ts'
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
  const step = decideStep({ ...state, grace }, deps.now())
  const keys = await keysFor(deps, claimed, step)
  return keys && { ...claimed, sealer, session, step, keys }
}

/** A rotation needs the current key alone, beside the one that it makes. Whatever is rarer reads all that are stored. */
async function keysFor(deps: Deps, claimed: ClaimedResource, { step }: Step) {
  if (step === 'wait' || step === 'erase') return []
  if (step === 'create' && claimed.state.keyset.pendingFiller === null) return []
  return await findKeysOf(deps.db, claimed)
}

/**
 * The config value of two stored versions. `known` are texts of versions that this process has just stored; all others
 * are opened. Throws `sealed-value-unreadable`.
 */
export function configValueOf(
  resource: OpenResource,
  { first, second }: Pair,
  known?: ReadonlyMap<number, string>,
): string {
  return secureKeyValue(
    known?.get(first) ?? textOf(resource, first),
    known?.get(second) ?? textOf(resource, second),
  )
}

function textOf({ sealer, keys, sealedCurrent, state }: OpenResource, version: number): string {
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
