/**
 * One thing that happened, to be told: when, at whose place, in words, with what belongs below it.
 * Of things in the same millisecond the lower `rank` came first.
 */
export type Entry = {
  at: Date
  rank: number
  who: string
  text: string
  details?: readonly string[]
  tone?: 'quiet' | 'good' | 'warning' | 'bad'
}

/** Causes before effects: a key is stored, sent, released at Heroku, and then made the truth. */
export const RANK = { asked: 0, stored: 1, called: 2, atHeroku: 3, settled: 4, erased: 5, ahead: 6 } as const
