import type { HistoryEvent } from '../answers/history.ts'
import { cleanText } from '../words/clean.ts'
import { dateWords } from '../words/moment.ts'

/** A row of `securekey:history`. */
export type HistoryRow = Readonly<Record<'seq' | 'at' | 'what' | 'by', string>>

const LONGEST_DETAIL = 80

export function historyRow({ seq, at, kind, by, key, details }: HistoryEvent): HistoryRow {
  const facts = Object.entries(details)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${cleanText(name, 40)}: ${cleanText(String(value), LONGEST_DETAIL)}`)
  const about = key ? [`key ${key.kid}`, ...facts] : facts
  const what = kind.replaceAll('-', ' ')
  return { seq: String(seq), at: dateWords(at), what: [what, ...about].join(', '), by }
}
