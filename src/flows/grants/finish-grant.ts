import DataLoader from 'dataloader'
import type { Claim } from '../../store/keysets.ts'
import { finishGrants, type GrantEnd } from '../../store/oauth-grants.ts'
import type { NewTokens } from '../../store/oauth-tokens.ts'
import type { Deps } from '../deps.ts'
import { groupOrEach } from '../group-or-each.ts'

/** Ends a claimed grant: exchanged for these tokens, or lost. False: it is no longer ours, or was sealed anew. */
export type FinishGrant = (
  grant: Claim & { sealedCode?: Buffer },
  tokens: NewTokens | null,
) => Promise<boolean>

const GATHER_MS = 20
const LARGEST_GROUP = 100

/** Gathers ends for 20 ms and writes them in one transaction. */
export function createGrantFinish(deps: Pick<Deps, 'db' | 'now'>): FinishGrant {
  async function write(ends: readonly GrantEnd[]): Promise<boolean[]> {
    const finished = await deps.db.transaction().execute((trx) => finishGrants(trx, ends))
    return ends.map(({ resourceId }) => finished.has(resourceId))
  }
  const loader = new DataLoader(
    (group: readonly GrantEnd[]) => groupOrEach(group, write).catch(() => eachOnceMore(group, write)),
    { cache: false, maxBatchSize: LARGEST_GROUP, batchScheduleFn: (flush) => setTimeout(flush, GATHER_MS) },
  )
  return async ({ resourceId, fence, sealedCode }, tokens) => {
    const kind = tokens ? 'grant-exchanged' : 'grant-lost'
    const event = { at: deps.now(), kind, actor: { type: 'worker' } } as const
    return await loader.load({ resourceId, fence, ...(sealedCode && { sealedCode }), tokens, event })
  }
}

/**
 * A connection was cut, or one row was locked for too long. The codes are used up and the tokens are nowhere but here, so
 * each is written once more, alone. One that was written after all waits no more, and stays as it is.
 */
async function eachOnceMore<T>(
  group: readonly T[],
  write: (items: readonly T[]) => Promise<readonly boolean[]>,
): Promise<(boolean | Error)[]> {
  const results = await Promise.allSettled(group.map((item) => write([item])))
  return results.map((result) =>
    result.status === 'fulfilled' ? (result.value[0] ?? false) : toError(result.reason),
  )
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
