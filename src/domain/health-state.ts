import type { Failure } from './heroku-failure.ts'
import type { OwnKey } from './own-key-watch.ts'
import { isPaused } from './pause.ts'
import type { ResourceState } from './resource-state.ts'
import { CHECK_AFTER_DOUBT_MS } from './schedule.ts'

/**
 * How an add-on is doing, the worst first:
 * - `missing`: Heroku says that it does not exist
 * - `own-key-lost`: the customer's own key was deleted, so nothing of it opens any more
 * - `own-key-suspended`: the customer has withdrawn that key
 * - `own-key-waiting`: it seems so; `until` says when that counts
 * - `access-lost`: no token and no grant is left, and nothing brings one back
 * - `access-refused`: Heroku refuses the token of this add-on
 * - `unreadable`: a sealed value of it does not open
 * - `foreign`: Heroku holds keys that were never made here
 * - `stuck`: the rotation under way has failed too often
 * - `gone`: the config var was put back once, and is gone again
 * - `heroku-trouble`: Heroku does not answer us, or refuses all our calls
 * - `failing`: an attempt at what is under way has failed
 * - `held-back`: apps still sign with the key that would leave
 * - `rotating`: a rotation is under way
 * - `unchecked`: Heroku's config could not be compared for hours
 * - `differs`: an older pair of ours came back within a day of its repair
 * - `unusual-access`: access that was not usual was told, and nobody has said that it is known
 * - `undelivered`: notices to somebody were given up, and nothing has arrived there since
 * - `paused`, `well`
 */
export type HealthState =
  | 'missing'
  | 'own-key-lost'
  | 'own-key-suspended'
  | 'own-key-waiting'
  | 'access-lost'
  | 'access-refused'
  | 'unreadable'
  | 'foreign'
  | 'stuck'
  | 'gone'
  | 'heroku-trouble'
  | 'failing'
  | 'held-back'
  | 'rotating'
  | 'unchecked'
  | 'differs'
  | 'unusual-access'
  | 'undelivered'
  | 'paused'
  | 'well'

/** Whether we can call Heroku for an add-on: `waiting` for the exchange of its grant, or `none` is left to do so. */
export type HerokuAccess = 'given' | 'waiting' | 'none'

/** All that is known of an add-on's health. */
export type HealthFacts = {
  id: string
  plan: string
  state: ResourceState
  /** Since when Heroku says that it does not exist. */
  missingSince: Date | null
  access: HerokuAccess
  /** What is known to be wrong beside this add-on. */
  trouble: 'account' | 'host' | null
  /** The customer's own key that protects it, where there is one. */
  ownKey?: Pick<OwnKey, 'state' | 'since' | 'deadline' | 'said'> & { arn: string }
  /** Since when access that was not usual stands there that nobody knows, of the last seven days. */
  unusualSince: Date | null
  /** When notices to somebody were given up, where nothing has arrived since. */
  undeliveredSince: Date | null
}

/** Whether no scheduled rotation happens before somebody has acted, so that none can be promised. */
export function isScheduleStopped(state: HealthState): boolean {
  return STOPPED.includes(state)
}

const STOPPED: readonly HealthState[] = [
  'missing',
  'access-lost',
  'access-refused',
  'unreadable',
  'own-key-lost',
  'own-key-suspended',
  'foreign',
]

/** A check is repeated every quarter of an hour: one or two that fail say nothing. */
const UNCHECKED_AFTER_MS = 2 * 3_600_000

/** A state, since when, and when it ends by itself at the latest; null where that is not known. */
export type FoundHealth = { state: HealthState; since: Date | null; until: Date | null }

/** The one state of health that is the worst of all that is known. */
export function healthStateOf(facts: HealthFacts, now: Date): FoundHealth {
  return { since: null, until: null, ...worstOf(facts, now) }
}

type Found = Pick<FoundHealth, 'state'> & Partial<FoundHealth>

function worstOf(
  { state, missingSince, access, trouble, unusualSince, undeliveredSince, ownKey }: HealthFacts,
  now: Date,
): Found {
  const { trust, rotation, heldBack, pause, wakeAt, checkAt } = state
  const failure = lastFailure(state)
  const failingSince = failure ? new Date(state.failures[0]?.at ?? failure.at) : null
  if (missingSince) return { state: 'missing', since: missingSince }
  const ofKey = ownKey && ofOwnKey(ownKey)
  if (ofKey) return ofKey
  if (access === 'none') return { state: 'access-lost' }
  // Where Heroku refuses all of us, the refusal of this one says nothing of it.
  if (failure?.kind === 'refresh-refused' && trouble !== 'account')
    return { state: 'access-refused', since: failingSince }
  if (failure?.kind === 'unreadable') return { state: 'unreadable', since: failingSince }
  // A revoke overwrites whatever is there, so it is what is told once somebody has asked for it.
  if (trust.foreignSince && rotation?.reason !== 'revoke')
    return { state: 'foreign', since: trust.foreignSince }
  if (rotation?.stuckSince) return { state: 'stuck', since: rotation.stuckSince }
  // A look that is near, or has failed since, is the one after a push, and knows of nothing odd.
  const isNear = checkAt !== null && checkAt.getTime() - now.getTime() <= CHECK_AFTER_DOUBT_MS
  if (trust.goneSince && trust.doubtful && !isNear) return { state: 'gone', since: trust.goneSince }
  // Whoever needs nothing of Heroku just now does not notice.
  if (trouble && (rotation || (wakeAt && wakeAt <= now))) return { state: 'heroku-trouble' }
  if (failure) return { state: 'failing', since: failingSince }
  if (heldBack && heldBack.until > now) {
    return { state: 'held-back', since: heldBack.since, until: heldBack.until }
  }
  if (rotation) return { state: 'rotating', since: rotation.openedAt }
  const { uncheckedSince, repairedAt } = trust
  if (uncheckedSince && now.getTime() - uncheckedSince.getTime() >= UNCHECKED_AFTER_MS) {
    return { state: 'unchecked', since: uncheckedSince }
  }
  if (repairedAt && trust.doubtful && !isNear && !uncheckedSince)
    return { state: 'differs', since: repairedAt }
  if (unusualSince) return { state: 'unusual-access', since: unusualSince }
  if (undeliveredSince) return { state: 'undelivered', since: undeliveredSince }
  if (pause && isPaused(pause, now)) return { state: 'paused', since: pause.at, until: pause.until }
  return { state: 'well' }
}

function ofOwnKey({ state, since, deadline }: NonNullable<HealthFacts['ownKey']>): Found | undefined {
  switch (state) {
    case 'active':
      return undefined
    case 'waiting':
      return { state: 'own-key-waiting', since, until: deadline }
    case 'suspended':
    case 'restoring':
      return { state: 'own-key-suspended', since }
    case 'lost':
      return { state: 'own-key-lost', since }
  }
}

/** Why what is under way last failed. */
function lastFailure({ attempts, failures }: ResourceState): Failure | undefined {
  return attempts > 0 ? failures.at(-1) : undefined
}
