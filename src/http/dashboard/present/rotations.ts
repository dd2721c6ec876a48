import type { Actor } from '../../../domain/actor.ts'
import { askedByWords } from '../../../domain/actor-words.ts'
import { failureWords } from '../../../domain/failure-words.ts'
import type { Failure } from '../../../domain/heroku-failure.ts'
import type { HistoryRow } from '../../../domain/history.ts'
import type { RotationReason } from '../../../domain/rotation-reason.ts'
import type { RotationUnderWay } from '../../../flows/dashboard/overview.ts'
import { lengthWords, type Moment, momentOf, type Precision } from './time-words.ts'

type RotationState = 'open' | 'stuck' | 'done' | 'superseded' | 'cancelled'

const REASONS: Readonly<Record<RotationReason, string>> = {
  scheduled: 'Scheduled rotation',
  manual: 'Manual rotation',
  'plan-change': 'Rotation after a plan change',
  revoke: 'Revoke',
}

const STATES: Readonly<Record<RotationState, string>> = {
  open: 'In progress',
  stuck: 'Stuck',
  done: 'Done',
  superseded: 'Replaced',
  cancelled: 'Cancelled',
}

/** One rotation of the history. */
export type HistoryEntry = {
  id: string
  reason: string
  state: RotationState
  stateWords: string
  askedBy: string
  version: string
  due: Moment
  done: Moment | null
  late: string
  attempts: string
  problem: string
  requestId: string
}

/** A delay shorter than this is how a worker works, not lateness. */
const ON_TIME_MS: Readonly<Record<Precision, number>> = { minute: 60_000, second: 3_000 }

/** What an entry is made of, whether its rotation has ended or not. */
type Rotation = {
  id: string
  reason: RotationReason
  state: RotationState
  askedBy: Actor
  version: number | undefined
  dueAt: Date
  endedAt: Date | undefined
  attempts: number
  failures: readonly Failure[]
}

/** The rotation under way. */
export function openEntry(
  rotation: RotationUnderWay,
  version: number | undefined,
  now: Date,
  precision: Precision,
): HistoryEntry {
  const { reason, openedBy, dueAt, attempts, failures, stuckSince } = rotation
  const state = stuckSince ? 'stuck' : 'open'
  const common = { id: 'open', reason, state, askedBy: openedBy, version, dueAt, attempts, failures } as const
  return entryOf({ ...common, endedAt: undefined }, now, precision)
}

/** A rotation that has ended. */
export function historyEntry(row: HistoryRow, now: Date, precision: Precision): HistoryEntry {
  const { rotation, key, attempts = 0, failures = [], publishedAt = row.at } = row
  return entryOf(
    {
      id: String(row.seq),
      reason: rotation?.reason ?? 'scheduled',
      state: STATE_OF[row.kind] ?? 'done',
      askedBy: row.actor,
      version: key?.version,
      dueAt: rotation?.dueAt ?? row.at,
      endedAt: publishedAt,
      attempts,
      failures,
    },
    now,
    precision,
  )
}

const STATE_OF: Readonly<Partial<Record<HistoryRow['kind'], RotationState>>> = {
  rotated: 'done',
  'rotation-superseded': 'superseded',
  'rotation-cancelled': 'cancelled',
}

function entryOf(rotation: Rotation, now: Date, precision: Precision): HistoryEntry {
  const { id, reason, state, askedBy, version, dueAt, endedAt, attempts, failures } = rotation
  const failure = failures.at(-1)
  return {
    id,
    reason: REASONS[reason],
    state,
    stateWords: STATES[state],
    askedBy: askedByWords(askedBy),
    version: version === undefined ? '' : `version ${version}`,
    due: momentOf(dueAt, now, precision),
    done: endedAt ? momentOf(endedAt, now, precision) : null,
    late: state === 'done' && endedAt ? lateWords(endedAt.getTime() - dueAt.getTime(), precision) : '',
    attempts: attempts === 0 ? '' : String(attempts),
    problem: failure ? failureWords(failure.kind) : '',
    requestId: failure?.requestId ?? '',
  }
}

function lateWords(ms: number, precision: Precision): string {
  return ms < ON_TIME_MS[precision] ? 'on time' : `${lengthWords(ms)} late`
}
