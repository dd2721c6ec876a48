import type { Actor } from '../../domain/actor.ts'
import type { HerokuFailure } from '../../domain/heroku-failure.ts'
import { loadTokens } from '../../store/oauth-tokens.ts'
import { listOrphans as listOrphanRows, type Orphan, orphanReason } from '../../store/orphans.ts'
import { findResource, setMissingSince } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import { createHerokuSession } from '../heroku/heroku-session.ts'
import { deprovision } from '../provisioning/deprovision.ts'

/** One 404 may be wrong, and so may the answers of an hour. */
const ORPHAN_AFTER_MS = 2 * 24 * 3_600_000
const LOOK_LIMIT_MS = 20_000

export type RemoveOutcome =
  | { outcome: 'removed' }
  /** Heroku has known it within the last two days. */
  | { outcome: 'no-orphan' }
  /** Asked once more, Heroku knows it. */
  | { outcome: 'known-at-heroku' }
  | { outcome: 'not-asked'; failure: HerokuFailure }

/** Live resources that Heroku has not known for two days, or for which it never gave us tokens, the oldest first. */
export async function listOrphans(
  deps: Pick<Deps, 'db' | 'now'>,
  { limit }: { limit: number },
): Promise<{ orphans: Orphan[]; total: number }> {
  return await listOrphanRows(deps.db, { limit, before: orphanSince(deps) })
}

/**
 * Removes such a resource as a deprovision does: its keys and data key are erased for good. Where Heroku can be asked, it
 * is asked once more, and nothing is removed unless it says again that it does not know the resource.
 */
export async function removeOrphan(
  deps: Deps,
  { resourceId, actor }: { resourceId: string; actor: Actor },
): Promise<RemoveOutcome> {
  const why = await orphanReason(deps.db, resourceId, orphanSince(deps))
  if (!why) return { outcome: 'no-orphan' }
  const token = await loadTokens(deps.db, resourceId)
  const resource = await findResource(deps.db, resourceId)
  // What a lost key protects never opens again, so Heroku cannot be asked once more.
  if ((token || deps.platform.proof === 'password') && resource?.dek && resource.dek.ownKey !== 'lost') {
    const { name, dek, address } = resource
    const sealer = await deps.sealing.forResource(resourceId, dek)
    const caller = { resourceId, name, address, sealer, dek, token, grantWaiting: false }
    const looked = await createHerokuSession(deps, caller, AbortSignal.timeout(LOOK_LIMIT_MS)).readConfig()
    if (looked.ok) {
      await setMissingSince(deps.db, resourceId, null)
      return { outcome: 'known-at-heroku' }
    }
    if (looked.failure.kind !== 'missing') return { outcome: 'not-asked', failure: looked.failure }
  }
  await deprovision(deps, { resourceId, actor })
  return { outcome: 'removed' }
}

function orphanSince(deps: Pick<Deps, 'now'>): Date {
  return new Date(deps.now().getTime() - ORPHAN_AFTER_MS)
}
