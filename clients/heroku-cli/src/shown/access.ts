import type { Accessor, Unusual } from '../answers/access.ts'
import { dateWords } from '../words/moment.ts'

/** Rows of `securekey:access`. */
export type AccessorRow = Readonly<Record<'who' | 'from' | 'since' | 'last' | 'keys', string>>
export type UnusualRow = Readonly<Record<'at' | 'why' | 'known', string>>

const NETWORKS_SHOWN = 3

export function accessorRow({ who, networks, firstAt, lastAt, keysAt }: Accessor): AccessorRow {
  const more = networks.length - NETWORKS_SHOWN
  const shown = networks.slice(0, NETWORKS_SHOWN).join(', ')
  return {
    who,
    from: more > 0 ? `${shown} and ${more} more` : shown,
    since: dateWords(firstAt),
    last: dateWords(lastAt),
    keys: keysAt ? dateWords(keysAt) : '',
  }
}

export function unusualRow({ at, why, knownAt }: Unusual): UnusualRow {
  return { at: dateWords(at), why, known: knownAt ? 'yes' : 'no' }
}
