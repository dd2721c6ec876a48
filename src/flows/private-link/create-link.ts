import type { Actor } from '../../domain/actor.ts'
import { partitionOf } from '../../domain/aws-region.ts'
import { findPlan } from '../../domain/plan.ts'
import { linkRegion, pickNlb } from '../../domain/private-link.ts'
import { readAccounts } from '../../domain/private-link-accounts.ts'
import { uuidFrom } from '../../domain/random-uuid.ts'
import type { Trx } from '../../store/database.ts'
import { countLinksByNlb, insertPrivateLink, type StoredLink } from '../../store/private-links.ts'
import type { Resource } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import { changeLink, listed } from './change-link.ts'
import { linkView } from './link-view.ts'
import type { PrivateLinkOutcome } from './outcome.ts'

type Request = { resourceId: string; accounts: unknown; actor: Actor }

/**
 * Asks for the private link of an add-on; the worker makes it. The same request again, with the same accounts, is done and
 * changes nothing: programs repeat. Throws as `changeLink` does.
 */
export async function createPrivateLink(
  deps: Pick<Deps, 'db' | 'now' | 'random' | 'settings' | 'log'>,
  { resourceId, accounts, actor }: Request,
): Promise<PrivateLinkOutcome> {
  const clientToken = uuidFrom(deps.random(16))
  return await changeLink(deps, { resourceId, actor }, async (stored, { resource }, trx) => {
    if (!findPlan(deps.settings.plans, resource.plan)?.space) {
      return { outcome: { outcome: 'not-private', plan: resource.plan } }
    }
    const region = stored?.link.region ?? linkRegion(resource.region)
    const read = readAccounts(accounts, partitionOf(region))
    if ('problem' in read) return { outcome: { outcome: 'refused', problem: read.problem } }
    if (stored) return await again(deps, stored, read.arns, trx)
    const nlbArn = await nlbFor(deps, trx, region)
    if (nlbArn === undefined) return { outcome: { outcome: 'off' } }
    const now = deps.now()
    await insertPrivateLink(trx, { resourceId, region, nlbArn, clientToken, arns: read.arns }, now)
    const details = { region, accounts: listed(read.arns) }
    return { event: { at: now, kind: 'privatelink-created', actor, details } }
  })
}

async function again(deps: Pick<Deps, 'settings'>, stored: StoredLink, arns: readonly string[], trx: Trx) {
  if (stored.link.wanted === 'absent') return { outcome: { outcome: 'deprovisioning' } } as const
  const present = stored.accounts.filter(({ status }) => status !== 'Removing').map(({ arn }) => arn)
  const isSame = present.length === arns.length && arns.every((arn) => present.includes(arn))
  if (isSame) return { same: true } as const
  return { outcome: { outcome: 'exists', view: await linkView(trx, deps, stored) } } as const
}

async function nlbFor({ settings }: Pick<Deps, 'settings'>, trx: Trx, region: string) {
  const pool = settings.privateLink?.nlbs.get(region)
  return pool && pickNlb(pool, await countLinksByNlb(trx, region))
}

/** Whether an add-on could have a private link, as a page says before it is asked for. */
export function mayHaveLink(
  { settings }: Pick<Deps, 'settings'>,
  { plan, region }: Pick<Resource, 'plan' | 'region'>,
): 'yes' | 'not-private' | 'off' {
  if (!findPlan(settings.plans, plan)?.space) return 'not-private'
  return settings.privateLink?.nlbs.has(linkRegion(region)) ? 'yes' : 'off'
}
