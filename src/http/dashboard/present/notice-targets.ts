import type { StoredCursor } from '../../../flows/notices/read-notices.ts'
import { type Moment, momentOf, type Precision } from './time-words.ts'

/** What is wrong with a target of notices: it is tried again since `since`, or what was due was given up at `gaveUp`. */
export type TargetTrouble = { words: string; since: Moment | null; gaveUp: Moment | null }

/** How a target of notices is doing, in words. */
export function targetModel(
  { cursor }: Pick<StoredCursor, 'cursor'>,
  now: Date,
  precision: Precision,
): { trouble: TargetTrouble | null } {
  const { lastFailure, failingSince, givenUp } = cursor
  if (lastFailure === null) return { trouble: null }
  const moment = (at: Date) => momentOf(at, now, precision)
  return {
    trouble: {
      words: lastFailure,
      since: failingSince && moment(failingSince),
      gaveUp: givenUp && failingSince === null ? moment(givenUp.at) : null,
    },
  }
}
