import {
  costsNoAttempt,
  describeFailure,
  type HerokuFailure,
  keptFailure,
} from '../../domain/heroku-failure.ts'
import type { HistoryEvent, HistoryKind } from '../../domain/history.ts'
import { afterFailure } from '../../domain/resource-state.ts'
import { MAX_ATTEMPTS, retryDelayMs, urgentMoment } from '../../domain/schedule.ts'
import { writeChanges } from '../../store/changes.ts'
import type { ClaimedResource } from '../../store/claimed-resources.ts'
import { releaseClaims } from '../../store/claims.ts'
import type { Trx } from '../../store/database.ts'
import { lockState } from '../../store/keysets.ts'
import { isGrantWaiting } from '../../store/oauth-grants.ts'
import { loadTokens } from '../../store/oauth-tokens.ts'
import { findResource, setMissingSince } from '../../store/resources.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import type { Deps } from '../deps.ts'
import type { Group, Outcome } from './group.ts'
import { namedKey } from './open-resource.ts'

/**
 * Ends a claim whose step failed. Work that a shutdown or the lease cut off is no attempt, nor is a call that was never
 * sent or that Heroku told to come back later. Any other failure counts, is kept with its reason and tried again with a
 * growing delay. After the last attempt, or when trying again is hopeless, the rotation is `stuck`.
 */
export async function endFailed(
  deps: Deps,
  group: Pick<Group, 'callSignal'>,
  resource: ClaimedResource,
  failure: HerokuFailure,
): Promise<Outcome> {
  if (group.callSignal.aborted) return await giveBack(deps, resource)
  if (costsNoAttempt(failure)) {
    // A jitter of up to half, so that those who were told the same do not come back together.
    const delayMs = (failure.retryAfterMs ?? 0) * (1 + randomFraction(deps) / 2)
    const later = new Date(deps.now().getTime() + delayMs)
    if (failure.kind === 'postponed') {
      await releaseClaims(deps.db, [resource], later)
      return 'failed'
    }
    // The tick ends here. Whoever is waited for is the first of the next one, and not behind all that came due.
    await releaseClaims(deps.db, [resource], urgentMoment(resource.state.rotation?.reason) ?? later)
    return 'held-back'
  }
  await countFailure(deps, resource, failure)
  return 'failed'
}

/** Gives a claim back unfinished, for anybody to take, now or from `wakeAt` on. A resource that was changed is due now. */
export async function giveBack(
  deps: Pick<Deps, 'db' | 'now'>,
  { resourceId, fence, revision, state }: ClaimedResource,
  wakeAt: Date = urgentMoment(state.rotation?.reason) ?? deps.now(),
): Promise<Outcome> {
  await releaseClaims(deps.db, [{ resourceId, fence, revision }], wakeAt, deps.now())
  return 'given-back'
}

async function countFailure(deps: Deps, resource: ClaimedResource, failure: HerokuFailure): Promise<void> {
  const now = deps.now()
  const { resourceId, fence } = resource
  const stuck = await deps.db.transaction().execute(async (trx) => {
    const present = await lockState(trx, resourceId)
    if (present?.fence !== fence) return undefined
    const { rotation, attempts } = present.state
    const hopeless = failure.kind === 'missing' || (await isWithoutTokens(trx, resourceId, failure))
    const stuck = rotation !== null && (hopeless || attempts + 1 >= MAX_ATTEMPTS)
    const newlyMissing = failure.kind === 'missing' && (await isKnown(trx, resourceId))
    if (newlyMissing) await setMissingSince(trx, resourceId, now)
    const retryAt = new Date(now.getTime() + retryDelayMs(attempts + 1, randomFraction(deps)))
    const to = afterFailure(present.state, keptFailure(failure, now), stuck ? null : retryAt, now)
    const kinds: HistoryKind[] = []
    if (newlyMissing) kinds.push('missing-at-heroku')
    if (stuck) kinds.push('rotation-stuck')
    const key = namedKey(await findKeys(trx, resourceId), to.keyset.pending)
    const { failures } = to
    const events = kinds.map((kind): HistoryEvent => {
      return {
        at: now,
        kind,
        actor: { type: 'worker' },
        ...(key && { key }),
        attempts: to.attempts,
        failures,
      }
    })
    await writeChanges(trx, [{ ...present, to, by: 'claim', events }], now)
    return stuck
  })
  if (stuck === undefined) return
  const fields = { resourceId, failure: describeFailure(failure) }
  if (stuck) deps.log.error(fields, 'rotation stuck')
  else deps.log.warn(fields, 'rotation attempt failed')
}

/** Tokens may have come since the look that missed them. */
async function isWithoutTokens(trx: Trx, resourceId: string, failure: HerokuFailure): Promise<boolean> {
  if (failure.kind !== 'no-access-token') return false
  const tokens = await loadTokens(trx, resourceId)
  return !tokens?.sealedRefreshToken && !(await isGrantWaiting(trx, resourceId))
}

async function isKnown(trx: Trx, resourceId: string): Promise<boolean> {
  const resource = await findResource(trx, resourceId)
  return resource !== undefined && resource.missingSince === null
}

function randomFraction(deps: Pick<Deps, 'random'>): number {
  return deps.random(4).readUInt32BE() / 2 ** 32
}
