import type { Actor } from '../domain/audit.ts'
import { formatDuration } from '../domain/duration.ts'
import { SecurekeyError } from '../domain/errors.ts'
import { formatGracePeriod, type GracePeriod, graceEndsAt } from '../domain/grace.ts'
import { currentVersion, secondVersion } from '../domain/keyset.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { liveKeysOf, setGraceEnd } from '../store/key-versions.ts'
import { setGrace } from '../store/resources.ts'
import { findSchedule } from '../store/schedule.ts'
import type { Deps } from './deps.ts'
import { liveResource, wakeWhenNeeded } from './live-resource.ts'

/**
 * Sets how long an old key stays valid, for the one in the config var now and for those to come. The end is counted
 * from the push of the current key, but an old key is never dropped sooner than the grace floor from now on.
 * The one that it has already changes nothing. Throws `invalid-option` for less than the floor, `unknown-resource`, `resource-gone`.
 */
export async function setGracePeriod(
  deps: Deps,
  request: { resourceId: string; actor: Actor; grace: GracePeriod },
): Promise<void> {
  const { resourceId, actor, grace } = request
  const { graceFloorMs } = deps.settings
  const now = deps.now()
  if (grace.until === 'elapsed' && grace.ms < graceFloorMs) {
    throw new SecurekeyError(
      'invalid-option',
      `The grace period must be at least ${formatDuration(graceFloorMs)}.`,
    )
  }
  const changed = await deps.db.transaction().execute(async (trx) => {
    const resource = await liveResource(trx, resourceId)
    if (formatGracePeriod(resource.grace) === formatGracePeriod(grace)) return false
    await setGrace(trx, resourceId, grace)
    const schedule = await findSchedule(trx, resourceId)
    const keyset = (await liveKeysOf(trx, [resourceId])).get(resourceId)
    if (!schedule || !keyset) throw new Error(`resource ${resourceId} has no schedule or keys`)
    const second = secondVersion(keyset)
    const { publishedAt } = currentVersion(keyset)
    if (!second.filler && publishedAt) {
      const endMs = graceEndsAt(grace, publishedAt, schedule.nextRotationAt).getTime()
      const shortened = second.graceEndsAt === null || endMs < second.graceEndsAt.getTime()
      const end = shortened ? Math.max(endMs, now.getTime() + graceFloorMs) : endMs
      await setGraceEnd(trx, resourceId, second.version, new Date(end))
    }
    await wakeWhenNeeded(trx, resourceId, now)
    const details = { from: formatGracePeriod(resource.grace), to: formatGracePeriod(grace) }
    await insertAuditEvents(trx, [{ resourceId, at: now, actor, action: 'grace-period-changed', details }])
    return true
  })
  if (changed) deps.log.info({ resourceId, gracePeriod: formatGracePeriod(grace) }, 'grace period changed')
}
