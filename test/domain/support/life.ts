import fc from 'fast-check'
import { afterCheck, afterHoldingBack } from '../../../src/domain/after-look.ts'
import { afterAnnouncing, afterFiller, afterRotation } from '../../../src/domain/after-push.ts'
import { serveAt } from '../../../src/domain/calendar.ts'
import { afterTokenLife } from '../../../src/domain/change-token-life.ts'
import type { GracePeriod } from '../../../src/domain/grace.ts'
import { hearsProcesses, heldBackFor, mayWaitUntil } from '../../../src/domain/hold-back.ts'
import { endedByAnnouncing, endedByRotation } from '../../../src/domain/keyring-room.ts'
import { isSamePair, type Pair, publishedPair } from '../../../src/domain/keyset.ts'
import { versionsToMake } from '../../../src/domain/new-versions.ts'
import { oldKeyEndsAt } from '../../../src/domain/old-key-end.ts'
import { isPaused, nextRotationWhenPaused, nextRotationWhenResumed } from '../../../src/domain/pause.ts'
import {
  afterErasing,
  afterFailure,
  afterRevoke,
  afterWaiting,
  openRotation,
  pressed,
  type ResourceState,
  resumed,
  type StateChange,
  stateAtProvision,
  withNewKeys,
  wokenAt,
  wokenWhenNeeded,
} from '../../../src/domain/resource-state.ts'
import {
  decideStep,
  type HeldBack,
  isKeptToCalendar,
  isOutside,
  type Step,
} from '../../../src/domain/rotation.ts'
import type { RotationReason } from '../../../src/domain/rotation-reason.ts'
import { nextRotationAfterPlanChange, nextRotationAt } from '../../../src/domain/schedule.ts'
import { afterNextSwitched } from '../../../src/domain/switch-next.ts'
import { tooManyKeys } from '../../../src/domain/token-life.ts'
import { underCalendar } from '../../../src/domain/under-calendar.ts'
import { parseWindows, type Window } from '../../../src/domain/windows.ts'

const HOUR = 3_600_000
const PERIODS_MS = [HOUR, 24 * HOUR, 14 * 24 * HOUR] as const
const LEASE_MS = 90_000
/** Fewer than in production, so that a random life has stuck rotations in it. */
const ATTEMPTS = 3
const OPERATOR = { type: 'operator' } as const

/**
 * What happens to a resource: time passes (`next`: until it is due), a worker acts, Heroku answers, people act. `heard`: from
 * then on a process says that it signs with the key in the second place, whichever that is. What would end a key that is
 * needed for a stated life is asked about first, and nobody goes on with it; a shorter life alone is confirmed.
 */
export type LifeEvent =
  | { kind: 'time' | 'postpone' | 'pause' | 'hold'; ms: number }
  | { kind: 'windows'; windows: readonly Window[] }
  | { kind: 'grace'; grace: GracePeriod }
  | { kind: 'plan'; periodMs: number }
  | { kind: 'life'; tokenLifeMs: number | null }
  | {
      kind:
        | 'next'
        | 'tick'
        | 'answer'
        | 'failure'
        | 'death'
        | 'manual'
        | 'revoke'
        | 'retry'
        | 'freeze'
        | 'resume'
        | 'thaw'
        | 'next on'
        | 'next off'
        | 'heard'
        | 'unheard'
    }

/** The resource at a moment of its life, and what the event before it pushed and erased. */
export type Moment = {
  state: ResourceState
  now: Date
  grace: GracePeriod
  periodMs: number
  event: string
  pushed: Pushed | null
  erased: number[]
}

/** A push that Heroku confirmed, and what the config var was to hold before. */
export type Pushed = {
  pair: Pair
  before: Pair
  reason: RotationReason | 'filler' | 'next'
  at: Date
  /** Whether scheduled restarts were to happen at that moment. */
  open: boolean
  /** A person has asked for it. */
  pressed: boolean
  /** As it was when the rotation was opened. */
  periodMs: number
}

