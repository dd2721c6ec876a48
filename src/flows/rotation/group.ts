import { type ClaimedResource, type ClaimedResources, claimResources } from '../../store/claimed-resources.ts'
import type { WriteChange } from '../change-writer.ts'
import type { Deps } from '../deps.ts'
import type { UnsealGuard } from './unseal-guard.ts'

/**
 * What the work on one claimed resource came to:
 * - `promoted`: Heroku has a new pair, and it is the truth here
 * - `retired`: old keys were erased
 * - `checked`: the config was compared
 * - `waited`: there was nothing to do
 * - `failed`: an attempt failed, or this resource alone has to wait
 * - `held-back`: not now, for a reason that holds for all
 * - `given-back`: another claim goes on with it
 */
export type Outcome = 'promoted' | 'retired' | 'checked' | 'waited' | 'failed' | 'held-back' | 'given-back'

/** Claimed resources that are worked on together. */
export type Group = {
  resources: readonly ClaimedResource[]
  /** The present, by the clock of the database: read with the claim, and carried on by one that never jumps. */
  now: () => Date
  /** When their calls to Heroku must have ended, so that all is written down before the lease is over. */
  callsUntil: Date
  /** Aborted when a shutdown begins: nothing more is started, claims are given back. */
  closing: AbortSignal
  /** Ends calls: when a shutdown has waited long enough, and at `callsUntil`. */
  callSignal: AbortSignal
  /** Runs a piece of work when there is room for it, before those that wait if it is `urgent`; bounds the calls in flight. */
  run: <T>(work: () => Promise<T>, urgent?: boolean) => Promise<T>
  /** Knows whether a data key that does not open is the failure of this process; without it, it never is. */
  unsealing?: UnsealGuard
  /** Stores new keys, at once. */
  store: WriteChange
  /** Writes what a step came to, together with others of these milliseconds. */
  write: WriteChange
}

const LEASE_MS = 90_000
/** Kept free at the end of a lease for writing down what the last call came to. */
const WRITE_MARGIN_MS = 20_000

const LOOK_BACK_MS = 1_000
const LOOK_AT_ALL_EVERY_MS = 5_000

/**
 * Returns a function that claims up to `limit` resources that are due, oldest first; undefined when none is.
 * A claim leaves its old index entry behind until vacuum comes, and while somebody's old snapshot (a report, a dump)
 * keeps vacuum away, every later claim would walk over all of them. So a claim starts where the one before ended, less
 * a second. What came due before that, but later than it was looked for, is found at the next look at all.
 */
export function createGroupClaims(
  deps: Pick<Deps, 'db' | 'steadyMs'>,
): (limit: number) => Promise<Pick<Group, 'resources' | 'callsUntil' | 'now'> | undefined> {
  let from: Date | undefined
  let lookedAtAllMs = Number.NEGATIVE_INFINITY

  async function claim(startedMs: number, limit: number): Promise<ClaimedResources> {
    if (startedMs - lookedAtAllMs >= LOOK_AT_ALL_EVERY_MS) from = undefined
    if (!from) lookedAtAllMs = startedMs
    const request = { leaseMs: LEASE_MS, limit, ...(from ? { from } : {}) }
    const claimed = await claimResources(deps.db, request)
    const { resources, lastDueAt } = claimed
    // "Nothing is due" is only said after a look at all (or when all that was found was being changed just then).
    if (resources.length === 0 && from) {
      from = undefined
      return await claim(startedMs, limit)
    }
    from = lastDueAt && new Date(lastDueAt.getTime() - LOOK_BACK_MS)
    return claimed
  }

  return async (limit) => {
    const startedMs = deps.steadyMs()
    const { resources, claimedAt } = await claim(startedMs, limit)
    if (!claimedAt) return undefined
    const endedMs = deps.steadyMs()
    const now = () => new Date(claimedAt.getTime() + deps.steadyMs() - endedMs)
    // As if the claim was made before the statement, so that calls are over before the lease is.
    const callsMs = LEASE_MS - WRITE_MARGIN_MS - (endedMs - startedMs)
    return { resources, callsUntil: new Date(claimedAt.getTime() + callsMs), now }
  }
}
