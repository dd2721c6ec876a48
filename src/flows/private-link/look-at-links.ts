import { describeEndpointFailure, type EndpointServices } from '../../domain/aws-endpoint.ts'
import { lookAgainMs } from '../../domain/private-link-look.ts'
import { recordEvents } from '../../store/history.ts'
import {
  type ClaimedLink,
  claimPrivateLinks,
  countPrivateLinks,
  dropPrivateLink,
  endLinkLook,
} from '../../store/private-link-looks.ts'
import type { Deps } from '../deps.ts'
import { randomFraction } from '../random-fraction.ts'
import { bringUp } from './bring-up.ts'
import { endOf, eventsOf, type LookResult } from './look-result.ts'
import { publishEndpoints } from './publish-endpoints.ts'
import { takeDown } from './take-down.ts'

/** Longer than a look can last: it makes some sixty calls at the most, each of which lasts five seconds at the most. */
const LEASE_MS = 6 * 60_000

/** Claims up to `limit` links at which somebody must look. */
export async function claimDueLinks(deps: Pick<Deps, 'db'>, limit: number): Promise<ClaimedLink[]> {
  return await claimPrivateLinks(deps.db, { leaseMs: LEASE_MS, limit })
}

/**
 * Looks at one link: compares what AWS shows with what its customer wants, and does what is missing. Whatever it does can be done
 * again, and it remembers nothing that AWS does not show: so a look may die anywhere, and two may be made at once. What cannot
 * be asked changes nothing.
 */
export async function lookAtLink(
  deps: Deps,
  services: EndpointServices,
  claimed: ClaimedLink,
): Promise<void> {
  const { resourceId } = claimed
  try {
    const { link } = claimed
    const look =
      link.wanted === 'present'
        ? await bringUp(deps, services, claimed)
        : await takeDown(deps, services, claimed)
    if (look === 'lost') return
    const { problem } = look
    if (problem) {
      deps.log.warn({ resourceId, said: describeEndpointFailure(problem) }, 'private link: AWS did not do it')
    }
    const published = await publishEndpoints(deps, claimed, look)
    if (published === 'lost') return
    const isOver = look.gone && published === 'done'
    const unpublished = typeof published === 'object' ? published.failed : undefined
    const changed = look.changed || published === 'again'
    await finish(deps, claimed, { ...look, gone: isOver, changed, unpublished })
  } catch (error) {
    deps.log.error({ err: error, resourceId }, 'look at a private link interrupted')
  }
}

/** Writes down what a look has come to, unless the link was changed meanwhile: then the next look sees that. */
async function finish(deps: Deps, claimed: ClaimedLink, look: LookResult): Promise<void> {
  const { resourceId, link, at } = claimed
  const links = await countPrivateLinks(deps.db)
  const end = endOf(claimed, look)
  const again = { ...end, askedAt: link.asked_at, changed: look.changed, waiting: look.waiting, links }
  const againInMs = lookAgainMs(again, at, randomFraction(deps))
  const events = eventsOf(claimed, look, end)
  const written = await deps.db
    .transaction()
    .execute(async (trx) => {
      // The lock of the add-on first, as everybody takes them.
      if (events.length > 0) await recordEvents(trx, [{ resourceId, events }])
      const ended = look.gone
        ? await dropPrivateLink(trx, claimed)
        : await endLinkLook(trx, claimed, { ...end, againInMs })
      if (ended) return true
      if (events.length > 0) throw new LinkWasChanged()
      return false
    })
    .catch((error: unknown) => {
      if (error instanceof LinkWasChanged) return false
      throw error
    })
  if (!written) return
  if (look.gone) deps.log.info({ resourceId }, 'private link is gone')
  if (end.status !== link.status) {
    deps.log.info(
      { resourceId, from: link.status, to: end.status, failure: end.failure },
      'private link: status changed',
    )
  }
}

/** Says in the log that private links are switched off while there are some: nobody looks at these, and they stay at AWS. */
export async function tellOfLinksLeft(deps: Pick<Deps, 'db' | 'log'>): Promise<void> {
  const links = await countPrivateLinks(deps.db)
  if (links === 0) return
  deps.log.error({ links }, 'private links are switched off, but some are left: set PRIVATELINK_NLBS again')
}

/** Undoes the history rows of a look that is void. */
class LinkWasChanged extends Error {}
