import type { Actor } from '../../domain/actor.ts'
import { cleanText } from '../../domain/clean-text.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import {
  isPaused,
  isPauseEnd,
  nextRotationWhenPaused,
  nextRotationWhenResumed,
  type Pause,
} from '../../domain/pause.ts'
import { wokenWhenNeeded } from '../../domain/resource-state.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

const LONGEST_REASON = 500

/**
 * Holds scheduled rotations back until a date, or until somebody resumes them; the time left to the next rotation
 * stands still. A rotation that is under way ends, and one by hand or a revoke still goes ahead. False: it is paused
 * already. Throws `invalid-option` for an end that is not within the next ten years, `unknown-resource`, `resource-gone`.
 */
export async function pauseRotation(
  deps: Deps,
  request: { resourceId: string; actor: Actor; until: Date | null; reason: string },
): Promise<boolean> {
  const { resourceId, actor, until } = request
  const now = deps.now()
  if (until !== null && !isPauseEnd(until, now)) {
    throw new SecurekeyError('invalid-option', 'A pause must end in the future, within ten years.')
  }
  const pause: Pause = { at: now, until, reason: cleanText(request.reason, LONGEST_REASON) }
  const paused = await changeResource(deps, { resourceId, actor }, ({ resource, stored: { state } }) => {
    if (isPaused(state.pause, now)) return { outcome: false }
    const nextRotationAt = nextRotationWhenPaused(state.nextRotationAt, pause)
    const details = { until: until?.toISOString() ?? null, reason: pause.reason }
    const event: HistoryEvent = { at: now, kind: 'schedule-paused', actor, details }
    const changed = wokenWhenNeeded({ ...state, nextRotationAt, pause }, resource.grace, now)
    return { outcome: true, to: changed, events: [event] }
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
  const resumed = await changeResource(deps, { resourceId, actor }, ({ resource, stored: { state } }) => {
    if (!state.pause || !isPaused(state.pause, now)) return { outcome: false }
    const nextRotationAt = nextRotationWhenResumed(state.nextRotationAt, state.pause, now)
    const details = { nextRotationAt: nextRotationAt.toISOString() }
    const event: HistoryEvent = { at: now, kind: 'schedule-resumed', actor, details }
    const changed = wokenWhenNeeded({ ...state, nextRotationAt, pause: null }, resource.grace, now)
    return { outcome: true, to: changed, events: [event] }
  })
  if (resumed) deps.log.info({ resourceId }, 'schedule resumed')
  return resumed
}
