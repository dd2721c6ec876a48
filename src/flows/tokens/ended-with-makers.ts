import { listHistory } from '../../store/history.ts'
import type { Deps } from '../deps.ts'

/** Tokens that were ended because their maker had left: whose they were, and which. */
export type EndedWithMaker = { at: Date; maker: string; ended: string }

const MOST_TOLD = 5
const TOLD_FOR_MS = 90 * 86_400_000

/** The newest of these within 90 days: as long as a token lives by default, somebody may look for it. */
export async function readEndedWithMakers(
  deps: Pick<Deps, 'db' | 'now'>,
  resourceId: string,
): Promise<EndedWithMaker[]> {
  const rows = await listHistory(deps.db, resourceId, { limit: MOST_TOLD, kinds: ['tokens-disabled'] })
  return rows
    .filter(({ at }) => deps.now().getTime() - at.getTime() < TOLD_FOR_MS)
    .map(({ at, details = {} }) => ({
      at,
      maker: String(details.maker ?? 'somebody'),
      ended: String(details.ended ?? ''),
    }))
}
