import type { GracePeriod } from './grace.ts'
import type { HeldPair } from './judge-held.ts'
import { MOST_KEYS } from './keyring-room.ts'
import type { Keyring } from './keyring-var.ts'
import { liveVersions, type NextKey, type OlderKey, type SecondKey } from './keyset.ts'
import { lifeEndsAt, SIGNS_ON_MS, theEarlier, theLater } from './old-key-end.ts'
import type { ResourceState } from './resource-state.ts'
import { isNextUnpublished, lacksNext, nextWakeAt } from './rotation.ts'
import { CHECK_AFTER_DOUBT_MS, nextRotationAt as nextDate } from './schedule.ts'
import { trusted } from './trust.ts'

/** A key that is taken over, by its number and its text. */
export type AdoptedKey = { version: number; text: string }

/** The state after a pair of Heroku's was taken over, and all keys of it; live versions that are not among them go. */
export type Adopted = { state: ResourceState; keys: AdoptedKey[]; erased: number[] }

export type AdoptFacts = {
  grace: GracePeriod
  periodMs: number
  /** The version of a key of ours by its fingerprint. */
  versionOf: (kid: string) => number | undefined
  kidOf: (text: string) => string
}

/**
 * Takes over what Heroku holds. With a keyring of ours the versions come from there, and so do the grace periods and the
 * next date: this database is the past of that. Versions below those that it lists are never accepted or pushed again.
 * Without one a person has decided: the second key is verify-only until the next rotation, or for a stated life if that is
 * longer; keys of ours that Heroku does not hold go. A rotation under way ends.
 * A life that the keyring promises is stated from now on, unless a longer one is: apps sign for it.
 * Whether the next key is announced is the keyring's to say, where that is newer than what is known here, unless somebody
 * has pressed for it and that waits still: then that is done next.
 */
export function adopt(state: ResourceState, held: HeldPair, facts: AdoptFacts, now: Date): Adopted {
  const { keyring } = held
  const { trust } = state
  const { revokedEpoch } = trust
  const numbers = keyring?.keys.map(({ version }) => version) ?? []
  // Numbers that were revoked here stay dead: keys that bear them in another past get new ones.
  const parts =
    keyring && Math.min(...numbers) > state.keyset.revokedTo
      ? fromKeyring(state, held, keyring, facts, now)
      : fromPair({ ...state, lastVersion: Math.max(state.lastVersion, ...numbers) }, held, facts, now)
  const { keys, second, older, next, announcesNext, tokenLifeMs, nextRotationAt } = parts
  const [current] = keys
  if (!current) throw new Error('a pair has a first key')
  const lowest = Math.min(...keys.map(({ version }) => version))
  const keyset = {
    current: current.version,
    second,
    pending: null,
    pendingFiller: null,
    older,
    next,
    revokedTo: Math.max(state.keyset.revokedTo, keyring ? Math.max(keyring.revokedTo, lowest - 1) : 0),
  }
  const adopted: ResourceState = {
    ...state,
    keyset,
    announcesNext,
    tokenLifeMs,
    lastVersion: Math.max(state.lastVersion, ...keys.map(({ version }) => version)),
    publishedAt: theEarlier(keyring?.rotatedAt ?? now, now),
    publishedReason: keyring?.reason ?? 'manual',
    rotation: null,
    heldBack: null,
    turn: null,
    attempts: 0,
    failures: [],
    nextRotationAt: inReach(later(nextRotationAt, state.servedDueAt), facts.periodMs, now),
    // A call of a past that this database has lost may still arrive.
    checkAt: new Date(now.getTime() + CHECK_AFTER_DOUBT_MS),
    trust: {
      ...trusted(keyring?.epoch ?? trust.confirmedEpoch),
      revokedEpoch,
      repairedAt: trust.repairedAt,
      doubtful: true,
    },
    claimedUntil: null,
  }
  const live = liveVersions(keyset)
  return {
    state: { ...adopted, wakeAt: nextWakeAt({ ...adopted, grace: facts.grace }, now) },
    keys,
    erased: liveVersions(state.keyset).filter((version) => !live.includes(version)),
  }
}

type Parts = {
  keys: AdoptedKey[]
  second: SecondKey
  older: OlderKey[]
  next: NextKey | null
  announcesNext: boolean
  tokenLifeMs: number | null
  nextRotationAt: Date
}

