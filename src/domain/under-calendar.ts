import { type Calendar, serveAt } from './calendar.ts'
import type { GracePeriod } from './grace.ts'
import { type ResourceState, wokenAt, wokenWhenNeeded } from './resource-state.ts'
import { isKeptToCalendar } from './rotation.ts'
import { nextRotationUnderWindows } from './schedule.ts'

/**
 * Other windows or freezes hold from now on. The due date stays, unless the new windows would serve it within half a period
 * of the last rotation. What is under way and waits for a window is looked at as soon as one opens now.
 */
export function underCalendar(
  state: ResourceState,
  calendar: Calendar,
  { grace, periodMs }: { grace: GracePeriod; periodMs: number },
  now: Date,
): ResourceState {
  const { rotation, wakeAt } = state
  // The turn among others on its apps was one of the calendar before.
  const changed = { ...state, calendar, turn: null }
  if (rotation) {
    const opens = serveAt(now, calendar)
    const isSooner = isKeptToCalendar(rotation) && wakeAt !== null && opens < wakeAt
    return isSooner ? wokenAt(changed, opens, now) : changed
  }
  const nextRotationAt = nextRotationUnderWindows(state, calendar.windows, periodMs, now)
  return wokenWhenNeeded({ ...changed, nextRotationAt }, grace, now)
}
