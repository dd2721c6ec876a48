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
  /** Given back because nobody may call Heroku at the moment. */
  heldBack: number
}

/** A tally of nothing yet. */
export function emptyTally(): Tally {
  return { promoted: 0, retired: 0, checked: 0, failed: 0, givenBack: 0, heldBack: 0 }
}

/** Claims, and when their calls to Heroku must have ended, so that all is written down before the lease is over. */
export type ClaimedGroup = { claims: readonly Claim[]; callsUntil: Date }

export type Group = ClaimedGroup & {
  /** Aborted when a shutdown begins: nothing more is started, claims are given back. */
  closing: AbortSignal
  /** Aborted when a shutdown has waited long enough: calls end too. */
  signal: AbortSignal
  /** Ends calls: aborted with `signal`, and at `callsUntil`. One for the group, since each would cost like a call. */
  callSignal: AbortSignal
  /** Runs a piece of work when there is room for it; bounds how many rotations are in flight. */
  run: <T>(work: () => Promise<T>) => Promise<T>
  promote: (confirmed: Confirmed) => Promise<PromoteOutcome>
}

const LEASE_MS = 90_000
/** Kept free at the end of a lease for writing down what the last call came to. */
const WRITE_MARGIN_MS = 20_000

const LOOK_BACK_MS = 1_000
const LOOK_AT_ALL_EVERY_MS = 5_000

/**
 * Answers a function that claims up to `limit` resources that are due, oldest first; undefined when none is.
 * A claim leaves its old index entry behind until vacuum comes, and while somebody's old snapshot (a report, a dump)
 * keeps vacuum away, every later claim would walk over all of them. So a claim starts where the one before ended, less
 * a second; what came due before that, but later than it was looked for, is found at the next look at all.
 */
export function createGroupClaims(
  deps: Pick<Deps, 'db' | 'now'>,
): (limit: number) => Promise<ClaimedGroup | undefined> {
  let from: Date | undefined
  let lookedAtAllMs = Number.NEGATIVE_INFINITY

  async function claim(now: Date, leaseUntil: Date, limit: number): Promise<readonly Claim[]> {
    const sinceMs = now.getTime() - lookedAtAllMs
    if (sinceMs < 0 || sinceMs >= LOOK_AT_ALL_EVERY_MS) from = undefined
    if (!from) lookedAtAllMs = now.getTime()
    const { claims, lastDueAt } = await claimDue(deps.db, {
      now,
      leaseUntil,
      limit,
      ...(from ? { from } : {}),
    })
    // "Nothing is due" is only said after a look at all (or when all that was found was being changed just then).
    if (claims.length === 0 && from) {
      from = undefined
      return await claim(now, leaseUntil, limit)
    }
    from = lastDueAt && new Date(lastDueAt.getTime() - LOOK_BACK_MS)
    return claims
  }

  return async (limit) => {
    const now = deps.now()
    const leaseUntil = new Date(now.getTime() + LEASE_MS)
    const claims = await claim(now, leaseUntil, limit)
    if (claims.length === 0) return undefined
    return { claims, callsUntil: new Date(leaseUntil.getTime() - WRITE_MARGIN_MS) }
  }
}

/**
 * Runs one resource's calls when there is room for them, and contains whatever happens there. At a shutdown, and when
 * the lease leaves no time for a call, the claim is given back instead.
 */
export async function runAlone<T>(
  deps: Deps,
  group: Group,
  claim: Claim,
  tally: Tally,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  return await group.run(async () => {
    const leftMs = group.callsUntil.getTime() - deps.now().getTime()
    if (group.closing.aborted || leftMs <= 0) {
      await contained(deps, group, claim, tally, () => giveBack(deps, claim, tally))
      return undefined
    }
    return await contained(deps, group, claim, tally, () => work(group.callSignal))
  })
}

/** Sees to it that whatever goes wrong with one resource stops nobody else; undefined when something did. */
export async function contained<T>(
  deps: Deps,
  group: Group,
  claim: Claim,
  tally: Tally,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SecurekeyError) {
      await endFailed(deps, group, claim, unreadable(error), tally)
      return undefined
    }
    tally.failed += 1
    // The claim is left to its lease: whether a push arrived is found out by the read-back.
    deps.log.error({ err: error, resourceId: claim.resourceId }, 'rotation interrupted')
    return undefined
  }
}

/** Gives a claim back unfinished, for anybody to take, now or from `wakeAt` on; see `releaseClaims` for the revision. */
export async function giveBack(
  deps: Deps,
  claim: Claim & { revision?: string },
  tally: Tally,
  wakeAt = deps.now(),
): Promise<void> {
  tally.givenBack += 1
  await releaseClaims(deps.db, [claim], wakeAt, deps.now())
}

/** Work that a shutdown or the lease cut off is no failed attempt: its claim is given back; the next reads the config. */
export async function endFailed(
  deps: Deps,
  group: Group,
  claim: Claim,
  failure: HerokuFailure,
  tally: Tally,
): Promise<void> {
  if (group.signal.aborted || group.callSignal.aborted) {
    await giveBack(deps, claim, tally)
    return
  }
  if (failure.kind === 'held-back' || failure.kind === 'rate-limited') tally.heldBack += 1
  else tally.failed += 1
  await recordFailure(deps, claim, failure)
}

/** The failure of a resource whose sealed values do not open; any other error is thrown on. */
export function unreadable(error: unknown): HerokuFailure {
  if (error instanceof SecurekeyError) return { kind: 'unreadable', detail: error.detail ?? error.message }
  throw error
}
