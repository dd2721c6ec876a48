import type { Actor } from '../../domain/actor.ts'
import type { AskedOnce } from '../../domain/asked-once.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { endedByRotation, waitsForRoom } from '../../domain/keyring-room.ts'
import { requireOpen } from '../../domain/own-key-closed.ts'
import { openRotation, pressed, type ResourceState, resumed, wokenAt } from '../../domain/resource-state.ts'
import { type HeldBack, isKeptToCalendar, isOutside, type OpenRotation } from '../../domain/rotation.ts'
import type { RotationName } from '../../domain/rotation-id.ts'
import { BY_PERSON } from '../../domain/schedule.ts'
import { isTurnAwaited, turnAtOnce } from '../../domain/turn.ts'
import type { Trx } from '../../store/database.ts'
import { serviceNow } from '../../store/database.ts'
import { changeResource, type ResourceChange } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { askFirst, type EndsEarly, goingNow } from '../ends-early.ts'
import { type ServedBefore, serveOnce } from '../serve-once.ts'

export type RequestRotationOutcome =
  | { outcome: 'requested'; rotation: RotationName }
  /** A rotation is under way already, or was stuck and is taken up again; this request is served by it. */
  | { outcome: 'joined'; rotation: RotationName }
  /** It would displace a key that apps may still be signing with; possible again at `allowedAt`. */
  | { outcome: 'too-soon'; allowedAt: Date }
  /** It would displace a key that these apps were seen to sign with; it goes ahead by itself at `until`. */
  | { outcome: 'held-back'; apps: readonly string[]; until: Date }
  /** It would take out a key that is needed for the stated life of what apps sign. */
  | EndsEarly
  | ServedBefore

/**
 * Opens a rotation by hand; the worker takes it from there, on the same path as a scheduled one. The rotation period
 * counts anew from this moment. It waits for no window and for the end of no freeze, and neither does one that is under way
 * and that it joins. With `evenIfTooSoon` it waits for nobody: neither for the grace floor nor for apps whose releases show
 * that they still sign with the key that it displaces. Where the keyring has no room for all keys that a stated life takes, it
 * asks first, and `confirm` names those that go. With `once` the same request opens one rotation, however often it comes.
 * Throws `unknown-resource` or `resource-gone`.
 */
export async function requestRotation(
  deps: Deps,
  request: {
    resourceId: string
    actor: Actor
    evenIfTooSoon?: boolean
    confirm?: string | undefined
    once?: AskedOnce | undefined
  },
): Promise<RequestRotationOutcome> {
  const { resourceId, actor, evenIfTooSoon = false, confirm, once } = request
  // By the clock of the worker that published: by another one that is ahead, the floor would be over too early.
  const now = await serviceNow(deps.db)
  return await changeResource<RequestRotationOutcome>(
    deps,
    { resourceId, actor },
    ({ resource, stored: { state } }, trx) => {
      requireOpen(resource.dek)
      return serveOnce(trx, resourceId, once, () => decideAsking(state, trx))
    },
  )

  async function decideAsking(state: ResourceState, trx: Trx): Promise<Decision | { outcome: EndsEarly }> {
    const change = decide(state)
    const ended = change.to ? endedBy(state, now) : []
    const asked = await askFirst(trx, resourceId, goingNow(ended, now), confirm)
    if (asked) return { outcome: asked }
    return ended.length === 0 ? change : confirmed(change, confirm?.trim().toLowerCase() ?? '')
  }

  function decide(state: ResourceState): Decision {
    const underWay = state.rotation
    if (underWay?.stuckSince) return resume(pressed(state), actor, joined(underWay), now)
    const heldBack = state.heldBack && state.heldBack.until > now ? state.heldBack : null
    // A person waits for what a release shows, and for no word of a program.
    if (heldBack && !heldBack.saidOnly && !evenIfTooSoon) {
      return { outcome: { outcome: 'held-back', apps: heldBack.apps, until: heldBack.until } }
    }
    if (underWay && heldBack) return goOn(state, underWay, heldBack, request, now)
    if (underWay)
      return isHeldUp(state, now) ? goNow(state, underWay, actor, now) : { outcome: joined(underWay) }
    const allowedAt = new Date(state.publishedAt.getTime() + deps.settings.graceFloorMs)
    // A filler may go at any time: nobody signs with it. A real key needs its floor, or people are logged out.
    const tooSoon = !state.keyset.second.filler && allowedAt > now
    if (tooSoon && !evenIfTooSoon) return { outcome: { outcome: 'too-soon', allowedAt } }
    const intent = { reason: 'manual', dueAt: now, openedBy: actor } as const
    const details = { reason: 'manual', ...(evenIfTooSoon && { evenIfTooSoon }) }
    const event: HistoryEvent = { at: now, kind: 'rotation-requested', actor, details }
    const opened = { ...openRotation(state, intent, now), heldBack: evenIfTooSoon ? over(now) : null }
    return {
      outcome: { outcome: 'requested', rotation: { reason: 'manual', openedAt: now } },
      to: wokenAt(opened, BY_PERSON, now),
      events: [event],
    }
  }
}

