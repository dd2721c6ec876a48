import type { Actor } from './actor.ts'
import { type Calendar, isOpen, serveAt } from './calendar.ts'
import type { GracePeriod } from './grace.ts'
import { roomFrom } from './keyring-room.ts'
import { type Keyset, type Pair, publishedPair } from './keyset.ts'
import { theLater } from './old-key-end.ts'
import { isPaused, type Pause } from './pause.ts'
import type { RotationReason } from './rotation-reason.ts'
import type { Trust } from './trust.ts'
import { isTurnAwaited, type Turn } from './turn.ts'

/** The written-down intent to rotate, at most one per add-on. */
export type OpenRotation = {
  reason: RotationReason
  dueAt: Date
  openedAt: Date
  /** Who asked for it; the worker is the schedule. */
  openedBy: Actor
  /** It has failed too often: from then on it is tried about once a day. */
  stuckSince: Date | null
  /** A person has asked for it since: it waits for no window. */
  pressed?: boolean
}

/**
 * A step that takes a key out waits, because an app was seen to sign with that key still. The apps are looked at again at
 * `lookAt`. It goes on at `until` at the latest: one whose end has come is held back no longer, by time or because a
 * person wants it so. `saidOnly`: no release shows it, only processes say so of themselves.
 */
export type HeldBack = {
  since: Date
  until: Date
  lookAt: Date
  apps: readonly string[]
  saidOnly?: boolean
}

/** All that the decision about a resource's next step depends on. */
export type Situation = {
  keyset: Keyset
  grace: GracePeriod
  nextRotationAt: Date
  rotation: Pick<OpenRotation, 'reason' | 'dueAt' | 'pressed'> | null
  pause: Pause | null
  /** When scheduled restarts may happen. */
  calendar: Calendar
  /** When Heroku's config is next compared with what was published; null: never. */
  checkAt: Date | null
  /** Heroku holds what was never made here. */
  trust: Pick<Trust, 'foreignSince'>
  /** What takes a key out waits for apps. */
  heldBack: Pick<HeldBack, 'lookAt'> | null
  /** The schedule waits until other restarts of its apps lie far enough back. */
  turn: Pick<Turn, 'at'> | null
  /** The next key is to be announced. */
  announcesNext: boolean
  /** How long the longest thing lives that apps sign, where that is stated. */
  tokenLifeMs: number | null
}

export type Step =
  | { step: 'create'; reason: RotationReason; dueAt: Date }
  | { step: 'publish'; pair: Pair }
  | { step: 'create-filler' }
  | { step: 'publish-filler'; pair: Pair }
  | { step: 'create-next' }
  | { step: 'publish-next'; pair: Pair }
  | { step: 'erase' }
  | { step: 'check'; pair: Pair }
  | { step: 'wait' }

/**
 * The one step that a resource needs at `now`: the rotation protocol as a pure question. A worker asks it once when it
 * has claimed the resource, and once more where somebody has changed the resource since.
 */
export function decideStep(situation: Situation, now: Date): Step {
  const { keyset, rotation, nextRotationAt, pause, checkAt, trust } = situation
  // What nobody here made is overwritten by a person's revoke alone. It is looked at again each day.
  if (trust.foreignSince !== null && rotation?.reason !== 'revoke') {
    return checkAt !== null && checkAt <= now
      ? { step: 'check', pair: publishedPair(keyset) }
      : { step: 'wait' }
  }
  // What takes a key out waits for the next look at the apps; what puts the config right does not.
  const held = isHeldBack(situation, now)
  const isItsTurn = () => !isTurnAwaited(situation.turn, now)
  const mustWait = ({ isKept }: { isKept: boolean }) =>
    held || isOutside(situation, now) || isCrowded(situation, now) || (isKept && !isItsTurn())
  const waits =
    rotation !== null && keyset.pending === null && mustWait({ isKept: isKeptToCalendar(rotation) })
  if (rotation && !waits) {
    const { reason, dueAt } = rotation
    if (keyset.pending === null) return { step: 'create', reason, dueAt }
    return { step: 'publish', pair: pairOfRotation(keyset, reason, situation.announcesNext) }
  }
  const check: Step =
    checkAt !== null && checkAt <= now ? { step: 'check', pair: publishedPair(keyset) } : { step: 'wait' }
  // The rotation brings the next key, or takes it out, along with its own.
  if (rotation) return check
  const mayRestart = () => !isPaused(pause, now) && !held && isItsTurn() && isOpen(situation.calendar, now)
  if (nextRotationAt <= now && mayRestart() && !isCrowded(situation, now))
    return { step: 'create', reason: 'scheduled', dueAt: nextRotationAt }
  if (keyset.pendingFiller !== null) {
    const next = listedNext(situation)
    return { step: 'publish-filler', pair: { first: keyset.current, second: keyset.pendingFiller, next } }
  }
  if (keyset.older.some(({ until }) => until <= now)) return { step: 'erase' }
  // A filler restarts apps, and a pause, a window or a freeze is asked for so that none restarts.
  if (isSecondOver(situation, now) && mayRestart()) return { step: 'create-filler' }
  // A person has pressed for it, and it takes out no key that an app signs with: it waits for no pause and for no app.
  if (lacksNext(situation)) return { step: 'create-next' }
  if (isNextUnpublished(situation)) {
    return { step: 'publish-next', pair: { ...publishedPair(keyset), next: listedNext(situation) } }
  }
  return check
}

