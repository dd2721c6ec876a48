import { serveAt } from './calendar.ts'
import type { GracePeriod } from './grace.ts'
import { keptInRoom } from './keyring-room.ts'
import { promoteFiller, promoteKey, promoteNext } from './keyset.ts'
import { oldKeyEndsAt } from './old-key-end.ts'
import { isPaused, nextRotationWhenPaused } from './pause.ts'
import { claimEnded, type ResourceState, type StateChange } from './resource-state.ts'
import { CHECK_AFTER_DOUBT_MS, CHECK_AFTER_PUSH_MS, nextRotationAt } from './schedule.ts'
import { type Trust, trusted } from './trust.ts'

/** What a promotion depends on beside the state. */
export type PromotionFacts = {
  grace: GracePeriod
  periodMs: number
  /** When Heroku confirmed the pair. */
  publishedAt: Date
  /** Heroku was read first: a retry, or a call of a past that is lost may still arrive. */
  doubtful: boolean
  /** Of the installation in which Heroku took it. */
  epoch: number
}

/** Heroku took a pair: what it holds is ours, whatever it held before. `doubtful`: until another call can have arrived. */
function published({ revokedEpoch, repairedAt }: Trust, epoch: number, doubtful: boolean): Trust {
  return { ...trusted(epoch), revokedEpoch, repairedAt, doubtful }
}

/** A push sets a look. One that was to be sooner is not put off, beyond the time in which every older call has ended. */
function nextCheckAt({ checkAt }: ResourceState, afterMs: number, now: Date): Date {
  const planned = now.getTime() + afterMs
  if (checkAt === null) return new Date(planned)
  return new Date(Math.min(planned, Math.max(checkAt.getTime(), now.getTime() + CHECK_AFTER_DOUBT_MS)))
}

/** Heroku confirmed the pair of the rotation: its key signs, the next date is set, the rotation is over. */
export function afterRotation(state: ResourceState, facts: PromotionFacts, now: Date): StateChange {
  const { rotation } = state
  if (!rotation) throw new Error('no rotation is under way')
  const { reason, dueAt } = rotation
  // A rotation by hand while a pause is on: the pause goes on, and a whole period is left when it ends.
  const pause = state.pause && isPaused(state.pause, now) ? { ...state.pause, at: now } : null
  const next = nextRotationAt(dueAt, facts.periodMs, now, state.calendar.windows)
  const { publishedAt } = facts
  const terms = { grace: facts.grace, tokenLifeMs: state.tokenLifeMs }
  const until = oldKeyEndsAt(terms, publishedAt, serveAt(next, state.calendar))
  const ends = { until, stoppedAt: state.publishedAt }
  const change = promoteKey(state.keyset, { reason, publishedAt, ...ends, announces: state.announcesNext })
  const doubtful = facts.doubtful || reason === 'revoke'
  const checkAfterMs = doubtful ? CHECK_AFTER_DOUBT_MS : CHECK_AFTER_PUSH_MS
  return claimEnded(
    {
      ...state,
      rotation: null,
      publishedAt: facts.publishedAt,
      publishedReason: reason,
      turn: null,
      pushedAt: facts.publishedAt,
      servedDueAt: reason === 'scheduled' ? dueAt : state.servedDueAt,
      nextRotationAt: pause ? nextRotationWhenPaused(next, pause) : next,
      pause: pause ?? state.pause,
      checkAt: nextCheckAt(state, checkAfterMs, now),
      trust: published(state.trust, facts.epoch, doubtful),
    },
    keptInRoom(change, state),
    facts.grace,
    now,
  )
}

/** Heroku confirmed the filler in the second place. */
export function afterFiller(state: ResourceState, facts: PromotionFacts, now: Date): StateChange {
  const change = promoteFiller(state.keyset, { announces: state.announcesNext })
  return claimEnded(
    { ...afterPush(state, facts, now), turn: null },
    keptInRoom(change, state),
    facts.grace,
    now,
  )
}

/** Heroku confirmed a keyring with the next key, or one without it. */
export function afterAnnouncing(state: ResourceState, facts: PromotionFacts, now: Date): StateChange {
  const change = promoteNext(state.keyset, { announces: state.announcesNext })
  return claimEnded(afterPush(state, facts, now), keptInRoom(change, state), facts.grace, now)
}

/** What holds after each push that is no rotation. */
function afterPush(state: ResourceState, facts: PromotionFacts, now: Date): ResourceState {
  const checkAfterMs = facts.doubtful ? CHECK_AFTER_DOUBT_MS : CHECK_AFTER_PUSH_MS
  const checkAt = nextCheckAt(state, checkAfterMs, now)
  const trust = published(state.trust, facts.epoch, facts.doubtful)
  return { ...state, pushedAt: facts.publishedAt, checkAt, trust }
}