type Decision = ResourceChange<Exclude<RequestRotationOutcome, ServedBefore | EndsEarly>>

/** The history says which keys a person let go. */
function confirmed(change: Decision, endsEarly: string): Decision {
  const events = change.events?.map((event) => ({ ...event, details: { ...event.details, endsEarly } })) ?? []
  return { ...change, events }
}

/** The keys for which the keyring has no room once the rotation goes ahead. One that is made already ends no more of them. */
function endedBy(state: ResourceState, now: Date) {
  const { rotation, keyset } = state
  const isDecided = rotation !== null && (keyset.pending !== null || !isKeptToCalendar(rotation))
  return isDecided ? [] : endedByRotation(state, now)
}

type Joined = Extract<RequestRotationOutcome, { outcome: 'joined' }>

function joined({ reason, openedAt }: OpenRotation): Joined {
  return { outcome: 'joined', rotation: { reason, openedAt } }
}

/** The rotation under way was held back for apps; somebody wants it to wait no longer. */
function goOn(
  state: ResourceState,
  underWay: OpenRotation,
  heldBack: HeldBack,
  { actor, evenIfTooSoon }: { actor: Actor; evenIfTooSoon?: boolean },
  now: Date,
): ResourceChange<Joined> {
  const details = { reason: underWay.reason, ...(evenIfTooSoon && { evenIfTooSoon }) }
  const event: HistoryEvent = { at: now, kind: 'rotation-requested', actor, details }
  const over = { ...heldBack, until: now, lookAt: now }
  const to = wokenAt({ ...pressed(state), heldBack: over }, now, now)
  return { outcome: joined(underWay), to, events: [event] }
}

/**
 * Whether the rotation under way waits for a window, for the end of a freeze, for another restart of its apps, or for room in
 * the keyring.
 */
function isHeldUp(state: ResourceState, now: Date): boolean {
  const { rotation, keyset, turn } = state
  const isKept = rotation !== null && isKeptToCalendar(rotation) && keyset.pending === null
  return (
    isOutside(state, now) || isTurnAwaited(turn, now) || (isKept && waitsForRoom(state, now, now) !== null)
  )
}

/** The rotation under way waited for such a moment; somebody wants it now. */
function goNow(
  state: ResourceState,
  underWay: OpenRotation,
  actor: Actor,
  now: Date,
): ResourceChange<Joined> {
  const event: HistoryEvent = {
    at: now,
    kind: 'rotation-requested',
    actor,
    details: { reason: underWay.reason },
  }
  return { outcome: joined(underWay), to: wokenAt(pressed(state), BY_PERSON, now), events: [event] }
}

/** No app is waited for. */
function over(now: Date): HeldBack {
  return { since: now, until: now, lookAt: now, apps: [] }
}

/**
 * Takes a stuck rotation up again, with a fresh count of attempts. Where no rotation is under way, what waits for its next
 * attempt is tried at once. It waits for no other restart of its apps, unless it is resumed `withOthers`. False: there is
 * nothing of the kind.
 */
export async function resumeRotation(
  deps: Deps,
  request: { resourceId: string; actor: Actor; withOthers?: boolean },
): Promise<boolean> {
  const { resourceId, actor, withOthers = false } = request
  return await changeResource<boolean>(deps, { resourceId, actor }, ({ stored }) => {
    const now = deps.now()
    const state = { ...stored.state, turn: withOthers ? stored.state.turn : turnAtOnce(now) }
    if (!state.rotation && state.attempts > 0) {
      return { outcome: true, to: wokenAt({ ...state, attempts: 0 }, now, now) }
    }
    if (!state.rotation?.stuckSince) return { outcome: false }
    return resume(state, actor, true, now)
  })
}

function resume<T>(state: ResourceState, actor: Actor, outcome: T, now: Date): ResourceChange<T> {
  const event: HistoryEvent = { at: now, kind: 'rotation-resumed', actor }
  return { outcome, to: wokenAt(resumed(state), BY_PERSON, now), events: [event] }
}
