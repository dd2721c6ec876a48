import type { HerokuResult } from '../../domain/heroku-failure.ts'
import { urgentMoment } from '../../domain/schedule.ts'
import type { ClaimedResource } from '../../store/claimed-resources.ts'
import type { Deps } from '../deps.ts'
import { endFailed, giveBack } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'

/** What calls to Heroku came to: their value, or the outcome with which the claim has ended. */
export type Called<T> = { value: T } | { outcome: Outcome }

/**
 * Makes one resource's calls to Heroku when there is room for them. A failure ends its claim. At a shutdown, and when
 * the lease leaves no time for a call, the claim is given back instead.
 */
export async function inFlight<T>(
  deps: Deps,
  group: Group,
  resource: ClaimedResource,
  call: () => Promise<HerokuResult<T>>,
): Promise<Called<T>> {
  return await group.run(async () => {
    const leftMs = group.callsUntil.getTime() - deps.now().getTime()
    if (group.closing.aborted || leftMs <= 0) return { outcome: await giveBack(deps, resource) }
    const result = await call()
    if (result.ok) return { value: result.value }
    return { outcome: await endFailed(deps, group, resource, result.failure) }
  }, urgentMoment(resource.state.rotation?.reason) !== undefined)
}
