import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { writeChanges } from '../../store/changes.ts'
import type { Trx } from '../../store/database.ts'
import { lockPrivateLink, type StoredLink } from '../../store/private-links.ts'
import { type LockedResource, lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { linkView } from './link-view.ts'
import type { PrivateLinkOutcome } from './outcome.ts'

type Changing = Pick<Deps, 'db' | 'now' | 'settings' | 'log'>

/** The event that a change makes, or the outcome of one that changes nothing. `same`: it is so already. */
type Decision = { event: HistoryEvent } | { same: true } | { outcome: PrivateLinkOutcome }

/**
 * Changes the private link of a live add-on under the locks of both, with its history row. Throws what `lockResource` throws:
 * `unknown-resource`, `resource-gone`, and `unauthenticated` where the token of `actor` has ended.
 */
export async function changeLink(
  deps: Changing,
  subject: { resourceId: string; actor: Actor },
  decide: (stored: StoredLink | undefined, locked: LockedResource, trx: Trx) => Decision | Promise<Decision>,
): Promise<PrivateLinkOutcome> {
  const { resourceId } = subject
  const { outcome, event } = await deps.db.transaction().execute(async (trx) => {
    const locked = await lockResource(trx, subject)
    const decision = await decide(await lockPrivateLink(trx, resourceId), locked, trx)
    if ('outcome' in decision) return { outcome: decision.outcome, event: undefined }
    const changed = 'event' in decision ? decision.event : undefined
    if (changed) {
      const { stored } = locked
      await writeChanges(trx, [{ ...stored, to: stored.state, by: 'change', events: [changed] }], deps.now())
    }
    const after = await lockPrivateLink(trx, resourceId)
    const view = after ? await linkView(trx, deps, after) : null
    return { outcome: { outcome: 'done', view } as const, event: changed }
  })
  if (event) deps.log.info({ resourceId, what: event.kind }, 'private link changed')
  return outcome
}

/** ARNs in a detail of the history, which has room for a few. */
export function listed(arns: readonly string[]): string {
  const shown = arns.slice(0, MOST_SHOWN).join(', ')
  return arns.length > MOST_SHOWN ? `${shown} and ${arns.length - MOST_SHOWN} more` : shown
}

const MOST_SHOWN = 8