export const WINDOWS = [
  'any',
  'daily 09:00-12:00 Europe/Berlin',
  'tue-thu 09:00-12:00 UTC; sat 22:00-02:00 America/New_York',
  'daily 23:30-00:15 Australia/Lord_Howe',
].map((text) => {
  const read = parseWindows(text)
  return 'windows' in read ? read.windows : []
})

const anyGrace: fc.Arbitrary<GracePeriod> = fc.oneof(
  fc.constant({ until: 'next-rotation' } as const),
  fc.integer({ min: 2, max: 60 }).map((hours) => ({ until: 'elapsed', ms: hours * HOUR }) as const),
)
const anyMs = fc.oneof(
  fc.integer({ min: 1, max: 5 * 60_000 }),
  fc.integer({ min: 1, max: 40 * HOUR }),
  fc.constant(LEASE_MS),
)
const anyEvent: fc.Arbitrary<LifeEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('time'), ms: anyMs }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('next', 'tick') }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('answer', 'failure') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('death', 'manual', 'retry', 'resume') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('revoke', 'freeze') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('postpone', 'pause', 'hold'), ms: anyMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('thaw') }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('windows'), windows: fc.constantFrom(...WINDOWS) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('next on', 'next off') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('heard', 'unheard') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('grace'), grace: anyGrace }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('plan'), periodMs: fc.constantFrom(...PERIODS_MS) }),
  },
)

/** A grace period, and what happens from the provision on. */
export type Life = [GracePeriod, LifeEvent[]]
export const anyLife: fc.Arbitrary<Life> = fc.tuple(
  anyGrace,
  fc.array(anyEvent, { minLength: 1, maxLength: 80, size: 'max' }),
)

const AFTER = {
  publish: afterRotation,
  'publish-filler': afterFiller,
  'publish-next': afterAnnouncing,
} as const

function isPublishing(step: Step): step is Extract<Step, { step: keyof typeof AFTER }> {
  return step.step in AFTER
}

const GRACE_FLOOR_MS = 2 * HOUR

function isCreating(step: Step): boolean {
  return step.step.startsWith('create')
}

