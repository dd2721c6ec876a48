import type { Actor } from '../../domain/actor.ts'
import { noteLinkChange } from '../../store/private-links.ts'
import type { Deps } from '../deps.ts'
import { changeLink } from './change-link.ts'
import type { PrivateLinkOutcome } from './outcome.ts'

/**
 * Asks for the end of a private link, at whatever step it is; the worker ends its endpoints and deletes it at AWS. Asked for
 * again it is done. Throws as `changeLink` does.
 */
export async function destroyPrivateLink(
  deps: Pick<Deps, 'db' | 'now' | 'settings' | 'log'>,
  { resourceId, actor }: { resourceId: string; actor: Actor },
): Promise<PrivateLinkOutcome> {
  return await changeLink(deps, { resourceId, actor }, async (stored, _locked, trx) => {
    if (!stored) return { outcome: { outcome: 'none' } }
    if (stored.link.wanted === 'absent') return { same: true }
    const now = deps.now()
    await noteLinkChange(trx, resourceId, now, { wanted: 'absent', status: 'Deprovisioning' })
    return { event: { at: now, kind: 'privatelink-destroyed', actor } }
  })
}
