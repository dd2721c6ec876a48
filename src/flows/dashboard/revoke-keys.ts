import type { Actor } from '../../domain/actor.ts'
import type { AskedOnce } from '../../domain/asked-once.ts'
import { isOfOwnKey, SecurekeyError } from '../../domain/errors.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { liveVersions } from '../../domain/keyset.ts'
import { afterRevoke, type ResourceState } from '../../domain/resource-state.ts'
import type { RotationName } from '../../domain/rotation-id.ts'
import { BEFORE_SCHEDULED } from '../../domain/schedule.ts'
import type { Trx } from '../../store/database.ts'
import { recordEvents } from '../../store/history.ts'
import { findResource, type Resource } from '../../store/resources.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import { deleteSessionsOf } from '../../store/sessions.ts'
import { changeResource, type ResourceChange } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { endedRotation, namedKeyOf, withdrawnNext } from '../ended-rotation.ts'
import { endForkCodeIn } from '../fork/fork-codes.ts'
import { switchOffIn } from '../hand-over/switch-hand-over.ts'
import { type FreshDek, makeFreshDek, renewDataKey } from '../renew-data-key.ts'
import { type ServedBefore, serveOnce } from '../serve-once.ts'
import { endTokensIn } from '../tokens/tokens.ts'

export type RevokeOutcome = { outcome: 'requested' | 'joined'; rotation: RotationName } | ServedBefore

/**
 * A key leaked: no key that exists now counts as valid from this moment on, the next one included, and a worker brings a
 * new key and a filler to Heroku in one push. An unfinished rotation is superseded: its pending key is erased, and whatever
 * its worker still writes is void. Should its push arrive late all the same, the check that follows a revoke puts the
 * config right. The resource gets a fresh data key, so whoever has opened the former one does not open the new keys with it.
 * All its dashboard sessions end but `session`, the digest of the id of the one that asks. So do its API tokens that may
 * read keys, unless `keepTokens`, and the code of a fork; the hand-over to enrolled clients is switched off. `joined`: a
 * revoke is under way already. With `once` the same request revokes once, however often it comes. Throws
 * `unknown-resource` or `resource-gone`.
 */
export async function revokeKeys(deps: Deps, request: Replacement): Promise<RevokeOutcome> {
  return await replaceAllKeys(deps, request, 'keys-revoked')
}

/**
 * A person replaces whatever Heroku holds, a foreign pair included, by a fresh key and a filler: the same as a revoke,
 * under its own name in the history. Throws `unknown-resource` or `resource-gone`.
 */
export async function replaceKeys(
  deps: Deps,
  request: { resourceId: string; actor: Actor },
): Promise<RevokeOutcome> {
  return await replaceAllKeys(deps, request, 'keys-replaced')
}

/** Whose keys are replaced, and by whom. */
export type Replacement = {
  resourceId: string
  actor: Actor
  session?: Buffer
  keepTokens?: boolean
  once?: AskedOnce | undefined
}

async function replaceAllKeys(
  deps: Deps,
  request: Replacement,
  kind: 'keys-revoked' | 'keys-replaced',
): Promise<RevokeOutcome> {
  const { resourceId } = request
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    const fresh = await freshDek(deps, resourceId)
    const outcome = await replaceOnce(deps, request, kind, fresh)
    if (outcome.outcome === 'again') continue
    deps.log.info(
      { resourceId, outcome: outcome.outcome },
      kind === 'keys-revoked' ? 'keys revoked' : 'keys replaced',
    )
    return outcome
  }
  throw new Error('the data key was replaced again and again')
}

const MOST_TRIES = 3

/**
 * Undefined where the present one does not open: then a revoke is all the more due, and goes on without. Without the
 * customer's own key nothing can be made that takes the place of the keys, so that is thrown on.
 */