type NextSituation = Pick<Situation, 'announcesNext' | 'keyset'>

/** The next key that whatever is pushed now lists. */
function listedNext({ announcesNext, keyset }: NextSituation): number | null {
  return announcesNext ? (keyset.next?.version ?? null) : null
}

/** Whether a next key is to be announced, and none is made. */
export function lacksNext({ announcesNext, keyset }: NextSituation): boolean {
  return announcesNext && keyset.next === null
}

/** Whether Heroku's keyring may list a next key that it should not, or lack the one that it should. */
export function isNextUnpublished({ announcesNext, keyset }: NextSituation): boolean {
  return keyset.next !== null && !(announcesNext && keyset.next.announced)
}

/** Whether apps still sign with the key that would leave, as of the last look. */
function isHeldBack({ heldBack }: Pick<Situation, 'heldBack'>, now: Date): boolean {
  return heldBack !== null && heldBack.lookAt > now
}

/** Whether the schedule alone brings this rotation: then it restarts apps inside a window and outside of freezes alone. */
export function isKeptToCalendar({ reason, pressed }: Pick<OpenRotation, 'reason' | 'pressed'>): boolean {
  return (reason === 'scheduled' || reason === 'plan-change') && pressed !== true
}

/**
 * Whether what is under way must not restart apps at this moment: neither a rotation of the schedule nor a filler. What is
 * made already is looked for at Heroku, and waits where it has not arrived.
 */
export function isOutside(
  { rotation, keyset, calendar }: Pick<Situation, 'rotation' | 'keyset' | 'calendar'>,
  now: Date,
): boolean {
  const isKept = rotation ? isKeptToCalendar(rotation) : keyset.pendingFiller !== null
  return isKept && !isOpen(calendar, now)
}

/**
 * Whether a rotation of the schedule must wait for room in the keyring: it would take out an old key while something that key
 * has signed still lives. A person may do so, and is asked before.
 */
function isCrowded(situation: Situation, now: Date): boolean {
  const { rotation } = situation
  const from = rotation === null || isKeptToCalendar(rotation) ? roomFrom(situation) : null
  return from !== null && from > now
}

/** The pair that a rotation brings to Heroku, once its key is made. */
function pairOfRotation(keyset: Keyset, reason: RotationReason, announcesNext: boolean): Pair {
  const { current, pending, pendingFiller } = keyset
  // A revoke leaves no old key valid, so its second place is a filler. Any other reason keeps the former first key.
  const second = reason === 'revoke' ? pendingFiller : current
  if (pending === null || second === null) throw new Error('a revoke makes its key and its filler together')
  return { first: pending, second, next: listedNext({ announcesNext, keyset }) }
}

/** Whether the key in the second place must leave before the next rotation brings it out anyway. */
function isSecondOver({ keyset: { second }, grace }: Situation, now: Date): boolean {
  return grace.until === 'elapsed' && !second.filler && second.until <= now
}

/**
 * The next moment at which `decideStep` can return anything but `wait`. Null: only when somebody acts, which happens
 * to a resource that is paused without an end.
 */
export function nextWakeAt(situation: Situation, now: Date): Date | null {
  const { keyset, grace, nextRotationAt, rotation, pause, checkAt, trust, heldBack, turn } = situation
  if (trust.foreignSince !== null) return checkAt
  const { second, older, pending, pendingFiller } = keyset
  const lookAt = heldBack && isHeldBack(situation, now) ? heldBack.lookAt : null
  if (rotation) {
    const isKept = pending === null && isKeptToCalendar(rotation)
    const free = isKept ? (roomFrom(situation) ?? now) : now
    const goesOn = theLater(lookAt ?? now, free)
    const at = isKept ? openAt(situation, theLater(goesOn, turn?.at ?? now), now) : goesOn
    return at > now ? earliest([at, checkAt]) : now
  }
  if (pendingFiller !== null || lacksNext(situation) || isNextUnpublished(situation)) return now
  const paused = isPaused(pause, now)
  const moments = [checkAt, ...older.map(({ until }) => until)]
  const rotatesAt = theLater(nextRotationAt, roomFrom(situation) ?? nextRotationAt)
  const leaving = [paused ? (pause?.until ?? null) : rotatesAt]
  if (grace.until === 'elapsed' && !second.filler && !paused) leaving.push(second.until)
  const leavesAt = earliest(leaving)
  const awaited = [lookAt, isTurnAwaited(turn, now) ? turn?.at : null].filter((at) => at instanceof Date)
  const goesAt = leavesAt && awaited.reduce(theLater, leavesAt)
  moments.push(goesAt && !paused ? openAt(situation, goesAt, now) : goesAt)
  return earliest(moments)
}

/** What is wanted at `moment` is done at that moment or, where that is outside, when a window next opens. */
function openAt({ calendar }: Pick<Situation, 'calendar'>, moment: Date, now: Date): Date {
  const from = theLater(moment, now)
  const served = serveAt(from, calendar)
  return served > from ? served : moment
}

function earliest(moments: readonly (Date | null)[]): Date | null {
  const times = moments.flatMap((moment) => (moment === null ? [] : [moment.getTime()]))
  return times.length === 0 ? null : new Date(Math.min(...times))
}
