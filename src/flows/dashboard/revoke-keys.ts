import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { liveVersions } from '../../domain/keyset.ts'
import { afterRevoke } from '../../domain/resource-state.ts'
import { BEFORE_SCHEDULED } from '../../domain/schedule.ts'
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
  return await replaceAllKeys(deps, request, 'keys-revoked')
}

/**
 * A person replaces whatever Heroku holds, a foreign pair included, by a fresh key and a filler: the same as a revoke,
 * under its own name in the history. Throws `unknown-resource` or `resource-gone`.
 */
export async function replaceKeys(
  deps: Deps,
  request: { resourceId: string; actor: Actor },
): Promise<RevokeOutcome> {
  return await replaceAllKeys(deps, request, 'keys-replaced')
}

async function replaceAllKeys(
  deps: Deps,
  request: { resourceId: string; actor: Actor },
  kind: 'keys-revoked' | 'keys-replaced',
): Promise<RevokeOutcome> {
  const { resourceId, actor } = request
  const now = deps.now()
  // After a failover the new epoch begins first, or the request would look like one from before it.
  const { epoch } = await deps.installation.look()
  const outcome = await changeResource(deps, resourceId, async ({ stored: { state } }, trx) => {
    const { rotation, keyset } = state
    if (rotation?.reason === 'revoke' && !rotation.stuckSince) return { outcome: 'joined' as const }
    const keys = await findKeys(trx, resourceId)
    const superseded = endedRotation('rotation-superseded', state, keys, now)
    // A filler that was on its way is told of here, where no rotation tells of it.
    const filler = keys.find(({ version }) => superseded.length === 0 && version === keyset.pendingFiller)
    const after = afterRevoke(state, { openedBy: actor, epoch }, now)
    const revoked: HistoryEvent = {
      at: now,
      kind,
      actor,
      ...(filler && { filler: namedKeyOf(filler), madeAt: filler.createdAt, failures: state.failures }),
      erased: after.erased,
      details: { versions: liveVersions(keyset).join(', ') },
    }
    const events = [...superseded, revoked]
    return {
      outcome: 'requested' as const,
      to: { ...after.state, wakeAt: BEFORE_SCHEDULED, claimedUntil: null },
      erased: after.erased,
      events,
      takeover: true,
    }
  })
  deps.log.info({ resourceId, outcome }, kind === 'keys-revoked' ? 'keys revoked' : 'keys replaced')
  return { outcome }
}
