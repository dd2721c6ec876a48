import { SecurekeyError } from '../domain/errors.ts'
import { decideStep, type Step } from '../domain/rotation.ts'
import { loadClaimedResources } from '../store/claimed-resources.ts'
import { type Claim, releaseClaims } from '../store/schedule.ts'
import { adoptionOf } from './adoption.ts'
import { checkConfig, recordCheck } from './check-config.ts'
import { createKeys, type OpenResource } from './create-keys.ts'
import type { Deps } from './deps.ts'
import { callSignal, endFailed, type Group, type Tally, unreadable } from './group.ts'
import { groupOrEach } from './group-or-each.ts'
import { publishPair } from './publish.ts'
import { retireGroup } from './retire.ts'

/**
 * Takes every resource of a group one step of the protocol further: keys are made for those that need one and stored
 * together, then each pair is brought to Heroku by itself, and each confirmation is promoted. Whatever dies half way
 * is found by the next claim and goes on with the same key.
 */
export async function workOnClaims(deps: Deps, group: Group): Promise<Tally> {
  const tally: Tally = { promoted: 0, retired: 0, checked: 0, failed: 0, givenBack: 0 }
  const steps = await loadSteps(deps, group, group.claims, tally)
  const kept = await withoutUnadopted(deps, group, steps, tally)
  const creating = kept.filter(({ step }) => step.step === 'create' || step.step === 'create-filler')
  await groupOrEach(
    creating.map(({ resource }) => resource),
    (resources) => createKeys(deps, resources).then(() => resources),
  )
  // Read back what was stored, so that what is published is never a key that only this process knows.
  const created = await loadSteps(
    deps,
    group,
    creating.map(({ resource }) => resource.claim),
    tally,
  )
  const idle = [...kept, ...created].filter(({ step }) => step.step === 'erase' || step.step === 'wait')
  tally.retired += await retireGroup(
    deps,
    idle.map(({ resource }) => resource.claim),
  )
  const publishing = [
    ...kept.map((item) => ({ ...item, readBack: true })),
    ...created.map((item) => ({ ...item, readBack: false })),
  ]
  await Promise.all(publishing.map((item) => group.run(() => publishAndPromote(deps, group, item, tally))))
  return tally
}

type ResourceStep = { resource: OpenResource; step: Step }

/** Loads a group and opens each data key. A resource whose data key does not open fails alone. */
async function loadSteps(
  deps: Deps,
  group: Group,
  claims: readonly Claim[],
  tally: Tally,
): Promise<ResourceStep[]> {
  const resources = await loadClaimedResources(deps.db, claims, { lock: false })
  const now = deps.now()
  const steps = await Promise.all(
    resources.map(async (resource) => {
      const { claim, wrappedDek } = resource
      try {
        const sealer = await deps.sealing.forResource(claim.resourceId, wrappedDek)
        return [{ resource: { ...resource, sealer }, step: decideStep(resource.situation, now) }]
      } catch (error) {
        await endFailed(deps, group, claim, unreadable(error), tally)
        return []
      }
    }),
  )
  return steps.flat()
}

/** One resource's way through `publish` and `promote`. An unforeseen error is logged and stops nobody else. */
async function publishAndPromote(
  deps: Deps,
  group: Group,
  item: ResourceStep & { readBack: boolean },
  tally: Tally,
): Promise<void> {
  const { claim } = item.resource
  try {
    await publishThenPromote(deps, group, item, tally)
  } catch (error) {
    if (error instanceof SecurekeyError) {
      await endFailed(deps, group, claim, unreadable(error), tally)
      return
    }
    tally.failed += 1
    // The claim is left to its lease: whether the push arrived is found out by the read-back.
    deps.log.error({ err: error, resourceId: claim.resourceId }, 'rotation interrupted')
  }
}

async function publishThenPromote(
  deps: Deps,
  group: Group,
  item: ResourceStep & { readBack: boolean },
  tally: Tally,
): Promise<void> {
  const { resource, step, readBack } = item
  if (step.step !== 'publish' && step.step !== 'publish-filler' && step.step !== 'check') return
  const { claim } = resource
  const signal = callSignal(deps, group)
  if (signal.aborted) {
    tally.givenBack += 1
    await releaseClaims(deps.db, [claim], deps.now())
    return
  }
  if (step.step === 'check') {
    const check = await checkConfig(deps, resource, step.pair, signal)
    await recordCheck(deps, resource, check.ok ? check.value : 'unknown')
    tally.checked += 1
    return
  }
  const result = await publishPair(deps, resource, step.pair, { readBack, signal })
  if (!result.ok) {
    await endFailed(deps, group, claim, result.failure, tally)
    return
  }
  const outcome = await group.promote({ claim, pair: step.pair, publishedAt: deps.now() })
  if (outcome === 'promoted') {
    tally.promoted += 1
    return
  }
  tally.givenBack += 1
  deps.log.warn({ resourceId: claim.resourceId }, 'rotation overtaken')
  await releaseClaims(deps.db, [claim], deps.now())
}

const ADOPTION_LOOK_AGAIN_MS = 300_000

/** Leaves out resources whose old key must stay in the config var, because an app has not yet taken the new one. */
async function withoutUnadopted(
  deps: Deps,
  group: Group,
  steps: readonly ResourceStep[],
  tally: Tally,
): Promise<ResourceStep[]> {
  const kept = await Promise.all(
    steps.map(async (item) => {
      if (item.step.step !== 'create-filler') return [item]
      const { claim } = item.resource
      const adoption = await group.run(() => adoptionOf(deps, item.resource, callSignal(deps, group)))
      if (!adoption.ok) {
        await endFailed(deps, group, claim, adoption.failure, tally)
        return []
      }
      if (adoption.value !== 'waiting') return [item]
      tally.givenBack += 1
      await releaseClaims(deps.db, [claim], new Date(deps.now().getTime() + ADOPTION_LOOK_AGAIN_MS))
      return []
    }),
  )
  return kept.flat()
}
