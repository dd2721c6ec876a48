import type { AuditEvent } from '../domain/audit.ts'
import { pendingFiller } from '../domain/keyset.ts'
import { decideStep, type Situation } from '../domain/rotation.ts'
import type { ResourceSealer } from '../sealing/sealing.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { type ClaimedResource, lockClaimedResources } from '../store/claimed-resources.ts'
import type { Trx } from '../store/database.ts'
import { insertKeys, type NewKey } from '../store/key-versions.ts'
import { openRotations, setPendingVersions } from '../store/rotations.ts'
import type { Deps } from './deps.ts'
import { makeKey } from './make-key.ts'

/** A claimed resource whose data key is open. */
export type OpenResource = ClaimedResource & { sealer: ResourceSealer }

/**
 * The step `create` for a group: makes and seals the key that each resource needs, then stores all of them with the
 * intents to rotate and the audit rows in one transaction. The decision is asked again inside it: a resource that
 * needs no key any more, or whose claim was taken over, gets none. Answers, in the order of the group, the resources
 * with their new keys as Postgres says that they are stored (what is published is never a key that only this process
 * knows), and undefined for one whose situation has changed.
 */
export async function createKeys(
  deps: Deps,
  resources: readonly OpenResource[],
): Promise<(OpenResource | undefined)[]> {
  if (resources.length === 0) return []
  const now = deps.now()
  const made = new Map(
    await Promise.all(
      resources.map(
        async (resource) => [resource.claim.resourceId, await keysFor(deps, resource, now)] as const,
      ),
    ),
  )
  return await deps.db.transaction().execute(async (trx) => {
    const claims = resources.map((resource) => resource.claim)
    const fresh = await lockClaimedResources(trx, claims, resources)
    // A key made for another need than the present one would be left behind, and hinder the next rotation.
    const waiting = fresh.filter(({ claim, situation }) => {
      const keys = made.get(claim.resourceId) ?? []
      return keys.length > 0 && fillersLacking(situation, now).join() === keys.map((k) => k.filler).join()
    })
    const intended = await writeIntents(trx, waiting, made, now)
    const keys = intended.flatMap(({ claim }) => made.get(claim.resourceId) ?? [])
    const stored = await insertKeys(trx, keys, now)
    await insertAuditEvents(
      trx,
      keys.map((key) => keyCreated(key, now)),
    )
    const situated = new Map(intended.map((resource) => [resource.claim.resourceId, resource]))
    return resources.map((resource) => {
      const { resourceId } = resource.claim
      const present = situated.get(resourceId)
      if (!present) return undefined
      const keyset = [...present.situation.keyset, ...(stored.get(resourceId) ?? [])]
      return { ...resource, ...present, situation: { ...present.situation, keyset } }
    })
  })
}

/** The keys that a resource lacks, each by whether it is a filler: a new one, a filler, or for a revoke both. */
function fillersLacking(situation: Situation, now: Date): boolean[] {
  const step = decideStep(situation, now)
  if (step.step === 'create-filler') return [true]
  if (step.step !== 'create') return []
  return step.reason === 'revoke' && !pendingFiller(situation.keyset) ? [false, true] : [false]
}

async function keysFor(deps: Deps, resource: OpenResource, now: Date): Promise<NewKey[]> {
  const { claim, lastVersion, sealer, situation } = resource
  return await Promise.all(
    fillersLacking(situation, now).map(async (filler, index) => {
      const version = lastVersion + 1 + index
      return (
        await makeKey(deps, sealer, { resourceId: claim.resourceId, version, stage: 'pending', filler })
      ).key
    }),
  )
}

/** Writes down why each new key is made. Answers the resources that may get theirs; a filler needs no intent. */
async function writeIntents(
  trx: Trx,
  waiting: readonly ClaimedResource[],
  made: ReadonlyMap<string, readonly NewKey[]>,
  now: Date,
): Promise<ClaimedResource[]> {
  const steps = waiting.map((resource) => {
    const pending = made.get(resource.claim.resourceId)?.find((key) => !key.filler)
    return { resource, step: decideStep(resource.situation, now), version: pending?.version ?? null }
  })
  const opened = await openRotations(
    trx,
    steps.flatMap(({ resource, step, version }) =>
      step.step === 'create' && !resource.rotation
        ? [
            {
              resourceId: resource.claim.resourceId,
              reason: step.reason,
              dueAt: step.dueAt,
              openedBy: { type: 'worker' } as const,
              pendingVersion: version,
            },
          ]
        : [],
    ),
    now,
  )
  await setPendingVersions(
    trx,
    steps.flatMap(({ resource, version }) =>
      resource.rotation && version !== null
        ? [{ resourceId: resource.claim.resourceId, rotationId: resource.rotation.id, version }]
        : [],
    ),
  )
  return steps.flatMap(({ resource, step }): ClaimedResource[] => {
    if (step.step === 'create-filler' || resource.rotation) return [resource]
    const id = opened.get(resource.claim.resourceId)
    if (id === undefined || step.step !== 'create') return []
    const rotation = { id, reason: step.reason, dueAt: step.dueAt, attempts: 0 }
    return [{ ...resource, rotation, situation: { ...resource.situation, openRotation: rotation } }]
  })
}

function keyCreated(key: NewKey, at: Date): AuditEvent {
  return {
    resourceId: key.resourceId,
    at,
    actor: { type: 'worker' },
    action: key.filler ? 'filler-created' : 'key-created',
    version: key.version,
    fingerprint: key.fingerprint,
  }
}
