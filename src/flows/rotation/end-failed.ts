import {
  costsNoAttempt,
  describeFailure,
  type HerokuFailure,
  keptFailure,
} from '../../domain/heroku-failure.ts'
import type { HistoryEvent, HistoryKind } from '../../domain/history.ts'
import { nextAttempt } from '../../domain/next-attempt.ts'
import { afterFailure } from '../../domain/resource-state.ts'
import { urgentMoment } from '../../domain/schedule.ts'
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
import { randomFraction } from '../random-fraction.ts'
import type { Group, Outcome } from './group.ts'
import { namedKey } from './open-resource.ts'

/**
 * Ends a claim whose step failed. Work that a shutdown or the lease cut off is no attempt, nor is a call that was never
 * sent, that Heroku told to come back later, or that failed for another reason than the resource (`trouble.ts`). Any other
 * failure counts, is kept with its reason and tried again with a growing delay. After the last attempt, or while trying
 * again is hopeless, the rotation is `stuck`: visible, and tried again about once a day.
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
    const later = new Date(deps.now().getTime() + Math.min(delayMs, LONGEST_WAIT_MS))
    if (failure.kind !== 'held-back' && !failure.owner) {
      await releaseClaims(deps.db, [resource], later)
      return 'failed'
    }
    // Only what holds for everybody ends the tick. Whoever is waited for is the first of the next one, and not behind all
    // that came due.
    await releaseClaims(deps.db, [resource], urgentMoment(resource.state.rotation?.reason) ?? later)
    return 'held-back'
  }
  if (failure.kind === 'missing' && !resource.missing && deps.troubles.missingTogether(resource.resourceId)) {
    const delayMs = NONE_KNOWN_RETRY_MS * (1 + randomFraction(deps) / 2)
    await releaseClaims(deps.db, [resource], new Date(deps.now().getTime() + delayMs))
    return 'failed'
  }
  await countFailure(deps, resource, failure)
  return 'failed'
}

/** While Heroku says of all that it does not know them: with its jitter, two minutes at most. */
const NONE_KNOWN_RETRY_MS = 80_000

const LONGEST_WAIT_MS = 3_600_000

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
  const gotStuck = await deps.db.transaction().execute(async (trx) => {
    const present = await lockState(trx, resourceId)
    if (present?.fence !== fence) return undefined
    const { state } = present
    const kept = keptFailure(failure, now)
    const hopeless = await isWithoutTokens(trx, resourceId, failure)
    const next = nextAttempt(state, kept, { hopeless, random: randomFraction(deps) })
    const newlyMissing = next.missing && (await isKnown(trx, resourceId))
    if (newlyMissing) await setMissingSince(trx, resourceId, now)
    const to = afterFailure(state, kept, next, now)
    const gotStuck = next.stuck && state.rotation?.stuckSince === null
    const kinds: HistoryKind[] = []
    if (newlyMissing) kinds.push('missing-at-heroku')
    if (gotStuck) kinds.push('rotation-stuck')
    const key = namedKey(await findKeys(trx, resourceId), to.keyset.pending)
    const { attempts, failures } = to
    const common = { at: now, actor: { type: 'worker' }, ...(key && { key }), attempts, failures } as const
    const events = kinds.map((kind): HistoryEvent => ({ ...common, kind }))
    await writeChanges(trx, [{ ...present, to, by: 'claim', events }], now)
    return gotStuck
  })
  if (gotStuck === undefined) return
  const fields = { resourceId, failure: describeFailure(failure) }
  if (gotStuck) deps.log.error(fields, 'rotation stuck')
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
