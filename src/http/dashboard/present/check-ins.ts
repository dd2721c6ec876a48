import type { CheckIn } from '../../../domain/check-in.ts'
import type { Overview } from '../../../flows/dashboard/overview.ts'
import type { KeyLife } from '../../../flows/key-lives.ts'
import { type Moment, momentOf, precisionOf } from './time-words.ts'

/** What processes of one app said, those first that have not taken the current key; `more` of them are not shown. */
export type Said = { rows: { words: string; at: Moment }[]; more: string }

const SHOWN = 5

/** The last words of these processes, as the page tells them. */
export function saidModel(checkIns: readonly CheckIn[], overview: Overview): Said {
  const { keys, now } = overview
  const live = keys.filter(({ stage }) => stage !== 'retired')
  const keyOf = ({ kid }: CheckIn) => live.find(({ fingerprint }) => fingerprint === kid)
  const isCurrent = (each: CheckIn) => keyOf(each)?.stage === 'current'
  // Within both, the newest first, as they came.
  const ordered = [...checkIns.filter((each) => !isCurrent(each)), ...checkIns.filter(isCurrent)]
  const more = ordered.length - SHOWN
  return {
    rows: ordered.slice(0, SHOWN).map((each) => ({
      words: `${each.process ?? 'a process'} signs with ${keyWords(each, keyOf(each))}`,
      at: momentOf(each.at, now, precisionOf(overview)),
    })),
    more: more > 0 ? `${more} more` : '',
  }
}

function keyWords({ kid }: CheckIn, key: KeyLife | undefined): string {
  if (!key) return `${kid}, which is no key of this add-on now`
  if (key.revokedAt !== null) return `${kid}, which is revoked`
  if (key.stage === 'current') return 'the current key'
  return key.stage === 'previous' ? `the previous key ${kid}` : `the new key ${kid}`
}

/** What processes have found of a key's signatures within a day; empty where none counts. */
export function seenWords({ fingerprint }: KeyLife, { seen }: Overview): string {
  const found = seen.find(({ kid }) => kid === fingerprint)
  if (!found) return ''
  const wrong = found.bad > 0 ? `, and ${grouped(found.bad)} wrong` : ''
  return `Your processes found ${grouped(found.good)} of its signatures right${wrong} in the last day.`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
