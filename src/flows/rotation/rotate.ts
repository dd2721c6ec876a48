import type { Pair } from '../../domain/keyset.ts'
import type { ClaimedResource } from '../../store/claimed-resources.ts'
import type { Deps } from '../deps.ts'
import { waitForAdoption } from './adoption.ts'
import { checkConfig } from './check.ts'
import { contained } from './contained.ts'
import { type Created, createKeys } from './create.ts'
import { giveBack } from './end-failed.ts'
import { eraseOlderKeys } from './erase.ts'
import type { Group, Outcome } from './group.ts'
import { inFlight } from './in-flight.ts'
import { configValueOf, type OpenResource, openResource } from './open-resource.ts'
import { promote } from './promote.ts'
import { publishValue } from './publish.ts'

/** Takes every resource of a group through the step that it needs. Trouble with one stops nobody else. */
export async function rotateGroup(deps: Deps, group: Group): Promise<Outcome[]> {
  return await Promise.all(
    group.resources.map((claimed) => contained(deps, group, claimed, () => rotate(deps, group, claimed))),
  )
}

/**
 * One rotation, in the order of the protocol. The claim is in hand: decide, create, publish, promote. What the resources
 * of a group write at the same time shares its statements. Whatever dies half way is found by the next claim, which
 * goes on with the same key.
 */
async function rotate(deps: Deps, group: Group, claimed: ClaimedResource): Promise<Outcome> {
  const resource = await openResource(deps, claimed, group.callSignal)
  if (!resource) return await giveBack(deps, claimed)
  switch (resource.step.step) {
    case 'wait':
    case 'erase':
      return await eraseOlderKeys(deps, group, resource)
    case 'check':
      return await checkConfig(deps, group, resource, resource.step.pair)
    case 'create-filler':
      return (await waitForAdoption(deps, group, resource)) ?? (await create(deps, group, resource))
    case 'create':
      return await create(deps, group, resource)
    case 'publish':
    case 'publish-filler':
      // The pair was stored before this claim, so it may be at Heroku already: the config is read first.
      return await publish(deps, group, storedPair(resource, resource.step.pair), { readBack: true })
  }
}

async function create(deps: Deps, group: Group, resource: OpenResource): Promise<Outcome> {
  const created = await createKeys(deps, group, resource)
  if (!created) return await giveBack(deps, resource)
  return await publish(deps, group, created, { readBack: false })
}

async function publish(
  deps: Deps,
  group: Group,
  { resource, pair, value }: Created,
  { readBack }: { readBack: boolean },
): Promise<Outcome> {
  const published = await inFlight(deps, group, resource, () =>
    publishValue(resource.session, value, { readBack }),
  )
  if ('outcome' in published) return published.outcome
  // No longer in flight: the next call need not wait for this promotion.
  const confirmed = { resource, pair, publishedAt: deps.now(), retried: readBack }
  return (await promote(deps, group, confirmed)) ? 'promoted' : await giveBack(deps, resource)
}

/** A pair that was stored before: always what the database has, never what a process remembers. */
function storedPair(resource: OpenResource, pair: Pair): Created {
  return { resource, pair, value: configValueOf(resource, pair) }
}
