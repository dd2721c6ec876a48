import type { EndsEarly } from '../../../flows/ends-early.ts'
import { type Moment, momentOf, type Precision } from './time-words.ts'

/** Keys that a press ends before their time, as the page lists them before the button that confirms it. */
export type Ends = {
  confirm: string
  keys: { fingerprint: string; from: Moment | null; instead: Moment | null }[]
}

/** What somebody is asked to confirm. */
export function endsModel({ ends, confirm }: EndsEarly, now: Date, precision: Precision): Ends {
  const moment = (at: Date | null) => at && momentOf(at, now, precision)
  return {
    confirm,
    keys: ends.map(({ fingerprint, from, instead }) => ({
      fingerprint,
      from: moment(from),
      instead: moment(instead),
    })),
  }
}
