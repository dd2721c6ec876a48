import type { AuditAction } from '../domain/audit.ts'
import { costsNoAttempt, describeFailure, type HerokuFailure } from '../domain/heroku-failure.ts'
import { MAX_ATTEMPTS, retryDelayMs } from '../domain/schedule.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { lockClaimedResources } from '../store/claimed-resources.ts'
import { setMissingSince } from '../store/resources.ts'
import { failRotation } from '../store/rotations.ts'
import { type Claim, releaseClaims, settleClaims } from '../store/schedule.ts'
import type { Deps } from './deps.ts'

/**
 * Ends a claim whose step failed. A call that was never sent, or that Heroku told to come back later, costs no
 * attempt. Any other failure counts, is kept with its reason and tried again with a growing delay; after the last
 * attempt, or when trying again is hopeless, the rotation is `stuck` until somebody resumes it.
 */
export async function recordFailure(deps: Deps, claim: Claim, failure: HerokuFailure): Promise<void> {
  const now = deps.now()
  const { resourceId } = claim
  if (costsNoAttempt(failure)) {
    // A jitter of up to half, so that those who were told the same do not come back together.
    const delayMs = (failure.retryAfterMs ?? 0) * (1 + randomFraction(deps) / 2)
    await releaseClaims(deps.db, [claim], new Date(now.getTime() + delayMs))
    return
  }
  const reason = describeFailure(failure)
  const stuck = await deps.db.transaction().execute(async (trx) => {
    const [resource] = await lockClaimedResources(trx, [claim])
    if (!resource) return undefined
    // A rotation has all its attempts, whatever failed before it.
    const failures = (resource.rotation?.attempts ?? resource.failures) + 1
    // Tokens may have come since the look that missed them.
    const tokenless = !resource.tokens?.sealedRefreshToken && !resource.grantWaiting
    const hopeless = failure.kind === 'missing' || (failure.kind === 'no-access-token' && tokenless)
    const newlyMissing = failure.kind === 'missing' && !resource.missing
    const stuck = resource.rotation !== null && (hopeless || failures >= MAX_ATTEMPTS)
    if (newlyMissing) await setMissingSince(trx, resourceId, now)
    if (resource.rotation) {
      const { id } = resource.rotation
      await failRotation(trx, { resourceId, id }, { reason, state: stuck ? 'stuck' : 'open' })
    }
    const retryAt = new Date(now.getTime() + retryDelayMs(failures, randomFraction(deps)))
    await settleClaims(trx, [{ claim, wakeAt: stuck ? null : retryAt, failures }], now)
    // What cannot get stuck, a filler, is tried on every hour; the trail need not tell it every hour.
    const actions: AuditAction[] = failures > MAX_ATTEMPTS ? [] : ['rotation-attempt-failed']
    if (newlyMissing) actions.push('resource-missing-at-heroku')
    if (stuck) actions.push('rotation-stuck')
    await insertAuditEvents(
      trx,
      actions.map((action) => ({
        resourceId,
        at: now,
        actor: { type: 'worker' } as const,
        action,
        details: { failure: reason, failures },
      })),
    )
    return stuck
  })
  if (stuck === undefined) return
  if (stuck) deps.log.error({ resourceId, failure: reason }, 'rotation stuck')
  else deps.log.warn({ resourceId, failure: reason }, 'rotation attempt failed')
}

function randomFraction(deps: Pick<Deps, 'random'>): number {
  return deps.random(4).readUInt32BE() / 2 ** 32
}
