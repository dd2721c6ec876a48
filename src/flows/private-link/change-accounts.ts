import type { Actor } from '../../domain/actor.ts'
import { partitionOf } from '../../domain/aws-region.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { MOST_LINK_ACCOUNTS, readAccounts } from '../../domain/private-link-accounts.ts'
import type { Trx } from '../../store/database.ts'
import { noteLinkChange, type StoredLink, setLinkAccounts } from '../../store/private-links.ts'
import type { Deps } from '../deps.ts'
import { changeLink, listed } from './change-link.ts'
import type { PrivateLinkOutcome } from './outcome.ts'

type Request = { resourceId: string; accounts: unknown; actor: Actor }
type Needs = Pick<Deps, 'db' | 'now' | 'settings' | 'log'>

/** Lets more accounts make endpoints; those that may already change nothing. Throws as `changeLink` does. */
export async function addAccounts(deps: Needs, request: Request): Promise<PrivateLinkOutcome> {
  return await changeAccounts(deps, request, async ({ accounts }, arns, trx) => {
    const present = accounts.filter(({ status }) => status !== 'Removing').map(({ arn }) => arn)
    const added = arns.filter((arn) => !present.includes(arn))
    if (present.length + added.length > MOST_LINK_ACCOUNTS) {
      return {
        problem: `A private link lets in ${MOST_LINK_ACCOUNTS} AWS accounts, users and roles at the most.`,
      }
    }
    await setLinkAccounts(trx, request.resourceId, added, 'Adding', deps.now())
    return { changed: added, details: { added: listed(added) } }
  })
}

/**
 * Takes accounts off. Their endpoints are ended where no entry of the same account is left. One that is not there changes
 * nothing. Throws as `changeLink` does.
 */
export async function removeAccounts(deps: Needs, request: Request): Promise<PrivateLinkOutcome> {
  return await changeAccounts(deps, request, async ({ accounts }, arns, trx) => {
    const removed = accounts
      .filter(({ arn, status }) => status !== 'Removing' && arns.includes(arn))
      .map(({ arn }) => arn)
    await setLinkAccounts(trx, request.resourceId, removed, 'Removing', deps.now())
    return { changed: removed, details: { removed: listed(removed) } }
  })
}

type Change = { problem: string } | { changed: readonly string[]; details: HistoryEvent['details'] & object }

async function changeAccounts(
  deps: Needs,
  { resourceId, accounts, actor }: Request,
  change: (stored: StoredLink, arns: readonly string[], trx: Trx) => Promise<Change>,
): Promise<PrivateLinkOutcome> {
  return await changeLink(deps, { resourceId, actor }, async (stored, _locked, trx) => {
    if (!stored) return { outcome: { outcome: 'none' } }
    if (stored.link.wanted === 'absent') return { outcome: { outcome: 'deprovisioning' } }
    const read = readAccounts(accounts, partitionOf(stored.link.region))
    if ('problem' in read) return { outcome: { outcome: 'refused', problem: read.problem } }
    const made = await change(stored, read.arns, trx)
    if ('problem' in made) return { outcome: { outcome: 'refused', problem: made.problem } }
    if (made.changed.length === 0) return { same: true }
    const now = deps.now()
    await noteLinkChange(trx, resourceId, now)
    return { event: { at: now, kind: 'privatelink-accounts-changed', actor, details: made.details } }
  })
}
