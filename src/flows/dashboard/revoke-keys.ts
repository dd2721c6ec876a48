import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { liveVersions } from '../../domain/keyset.ts'
import { afterRevoke } from '../../domain/resource-state.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { endedRotation, namedKeyOf } from '../ended-rotation.ts'

export type RevokeOutcome = { outcome: 'requested' | 'joined' }

/**
 * A key leaked: no key that exists now counts as valid from this moment on, and a worker brings a new key and a filler to
 * Heroku in one push. An unfinished rotation is superseded: its pending key is erased, and whatever its worker still
 * writes is void. Should its push arrive late all the same, the check that follows a revoke puts the config right.
 * `joined`: a revoke is under way already. Throws `unknown-resource` or `resource-gone`.
 */
export async function revokeKeys(
  deps: Deps,
  request: { resourceId: string; actor: Actor },
): Promise<RevokeOutcome> {
  const { resourceId, actor } = request
  const now = deps.now()
  const outcome = await changeResource(deps, resourceId, async ({ stored: { state } }, trx) => {
    const { rotation, keyset } = state
    if (rotation?.reason === 'revoke' && !rotation.stuckSince) return { outcome: 'joined' as const }
    const keys = await findKeys(trx, resourceId)
    const superseded = endedRotation('rotation-superseded', state, keys, now)
    // A filler that was on its way is told of here, where no rotation tells of it.
    const filler = keys.find(({ version }) => superseded.length === 0 && version === keyset.pendingFiller)
    const after = afterRevoke(state, actor, now)
    const revoked: HistoryEvent = {
      at: now,
      kind: 'keys-revoked',
      actor,
      ...(filler && { filler: namedKeyOf(filler), madeAt: filler.createdAt, failures: state.failures }),
      erased: after.erased,
      details: { versions: liveVersions(keyset).join(', ') },
    }
    const events = [...superseded, revoked]
    return {
      outcome: 'requested' as const,
      to: { ...after.state, wakeAt: BEFORE_ALL_OTHERS, claimedUntil: null },
      erased: after.erased,
      events,
      takeover: true,
    }
  })
  deps.log.info({ resourceId, outcome }, 'keys revoked')
  return { outcome }
}

/** Older than every due date: whoever has this moment is claimed before any backlog. */
const BEFORE_ALL_OTHERS = new Date(0)
