import type { Actor } from '../domain/audit.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { applyTransitions, liveKeysOf, revokeKeysOf } from '../store/key-versions.ts'
import { abandonRotation, openRotations, unfinishedRotation } from '../store/rotations.ts'
import { takeFromWorker } from '../store/schedule.ts'
import type { Deps } from './deps.ts'
import { liveResource } from './live-resource.ts'

export type RevokeOutcome = { outcome: 'requested' | 'joined' }

/**
 * A key leaked: no key that exists now is accepted by verification from this moment on, and a worker brings a new key
 * and a filler to Heroku in one push. An unfinished rotation is superseded: its pending key is erased, and whatever
 * its worker still writes is void. Should its push arrive late all the same, the check that follows a revoke puts the
 * config right. `joined`: a revoke is under way already. Throws `unknown-resource` or `resource-gone`.
 */
export async function revokeKeys(
  deps: Deps,
  request: { resourceId: string; actor: Actor },
): Promise<RevokeOutcome> {
  const { resourceId, actor } = request
  const now = deps.now()
  const outcome = await deps.db.transaction().execute(async (trx): Promise<RevokeOutcome['outcome']> => {
    await liveResource(trx, resourceId)
    const unfinished = await unfinishedRotation(trx, resourceId)
    if (unfinished?.reason === 'revoke' && unfinished.state === 'open') return 'joined'
    await abandonRotation(trx, resourceId, 'superseded', now)
    const keyset = (await liveKeysOf(trx, [resourceId])).get(resourceId) ?? []
    const pending = keyset.filter((key) => key.stage === 'pending')
    await applyTransitions(
      trx,
      pending.map(({ version }) => ({
        resourceId,
        version,
        to: 'retired',
        graceEndsAt: null,
        publishedAt: null,
      })),
      now,
    )
    await revokeKeysOf(trx, resourceId, now)
    const intent = { resourceId, dueAt: now, openedBy: actor, pendingVersion: null }
    await openRotations(trx, [{ ...intent, reason: 'revoke' }], now)
    await takeFromWorker(trx, resourceId)
    await insertAuditEvents(
      trx,
      keyset.map(({ version, fingerprint }) => ({
        resourceId,
        at: now,
        actor,
        action: 'keys-revoked',
        version,
        fingerprint,
      })),
    )
    return 'requested'
  })
  deps.log.info({ resourceId, outcome }, 'keys revoked')
  return { outcome }
}
