import { type Shown, type UnusualFacts, type UnusualReason, unusualWords } from './unusual-words.ts'

/** A network from which somebody came, and when first and last. */
export type KnownNetwork = { network: string; firstAt: Date; lastAt: Date }

/** What is known of a person, a token or a client of one resource. */
export type Known = {
  firstAt: Date
  lastAt: Date
  /** When keys were last handed to them. */
  keysAt: Date | null
  /** On how many days a program was used since the day on which it last came from a new network. */
  settledDays: number
  /** When what is counted happened last: within an hour, and no more than are needed to see that they are many. */
  recent: readonly Date[]
  networks: readonly KnownNetwork[]
}

/** One access: by whom, in words; from where, where that is known; and what was handed out, if anything was. */
export type Access = { at: Date; who: string; network: string | null; shown: Shown | null }

/** What is known afterwards, and what was not usual. */
export type Judged = { known: Known; unusual: Unusual[] }
export type Unusual = { reason: UnusualReason; facts: UnusualFacts; words: string }

/** What was not seen for so long is known no more. */
export const KNOWN_DAYS = 90
/** So many within an hour are many. */
export const MANY = 10
/** A program is settled after so many days of use without a new network. */
export const SETTLED_DAYS = 7

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const NAMED_NETWORKS = 3

/**
 * Judges that something was handed to a person. The first person who ever looks is learned and not told: that is who made
 * the add-on. `first` is whoever that was: nobody yet, this person, or another.
 */
export function judgePerson(
  before: Known | undefined,
  access: Access,
  first: 'nobody' | 'self' | 'other',
): Judged {
  const { at, shown, network } = access
  const known = stillKnown(before, at)
  const seesKeys = shown !== 'history'
  const isNew = known ? seesKeys && known.keysAt === null && first !== 'self' : first !== 'nobody'
  const unusual: Unusual[] = []
  if (isNew) unusual.push(found('new-person', access))
  else if (known && isElsewhere(known, network)) {
    unusual.push(found('new-network', access, { before: namesOf(known) }))
  }
  const recent = withinHour([...(known?.recent ?? []), at], at)
  if (recent.length >= MANY) unusual.push(found('many-shown', access, { count: recent.length }))
  return { known: { ...after(known, access), recent }, unusual }
}

/**
 * Judges the use of a token or of a client. Dynos come from another network each time that they restart, so a new one says
 * something only of a program that is settled. One that never settles is never told of.
 */
export function judgeProgram(before: Known | undefined, access: Access): Judged {
  const known = stillKnown(before, access.at)
  const elsewhere = known !== undefined && isElsewhere(known, access.network)
  const isSettled = known !== undefined && known.settledDays >= SETTLED_DAYS
  const unusual =
    elsewhere && isSettled ? [found('program-elsewhere', access, { before: namesOf(known) })] : []
  const learned = after(known, access)
  if (elsewhere || !known) return { known: { ...learned, settledDays: 0 }, unusual }
  const isNewDay = dayOf(access.at) > dayOf(known.lastAt)
  return { known: { ...learned, settledDays: known.settledDays + (isNewDay ? 1 : 0) }, unusual }
}

/** Counts what somebody without a name did. `reason` is told when it happened many times within an hour. */
export function judgeCount(
  before: Known | undefined,
  reason: 'sign-ons-refused' | 'revoked-key-asked',
  access: Access,
): Judged {
  const known = stillKnown(before, access.at)
  const recent = withinHour([...(known?.recent ?? []), access.at], access.at)
  const unusual = recent.length >= MANY ? [found(reason, access, { count: recent.length })] : []
  return { known: { ...after(known, { ...access, network: null }), recent }, unusual }
}

/** Whether the use of a network has to be written down again: it is once a day. */
export function isNotedToday(lastAt: Date | null, at: Date): boolean {
  return lastAt !== null && dayOf(lastAt) >= dayOf(at)
}

/** What was seen before this moment is known no more. */
export function knownSince(at: Date): Date {
  return new Date((dayOf(at) - KNOWN_DAYS) * DAY_MS)
}

function stillKnown(known: Known | undefined, at: Date): Known | undefined {
  const since = knownSince(at)
  if (!known || known.lastAt < since) return undefined
  const keysAt = known.keysAt && known.keysAt >= since ? known.keysAt : null
  return { ...known, keysAt, networks: known.networks.filter(({ lastAt }) => lastAt >= since) }
}

/** Where none is known, there is nothing to compare with. */
function isElsewhere({ networks }: Known, network: string | null): boolean {
  return network !== null && networks.length > 0 && !networks.some((each) => each.network === network)
}

function after(known: Known | undefined, { at, shown, network }: Access): Known {
  const firstAt = known?.firstAt ?? at
  const keysAt = shown === 'key' || shown === 'keys' ? at : (known?.keysAt ?? null)
  const others = (known?.networks ?? []).filter((each) => each.network !== network)
  const same = known?.networks.find((each) => each.network === network)
  return {
    firstAt,
    lastAt: known && known.lastAt > at ? known.lastAt : at,
    keysAt,
    settledDays: known?.settledDays ?? 0,
    recent: known?.recent ?? [],
    networks: network === null ? others : [{ network, firstAt: same?.firstAt ?? at, lastAt: at }, ...others],
  }
}

function withinHour(times: readonly Date[], at: Date): Date[] {
  return times.filter((time) => at.getTime() - time.getTime() < HOUR_MS).slice(-MANY)
}

/** The newest of them, by name. */
function namesOf({ networks }: Known): string {
  const newest = networks.toSorted((a, b) => b.lastAt.getTime() - a.lastAt.getTime())
  const names = newest.slice(0, NAMED_NETWORKS).map(({ network }) => network)
  const more = newest.length - names.length
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ')
}

function found(reason: UnusualReason, { who, network, shown }: Access, more: Partial<UnusualFacts> = {}) {
  const facts: UnusualFacts = { who, from: network, shown, ...more }
  return { reason, facts, words: unusualWords(reason, facts) }
}

/** The days of UTC, counted. */
function dayOf(at: Date): number {
  return Math.floor(at.getTime() / DAY_MS)
}