async function freshDek(deps: Deps, resourceId: string): Promise<FreshDek | undefined> {
  const resource = await findResource(deps.db, resourceId)
  if (!resource?.dek) return undefined
  try {
    return await makeFreshDek(deps, resourceId, resource.dek)
  } catch (error) {
    if (!(error instanceof SecurekeyError) || isOfOwnKey(error)) throw error
    deps.log.error({ resourceId, detail: error.detail }, 'data key not renewed')
    return undefined
  }
}

/** `again`: the data key was replaced since `fresh` was made, and nothing was written. */
async function replaceOnce(
  deps: Deps,
  { resourceId, actor, session, keepTokens = false, once }: Replacement,
  kind: 'keys-revoked' | 'keys-replaced',
  fresh: FreshDek | undefined,
): Promise<RevokeOutcome | { outcome: 'again' }> {
  const now = deps.now()
  // After a failover the new epoch begins first, or the request would look like one from before it.
  const { epoch } = await deps.installation.look()
  return await changeResource<RevokeOutcome | { outcome: 'again' }>(
    deps,
    { resourceId, actor },
    async ({ resource, stored: { state } }, trx) =>
      await serveOnce(trx, resourceId, once, () => decide(resource, state, trx)),
  )

  async function decide(
    resource: Resource,
    state: ResourceState,
    trx: Trx,
  ): Promise<ResourceChange<Exclude<RevokeOutcome, ServedBefore> | { outcome: 'again' }>> {
    const { rotation, keyset } = state
    const isUnderWay = rotation?.reason === 'revoke' && !rotation.stuckSince
    if (!isUnderWay && fresh && !(await renewDataKey(trx, resource, fresh, 'leave'))) {
      return { outcome: { outcome: 'again' } }
    }
    const sessionsEnded = await deleteSessionsOf(trx, { resourceId, ...(session && { but: session }) })
    const ending = { resourceId, kind: 'api', scope: 'keyring' } as const
    const tokensEnded = keepTokens ? undefined : await endTokensIn(trx, ending)
    const switchedOff = await switchOffIn(trx, resource, actor, now)
    const codeEnded = await endForkCodeIn(trx, resourceId, actor, now)
    if (isUnderWay) {
      // Whoever has signed on since the first press goes all the same.
      const events: HistoryEvent[] = []
      if (sessionsEnded > 0) events.push(endedBy(actor, sessionsEnded, now))
      if (tokensEnded) events.push({ at: now, kind: 'tokens-ended', actor, details: tokensEnded.details })
      events.push(...switchedOff, ...codeEnded)
      if (events.length > 0) await recordEvents(trx, [{ resourceId, events }])
      return { outcome: { outcome: 'joined', rotation: { reason: 'revoke', openedAt: rotation.openedAt } } }
    }
    const keys = await findKeys(trx, resourceId)
    const superseded = endedRotation('rotation-superseded', state, keys, now)
    // A filler that was on its way is told of here, where no rotation tells of it.
    const filler = keys.find(({ version }) => superseded.length === 0 && version === keyset.pendingFiller)
    const after = afterRevoke(state, { openedBy: actor, epoch }, now)
    const revoked: HistoryEvent = {
      at: now,
      kind,
      actor,
      ...(filler && { filler: namedKeyOf(filler), madeAt: filler.createdAt, failures: state.failures }),
      erased: after.erased,
      details: {
        versions: liveVersions(keyset).join(', '),
        ...(sessionsEnded > 0 && { sessionsEnded }),
        ...(tokensEnded && { tokensEnded: tokensEnded.ended }),
      },
    }
    const withdrawn = withdrawnNext(state, keys, now, actor)
    const events = [...superseded, ...withdrawn, revoked, ...switchedOff, ...codeEnded]
    return {
      outcome: { outcome: 'requested', rotation: { reason: 'revoke', openedAt: now } },
      to: { ...after.state, wakeAt: BEFORE_SCHEDULED, claimedUntil: null },
      erased: after.erased,
      events,
      takeover: true,
    }
  }
}

function endedBy(actor: Actor, sessions: number, at: Date): HistoryEvent {
  return { at, kind: 'sessions-ended', actor, details: { sessions } }
}
