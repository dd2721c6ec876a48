import DataLoader from 'dataloader'
import type { Claim } from '../../store/keysets.ts'
import { finishGrants, type GrantEnd } from '../../store/oauth-grants.ts'
import type { NewTokens } from '../../store/oauth-tokens.ts'
import type { Deps } from '../deps.ts'
import { groupOrEach } from '../group-or-each.ts'

/** Ends a claimed grant: exchanged for these tokens, or lost. Tokens of a grant that is no longer ours are dropped. */
export type FinishGrant = (grant: Claim, tokens: NewTokens | null) => Promise<void>

const GATHER_MS = 20
const LARGEST_GROUP = 100

/** Gathers ends for 20 ms and writes them in one transaction. */
export function createGrantFinish(deps: Pick<Deps, 'db' | 'now'>): FinishGrant {
  async function write(ends: readonly GrantEnd[]): Promise<null[]> {
    await deps.db.transaction().execute((trx) => finishGrants(trx, ends))
    return ends.map(() => null)
  }
  const loader = new DataLoader(
    (group: readonly GrantEnd[]) => groupOrEach(group, write).catch(() => eachOnceMore(group, write)),
    { cache: false, maxBatchSize: LARGEST_GROUP, batchScheduleFn: (flush) => setTimeout(flush, GATHER_MS) },
  )
  return async ({ resourceId, fence }, tokens) => {
    const kind = tokens ? 'grant-exchanged' : 'grant-lost'
    const event = { at: deps.now(), kind, actor: { type: 'worker' } } as const
    await loader.load({ resourceId, fence, tokens, event })
  }
}

/**
 * A connection was cut, or one row was locked for too long. The codes are used up and the tokens are nowhere but here, so
 * each is written once more, alone. One that was written after all waits no more, and stays as it is.
 */
async function eachOnceMore<T>(
  group: readonly T[],
  write: (items: readonly T[]) => Promise<readonly null[]>,
): Promise<(null | Error)[]> {
  const results = await Promise.allSettled(group.map((item) => write([item])))
  return results.map((result) => (result.status === 'fulfilled' ? null : toError(result.reason)))
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
