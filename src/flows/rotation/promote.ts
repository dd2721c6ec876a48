import { afterAnnouncing, afterFiller, afterRotation, type PromotionFacts } from '../../domain/after-push.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { isSamePair, type Pair } from '../../domain/keyset.ts'
import type { ResourceState, StateChange } from '../../domain/resource-state.ts'
import { decideStep, type Step } from '../../domain/rotation.ts'
import { type Change, writeChanges } from '../../store/changes.ts'
import type { Trx } from '../../store/database.ts'
import { lockState } from '../../store/keysets.ts'
import { findResource, setMissingSince } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import { namedKeyOf } from '../ended-rotation.ts'
import type { Group } from './group.ts'
import { namedKey, type OpenResource } from './open-resource.ts'

/**
 * A pair that Heroku has confirmed, to be made the truth here. `arrived`: an earlier push had brought it. `doubtful`:
 * another call may still arrive, so the config is compared in two minutes.
 */
export type Confirmed = {
  resource: OpenResource
  pair: Pair
  /** In which it was pushed: it says nothing of one that has begun since. */
  epoch: number
  publishedAt: Date
  doubtful: boolean
  arrived: boolean
}

/**
 * The step `promote`: pointers, next date, history and the end of the claim, in one transaction. Where nobody has
 * changed the resource since its push began, what was decided then still holds. Where somebody has, its row is locked,
 * read, and the decision asked again. False: the claim was taken over, or the resource no longer waits for this pair.
 */
export async function promote(deps: Deps, group: Group, confirmed: Confirmed): Promise<boolean> {
  const { resource } = confirmed
  const change = promotionOf(deps, resource, confirmed)
  if (!change) return false
  const written = (await group.write(change)) ? change : await promoteChanged(deps, confirmed)
  if (!written) return false
  logPromotion(deps, written, confirmed)
  // Rare enough for a statement of its own: Heroku once answered 404 for it and has now taken its keys.
  if (resource.missing) await setMissingSince(deps.db, resource.resourceId, null)
  return true
}

/** The promotion of a resource that somebody changed during the push, as it stands now. */
async function promoteChanged(deps: Deps, confirmed: Confirmed): Promise<Change | undefined> {
  const { resourceId, fence } = confirmed.resource
  return await deps.db.transaction().execute(async (trx: Trx) => {
    const present = await lockState(trx, resourceId)
    if (present?.fence !== fence) return undefined
    const resource = await findResource(trx, resourceId)
    if (!resource) return undefined
    const { grace, periodMs } = resource
    const current = { ...confirmed.resource, ...present, grace, periodMs }
    const change = promotionOf(deps, current, confirmed)
    if (change) await writeChanges(trx, [change], deps.now())
    return change
  })
}

/** Undefined when the resource does not wait for this very pair. */
function promotionOf(
  deps: Pick<Deps, 'now' | 'installation'>,
  resource: OpenResource,
  { pair, epoch: pushedIn, publishedAt, doubtful, arrived }: Omit<Confirmed, 'resource'>,
): Change | undefined {
  const now = deps.now()
  const { resourceId, fence, revision, state, grace, periodMs } = resource
  const step = decideStep({ ...state, grace }, now)
  if (!isPublishing(step) || !isSamePair(step.pair, pair)) return undefined
  // What arrived earlier says nothing of this epoch: only a push confirms it.
  const epoch = arrived ? state.trust.confirmedEpoch : pushedIn
  const facts: PromotionFacts = { grace, periodMs, publishedAt, doubtful, epoch }
  const after = AFTER[step.step](state, facts, now)
  const promoted = step.step === 'publish-next' ? [] : [promotionEvent(resource, after, publishedAt, now)]
  const events = [...promoted, ...nextEvents(resource, after, promoted.length === 0, now)]
  const { state: to, erased } = after
  return { resourceId, fence, revision, state, to, by: 'claim', erased, events }
}

type Publishing = Extract<Step, { step: 'publish' | 'publish-filler' | 'publish-next' }>

function isPublishing(step: Step): step is Publishing {
  return step.step in AFTER
}

/** What becomes of the state once Heroku has confirmed each of the pushes. */
const AFTER: Readonly<
  Record<Publishing['step'], (state: ResourceState, facts: PromotionFacts, now: Date) => StateChange>
> = { publish: afterRotation, 'publish-filler': afterFiller, 'publish-next': afterAnnouncing }

/** What the history says of a rotation that ended well, or of a filler that took its place. */
function promotionEvent(
  resource: OpenResource,
  { state, erased }: StateChange,
  publishedAt: Date,
  now: Date,
): HistoryEvent {
  const { rotation, keyset, attempts, failures } = resource.state
  const key = namedKey(resource.keys, keyset.pending)
  const filler = namedKey(resource.keys, keyset.pendingFiller)
  const madeAt = resource.keys.find(
    ({ version }) => version === (keyset.pending ?? keyset.pendingFiller),
  )?.createdAt
  const common = {
    at: now,
    ...(key && { key }),
    ...(filler && { filler }),
    ...(madeAt && { madeAt }),
    publishedAt,
    erased,
    attempts: attempts + 1,
    failures,
  }
  if (!rotation) return { ...common, kind: 'filler-published', actor: { type: 'worker' } }
  const { reason, dueAt, openedAt, openedBy } = rotation
  const { nextRotationAt } = state
  return {
    ...common,
    kind: 'rotated',
    actor: openedBy,
    rotation: { reason, dueAt, openedAt, nextRotationAt },
  }
}

/** What the history says of the next key: it came with this push, or it went. `alone`: the push was for nothing else. */
function nextEvents(
  { keys, state: { keyset, attempts, failures } }: OpenResource,
  { state, erased }: StateChange,
  alone: boolean,
  now: Date,
): HistoryEvent[] {
  const stored = keyset.next && keys.find(({ version }) => version === keyset.next?.version)
  if (!stored || (keyset.next?.announced && state.keyset.next)) return []
  const kind = state.keyset.next ? 'next-announced' : 'next-withdrawn'
  const event = { at: now, kind, actor: { type: 'worker' }, key: namedKeyOf(stored) } as const
  return [{ ...event, madeAt: stored.createdAt, ...(alone && { erased, attempts: attempts + 1, failures }) }]
}

function logPromotion(deps: Deps, change: Change, { resource }: Confirmed): void {
  const { resourceId, to, state } = change
  const reason = resource.state.rotation?.reason
  if (reason === undefined) {
    if (state.keyset.pendingFiller !== null) {
      deps.log.event({ resourceId, version: to.keyset.second.version }, 'filler published')
      return
    }
    const version = to.keyset.next?.version ?? state.keyset.next?.version
    deps.log.event({ resourceId, version }, to.keyset.next ? 'next key announced' : 'next key withdrawn')
    return
  }
  const { keyset, nextRotationAt } = to
  deps.log.event({ resourceId, reason, version: keyset.current, nextRotationAt }, 'rotation promoted')
}
