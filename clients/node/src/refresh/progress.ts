import type { Outcome, Revoked } from './judge.ts'
import { type Dates, retryAfterMs, waitAfterAnswer, waitAfterFailure, waitWhileRevoked } from './waits.ts'
import type { FailureWord, RefreshState, StopCode } from './words.ts'

/** How the asking went, in numbers and words. */
export type RefreshCounts = {
  state: RefreshState
  taken: number
  unchanged: number
  failed: number
  /** Failures in a row. */
  inARow: number
  failure: FailureWord | undefined
  stopped: StopCode | undefined
}

/** How the asking stands: all that is remembered from one request to the next. Nothing in it changes. */
export type Progress = RefreshCounts & {
  etag: string | undefined
  revoked: Revoked | undefined
  /** Before this moment nothing is asked early: the service has said when to come back. */
  notBeforeMs: number | undefined
  earlyMs: number | undefined
}

/** What is to be told after an answer; a word is told once, until something else has come. */
export type Telling =
  | { warning: 'refresh-failing'; word: FailureWord }
  | { warning: 'refresh-revoked' }
  | { warning: 'refresh-stopped'; code: StopCode }

export const START: Progress = {
  state: 'starting',
  etag: undefined,
  revoked: undefined,
  notBeforeMs: undefined,
  earlyMs: undefined,
  taken: 0,
  unchanged: 0,
  failed: 0,
  inARow: 0,
  failure: undefined,
  stopped: undefined,
}

const EARLY_PAUSE_MS = 30_000
const FAILURES_UNTIL_TOLD = 3

/**
 * What is remembered after an answer, in how many milliseconds to ask next (undefined: never), and what to tell. `dates` are
 * those of the keys that are held now; `held` those that were revoked, if they were.
 */
export function advance(
  before: Progress,
  outcome: Outcome,
  facts: {
    header: (name: string) => string | undefined
    dates: Dates
    held: Revoked
    nowMs: number
    random: () => number
  },
): { progress: Progress; waitMs: number | undefined; tell: Telling | undefined } {
  const { header, dates, held, nowMs, random } = facts
  const well = { ...before, inARow: 0, failure: undefined, notBeforeMs: undefined }
  const rest = () => waitAfterAnswer(header('refresh-after'), dates, nowMs, random)
  switch (outcome.is) {
    case 'taken': {
      const taken = before.taken + 1
      return {
        progress: { ...well, state: 'fresh', etag: outcome.etag, taken },
        waitMs: rest(),
        tell: undefined,
      }
    }
    case 'unchanged': {
      const unchanged = before.unchanged + 1
      return { progress: { ...well, state: 'fresh', unchanged }, waitMs: rest(), tell: undefined }
    }
    case 'revoked': {
      const waitMs = waitWhileRevoked(header('retry-after'), nowMs, random)
      const again = isRevoked(before)
      return {
        progress: {
          ...well,
          state: 'revoked',
          etag: undefined,
          revoked: again ? before.revoked : held,
          notBeforeMs: nowMs + waitMs,
        },
        waitMs,
        tell: again ? undefined : { warning: 'refresh-revoked' },
      }
    }
    case 'stopped':
      return {
        progress: { ...before, state: 'stopped', stopped: outcome.code },
        waitMs: undefined,
        tell: { warning: 'refresh-stopped', code: outcome.code },
      }
    case 'failed': {
      const inARow = before.inARow + 1
      const retryMs = (retryAfterMs(header('retry-after'), nowMs) ?? 0) * (1 + 0.1 * random())
      return {
        progress: {
          ...before,
          state: isRevoked(before) ? 'revoked' : 'failing',
          failed: before.failed + 1,
          inARow,
          failure: outcome.word,
          notBeforeMs: retryMs > 0 ? nowMs + retryMs : undefined,
        },
        waitMs: waitAfterFailure(inARow, retryMs, random),
        tell: inARow === FAILURES_UNTIL_TOLD ? { warning: 'refresh-failing', word: outcome.word } : undefined,
      }
    }
  }
}

/** Whether a key that is not known may be asked for at once. Strangers can name such keys, as many as they like. */
export function mayAskEarly({ state, earlyMs, notBeforeMs }: Progress, nowMs: number): boolean {
  if (state === 'stopped' || Number.isNaN(nowMs)) return false
  if (notBeforeMs !== undefined && nowMs < notBeforeMs) return false
  // A clock that was put back must not keep it from asking.
  return earlyMs === undefined || nowMs < earlyMs || nowMs >= earlyMs + EARLY_PAUSE_MS
}

/** Whether what is held are revoked keys without successors. */
function isRevoked({ state }: Progress): boolean {
  return state === 'revoked'
}
