import { costsNoAttempt, type HerokuResult } from '../../domain/heroku-failure.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import type { Pair } from '../../domain/keyset.ts'
import { afterCheck } from '../../domain/resource-state.ts'
import { CHECK_AFTER_PUSH_MS, CHECK_EVERY_MS } from '../../domain/schedule.ts'
import { setMissingSince } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import { giveBack } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'
import { inFlight } from './in-flight.ts'
import { configValueOf, type OpenResource } from './open-resource.ts'

/**
 * - `same`: Heroku holds what was published
 * - `repaired`: it held another pair (a push that arrived late, a rollback), and the published one was pushed again
 * - `differs`: it holds no value at all, or was put right too often in a row; reported, and left to people
 */
type ConfigCheck = 'same' | 'repaired' | 'differs'

/** Something else keeps changing the value: from here on another push would only restart apps once more. */
const MOST_REPAIRS_IN_A_ROW = 3

/**
 * The step `check`: compares Heroku's config with what was published, and puts it right. Pushes nothing when they are the
 * same. When Heroku cannot be asked, that costs no attempt.
 */
export async function checkConfig(
  deps: Deps,
  group: Group,
  resource: OpenResource,
  pair: Pair,
): Promise<Outcome> {
  const checked = await inFlight(deps, group, resource, async () => {
    const check = await compare(resource, pair)
    // Cut off by a shutdown, or not now: it is made as soon as it can be, for a leaked key may be back.
    if (!check.ok && (group.callSignal.aborted || costsNoAttempt(check.failure))) return check
    return { ok: true, value: check.ok ? check.value : ('unknown' as const) }
  })
  if ('outcome' in checked) return checked.outcome
  return (await recordCheck(deps, group, resource, checked.value))
    ? 'checked'
    : await giveBack(deps, resource)
}

async function compare(resource: OpenResource, pair: Pair): Promise<HerokuResult<ConfigCheck>> {
  const { session, state } = resource
  const expected = configValueOf(resource, pair)
  const present = await session.readConfig()
  if (!present.ok) return present
  if (present.value === expected) return { ok: true, value: 'same' }
  // No value may mean that we misread the list: a push would then be needless, and needless again each time.
  if (present.value === null || state.repairs >= MOST_REPAIRS_IN_A_ROW) return { ok: true, value: 'differs' }
  const pushed = await session.writeConfig(expected)
  return pushed.ok ? { ok: true, value: 'repaired' } : pushed
}

/** When a check is made again that came to nothing, because Heroku could not be asked. */
const CHECK_AGAIN_MS = 15 * 60_000

const NEXT_CHECK_MS: Readonly<Record<ConfigCheck | 'unknown', number>> = {
  same: CHECK_EVERY_MS,
  repaired: CHECK_AFTER_PUSH_MS,
  differs: CHECK_EVERY_MS,
  unknown: CHECK_AGAIN_MS,
}

/** Writes a check down and ends its claim. False: the resource was changed meanwhile, and nothing was written. */
async function recordCheck(
  deps: Deps,
  group: Group,
  resource: OpenResource,
  check: ConfigCheck | 'unknown',
): Promise<boolean> {
  const now = deps.now()
  const { resourceId, fence, revision, state, grace, missing } = resource
  const checkAt = new Date(now.getTime() + NEXT_CHECK_MS[check])
  const repairs = check === 'same' ? 0 : state.repairs + (check === 'repaired' ? 1 : 0)
  const to = afterCheck(state, { checkAt, repairs }, grace, now)
  const events = eventsOf(check, now)
  if (!(await group.write({ resourceId, fence, revision, state, to, by: 'claim', events }))) return false
  if (missing && check !== 'unknown') await setMissingSince(deps.db, resourceId, null)
  if (check !== 'same') deps.log.warn({ resourceId, check }, 'config check')
  return true
}

function eventsOf(check: ConfigCheck | 'unknown', at: Date): HistoryEvent[] {
  if (check === 'same' || check === 'unknown') return []
  return [
    { at, kind: check === 'repaired' ? 'config-repaired' : 'config-differs', actor: { type: 'worker' } },
  ]
}
