import { insertAuditEvents } from '../store/audit-events.ts'
import { eraseKeysOf } from '../store/key-versions.ts'
import { shredResource } from '../store/resources.ts'
import { abandonRotation } from '../store/rotations.ts'
import type { Deps } from './deps.ts'
import { liveResource } from './live-resource.ts'

/**
 * Ends a resource: its keys, tokens and data key are erased, an unfinished rotation is cancelled, and whatever a
 * worker is doing for it can no longer be written. Throws `unknown-resource`, or `resource-gone` the second time.
 */
export async function deprovision(deps: Deps, request: { resourceId: string }): Promise<void> {
  const { resourceId } = request
  const now = deps.now()
  await deps.db.transaction().execute(async (trx) => {
    await liveResource(trx, resourceId)
    await shredResource(trx, resourceId, now)
    await eraseKeysOf(trx, resourceId, now)
    await abandonRotation(trx, resourceId, 'cancelled', now)
    await insertAuditEvents(trx, [
      { resourceId, at: now, actor: { type: 'heroku' }, action: 'resource-deprovisioned' },
    ])
  })
  deps.log.info({ resourceId }, 'resource deprovisioned')
}
