import type { Failure } from './heroku-failure.ts'
import type { ResourceState } from './resource-state.ts'
import { MAX_ATTEMPTS, missingRetryDelayMs, retryDelayMs, stuckRetryDelayMs } from './schedule.ts'

/** What follows a failure that is the resource's own: there is always a next attempt. */
export type NextAttempt = {
  retryAt: Date
  /** Its rotation has failed too often, or cannot succeed as things are: it is tried slowly from now on. */
  stuck: boolean
  /** Heroku has said more than once that it does not know the resource. */
  missing: boolean
}

/** A 404 that is repeated sooner says nothing new. */
const MISSING_SAID_AGAIN_AFTER_MS = 60_000

/**
 * When a resource is tried again after a failure of its own. `hopeless`: nothing that we do can make it succeed.
 * `random` is a number from 0 up to 1.
 */
export function nextAttempt(
  { rotation, attempts, failures }: Pick<ResourceState, 'rotation' | 'attempts' | 'failures'>,
  failure: Failure,
  facts: { hopeless: boolean; random: number },
): NextAttempt {
  const now = Date.parse(failure.at)
  const timesMissing = failure.kind === 'missing' ? timesSaidMissing(failures, now) : 0
  const missing = timesMissing > 1
  const wasStuck = rotation !== null && rotation.stuckSince !== null
  const isLast = attempts + 1 >= MAX_ATTEMPTS
  const stuck = rotation !== null && (wasStuck || isLast || missing || facts.hopeless)
  const delayMs = () => {
    if (timesMissing > 0) return missingRetryDelayMs(timesMissing, facts.random)
    return stuck ? stuckRetryDelayMs(facts.random) : retryDelayMs(attempts + 1, facts.random)
  }
  return { retryAt: new Date(now + delayMs()), stuck, missing }
}

/** How often in a row Heroku has said so by now, this time among them. */
function timesSaidMissing(failures: readonly Failure[], now: number): number {
  const before = failures.slice(failures.findLastIndex(({ kind }) => kind !== 'missing') + 1)
  const [first] = before
  if (!first || now - Date.parse(first.at) < MISSING_SAID_AGAIN_AFTER_MS) return 1
  return before.length + 1
}
