import { SecurekeyError } from '../domain/errors.ts'
import type { HerokuFailure } from '../domain/heroku-failure.ts'
import { type Claim, claimDue, releaseClaims } from '../store/schedule.ts'
import type { Deps } from './deps.ts'
import type { Confirmed, PromoteOutcome } from './promote.ts'
import { recordFailure } from './record-failure.ts'

/** What one group of claims came to, in resources; `retired` in keys. */
export type Tally = {
  promoted: number
  retired: number
  checked: number
  failed: number
  givenBack: number
}

/** Claims, and when their calls to Heroku must have ended, so that all is written down before the lease is over. */
export type ClaimedGroup = { claims: readonly Claim[]; callsUntil: Date }

export type Group = ClaimedGroup & {
  /** Aborted at shutdown: calls end, claims are given back. */
  signal: AbortSignal
  /** Runs a piece of work when there is room for it; bounds how many rotations are in flight. */
  run: <T>(work: () => Promise<T>) => Promise<T>
  promote: (confirmed: Confirmed) => Promise<PromoteOutcome>
}

const LEASE_MS = 90_000
/** Kept free at the end of a lease for writing down what the last call came to. */
const WRITE_MARGIN_MS = 20_000

/** Claims up to `limit` resources that are due, oldest first; undefined when none is. */
export async function claimGroup(deps: Deps, limit: number): Promise<ClaimedGroup | undefined> {
  const now = deps.now()
  const leaseUntil = new Date(now.getTime() + LEASE_MS)
  const claims = await claimDue(deps.db, { now, leaseUntil, limit })
  if (claims.length === 0) return undefined
  return { claims, callsUntil: new Date(leaseUntil.getTime() - WRITE_MARGIN_MS) }
}

/** Work that a shutdown cut off is no failed attempt: its claim is given back, and the next one reads the config. */
export async function endFailed(
  deps: Deps,
  group: Group,
  claim: Claim,
  failure: HerokuFailure,
  tally: Tally,
): Promise<void> {
  if (group.signal.aborted) {
    tally.givenBack += 1
    await releaseClaims(deps.db, [claim], deps.now())
    return
  }
  tally.failed += 1
  await recordFailure(deps, claim, failure)
}

/** Ends a call at shutdown, and in time before the lease does. Already aborted when none may start any more. */
export function callSignal(deps: Deps, group: Group): AbortSignal {
  const leftMs = group.callsUntil.getTime() - deps.now().getTime()
  if (leftMs <= 0 || group.signal.aborted) return AbortSignal.abort()
  return AbortSignal.any([group.signal, AbortSignal.timeout(leftMs)])
}

/** The failure of a resource whose sealed values do not open; any other error is thrown on. */
export function unreadable(error: unknown): HerokuFailure {
  if (error instanceof SecurekeyError) return { kind: 'unreadable', detail: error.detail ?? error.message }
  throw error
}
