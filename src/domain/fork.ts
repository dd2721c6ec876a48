import type { ForkWish } from './addon-options.ts'
import type { Calendar } from './calendar.ts'
import { formatDuration } from './duration.ts'
import { goodForSeconds } from './good-for.ts'
import type { GracePeriod } from './grace.ts'
import { endedByAnnouncing } from './keyring-room.ts'
import type { Keyset } from './keyset.ts'
import { type KeepingTerms, theEarlier, theLater } from './old-key-end.ts'
import type { Plan } from './plan.ts'
import { type ResourceState, stateAtProvision, wokenWhenNeeded } from './resource-state.ts'
import { nextRotationAfterPlanChange } from './schedule.ts'
import { formatTokenLife, tooManyKeys } from './token-life.ts'

/** An add-on whose keys another one takes over, as it stands. */
export type ForkSource = { state: ResourceState; grace: GracePeriod; periodMs: number }

/** How the new add-on keeps its keys. */
export type ForkTerms = KeepingTerms & { periodMs: number; announcesNext: boolean }

/** The new one is attached first: so long nothing of it restarts, unless its plan rotates more often than that. */
const ATTACHED_WITHIN_MS = 86_400_000

/**
 * Why the keys cannot be taken over just now, as the end of a sentence whose subject is the add-on that has them. A key that
 * is on its way to apps signs before the new add-on could know of it; one that was revoked is good for nothing.
 */
export function whyNotForked({ keyset, rotation, trust }: ResourceState): string | undefined {
  if (trust.foreignSince) return 'holds keys at Heroku that we did not make: look at its dashboard first'
  if (rotation?.reason === 'revoke') return 'has revoked keys, which are just being replaced'
  if (keyset.pending !== null) return 'is just being rotated'
  return undefined
}

/** What holds in the new add-on: what was left out holds as it did in the old one. */
export function forkTerms(
  { state, grace }: ForkSource,
  asked: ForkTerms & Pick<ForkWish, 'stated'>,
): ForkTerms {
  return {
    grace: asked.stated.grace ? asked.grace : grace,
    tokenLifeMs: asked.stated.tokenLife ? asked.tokenLifeMs : state.tokenLifeMs,
    announcesNext: asked.announcesNext || state.announcesNext,
    periodMs: asked.periodMs,
  }
}

/**
 * Why those keys cannot be kept so: what apps were told of what they sign would not hold, or there is no room. The options
 * that the sentence is about are the reader's to change.
 */
export function forkProblem(
  source: ForkSource,
  terms: ForkTerms,
  plans: readonly Plan[],
  now: Date,
): string | undefined {
  const { grace, periodMs, state } = source
  const promised = goodForSeconds({ grace, periodMs, tokenLifeMs: state.tokenLifeMs })
  const kept = goodForSeconds(terms)
  if (kept < promised) {
    const life = formatDuration(promised * 1_000)
    return `takes over keys by which apps sign what is good for ${life} at the least, and here that would be ${formatDuration(kept * 1_000)}: state --token-life ${life}, or choose a plan, a grace period and a token life that give as much`
  }
  const tooMany = tooManyKeys(terms, plans)
  if (tooMany) return `takes over a token life of ${formatTokenLife(terms.tokenLifeMs)}, which ${tooMany}`
  const facts = { ...terms, keyset: keptKeyset(state.keyset, now), rotating: false }
  if (!state.announcesNext && terms.announcesNext && endedByAnnouncing(facts, now).length > 0) {
    return 'takes over so many old keys that there is no room for the next one: leave out --next'
  }
  return undefined
}

/** The old keys that go over: those whose time is not over. A next key goes if apps were told of it. */
export function keptKeyset(keyset: Keyset, now: Date): Keyset {
  const { current, second, older, next, revokedTo } = keyset
  return {
    current,
    second,
    pending: null,
    pendingFiller: null,
    older: older.filter(({ until }) => until > now),
    next: next?.announced ? next : null,
    revokedTo,
  }
}

/**
 * The state of an add-on that begins with the keys of another, under the same version numbers and with the same ends, so that
 * apps which hold both values find the same keys in both. `nextMade`: the number of a next key that was made for it.
 */
export function stateAfterFork(
  { state: old, periodMs }: ForkSource,
  made: {
    terms: ForkTerms
    nextMade: number | null
    epoch: number
    checkAt: Date
    calendar: Calendar
  },
  now: Date,
): ResourceState {
  const { terms, nextMade, epoch, checkAt, calendar } = made
  const kept = keptKeyset(old.keyset, now)
  const next = nextMade === null ? kept.next : { version: nextMade, announced: true }
  const keyset = { ...kept, next }
  const { tokenLifeMs, announcesNext, grace } = terms
  const versions = { current: keyset.current, filler: keyset.second.version, next: next?.version ?? null }
  const dueAt = nextRotationAfterPlanChange(old, periodMs, terms.periodMs, now)
  const quiet = new Date(now.getTime() + Math.min(ATTACHED_WITHIN_MS, terms.periodMs / 2))
  // A pause that was counted in ends with the old add-on.
  const latest = new Date(now.getTime() + terms.periodMs)
  const nextRotationAt = theLater(quiet, theEarlier(dueAt, latest))
  const fresh = stateAtProvision({ ...versions, epoch, checkAt, calendar, tokenLifeMs }, nextRotationAt, now)
  const { publishedAt, publishedReason, trust } = old
  const state = {
    ...fresh,
    keyset,
    announcesNext,
    lastVersion: Math.max(old.lastVersion, fresh.lastVersion),
    publishedAt,
    publishedReason,
    trust: { ...fresh.trust, revokedEpoch: trust.revokedEpoch },
  }
  return wokenWhenNeeded(state, grace, now)
}
