import type { Actor } from './actor.ts'
import { ANY_TIME, type Calendar, serveAt } from './calendar.ts'
import type { GracePeriod } from './grace.ts'
import type { Failure } from './heroku-failure.ts'
import type { PublishedReason } from './keyring-var.ts'
import { dropOlder, dropPending, type Keyset, type KeysetChange, type NewVersions } from './keyset.ts'
import type { Pause } from './pause.ts'
import { decideStep, type HeldBack, isKeptToCalendar, nextWakeAt, type OpenRotation } from './rotation.ts'
import type { RotationReason } from './rotation-reason.ts'
import { type Trust, trusted } from './trust.ts'
import type { Turn } from './turn.ts'

/** All that changes of a live add-on: its keyset, the rotation under way, dates, and the claim of a worker. */
export type ResourceState = {
  keyset: Keyset
  /** Somebody wants the next key to be announced. */
  announcesNext: boolean
  /** How long the longest thing lives that apps sign, where somebody has stated it. */
  tokenLifeMs: number | null
  /** The highest version number ever used. */
  lastVersion: number
  /** When Heroku confirmed the current key. */
  publishedAt: Date
  /** Why it was published. */
  publishedReason: PublishedReason
  rotation: OpenRotation | null
  /** Failed attempts at what is under way, and the newest of their reasons. */
  attempts: number
  failures: readonly Failure[]
  /** What would be done next waits until apps have the current key. */
  heldBack: HeldBack | null
  /** When the schedule may restart its apps, beside other add-ons on them; null: nobody has asked yet. */
  turn: Turn | null
  /** When apps were last restarted for it, as far as that is known: the key was stored for a push, or Heroku took one. */
  pushedAt: Date | null
  /** The last scheduled due date that was served. */
  servedDueAt: Date | null
  nextRotationAt: Date
  pause: Pause | null
  /** When scheduled restarts may happen; the due date waits for it, and stays what the next is counted from. */
  calendar: Calendar
  checkAt: Date | null
  /** What is known of the config var at Heroku. */
  trust: Trust
  wakeAt: Date | null
  claimedUntil: Date | null
}

/** A state after a change, and the versions whose keys the change erases. */
export type StateChange = { state: ResourceState; erased: number[] }

/** The newest failures are kept, one for each attempt that a rotation has. */
const MOST_FAILURES_KEPT = 12

/** The state of a new resource: a key that signs, a filler beside it, and the next key where that is to be announced. */
export function stateAtProvision(
  made: {
    current: number
    filler: number
    next?: number | null
    epoch?: number
    checkAt?: Date | null
    calendar?: Calendar
    tokenLifeMs?: number | null
  },
  nextRotationAt: Date,
  now: Date,
): ResourceState {
  const { current, filler, epoch = 0, checkAt = null, calendar = ANY_TIME, tokenLifeMs = null } = made
  const second = { version: filler, filler: true } as const
  const served = serveAt(nextRotationAt, calendar)
  const next = made.next ? { version: made.next, announced: true } : null
  return {
    keyset: { current, second, pending: null, pendingFiller: null, older: [], next, revokedTo: 0 },
    announcesNext: next !== null,
    tokenLifeMs,
    lastVersion: Math.max(current, filler, next?.version ?? 0),
    publishedAt: now,
    publishedReason: 'provision',
    rotation: null,
    attempts: 0,
    failures: [],
    heldBack: null,
    turn: null,
    pushedAt: null,
    servedDueAt: null,
    nextRotationAt,
    pause: null,
    calendar,
    checkAt,
    trust: trusted(epoch),
    wakeAt: checkAt !== null && checkAt < served ? checkAt : served,
    claimedUntil: null,
  }
}

/** The intent to rotate is written down. Failures of a filler that was under way stay to be told with its end. */
export function openRotation(
  state: ResourceState,
  intent: { reason: RotationReason; dueAt: Date; openedBy: Actor },
  now: Date,
): ResourceState {
  const rotation = { ...intent, openedAt: now, stuckSince: null }
  return { ...state, rotation, attempts: 0, turn: isKeptToCalendar(rotation) ? state.turn : null }
}

/**
 * New keys are stored: `key` for the rotation, `filler` for the second place, `next` to be announced. What was held back for
 * apps goes on with a key or a filler; one that is only announced takes no key from them, and changes nothing of that.
 */
export function withNewKeys(state: ResourceState, made: NewVersions): ResourceState {
  const { keyset } = state
  const kept = keyset.next?.version === made.key ? null : keyset.next
  const takesKeyOut = made.key !== null || made.filler !== null
  return {
    ...state,
    keyset: {
      ...keyset,
      pending: made.key ?? keyset.pending,
      pendingFiller: made.filler ?? keyset.pendingFiller,
      next: made.next === null ? kept : { version: made.next, announced: false },
    },
    heldBack: takesKeyOut ? null : state.heldBack,
    lastVersion: Math.max(state.lastVersion, made.key ?? 0, made.filler ?? 0, made.next ?? 0),
  }
}

