import type { Actor } from '../domain/audit.ts'
import { secondVersion } from '../domain/keyset.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import type { Trx } from '../store/database.ts'
import { liveKeysOf } from '../store/key-versions.ts'
import { openRotations, resumeRotation as resumeStored, unfinishedRotation } from '../store/rotations.ts'
import { wakeNow } from '../store/schedule.ts'
import type { Deps } from './deps.ts'
import { liveResource } from './live-resource.ts'

export type RequestRotationOutcome =
  | { outcome: 'requested' }
  /** A rotation is under way already, or was stuck and is taken up again; this request is served by it. */
  | { outcome: 'joined' }
  /** It would displace a key that apps may still be signing with; possible again at `allowedAt`. */
  | { outcome: 'too-soon'; allowedAt: Date }

/**
 * Opens a rotation by hand; the worker takes it from there, on the same path as a scheduled one. The rotation period
 * counts anew from this moment. Throws `unknown-resource` or `resource-gone`.
 */
export async function requestRotation(
  deps: Deps,
  request: { resourceId: string; actor: Actor; evenIfTooSoon?: boolean },
): Promise<RequestRotationOutcome> {
  const { resourceId, actor } = request
  const now = deps.now()
  return await deps.db.transaction().execute(async (trx): Promise<RequestRotationOutcome> => {
    await liveResource(trx, resourceId)
    const unfinished = await unfinishedRotation(trx, resourceId)
    if (unfinished) {
      if (unfinished.state === 'stuck') await resume(trx, request, now)
      return { outcome: 'joined' }
    }
    const keyset = (await liveKeysOf(trx, [resourceId])).get(resourceId) ?? []
    const second = secondVersion(keyset)
    const replacedAt = keyset.find((key) => key.stage === 'current')?.publishedAt
    const allowedAt = new Date((replacedAt?.getTime() ?? 0) + deps.settings.graceFloorMs)
    // A filler may go at any time: nobody signs with it. A real key needs its floor, or people are logged out.
    if (!second.filler && allowedAt > now && !request.evenIfTooSoon) return { outcome: 'too-soon', allowedAt }
    await openRotations(
      trx,
      [{ resourceId, reason: 'manual', dueAt: now, openedBy: actor, pendingVersion: null }],
      now,
    )
    await wakeNow(trx, resourceId, now)
    await insertAuditEvents(trx, [
      {
        resourceId,
        at: now,
        actor,
        action: 'rotation-requested',
        details: { reason: 'manual', ...(request.evenIfTooSoon ? { evenIfTooSoon: true } : {}) },
      },
    ])
    return { outcome: 'requested' }
  })
}

/** Takes a stuck rotation up again, with a fresh count of attempts. False: there is no stuck rotation. */
export async function resumeRotation(
  deps: Deps,
  request: { resourceId: string; actor: Actor },
): Promise<boolean> {
  const now = deps.now()
  return await deps.db.transaction().execute(async (trx) => {
    await liveResource(trx, request.resourceId)
    return await resume(trx, request, now)
  })
}

async function resume(trx: Trx, request: { resourceId: string; actor: Actor }, now: Date): Promise<boolean> {
  const { resourceId, actor } = request
  if (!(await resumeStored(trx, resourceId))) return false
  await wakeNow(trx, resourceId, now)
  await insertAuditEvents(trx, [{ resourceId, at: now, actor, action: 'rotation-resumed' }])
  return true
}
