import { ANY_TIME, serveAt } from '../calendar.ts'
import { type FoundHealth, isScheduleStopped } from '../health-state.ts'
import type { HealthWords } from '../health-words.ts'
import type { ResourceState } from '../resource-state.ts'
import { isKeptToCalendar } from '../rotation.ts'
import { heldUntil, isHeldForGood, nextServedAt } from '../upcoming.ts'
import { dateWords } from './date-words.ts'
import type { Notice, NoticeSubject } from './notice.ts'

/**
 * What a target was told of the schedule: the date for which *coming* was told last, and the due date for which *late* was.
 * `expectedAt`: since when, or when, the next rotation is expected, as of the last look.
 */
export type ToldSchedule = { comingFor: Date | null; lateFor: Date | null; expectedAt: Date | null }

/** Of a target that was told of no schedule yet. */
export const NOTHING_TOLD: ToldSchedule = { comingFor: null, lateFor: null, expectedAt: null }

/** All on which it depends what the schedule has to say. */
export type ScheduleFacts = {
  subject: NoticeSubject
  state: ResourceState
  periodMs: number
  health: Pick<FoundHealth & HealthWords, 'state' | 'heading'>
}

/** What the schedule has to say now, each with what is told once it has arrived; `told`: where none has. */
export type ScheduleLook = {
  notices: readonly { notice: Notice; told: ToldSchedule }[]
  told: ToldSchedule
  lookAt: Date
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** So long after a rotation is expected it is looked whether it was done: most are, and need not wake anybody. */
const DONE_AFTER_MS = [20_000, 120_000, 900_000, HOUR_MS]
/** Where the date may be brought nearer without a word to this add-on (by the partner's freezes), or what is late be done. */
const LOOK_AGAIN_MS = 6 * HOUR_MS

/** So long before it happens a rotation is told of: a day, or half the period where that is shorter. */
export function leadMs(periodMs: number): number {
  return Math.min(DAY_MS, periodMs / 2)
}

/** A date that moves by no more than this is the one that was told: an hour, or a quarter of the period. */
function toleranceMs(periodMs: number): number {
  return Math.min(HOUR_MS, periodMs / 4)
}

/**
 * What the schedule has to say at `now`: *coming*, a day before the moment at which the next rotation is served, and again
 * only where that moment has moved by more than an hour; where it has moved farther away than that day, a *coming* at once
 * that takes the date back, and the one of the new date in its time; *late*, an hour after that moment, once for each due
 * date. Neither is stored anywhere, so whatever moves the date (a window, a freeze, a pause, another plan) moves them.
 */
export function lookAtSchedule(facts: ScheduleFacts, before: ToldSchedule, now: Date): ScheduleLook {
  // That a customer has withdrawn the key is told as what it is. Nothing is expected meanwhile, nor late once it is over.
  const isHeld = facts.health.state === 'own-key-suspended' || facts.health.state === 'own-key-lost'
  const expectedAt = expectedSince(facts.state, before, now)
  const seen: ToldSchedule = { ...before, expectedAt: isHeld ? null : expectedAt }
  let told = seen
  const notices: { notice: Notice; told: ToldSchedule }[] = []
  const looks: Date[] = []
  const { dueAt } = awaited(facts.state)
  if (!isHeld && before.lateFor?.getTime() !== dueAt.getTime()) {
    const lateAt = later(expectedAt, HOUR_MS)
    if (lateAt <= now) {
      told = { ...told, lateFor: dueAt }
      notices.push({ notice: lateNotice(facts, { dueAt, expectedAt }, now), told })
    }
  }
  looks.push(nextLookWhileAwaited(facts.periodMs, expectedAt, now))
  const servedAt = promisedAt(facts, now)
  if (servedAt) {
    if (!isNear(before.comingFor, servedAt, toleranceMs(facts.periodMs))) {
      const tellAt = later(servedAt, -leadMs(facts.periodMs))
      if (tellAt <= now) {
        told = { ...told, comingFor: servedAt }
        notices.push({ notice: comingNotice(facts, servedAt, now), told })
      } else {
        // What was missed is told as late.
        const takenBack = expectedAt > now ? takenBackDate(facts, before) : undefined
        if (takenBack) {
          told = { ...told, comingFor: null }
          notices.push({ notice: movedNotice(facts, { takenBack, servedAt }, now), told })
        }
        looks.push(tellAt)
      }
    }
  }
  if (maySilentlyMove(facts)) looks.push(later(now, LOOK_AGAIN_MS))
  return { notices, told: seen, lookAt: earliest(looks) }
}

/** The rotation that everybody waits for: the one under way, or the next of the schedule; and what it is kept to. */
function awaited({ rotation, nextRotationAt, calendar }: ResourceState) {
  if (!rotation) return { dueAt: nextRotationAt, calendar }
  return { dueAt: rotation.dueAt, calendar: isKeptToCalendar(rotation) ? calendar : ANY_TIME }
}

/**
 * Since when the rotation that is waited for is expected, or when it will be. Once it may happen that stays, also where a
 * window closes over it; a date that was brought nearer is expected from the moment at which that was seen.
 */
function expectedSince(state: ResourceState, { expectedAt }: ToldSchedule, now: Date): Date {
  const { dueAt, calendar } = awaited(state)
  // What a pause or a full keyring holds back is not late either.
  const held = heldUntil(state, now)
  const served = serveAt(held && held > dueAt ? held : dueAt, calendar)
  // Whoever waits for another restart of an app is not late before it is its turn.
  const first = state.turn && state.turn.at > served ? state.turn.at : served
  const isStill = expectedAt && expectedAt >= state.publishedAt && expectedAt >= first && expectedAt <= now
  if (isStill) return expectedAt
  return first > now ? first : serveAt(now, calendar)
}

/** A look that finds nothing done is followed by another, ever later: so whoever rotates has to wake no target of his. */
function nextLookWhileAwaited(periodMs: number, expectedAt: Date, now: Date): Date {
  const afterMs = DONE_AFTER_MS.map((ms) => (ms < HOUR_MS ? Math.min(ms, periodMs / 4) : ms))
  const next = afterMs.map((ms) => later(expectedAt, ms)).find((at) => at > now)
  return next ?? later(now, LOOK_AGAIN_MS)
}

/** When the next rotation is served, where one can be promised that is still to come. */
function promisedAt({ state, health }: ScheduleFacts, now: Date): Date | undefined {
  if (isScheduleStopped(health.state)) return undefined
  if (isHeldForGood(state)) return undefined
  const servedAt = nextServedAt(state, now)
  return servedAt > now ? servedAt : undefined
}

/** The date that was told and has moved away; undefined where none was, or where a rotation has come since. */
function takenBackDate({ state, periodMs }: ScheduleFacts, { comingFor }: ToldSchedule): Date | undefined {
  return comingFor && later(comingFor, -leadMs(periodMs)) > state.publishedAt ? comingFor : undefined
}

function maySilentlyMove({ state, health }: ScheduleFacts): boolean {
  return isScheduleStopped(health.state) || state.calendar.freezesForAll.length > 0
}

function comingNotice({ subject, state }: ScheduleFacts, servedAt: Date, now: Date): Notice {
  const name = subject.name ?? subject.resourceId
  const { dueAt } = awaited(state)
  return {
    id: `${subject.resourceId}_coming_${seconds(servedAt)}`,
    kind: 'rotation-coming',
    at: now,
    seq: null,
    text: `${name} rotates on ${dateWords(servedAt)}, and the apps that it is attached to restart then.`,
    facts: { addon: name, rotates: servedAt.toISOString(), due: dueAt.toISOString() },
  }
}

function movedNotice(
  { subject, state }: ScheduleFacts,
  { takenBack, servedAt }: { takenBack: Date; servedAt: Date },
  now: Date,
): Notice {
  const name = subject.name ?? subject.resourceId
  const { dueAt } = awaited(state)
  return {
    id: `${subject.resourceId}_moved_${seconds(takenBack)}_${seconds(servedAt)}`,
    kind: 'rotation-coming',
    at: now,
    seq: null,
    text: `${name} does not rotate on ${dateWords(takenBack)}, as was said: it rotates on ${dateWords(servedAt)}.`,
    facts: {
      addon: name,
      rotates: servedAt.toISOString(),
      due: dueAt.toISOString(),
      'taken-back': takenBack.toISOString(),
    },
  }
}

function lateNotice(
  { subject, health }: ScheduleFacts,
  { dueAt, expectedAt }: { dueAt: Date; expectedAt: Date },
  now: Date,
): Notice {
  const name = subject.name ?? subject.resourceId
  const isKnown = health.state !== 'well' && health.state !== 'rotating'
  const why = isKnown ? `: ${health.heading.replace(/\.$/, '')}` : ''
  return {
    id: `${subject.resourceId}_late_${seconds(dueAt)}`,
    kind: 'rotation-late',
    at: now,
    seq: null,
    text: `${name} was to rotate on ${dateWords(expectedAt)} and has not yet${why}.`,
    facts: {
      addon: name,
      expected: expectedAt.toISOString(),
      due: dueAt.toISOString(),
      why: isKnown ? health.state : null,
    },
  }
}

function isNear(told: Date | null, servedAt: Date, withinMs: number): boolean {
  return told !== null && Math.abs(told.getTime() - servedAt.getTime()) <= withinMs
}

function later(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms)
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1_000)
}

function earliest(dates: readonly Date[]): Date {
  return new Date(Math.min(...dates.map((date) => date.getTime())))
}
