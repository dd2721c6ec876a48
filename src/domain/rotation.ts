import { type GracePeriod, graceEndsAt } from './grace.ts'
import {
  currentVersion,
  type Keyset,
  pendingFiller,
  pendingVersion,
  type Stage,
  secondVersion,
} from './keyset.ts'
import { isPaused, type Pause } from './pause.ts'

/** Why a rotation was opened. */
export type RotationReason = 'scheduled' | 'manual' | 'plan-change' | 'revoke'

/** `open` and `stuck` are unfinished, at most one per resource; the other three are ends. */
export type RotationState = 'open' | 'stuck' | 'done' | 'superseded' | 'cancelled'

/** All that the decision about a resource's next step depends on. */
export type Situation = {
  keyset: Keyset
  grace: GracePeriod
  nextRotationAt: Date
  openRotation: { reason: RotationReason; dueAt: Date } | null
  pause: Pause | null
  /** When Heroku's config is next compared with what was published; null: never. */
  checkAt: Date | null
}

/** The two versions that a config var is to hold, first and second. */
export type Pair = { first: number; second: number }

export type Step =
  | { step: 'create'; reason: RotationReason; dueAt: Date }
  | { step: 'publish'; pair: Pair }
  | { step: 'create-filler' }
  | { step: 'publish-filler'; pair: Pair }
  | { step: 'erase'; versions: number[] }
  | { step: 'check'; pair: Pair }
  | { step: 'wait'; wakeAt: Date | null }

/**
 * The one step that a resource needs at `now`: the rotation protocol as a pure question.
 * It is asked when a worker claims the resource and again inside each transaction, so a step that somebody else
 * has already taken is seen as taken.
 */
export function decideStep(situation: Situation, now: Date): Step {
  const { keyset, openRotation } = situation
  if (openRotation) return stepOfRotation(keyset, openRotation)
  const paused = isPaused(situation.pause, now)
  if (situation.nextRotationAt <= now && !paused) {
    return { step: 'create', reason: 'scheduled', dueAt: situation.nextRotationAt }
  }
  const filler = pendingFiller(keyset)
  if (filler) {
    return {
      step: 'publish-filler',
      pair: { first: currentVersion(keyset).version, second: filler.version },
    }
  }
  const erasable = erasableVersions(keyset, now)
  if (erasable.length > 0) return { step: 'erase', versions: erasable }
  // A filler restarts apps, and a pause is asked for so that none restarts.
  if (secondIsOver(situation, now) && !paused) return { step: 'create-filler' }
  if (situation.checkAt !== null && situation.checkAt <= now) {
    return { step: 'check', pair: publishedPair(keyset) }
  }
  return { step: 'wait', wakeAt: nextWakeAt(situation, now) }
}

/** The two versions that the config var holds when nothing is under way. */
export function publishedPair(keyset: Keyset): Pair {
  return { first: currentVersion(keyset).version, second: secondVersion(keyset).version }
}

function stepOfRotation(keyset: Keyset, rotation: { reason: RotationReason; dueAt: Date }): Step {
  const pending = pendingVersion(keyset)
  if (!pending) return { step: 'create', ...rotation }
  // A revoke leaves no old key valid, so its second place is a filler; every other reason keeps the former first key.
  const second = rotation.reason === 'revoke' ? pendingFiller(keyset) : currentVersion(keyset)
  if (!second) throw new Error('a revoke makes its key and its filler together')
  return { step: 'publish', pair: { first: pending.version, second: second.version } }
}

/** Previous versions that are no longer in the config var and whose grace period is over. */
function erasableVersions(keyset: Keyset, now: Date): number[] {
  const second = secondVersion(keyset)
  return keyset
    .filter((key) => key.stage === 'previous' && key !== second)
    .filter((key) => key.graceEndsAt === null || key.graceEndsAt <= now)
    .map((key) => key.version)
}

/** Whether the key in the second place must leave before the next rotation brings it out anyway. */
function secondIsOver({ keyset, grace }: Situation, now: Date): boolean {
  const second = secondVersion(keyset)
  if (grace.until === 'next-rotation' || second.filler) return false
  return second.graceEndsAt !== null && second.graceEndsAt <= now
}

/**
 * The next moment at which `decideStep` can answer anything but `wait`. Null: only when somebody acts, which happens
 * to a resource that is paused without an end.
 */
export function nextWakeAt(situation: Omit<Situation, 'openRotation'>, now: Date): Date | null {
  const { keyset, grace, nextRotationAt, pause, checkAt } = situation
  const paused = isPaused(pause, now)
  const second = secondVersion(keyset)
  const moments = keyset
    .filter((key) => key.stage === 'previous')
    .filter((key) => key !== second || (grace.until === 'elapsed' && !key.filler && !paused))
    .map((key) => key.graceEndsAt)
  moments.push(checkAt, paused ? (pause?.until ?? null) : nextRotationAt)
  const times = moments.flatMap((moment) => (moment === null ? [] : [moment.getTime()]))
  return times.length === 0 ? null : new Date(Math.min(...times))
}

/** What becomes of one version. `graceEndsAt` is given where the version enters the stage `previous`. */
export type Transition = { version: number; to: Stage; graceEndsAt: Date | null }

/** Promotion after Heroku confirmed the new pair: the new key signs, the former first is accepted for its grace period. */
export function promotion(
  keyset: Keyset,
  reason: RotationReason,
  schedule: { grace: GracePeriod; publishedAt: Date; nextRotationAt: Date },
): Transition[] {
  const { grace, publishedAt, nextRotationAt } = schedule
  return keyset.flatMap((key): Transition[] => {
    const { version } = key
    const retired: Transition = { version, to: 'retired', graceEndsAt: key.graceEndsAt }
    if (key.stage === 'retired') return []
    if (key.stage === 'pending') {
      if (!key.filler) return [{ version, to: 'current', graceEndsAt: null }]
      return reason === 'revoke' ? [{ version, to: 'previous', graceEndsAt: null }] : [retired]
    }
    if (reason === 'revoke') return [retired]
    if (key.stage === 'current') {
      return [{ version, to: 'previous', graceEndsAt: graceEndsAt(grace, publishedAt, nextRotationAt) }]
    }
    const over = key.filler || key.graceEndsAt === null || key.graceEndsAt <= publishedAt
    return over ? [retired] : []
  })
}

/** After Heroku confirmed a filler in the second place: the old second key is retired. */
export function fillerPromotion(keyset: Keyset): Transition[] {
  const second = secondVersion(keyset)
  const filler = pendingFiller(keyset)
  if (!filler) return []
  return [
    { version: filler.version, to: 'previous', graceEndsAt: null },
    { version: second.version, to: 'retired', graceEndsAt: second.graceEndsAt },
  ]
}

/** The keyset as it stands after the transitions, to see what the resource needs next. */
export function afterTransitions(keyset: Keyset, transitions: readonly Transition[]): Keyset {
  return keyset.map((key) => {
    const transition = transitions.find(({ version }) => version === key.version)
    return transition ? { ...key, stage: transition.to, graceEndsAt: transition.graceEndsAt } : key
  })
}
