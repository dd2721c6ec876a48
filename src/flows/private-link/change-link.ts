import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import type { Trx } from '../../store/database.ts'
import { findPrivateLink, lockPrivateLink, type StoredLink } from '../../store/private-links.ts'
import { changeResource, type LockedResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { linkView } from './link-view.ts'
import type { PrivateLinkOutcome } from './outcome.ts'

type Changing = Pick<Deps, 'db' | 'now' | 'settings' | 'log'>

/** The event that a change makes, or the outcome of one that changes nothing. `same`: it is so already. */
type Decision = { event: HistoryEvent } | { same: true } | { outcome: PrivateLinkOutcome }

/**
 * Changes the private link of a live add-on under the locks of both, with its history row. Throws what `changeResource` throws:
 * `unknown-resource`, `resource-gone`, and `unauthenticated` where the token of `actor` has ended.
 */
export async function changeLink(
  deps: Changing,
  subject: { resourceId: string; actor: Actor },
  decide: (stored: StoredLink | undefined, locked: LockedResource, trx: Trx) => Decision | Promise<Decision>,
): Promise<PrivateLinkOutcome> {
  const { resourceId } = subject
  let changed: HistoryEvent | undefined
  const outcome = await changeResource(deps, subject, async (locked, trx) => {
    const decision = await decide(await lockPrivateLink(trx, resourceId), locked, trx)
    if ('outcome' in decision) return decision
    const after = await findPrivateLink(trx, resourceId)
    const done: PrivateLinkOutcome = {
      outcome: 'done',
      view: after ? await linkView(trx, deps, after) : null,
    }
    if (!('event' in decision)) return { outcome: done }
    changed = decision.event
    return { outcome: done, to: locked.stored.state, events: [decision.event] }
  })
  if (changed) deps.log.info({ resourceId, what: changed.kind }, 'private link changed')
  return outcome
}

/** ARNs in a detail of the history, which has room for a few. */
export function listed(arns: readonly string[]): string {
  const shown = arns.slice(0, MOST_SHOWN).join(', ')
  return arns.length > MOST_SHOWN ? `${shown} and ${arns.length - MOST_SHOWN} more` : shown
}

const MOST_SHOWN = 8