function fromKeyring(
  state: ResourceState,
  { pair }: HeldPair,
  { keys: listed, nextRotationAt, goodForSeconds }: Keyring,
  facts: AdoptFacts,
  now: Date,
): Parts {
  const { kidOf } = facts
  const highest = Math.max(state.lastVersion, ...listed.map(({ version }) => version))
  const signs = listed.find(({ use }) => use === 'sign')
  const inSecond = listed.find(({ kid, use }) => use === 'verify' && kid === kidOf(pair.second))
  // A filler is not listed: it gets a number of its own here.
  const second: SecondKey = inSecond?.until
    ? { version: inSecond.version, filler: false, until: keptInReach(inSecond.until, facts, now) }
    : { version: highest + 1, filler: true }
  const announced = listed.flatMap(({ version, use, key }) =>
    use === 'next' && key !== undefined ? [{ version, text: key }] : [],
  )
  const [next] = announced
  const isPressed = lacksNext(state) || isNextUnpublished(state)
  const others = listed.flatMap(({ version, until, key }) =>
    key !== undefined && until !== null && until > now
      ? [{ version, until: keptInReach(until, facts, now), text: key }]
      : [],
  )
  return {
    keys: [
      { version: signs?.version ?? highest, text: pair.first },
      { version: second.version, text: pair.second },
      ...others.map(({ version, text }) => ({ version, text })),
      ...announced,
    ],
    second,
    older: others.map(({ version, until }) => ({ version, until })),
    next: next ? { version: next.version, announced: true } : null,
    announcesNext: isPressed ? state.announcesNext : next !== undefined,
    tokenLifeMs: promisedLife(state, goodForSeconds, facts.periodMs),
    nextRotationAt,
  }
}

function fromPair(
  state: ResourceState,
  { pair }: HeldPair,
  { versionOf, kidOf, periodMs }: AdoptFacts,
  now: Date,
): Parts {
  const { lastVersion } = state
  // Nobody knows how long apps have signed with these: at least half a period is left.
  const nextRotationAt = nextDate(new Date(state.nextRotationAt.getTime() - periodMs), periodMs, now)
  const { tokenLifeMs } = state
  const until = tokenLifeMs === null ? nextRotationAt : theLater(nextRotationAt, lifeEndsAt(tokenLifeMs, now))
  const secondVersion = versionOf(kidOf(pair.second)) ?? lastVersion + 1
  const firstVersion = versionOf(kidOf(pair.first)) ?? Math.max(lastVersion, secondVersion) + 1
  return {
    keys: [
      { version: firstVersion, text: pair.first },
      { version: secondVersion, text: pair.second },
    ],
    second: { version: secondVersion, filler: false, until },
    older: [],
    next: null,
    announcesNext: state.announcesNext,
    tokenLifeMs,
    nextRotationAt,
  }
}

/** A due date is served once, so the next one lies behind the last. */
function later(date: Date, served: Date | null): Date {
  return served !== null && date <= served ? new Date(served.getTime() + 1) : date
}

/** The date comes from outside: none is farther away than two periods. */
function inReach(date: Date, periodMs: number, now: Date): Date {
  const farthest = new Date(now.getTime() + 2 * periodMs)
  return date > farthest ? new Date(now.getTime() + periodMs) : date
}

/** Nor is a key kept for longer than any policy of this plan could have it kept. */
function keptInReach(until: Date, { grace, periodMs }: AdoptFacts, now: Date): Date {
  const mostMs = Math.max(MOST_KEYS * periodMs, grace.until === 'elapsed' ? grace.ms : 0) + SIGNS_ON_MS
  return new Date(Math.min(until.getTime(), now.getTime() + mostMs))
}

/** The life that a keyring promises: without a stated one that is half a period at the most. One that has no room is none. */
function promisedLife(
  { tokenLifeMs }: ResourceState,
  goodForSeconds: number,
  periodMs: number,
): number | null {
  const promisedMs = goodForSeconds * 1_000
  const isLife = promisedMs > periodMs / 2 && promisedMs <= periodMs * (MOST_KEYS - 1)
  return isLife ? Math.max(tokenLifeMs ?? 0, promisedMs) : tokenLifeMs
}
