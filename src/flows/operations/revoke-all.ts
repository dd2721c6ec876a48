import { SecurekeyError } from '../../domain/errors.ts'
import { listIdsOfOlderKeys } from '../../store/sealed-keys.ts'
import { revokeKeys } from '../dashboard/revoke-keys.ts'
import type { Deps } from '../deps.ts'

const BATCH = 200

/**
 * Revokes the keys of every add-on that still has one made before a moment. It may be stopped and repeated: an add-on
 * whose new keys have reached Heroku has none left, and a revoke under way is joined. Returns how many there were.
 */
export async function revokeAll(
  deps: Deps,
  request: { madeBefore: Date; signal?: AbortSignal; did?: () => void },
): Promise<number> {
  const { madeBefore, signal, did } = request
  let revoked = 0
  let after: string | undefined
  while (!signal?.aborted) {
    const page = { limit: BATCH, ...(after !== undefined && { after }) }
    const ids = await listIdsOfOlderKeys(deps.db, madeBefore, page)
    for (const resourceId of ids) {
      if (signal?.aborted) break
      if (await revokeOne(deps, resourceId)) revoked += 1
      did?.()
    }
    after = ids.at(-1)
    if (after === undefined) break
  }
  return revoked
}

async function revokeOne(deps: Deps, resourceId: string): Promise<boolean> {
  try {
    await revokeKeys(deps, { resourceId, actor: { type: 'operator' } })
    return true
  } catch (error) {
    // Deprovisioned meanwhile: it has no keys any more.
    if (error instanceof SecurekeyError && error.code === 'resource-gone') return false
    throw error
  }
}
