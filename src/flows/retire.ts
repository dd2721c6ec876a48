import { afterTransitions, decideStep, nextWakeAt, type Transition } from '../domain/rotation.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { type ClaimedResource, lockClaimedResources } from '../store/claimed-resources.ts'
import { applyTransitions } from '../store/key-versions.ts'
import { settleClaims } from '../store/schedule.ts'
import type { Deps } from './deps.ts'

/**
 * The step `retire` for keys that no app can be holding any more, for a group in one transaction: rows locked, the
 * decision asked again, keys erased. It also ends claims of resources that need nothing. Answers how many keys went.
 */
export async function retireGroup(deps: Deps, resources: readonly ClaimedResource[]): Promise<number> {
  if (resources.length === 0) return 0
  const now = deps.now()
  return await deps.db.transaction().execute(async (trx) => {
    const claims = resources.map((resource) => resource.claim)
    const fresh = await lockClaimedResources(trx, claims, resources)
    const retirements = fresh.map((resource) => ({ resource, transitions: retirementsOf(resource, now) }))
    await applyTransitions(
      trx,
      retirements.flatMap(({ resource, transitions }) =>
        transitions.map((t) => ({ ...t, resourceId: resource.claim.resourceId, publishedAt: null })),
      ),
      now,
    )
    await settleClaims(
      trx,
      retirements.map(({ resource, transitions }) => {
        const { situation, claim, repairs } = resource
        const after = { ...situation, keyset: afterTransitions(situation.keyset, transitions) }
        return { claim, wakeAt: nextWakeAt(after, now), failures: 0, repairs }
      }),
      now,
    )
    const events = retirements.flatMap(({ resource, transitions }) =>
      transitions.map(({ version }) => ({
        resourceId: resource.claim.resourceId,
        at: now,
        actor: { type: 'worker' } as const,
        action: 'key-retired' as const,
        version,
        fingerprint: resource.situation.keyset.find((key) => key.version === version)?.fingerprint ?? '',
      })),
    )
    await insertAuditEvents(trx, events)
    return events.length
  })
}

function retirementsOf({ situation }: ClaimedResource, now: Date): Transition[] {
  const step = decideStep(situation, now)
  if (step.step !== 'erase') return []
  return step.versions.map((version) => ({ version, to: 'retired', graceEndsAt: null }))
}
