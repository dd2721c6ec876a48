import type { AuditEvent } from '../domain/audit.ts'
import { pendingFiller } from '../domain/keyset.ts'
import { decideStep } from '../domain/rotation.ts'
import type { ResourceSealer } from '../sealing/sealing.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { type ClaimedResource, loadClaimedResources } from '../store/claimed-resources.ts'
import type { Db } from '../store/database.ts'
import { insertKeys, type NewKey } from '../store/key-versions.ts'
import { openRotations, setPendingVersions } from '../store/rotations.ts'
import type { Deps } from './deps.ts'
import { makeKey } from './make-key.ts'

/** A claimed resource whose data key is open. */
export type OpenResource = ClaimedResource & { sealer: ResourceSealer }

/**
 * The step `create` for a group: makes and seals the key that each resource needs, then stores all of them with the
 * intents to rotate and the audit rows in one transaction. The decision is asked again inside it: a resource that
 * needs no key any more, or whose claim was taken over, gets none. Read the keyset back before you publish.
 */
export async function createKeys(deps: Deps, resources: readonly OpenResource[]): Promise<void> {
  if (resources.length === 0) return
  const now = deps.now()
  const made = new Map(
    await Promise.all(
      resources.map(
        async (resource) => [resource.claim.resourceId, await keysFor(deps, resource, now)] as const,
      ),
    ),
  )
  await deps.db.transaction().execute(async (trx) => {
    const claims = resources.map((resource) => resource.claim)
    const fresh = await loadClaimedResources(trx, claims, { lock: true })
    const waiting = fresh.filter(({ situation }) => decideStep(situation, now).step.startsWith('create'))
    const intended = await writeIntents(trx, waiting, made, now)
    const keys = intended.flatMap(({ claim }) => made.get(claim.resourceId) ?? [])
    await insertKeys(trx, keys, now)
    await insertAuditEvents(
      trx,
      keys.map((key) => keyCreated(key, now)),
    )
  })
}

/** The keys that a resource lacks: a new one, a filler, or for a revoke both. */
async function keysFor(deps: Deps, resource: OpenResource, now: Date): Promise<NewKey[]> {
  const { claim, lastVersion, sealer, situation } = resource
  const step = decideStep(situation, now)
  const fillers: boolean[] = []
  if (step.step === 'create') fillers.push(false)
  const revoking = step.step === 'create' && step.reason === 'revoke' && !pendingFiller(situation.keyset)
  if (step.step === 'create-filler' || revoking) fillers.push(true)
  return await Promise.all(
    fillers.map(async (filler, index) => {
      const version = lastVersion + 1 + index
      return (
        await makeKey(deps, sealer, { resourceId: claim.resourceId, version, stage: 'pending', filler })
      ).key
    }),
  )
}

/** Writes down why each new key is made. Answers the resources that may get theirs; a filler needs no intent. */
async function writeIntents(
  trx: Db,
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
      resource.rotation && version !== null ? [{ rotationId: resource.rotation.id, version }] : [],
    ),
  )
  return steps
    .filter(({ resource, step }) => {
      return step.step === 'create-filler' || resource.rotation || opened.has(resource.claim.resourceId)
    })
    .map(({ resource }) => resource)
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
