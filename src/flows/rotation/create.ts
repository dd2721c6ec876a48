import { versionsToMake } from '../../domain/new-versions.ts'
import { openRotation, type ResourceState, withNewKeys } from '../../domain/resource-state.ts'
import type { Step } from '../../domain/rotation.ts'
import type { Deps } from '../deps.ts'
import { makeKey } from '../make-key.ts'
import type { Group } from './group.ts'
import type { OpenResource } from './open-resource.ts'

/** What was stored, and the texts of the keys in it. */
export type Created = { resource: OpenResource; texts: ReadonlyMap<number, string> }

/**
 * The step `create`: makes and seals what the resource lacks (a key, a filler, for a revoke both; a next key where that is
 * announced) and stores it with the intent to rotate, and that its apps are restarted from now on. Nothing has left the
 * service before that is done, so whoever goes on after a crash finds the key and uses it. Undefined when somebody has changed
 * the resource meanwhile: then nothing was stored.
 */
export async function createKeys(
  deps: Deps,
  group: Group,
  resource: OpenResource,
): Promise<Created | undefined> {
  const now = deps.now()
  const { resourceId, fence, revision, state, sealer, step } = resource
  const opened = withIntent(state, step, now)
  const numbers = versionsToMake(opened, step)
  const announced = state.keyset.next?.version ?? null
  const made = [numbers.key, numbers.filler, numbers.next]
    .filter((version) => version !== null)
    .filter((version) => version !== announced)
    .map((version) => makeKey(deps, sealer, resourceId, version))
  const to = { ...withNewKeys(opened, numbers), pushedAt: now }
  const keys = made.map(({ key }) => key)
  if (!(await group.store({ resourceId, fence, revision, state, to, by: 'claim', keys, events: [] }))) {
    return undefined
  }
  const live = keys.map(({ version, digest, sealed }) => ({ version, digest, sealed, createdAt: now }))
  const stored = { ...resource, state: to, keys: [...resource.keys, ...live] }
  // What was just stored under these numbers need not be opened again.
  return { resource: stored, texts: new Map(made.map(({ key, text }) => [key.version, text])) }
}

/** A rotation that nobody has asked for is opened by the schedule. A filler needs no intent. */
function withIntent(state: ResourceState, step: Step, now: Date): ResourceState {
  if (step.step !== 'create' || state.rotation) return state
  const { reason, dueAt } = step
  return openRotation(state, { reason, dueAt, openedBy: { type: 'worker' } }, now)
}
