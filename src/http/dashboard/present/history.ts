import type { RotationReason, RotationState } from '../../../domain/rotation.ts'
import type { Overview } from '../../../flows/overview.ts'
import { askedByWords } from './actor-words.ts'
import { storedFailureWords } from './failure-words.ts'
import { counted, lengthWords, type Moment, momentOf, type Precision } from './time-words.ts'

type RotationRecord = Overview['history']['items'][number]

const REASONS: Readonly<Record<RotationReason, string>> = {
  scheduled: 'Scheduled rotation',
  manual: 'Rotation by hand',
  'plan-change': 'Rotation after a plan change',
  revoke: 'Revoke: a key leaked',
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

export function historyEntry(rotation: RotationRecord, now: Date, precision: Precision): HistoryEntry {
  const { state, dueAt, publishedAt, closedAt, lastFailure, attempts, pendingVersion } = rotation
  const doneAt = publishedAt ?? closedAt
  const failure = lastFailure === null ? undefined : storedFailureWords(lastFailure)
  return {
    id: rotation.id,
    reason: REASONS[rotation.reason],
    state,
    stateWords: STATES[state],
    askedBy: askedByWords(rotation.openedBy),
    version: pendingVersion === null ? '' : `version ${pendingVersion}`,
    due: momentOf(dueAt, now, precision),
    done: doneAt ? momentOf(doneAt, now, precision) : null,
    late: state === 'done' && doneAt ? lateWords(doneAt.getTime() - dueAt.getTime(), precision) : '',
    attempts: attempts === 0 ? '' : counted(attempts, 'attempt'),
    problem: failure?.words ?? '',
    requestId: failure?.requestId ?? '',
  }
}

function lateWords(ms: number, precision: Precision): string {
  return ms < ON_TIME_MS[precision] ? 'on time' : `${lengthWords(ms)} late`
}
