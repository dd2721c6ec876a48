import type { HeldRing } from '../held-ring.ts'
import type { Ring } from '../ring.ts'
import type { SetTimer } from './ask.ts'
import type { Outcome, Revoked } from './judge.ts'
import { advance, mayAskEarly, type RefreshCounts, START, type Telling } from './progress.ts'

/** How the asking went, and how often this process has said so. */
export type RefreshStats = RefreshCounts & { checkIns: number; checkInsFailed: number }

/** What is known when keys are asked for. */
export type Asking = {
  ring: Ring
  etag: string | undefined
  revoked: Revoked | undefined
  signal: AbortSignal
}
/** Where keys come from: one request, and what its answer is. Never throws. */
export type Source = (
  asking: Asking,
) => Promise<{ outcome: Outcome; header: (name: string) => string | undefined }>

export type Refresher = {
  /** A token has named a key that the ring does not hold. Asks at once, unless it did so a moment ago. */
  askEarly: () => void
  /** Asks now, unless a request is under way; then that one is meant. Undefined if it was given up. */
  askNow: () => Promise<Outcome | undefined>
  /** Over when the first request is. */
  ready: Promise<void>
  close: () => void
  stats: () => RefreshStats
}

type RefresherOptions = {
  source: Source
  setTimer: SetTimer
  random: () => number
  now: () => number
  /** Told after an answer that was none the worse; returns whether it could be told. */
  checkIn: ((signal: AbortSignal) => Promise<boolean>) | undefined
  tell: (telling: Telling) => void
}

/**
 * Asks for the keys now, and again for as long as the process lives, one request at a time. What it takes it puts into the
 * held ring. Never throws, and no timer of it keeps a process alive.
 */
export function startRefresher(held: HeldRing, options: RefresherOptions): Refresher {
  const { source, setTimer, random, now, checkIn, tell } = options
  const ending = new AbortController()
  const { signal } = ending
  const checkIns = { taken: 0, failed: 0 }
  let progress = START
  let underWay: Promise<Outcome | undefined> | undefined
  let cancelTimer = () => {}

  /** One request, and what its answer changes. */
  const ask = async (): Promise<{ outcome: Outcome; waitMs: number | undefined } | undefined> => {
    const { etag, revoked } = progress
    const { outcome, header } = await source({ ring: held.ring(), etag, revoked, signal })
    if (signal.aborted) return undefined
    const nowMs = now()
    const before = held.ring()
    if (outcome.is === 'taken') held.take(outcome.keys, nowMs)
    if (outcome.is === 'revoked' && progress.state !== 'revoked') held.standIn()
    const kids = new Set(before.keys.map(({ key }) => key.kid))
    const heldThen = { version: before.value?.first.version, kids }
    const dates = held.dates(nowMs)
    const next = advance(progress, outcome, { header, dates, held: heldThen, nowMs, random })
    progress = next.progress
    if (next.tell) tell(next.tell)
    return { outcome, waitMs: next.waitMs }
  }

  const turn = (): Promise<Outcome | undefined> => {
    cancelTimer()
    const answered = ask()
    underWay = answered.then((answer) => answer?.outcome)
    void answered.then(async (answer) => {
      if (!answer) return
      const isWell = answer.outcome.is === 'taken' || answer.outcome.is === 'unchanged'
      if (isWell && checkIn) checkIns[(await checkIn(signal)) ? 'taken' : 'failed'] += 1
      underWay = undefined
      if (answer.waitMs === undefined || signal.aborted) return
      cancelTimer = setTimer(() => void turn(), answer.waitMs)
    })
    return underWay
  }

  const ready = turn().then(() => {})
  return {
    askEarly: () => {
      const nowMs = now()
      if (underWay || signal.aborted || !mayAskEarly(progress, nowMs)) return
      progress = { ...progress, earlyMs: nowMs }
      void turn()
    },
    askNow: async () => {
      if (progress.stopped !== undefined) return { is: 'stopped', code: progress.stopped }
      return signal.aborted ? undefined : await (underWay ?? turn())
    },
    ready,
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
