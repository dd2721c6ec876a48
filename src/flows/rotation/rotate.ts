import type { ClaimedResource } from '../../store/claimed-resources.ts'
import type { Deps } from '../deps.ts'
import { waitForAdoption } from './adoption.ts'
import { awaitTurn, learnApps } from './await-turn.ts'
import { stopBehindHistory } from './behind.ts'
import { checkConfig } from './check.ts'
import { contained } from './contained.ts'
import { createKeys } from './create.ts'
import { giveBack } from './end-failed.ts'
import { eraseOlderKeys } from './erase.ts'
import type { Group, Outcome } from './group.ts'
import { holdForOwnKey } from './hold-for-own-key.ts'
import { inFlight } from './in-flight.ts'
import { lookFirst } from './look.ts'
import { type OpenResource, openResource } from './open-resource.ts'
import { waitOutside } from './outside.ts'
import { promote } from './promote.ts'
import { type Publication, publicationOf } from './publish.ts'

/** Takes every resource of a group through the step that it needs. Trouble with one stops nobody else. */
export async function rotateGroup(process: Deps, group: Group): Promise<Outcome[]> {
  // The clock of this process may be set meanwhile: dates are those of the database, which said what is due.
  const deps = { ...process, now: group.now }
  return await Promise.all(
    group.resources.map((claimed) => contained(deps, group, claimed, () => rotate(deps, group, claimed))),
  )
}

/**
 * One rotation, in the order of the protocol. The claim is in hand: decide, look where there is doubt, create, publish,
 * promote. What the resources of a group write at the same time shares its statements. Whatever dies half way is found
 * by the next claim, which goes on with the same key.
 */
async function rotate(deps: Deps, group: Group, claimed: ClaimedResource): Promise<Outcome> {
  if (claimed.behind) return await stopBehindHistory(deps, claimed)
  const held = await holdForOwnKey(deps, claimed)
  if (held) return held
  const resource = await openResource(deps, claimed, group.callSignal)
  if (!resource) return await giveBack(deps, claimed)
  switch (resource.step.step) {
    case 'wait':
    case 'erase':
      return await eraseOlderKeys(deps, group, resource)
    case 'check':
      return await checkConfig(deps, group, resource)
    case 'create-filler':
    case 'create-next':
    case 'create':
      return await create(deps, group, resource)
    case 'publish':
    case 'publish-filler':
    case 'publish-next':
      return await publishStored(deps, group, resource)
  }
}

async function create(deps: Deps, group: Group, opened: OpenResource): Promise<Outcome> {
  // Before any call: of many that are due on one app all but one would make theirs in vain.
  const first = await awaitTurn(deps, group, opened)
  if ('outcome' in first) return first.outcome
  const looked = opened.inDoubt ? await lookFirst(deps, group, first.resource) : undefined
  if (looked && 'outcome' in looked) return looked.outcome
  // The apps are asked last: the look may have shown a rollback that came after an earlier question.
  const waits =
    opened.step.step === 'create-next' ? undefined : await waitForAdoption(deps, group, first.resource)
  if (waits) return waits
  // Whoever has asked for the apps may have found others than those of the turn.
  const turned = opened.session.apps().changed ? await awaitTurn(deps, group, first.resource) : first
  if ('outcome' in turned) return turned.outcome
  const { resource } = turned
  const created = await createKeys(deps, group, resource)
  if (!created) return await giveBack(deps, resource)
  const publication = publicationOf(deps, created.resource, created.texts)
  return await push(deps, group, created.resource, publication, {
    arrived: false,
    doubtful: resource.inDoubt,
  })
}

/** The pair was stored before this claim, so it may be at Heroku already: the config is read first. */
async function publishStored(deps: Deps, group: Group, resource: OpenResource): Promise<Outcome> {
  const publication = publicationOf(deps, resource)
  const looked = await lookFirst(deps, group, resource, publication?.vars)
  if (looked && 'outcome' in looked) return looked.outcome
  if (looked) return await push(deps, group, resource, publication, { arrived: true, doubtful: true })
  const waits = await waitOutside(deps, group, resource)
  if (waits) return waits
  const turned = await awaitTurn(deps, group, resource)
  if ('outcome' in turned) return turned.outcome
  return await push(deps, group, turned.resource, publication, { arrived: false, doubtful: true })
}

async function push(
  deps: Deps,
  group: Group,
  resource: OpenResource,
  publication: Publication | undefined,
  { arrived, doubtful }: { arrived: boolean; doubtful: boolean },
): Promise<Outcome> {
  if (!publication) return await giveBack(deps, resource)
  if (!arrived) {
    const waits = await waitOutside(deps, group, resource)
    if (waits) return waits
    const pushed = await inFlight(deps, group, resource, () => resource.session.writeConfig(publication.vars))
    if ('outcome' in pushed) return pushed.outcome
  }
  // No longer in flight: the next call need not wait for this promotion.
  const { pair, epoch } = publication
  const confirmed = { resource, pair, epoch, publishedAt: deps.now(), doubtful, arrived }
  if (!(await promote(deps, group, confirmed))) return await giveBack(deps, resource)
  await learnApps(deps, group, resource)
  return 'promoted'
}
