import type { HeldRing } from '../held-ring.ts'
import type { Answer, NoAnswer } from './ask.ts'
import { askForKeys } from './ask-for-keys.ts'
import type { CheckInFacts } from './check-in.ts'
import { createCheckIn } from './check-in.ts'
import { judge, type Outcome } from './judge.ts'
import { advance, mayAskEarly, START, type Telling } from './progress.ts'
import type { RefreshSettings } from './settings.ts'
import type { FailureWord, RefreshState, StopCode } from './words.ts'

/** How the asking went, in numbers and words. */
export type RefreshStats = {
  state: RefreshState
  taken: number
  unchanged: number
  failed: number
  /** Failures in a row. */
  inARow: number
  failure: FailureWord | undefined
  stopped: StopCode | undefined
  checkIns: number
  checkInsFailed: number
}

export type Refresher = {
  /** A token has named a key that the ring does not hold. Asks at once, unless it did so a moment ago. */
  askEarly: () => void
  /** Over when the first request is. */
  ready: Promise<void>
  close: () => void
  stats: () => RefreshStats
}

/**
 * Asks for the keys now, and again for as long as the process lives, one request at a time. What it takes it puts into the
 * held ring. Never throws, and no timer of it keeps a process alive.
 */
export function startRefresher(
  settings: RefreshSettings,
  held: HeldRing,
  options: { now: () => number; checkInFacts: () => CheckInFacts; tell: (telling: Telling) => void },
): Refresher {
  const { now, checkInFacts, tell } = options
  const ending = new AbortController()
  const checkIn = createCheckIn(settings, ending.signal)
  let progress = START
  let asking = false
  let cancelTimer = () => {}
  const checkIns = { taken: 0, failed: 0 }

  /** Returns in how many milliseconds to ask again; undefined: never. */
  const take = (answer: Answer | NoAnswer): { waitMs: number | undefined; outcome: Outcome } => {
    const nowMs = now()
    const before = held.ring()
    const outcome = judge(answer, { ring: before, etag: progress.etag, revoked: progress.revoked })
    if (outcome.is === 'taken') held.take(outcome.keys, nowMs)
    if (outcome.is === 'revoked' && progress.state !== 'revoked') held.standIn()
    const header = typeof answer === 'string' ? () => undefined : answer.header
    const revoked = {
      version: before.value?.first.version,
      kids: new Set(before.keys.map(({ key }) => key.kid)),
    }
    const dates = held.dates(nowMs)
    const next = advance(progress, outcome, { header, dates, held: revoked, nowMs, random: settings.random })
    progress = next.progress
    if (next.tell) tell(next.tell)
    return { waitMs: next.waitMs, outcome }
  }

  const turn = async (onAnswer?: () => void): Promise<void> => {
    asking = true
    cancelTimer()
    const answer = await askForKeys(settings, progress.etag, ending.signal)
    if (ending.signal.aborted) {
      onAnswer?.()
      return
    }
    const { waitMs, outcome } = take(answer)
    onAnswer?.()
    if (outcome.is === 'taken' || outcome.is === 'unchanged') {
      checkIns[(await checkIn(checkInFacts())) ? 'taken' : 'failed'] += 1
    }
    asking = false
    if (waitMs === undefined || ending.signal.aborted) return
    cancelTimer = settings.setTimer(() => void turn(), waitMs)
  }

  return {
    askEarly: () => {
      const nowMs = now()
      if (asking || ending.signal.aborted || !mayAskEarly(progress, nowMs)) return
      progress = { ...progress, earlyMs: nowMs }
      void turn()
    },
    ready: new Promise((resolve) => void turn(resolve)),
    close: () => {
      cancelTimer()
      ending.abort()
    },
    stats: () => {
      const { state, taken, unchanged, failed, inARow, failure, stopped } = progress
      return {
        ...{ state, taken, unchanged, failed, inARow, failure, stopped },
        ...{ checkIns: checkIns.taken, checkInsFailed: checkIns.failed },
      }
    },
  }
}