/** Older keys whose time is over are erased. */
export function afterErasing(state: ResourceState, grace: GracePeriod, now: Date): StateChange {
  return claimEnded(state, dropOlder(state.keyset, now), grace, now)
}

/** An attempt failed: it counts, and its reason is kept. A rotation that is stuck from now on is tried again as well. */
export function afterFailure(
  state: ResourceState,
  failure: Failure,
  { retryAt, stuck }: { retryAt: Date; stuck: boolean },
  now: Date,
): ResourceState {
  const { rotation, attempts, failures } = state
  return {
    ...state,
    rotation: rotation && stuck ? { ...rotation, stuckSince: rotation.stuckSince ?? now } : rotation,
    attempts: attempts + 1,
    failures: [...failures, failure].slice(-MOST_FAILURES_KEPT),
    // Others on its apps do not wait for what fails.
    turn: null,
    wakeAt: retryAt,
    claimedUntil: null,
  }
}

/** Somebody has a stuck rotation tried again now, with all its attempts. */
export function resumed(state: ResourceState): ResourceState {
  const { rotation } = state
  return { ...state, rotation: rotation && { ...rotation, stuckSince: null }, attempts: 0 }
}

/** A person wants the rotation under way at once: it waits for no window, for the end of no freeze and for no turn. */
export function pressed(state: ResourceState): ResourceState {
  const { rotation } = state
  return { ...state, rotation: rotation && { ...rotation, pressed: true }, turn: null }
}

/**
 * The claim ends until it is the add-on's turn. What is made already is looked for at Heroku as often as by checks, since a
 * push that was given up may have arrived.
 */
export function afterWaitingForTurn(
  state: ResourceState,
  { turn, lookAgainMs, grace }: { turn: Turn; lookAgainMs: number; grace: GracePeriod },
  now: Date,
): ResourceState {
  const waiting = { ...state, turn, claimedUntil: null }
  const { pending, pendingFiller } = state.keyset
  if (pending === null && pendingFiller === null) {
    return { ...waiting, wakeAt: nextWakeAt({ ...waiting, grace }, now) }
  }
  const lookAt = new Date(now.getTime() + lookAgainMs)
  return { ...waiting, wakeAt: turn.at < lookAt ? turn.at : lookAt }
}

/** What is under way has not arrived at Heroku, and must not restart apps before a window opens: looked for again by then. */
export function afterWaiting(state: ResourceState, lookAgainMs: number, now: Date): ResourceState {
  const opens = serveAt(now, state.calendar)
  const lookAt = new Date(now.getTime() + lookAgainMs)
  return { ...state, wakeAt: opens < lookAt ? opens : lookAt, claimedUntil: null }
}

/** A key leaked: what is pending is dropped, and no version that exists is accepted from now on. */
export function afterRevoke(
  state: ResourceState,
  { openedBy, epoch }: { openedBy: Actor; epoch: number },
  now: Date,
): StateChange {
  const { keyset, erased } = dropPending(state.keyset)
  const trust = { ...state.trust, revokedEpoch: epoch }
  const fresh = {
    ...state,
    keyset: { ...keyset, revokedTo: state.lastVersion },
    heldBack: null,
    failures: [],
  }
  return { state: openRotation({ ...fresh, trust }, { reason: 'revoke', dueAt: now, openedBy }, now), erased }
}

/**
 * A worker looks at the resource at `wakeAt`. One that is at it already is left alone: it sees that the resource was
 * changed.
 */
export function wokenAt(state: ResourceState, wakeAt: Date | null, now: Date): ResourceState {
  return state.claimedUntil !== null && state.claimedUntil > now ? state : { ...state, wakeAt }
}

/** A worker looks at the resource when it next needs a step. A rotation under way keeps its own time. */
export function wokenWhenNeeded(state: ResourceState, grace: GracePeriod, now: Date): ResourceState {
  if (state.rotation) return state
  const free = { ...state, heldBack: null, turn: null }
  const { step } = decideStep({ ...free, calendar: ANY_TIME, grace }, now)
  // What is not due is held back no longer: once it is, the apps are looked at anew.
  const needed = step === 'create' || step === 'create-filler' ? state : free
  return wokenAt(needed, nextWakeAt({ ...needed, grace }, now), now)
}

/** A claim ended well: what failed before counts no more, and the next look is planned. */
export function claimEnded(
  state: ResourceState,
  { keyset, erased }: KeysetChange,
  grace: GracePeriod,
  now: Date,
): StateChange {
  const wakeAt = nextWakeAt({ ...state, keyset, grace }, now)
  return {
    state: { ...state, keyset, attempts: 0, failures: [], wakeAt, claimedUntil: null },
    erased,
  }
}
