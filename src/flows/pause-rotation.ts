import type { Actor } from '../domain/audit.ts'
import { SecurekeyError } from '../domain/errors.ts'
import { isPaused, nextRotationWhenPaused, nextRotationWhenResumed, type Pause } from '../domain/pause.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { findSchedule, setDates } from '../store/schedule.ts'
import type { Deps } from './deps.ts'
import { liveResource, wakeWhenNeeded } from './live-resource.ts'

const LONGEST_REASON = 500

/**
 * Holds scheduled rotations back until a date, or until somebody resumes them; the time left to the next rotation
 * stands still. A rotation that is under way ends, and one by hand or a revoke still goes ahead. False: it is paused
 * already. Throws `invalid-option` for an end that is not in the future, `unknown-resource`, `resource-gone`.
 */
export async function pauseRotation(
  deps: Deps,
  request: { resourceId: string; actor: Actor; until: Date | null; reason: string },
): Promise<boolean> {
  const { resourceId, actor, until } = request
  const now = deps.now()
  if (until !== null && !(until > now)) {
    throw new SecurekeyError('invalid-option', 'The end of a pause must be in the future.')
  }
  const pause: Pause = { at: now, until, reason: storable(request.reason) }
  const paused = await deps.db.transaction().execute(async (trx) => {
    await liveResource(trx, resourceId)
    const schedule = await findSchedule(trx, resourceId)
    if (!schedule || isPaused(schedule.pause, now)) return false
    const nextRotationAt = nextRotationWhenPaused(schedule.nextRotationAt, pause)
    await setDates(trx, resourceId, { nextRotationAt, pause })
    await wakeWhenNeeded(trx, resourceId, now)
    const details = { until: until?.toISOString() ?? null, reason: pause.reason }
    await insertAuditEvents(trx, [{ resourceId, at: now, actor, action: 'schedule-paused', details }])
    return true
  })
  if (paused) deps.log.info({ resourceId, until }, 'schedule paused')
  return paused
}

/** Ends a pause: the time that was left when it began is left again. False: no pause was on. */
export async function resumeSchedule(
  deps: Deps,
  request: { resourceId: string; actor: Actor },
): Promise<boolean> {
  const { resourceId, actor } = request
  const now = deps.now()
  const resumed = await deps.db.transaction().execute(async (trx) => {
    await liveResource(trx, resourceId)
    const schedule = await findSchedule(trx, resourceId)
    if (!schedule?.pause || !isPaused(schedule.pause, now)) return false
    const nextRotationAt = nextRotationWhenResumed(schedule.nextRotationAt, schedule.pause, now)
    await setDates(trx, resourceId, { nextRotationAt, pause: null })
    await wakeWhenNeeded(trx, resourceId, now)
    const details = { nextRotationAt: nextRotationAt.toISOString() }
    await insertAuditEvents(trx, [{ resourceId, at: now, actor, action: 'schedule-resumed', details }])
    return true
  })
  if (resumed) deps.log.info({ resourceId }, 'schedule resumed')
  return resumed
}

/** Postgres takes neither a zero character nor half of a surrogate pair, which the cut may leave. */
function storable(reason: string): string {
  return reason.replaceAll('\0', '').trim().slice(0, LONGEST_REASON).toWellFormed()
}
