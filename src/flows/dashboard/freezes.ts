import type { Actor } from '../../domain/actor.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import {
  comingFreezes,
  type Freeze,
  type FreezeRequest,
  MOST_FREEZES,
  parseFreeze,
} from '../../domain/freezes.ts'
import type { HistoryDetails, HistoryEvent } from '../../domain/history.ts'
import { underCalendar } from '../../domain/under-calendar.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/**
 * Adds a freeze: from its beginning until its end nothing of the schedule restarts apps. What is sent to Heroku already is
 * not called back. Throws `invalid-option` for dates that do not hold, `too-many` for one freeze too many,
 * `unknown-resource`, `resource-gone`.
 */
export async function addFreeze(
  deps: Deps,
  request: { resourceId: string; actor: Actor; freeze: FreezeRequest },
): Promise<Freeze> {
  const { resourceId, actor } = request
  const now = deps.now()
  const freeze = readFreeze(deps, request.freeze)
  await changeResource(deps, { resourceId, actor }, ({ resource, stored: { state } }) => {
    const coming = comingFreezes(state.calendar.freezes, now)
    if (coming.length >= MOST_FREEZES) {
      throw new SecurekeyError('too-many', `There are ${MOST_FREEZES} freezes already. Remove one first.`)
    }
    const freezes = [...coming, freeze].sort((a, b) => a.from.getTime() - b.from.getTime())
    const event: HistoryEvent = { at: now, kind: 'freeze-added', actor, details: told(freeze) }
    return {
      outcome: undefined,
      to: underCalendar(state, { ...state.calendar, freezes }, resource, now),
      events: [event],
    }
  })
  deps.log.info({ resourceId, from: freeze.from, until: freeze.until }, 'freeze added')
  return freeze
}

/** Removes a freeze. Undefined: there is none of that id. Throws `unknown-resource`, `resource-gone`. */
export async function removeFreeze(
  deps: Deps,
  request: { resourceId: string; actor: Actor; id: string },
): Promise<Freeze | undefined> {
  const { resourceId, actor, id } = request
  const now = deps.now()
  const removed = await changeResource(deps, { resourceId, actor }, ({ resource, stored: { state } }) => {
    const freeze = state.calendar.freezes.find((each) => each.id === id)
    if (!freeze) return { outcome: undefined }
    const freezes = comingFreezes(state.calendar.freezes, now).filter((each) => each !== freeze)
    const event: HistoryEvent = { at: now, kind: 'freeze-removed', actor, details: told(freeze) }
    return {
      outcome: freeze,
      to: underCalendar(state, { ...state.calendar, freezes }, resource, now),
      events: [event],
    }
  })
  if (removed) deps.log.info({ resourceId, from: removed.from, until: removed.until }, 'freeze removed')
  return removed
}

const ID_BYTES = 6

/** The freeze that somebody asks for, with an id of its own. Throws `invalid-option`. */
export function readFreeze(deps: Pick<Deps, 'now' | 'random'>, asked: FreezeRequest): Freeze {
  const parsed = parseFreeze(asked, deps.now())
  if ('problem' in parsed) throw new SecurekeyError('invalid-option', `The freeze ${parsed.problem}.`)
  return { id: deps.random(ID_BYTES).toString('hex'), ...parsed.freeze }
}

function told({ from, until, zone, reason }: Freeze): HistoryDetails {
  return { from: from.toISOString(), until: until.toISOString(), zone, reason }
}
