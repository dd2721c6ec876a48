import { costsNoAttempt } from '../domain/heroku-failure.ts'
import { decideStep, type Step } from '../domain/rotation.ts'
import { loadClaimedResources } from '../store/claimed-resources.ts'
import type { Claim } from '../store/schedule.ts'
import { adoptionOf } from './adoption.ts'
import { checkConfig, recordCheck } from './check-config.ts'
import { createKeys, type OpenResource } from './create-keys.ts'
import type { Deps } from './deps.ts'
import {
  contained,
  emptyTally,
  endFailed,
  type Group,
  giveBack,
  runAlone,
  type Tally,
  unreadable,
} from './group.ts'
import { groupOrEach } from './group-or-each.ts'
import type { Confirmed } from './promote.ts'
import { publishPair } from './publish.ts'
import { retireGroup } from './retire.ts'

/**
 * Takes every resource of a group one step of the protocol further: keys are made for those that need one and stored
 * together, then each pair is brought to Heroku by itself, and each confirmation is promoted. Whatever dies half way
 * is found by the next claim and goes on with the same key.
 */
export async function workOnClaims(deps: Deps, group: Group): Promise<Tally> {
  const tally = emptyTally()
  const steps = await loadSteps(deps, group, group.claims, tally)
  const kept = await withoutUnadopted(deps, group, steps, tally)
  const creating = kept.filter(({ step }) => step.step === 'create' || step.step === 'create-filler')
  const created = await withKeys(deps, group, creating, tally)
  const idle = [...kept, ...created].filter(({ step }) => step.step === 'erase' || step.step === 'wait')
  tally.retired += await retireGroup(
    deps,
    idle.map(({ resource }) => resource),
  )
  const publishing = [
    ...kept.map((item) => ({ ...item, readBack: true })),
    ...created.map((item) => ({ ...item, readBack: false })),
  ].filter(({ step }) => CALLS_HEROKU.includes(step.step))
  await Promise.all(
    publishing.map(async (item) => {
      const { claim } = item.resource
      const confirmed = await runAlone(deps, group, claim, tally, (signal) =>
        publishOrCheck(deps, group, item, signal, tally),
      )
      // Whoever waits for a promotion has made his call: the next one need not wait with him.
      if (confirmed) await contained(deps, group, claim, tally, () => promote(deps, group, confirmed, tally))
    }),
  )
  return tally
}

/** Makes the keys that are lacking. A resource whose situation has changed meanwhile is looked at anew. */
async function withKeys(
  deps: Deps,
  group: Group,
  creating: readonly ResourceStep[],
  tally: Tally,
): Promise<ResourceStep[]> {
  const results = await groupOrEach(
    creating.map(({ resource }) => resource),
    (resources) => createKeys(deps, resources),
  )
  const created: OpenResource[] = []
  const changed: Claim[] = []
  for (const [index, { resource, step }] of creating.entries()) {
    const result = results[index]
    if (result instanceof Error) {
      // Its claim is left to the lease, since what stands in its rows will be refused at once again.
      deps.log.error({ err: result, resourceId: resource.claim.resourceId }, 'keys not stored')
    } else if (result && step.step === 'create') created.push(result)
    // Also for a filler: the question for its adoption may have refreshed the access token.
    else changed.push(resource.claim)
  }
  const now = deps.now()
  return [
    ...created.map((resource) => ({ resource, step: decideStep(resource.situation, now) })),
    ...(await loadSteps(deps, group, changed, tally)),
  ]
}

/** The steps that a resource takes by itself, with calls to Heroku; the others are taken by the group together. */
const CALLS_HEROKU: readonly Step['step'][] = ['publish', 'publish-filler', 'check']

type ResourceStep = { resource: OpenResource; step: Step }

/** Loads a group and opens each data key. A resource whose data key does not open fails alone. */
async function loadSteps(
  deps: Deps,
  group: Group,
  claims: readonly Claim[],
  tally: Tally,
): Promise<ResourceStep[]> {
  const resources = await loadClaimedResources(deps.db, claims)
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

/** One resource's calls to Heroku: a push, whose confirmation is answered, or a check. */
async function publishOrCheck(
  deps: Deps,
  group: Group,
  item: ResourceStep & { readBack: boolean },
  signal: AbortSignal,
  tally: Tally,
): Promise<Confirmed | undefined> {
  const { resource, step, readBack } = item
  const { claim } = resource
  if (step.step === 'check') {
    const check = await checkConfig(deps, resource, step.pair, signal)
    if (!check.ok && (group.signal.aborted || costsNoAttempt(check.failure))) {
      // Cut off by a shutdown, or not now: it is made as soon as it can be, for a leaked key may be back.
      await endFailed(deps, group, claim, check.failure, tally)
      return undefined
    }
    await recordCheck(deps, resource, check.ok ? check.value : 'unknown')
    tally.checked += 1
    return undefined
  }
  if (step.step !== 'publish' && step.step !== 'publish-filler') return undefined
  const result = await publishPair(deps, resource, step.pair, { readBack, signal })
  if (!result.ok) {
    await endFailed(deps, group, claim, result.failure, tally)
    return undefined
  }
  return { resource, pair: step.pair, publishedAt: deps.now(), retried: readBack }
}

async function promote(deps: Deps, group: Group, confirmed: Confirmed, tally: Tally): Promise<void> {
  const { claim } = confirmed.resource
  if ((await group.promote(confirmed)) === 'promoted') {
    tally.promoted += 1
    return
  }
  deps.log.warn({ resourceId: claim.resourceId }, 'rotation overtaken')
  await giveBack(deps, claim, tally)
}

const ADOPTION_LOOK_AGAIN_MS = 300_000

/** Leaves out resources whose old key must stay in the config var, because an app has not yet taken the new one. */
async function withoutUnadopted(
  deps: Deps,
  group: Group,
  steps: readonly ResourceStep[],
  tally: Tally,
): Promise<ResourceStep[]> {
  const kept: ResourceStep[] = []
  await Promise.all(
    steps.map(async (item) => {
      if (item.step.step !== 'create-filler') {
        kept.push(item)
        return
      }
      const { claim } = item.resource
      await runAlone(deps, group, claim, tally, async (signal) => {
        const adoption = await adoptionOf(deps, item.resource, signal)
        if (!adoption.ok) await endFailed(deps, group, claim, adoption.failure, tally)
        else if (adoption.value !== 'waiting') kept.push(item)
        else {
          const { revision } = item.resource
          const lookAgainAt = new Date(deps.now().getTime() + ADOPTION_LOOK_AGAIN_MS)
          await giveBack(deps, { ...claim, revision }, tally, lookAgainAt)
        }
      })
    }),
  )
  return kept
}