/** Plays a life by the decisions of the domain alone; the flows do the same around them. */
export function play([firstGrace, events]: Life): { moments: Moment[]; pushes: Pushed[]; last: Moment } {
  let now = new Date('2026-03-03T12:00:00Z')
  let grace = firstGrace
  let periodMs: number = PERIODS_MS[1]
  let openedWithMs = periodMs
  let state = stateAtProvision({ current: 2, filler: 1 }, nextRotationAt(now, periodMs, now), now)
  /** The pair that the holder of the claim is pushing. */
  let inFlight: { pair: Pair; doubtful: boolean } | null = null
  let sent = { at: now, open: true }
  let isHeard = false
  let erased: number[] = []
  let pushed: Pushed | null = null
  const pushes: Pushed[] = []

  function change(to: StateChange): void {
    state = to.state
    erased = to.erased
  }

  function tick(): void {
    if (state.wakeAt === null || state.wakeAt > now) return
    const leaseUntil = new Date(now.getTime() + LEASE_MS)
    state = { ...state, wakeAt: leaseUntil, claimedUntil: leaseUntil }
    inFlight = null
    sent = { at: now, open: serveAt(now, state.calendar).getTime() === now.getTime() }
    const step = decideStep({ ...state, grace }, now)
    const held = heldBack(step)
    if (held) state = afterHoldingBack(state, held, grace, now)
    else if (isCreating(step)) inFlight = { pair: make(step), doubtful: false }
    else if (isPublishing(step) && step.step !== 'publish-next' && isOutside(state, now)) {
      change({ state: afterWaiting(state, 24 * HOUR, now), erased: [] })
    } else if (isPublishing(step)) inFlight = { pair: step.pair, doubtful: true }
    else if (step.step === 'check') {
      const check = { checkAt: new Date(now.getTime() + 24 * HOUR), trust: state.trust }
      change({ state: afterCheck(state, check, grace, now), erased: [] })
    } else change(afterErasing(state, grace, now))
  }

  function heldBack(step: Step): HeldBack | undefined {
    const until = mayWaitUntil(state, step, now)
    const heard = isHeard && hearsProcesses(step) ? ['a'] : []
    return until && heldBackFor(state, { lagging: [], heard, until }, now)
  }

  function make(step: Step): Pair {
    if (step.step === 'create' && !state.rotation) {
      const { reason, dueAt } = step
      openedWithMs = periodMs
      state = openRotation(state, { reason, dueAt, openedBy: { type: 'worker' } }, now)
    }
    state = withNewKeys(state, versionsToMake(state, step))
    const publish = decideStep({ ...state, grace }, now)
    if (!isPublishing(publish)) throw new Error('what was made is not published')
    return publish.pair
  }

  function promote(): void {
    if (!inFlight) return
    const { pair, doubtful } = inFlight
    inFlight = null
    const step = decideStep({ ...state, grace }, now)
    if (!isPublishing(step) || !isSamePair(step.pair, pair)) {
      state = { ...state, wakeAt: now, claimedUntil: null }
      return
    }
    const reason = state.rotation?.reason ?? (step.step === 'publish-next' ? 'next' : 'filler')
    // It was sent when its claim began.
    const { at, open } = sent
    const isPressed = state.rotation?.pressed === true
    pushed = {
      pair,
      before: publishedPair(state.keyset),
      reason,
      at,
      open,
      pressed: isPressed,
      periodMs: openedWithMs,
    }
    pushes.push(pushed)
    const facts = { grace, periodMs, publishedAt: now, doubtful, epoch: 1 }
    change(AFTER[step.step](state, facts, now))
  }

  function fail(): void {
    if (!inFlight) return
    inFlight = null
    const stuck = state.rotation !== null && state.attempts + 1 >= ATTEMPTS
    const failure = { at: now.toISOString(), kind: 'unavailable', detail: 'no answer' } as const
    const retryAt = new Date(now.getTime() + (stuck ? 24 * HOUR : 60_000))
    state = afterFailure(state, failure, { retryAt, stuck }, now)
  }

  function open(reason: 'manual' | 'plan-change'): void {
    state = wokenAt(openRotation(state, { reason, dueAt: now, openedBy: OPERATOR }, now), now, now)
  }

  function revoke(): void {
    if (state.rotation?.reason === 'revoke' && !state.rotation.stuckSince) return
    // It takes the resource from its worker.
    inFlight = null
    change(afterRevoke(state, { openedBy: OPERATOR, epoch: 1 }, now))
    state = { ...state, wakeAt: new Date(0), claimedUntil: null }
  }

  function pauseUntil(until: Date | null): void {
    if (isPaused(state.pause, now)) return
    const pause = { at: now, until, reason: 'holiday' }
    const next = nextRotationWhenPaused(state.nextRotationAt, pause)
    state = wokenWhenNeeded({ ...state, nextRotationAt: next, pause }, grace, now)
  }

  function resume(): void {
    if (!state.pause || !isPaused(state.pause, now)) return
    const next = nextRotationWhenResumed(state.nextRotationAt, state.pause, now)
    state = wokenWhenNeeded({ ...state, nextRotationAt: next, pause: null }, grace, now)
  }

  function setWindows(windows: readonly Window[]): void {
    state = underCalendar(state, { ...state.calendar, windows }, { grace, periodMs }, now)
  }

  function hold(until: Date | null): void {
    const freeze = until && { id: 'a', from: now, until, zone: 'UTC', reason: '' }
    const calendar = { ...state.calendar, freezes: freeze ? [freeze] : [] }
    state = underCalendar(state, calendar, { grace, periodMs }, now)
  }

  function changePlan(newPeriodMs: number): void {
    if (tooManyKeys({ ...state, grace, periodMs: newPeriodMs }, [])) return
    const next = nextRotationAfterPlanChange(state, periodMs, newPeriodMs, now)
    periodMs = newPeriodMs
    if (state.rotation) return
    const isOpen = serveAt(now, state.calendar).getTime() === now.getTime()
    if (next <= now && !isPaused(state.pause, now) && isOpen) open('plan-change')
    else state = wokenWhenNeeded({ ...state, nextRotationAt: next }, grace, now)
  }

  function changeGrace(to: GracePeriod): void {
    if (tooManyKeys({ ...state, grace: to, periodMs }, [])) return
    grace = to
    const { keyset, publishedAt, tokenLifeMs } = state
    const { second } = keyset
    if (second.filler) return
    const until = oldKeyEndsAt({ grace: to, tokenLifeMs }, publishedAt, state.nextRotationAt)
    state = wokenWhenNeeded({ ...state, keyset: { ...keyset, second: { ...second, until } } }, to, now)
  }

  function switchNext(on: boolean): void {
    if (state.announcesNext === on) return
    if (on && endedByAnnouncing({ ...state, rotating: state.rotation !== null }, now).length > 0) return
    const { tokenLifeMs } = state
    if (tooManyKeys({ tokenLifeMs, grace, periodMs, announcesNext: on }, [])) return
    state = afterNextSwitched(state, on, now)
  }

  function setLife(tokenLifeMs: number | null): void {
    if (tooManyKeys({ ...state, tokenLifeMs, grace, periodMs }, [])) return
    change(afterTokenLife(state, tokenLifeMs, { grace, graceFloorMs: GRACE_FLOOR_MS }, now))
  }

  /** What is made already, and what waits for nobody, ends no more keys. */
  function endsKeys(): boolean {
    const { rotation, keyset } = state
    const isDecided = rotation !== null && (keyset.pending !== null || !isKeptToCalendar(rotation))
    return !isDecided && endedByRotation(state, now).length > 0
  }

  function happen(event: LifeEvent): void {
    switch (event.kind) {
      case 'time':
        now = new Date(now.getTime() + event.ms)
        break
      case 'next':
        if (state.wakeAt && state.wakeAt > now) now = state.wakeAt
        break
      case 'tick':
        tick()
        break
      case 'answer':
        promote()
        break
      case 'failure':
        fail()
        break
      case 'death':
        inFlight = null
        break
      case 'postpone':
        if (inFlight) state = { ...state, wakeAt: new Date(now.getTime() + event.ms), claimedUntil: null }
        inFlight = null
        break
      case 'manual':
        if (endsKeys()) break
        if (!state.rotation) open('manual')
        else if (isOutside(state, now)) state = wokenAt(pressed(state), now, now)
        break
      case 'revoke':
        revoke()
        break
      case 'retry':
        if (state.rotation?.stuckSince) state = wokenAt(resumed(state), now, now)
        break
      case 'freeze':
        pauseUntil(null)
        break
      case 'pause':
        pauseUntil(new Date(now.getTime() + event.ms))
        break
      case 'hold':
        hold(new Date(now.getTime() + event.ms))
        break
      case 'thaw':
        hold(null)
        break
      case 'windows':
        setWindows(event.windows)
        break
      case 'resume':
        resume()
        break
      case 'next on':
      case 'next off':
        switchNext(event.kind === 'next on')
        break
      case 'heard':
      case 'unheard':
        isHeard = event.kind === 'heard'
        break
      case 'life':
        setLife(event.tokenLifeMs)
        break
      case 'plan':
        changePlan(event.periodMs)
        break
      case 'grace':
        changeGrace(event.grace)
        break
    }
  }

  let last: Moment = { state, now, grace, periodMs, event: 'provision', pushed, erased }
  const moments = [last]
  for (const event of events) {
    erased = []
    pushed = null
    happen(event)
    last = { state, now, grace, periodMs, event: event.kind, pushed, erased }
    moments.push(last)
  }
  return { moments, pushes, last }
}
