import type { AccessOverview, AccessorView } from '../../../flows/access/read-access.ts'
import { type Moment, momentOf } from './time-words.ts'

/** What the page says of unusual access, and of those who use the add-on. */
export type AccessModel = {
  unusual: { words: string; at: Moment; known: Moment | null }[]
  /** Up to when the form marks what stands there; null where all of it is known. */
  until: string | null
  accessors: {
    who: string
    first: Moment
    last: Moment
    keys: Moment | null
    isProgram: boolean
    networks: { network: string; first: Moment; last: Moment }[]
    more: number
  }[]
}

const NETWORKS_SHOWN = 10

export function accessModel({ unusual, accessors }: AccessOverview, now: Date): AccessModel {
  const moment = (at: Date) => momentOf(at, now, 'minute')
  const [newest] = unusual.filter(({ knownAt }) => knownAt === null)
  return {
    unusual: unusual.map(({ words, at, knownAt }) => ({
      words,
      at: moment(at),
      known: knownAt && moment(knownAt),
    })),
    until: newest?.at.toISOString() ?? null,
    accessors: accessors.map((each) => ({
      who: each.who,
      first: moment(each.firstAt),
      last: moment(each.lastAt),
      keys: each.keysAt && moment(each.keysAt),
      isProgram: each.kind !== 'person',
      ...networksOf(each, moment),
    })),
  }
}

/** What the first page says of it: the newest, and how many more there are. Null where nobody has to look. */
export function unusualNote(
  unknown: AccessOverview['unusual'],
  moment: (at: Date) => Moment,
): { words: string; at: Moment; more: number } | null {
  const [newest] = unknown
  return newest ? { words: newest.words, at: moment(newest.at), more: unknown.length - 1 } : null
}

function networksOf({ networks }: AccessorView, moment: (at: Date) => Moment) {
  const shown = networks.slice(0, NETWORKS_SHOWN).map(({ network, firstAt, lastAt }) => ({
    network,
    first: moment(firstAt),
    last: moment(lastAt),
  }))
  return { networks: shown, more: networks.length - shown.length }
}
