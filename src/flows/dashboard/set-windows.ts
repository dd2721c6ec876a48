import type { Actor } from '../../domain/actor.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { underCalendar } from '../../domain/under-calendar.ts'
import { tooRare } from '../../domain/window-wait.ts'
import { formatWindows, type Window } from '../../domain/windows.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/**
 * Sets the windows in which the schedule may restart apps; none: at any time. The due date stays what it is. False: they are
 * these already. Throws `invalid-option` with the sum where they open more rarely than the plan rotates, `unknown-resource`,
 * `resource-gone`.
 */
export async function setWindows(
  deps: Deps,
  request: { resourceId: string; actor: Actor; windows: readonly Window[] },
): Promise<boolean> {
  const { resourceId, actor, windows } = request
  const now = deps.now()
  const to = formatWindows(windows)
  const changed = await changeResource(deps, { resourceId, actor }, ({ resource, stored: { state } }) => {
    const from = formatWindows(state.calendar.windows)
    if (from === to) return { outcome: false }
    const problem = tooRare(windows, resource.periodMs, now)
    if (problem) throw new SecurekeyError('invalid-option', `The windows ${problem}.`)
    const event: HistoryEvent = { at: now, kind: 'windows-changed', actor, details: { from, to } }
    const under = underCalendar(state, { ...state.calendar, windows }, resource, now)
    return { outcome: true, to: under, events: [event] }
  })
  if (changed) deps.log.info({ resourceId, windows: to }, 'windows changed')
  return changed
}
