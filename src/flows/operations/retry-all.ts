import type { Actor } from '../../domain/actor.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import type { FailureKind } from '../../domain/heroku-failure.ts'
import { countUnfinished, listStuckIds } from '../../store/unfinished.ts'
import { resumeRotation } from '../dashboard/request-rotation.ts'
import type { Deps } from '../deps.ts'

const BATCH = 100

/**
 * Resumes every stuck rotation, or those whose last failure was of a kind. It may be stopped by `signal` and repeated: what
 * was resumed is not stuck any more. Of several on one app each waits for its turn. Returns how many were resumed, and how
 * many are stuck at the end.
 */
export async function retryAll(
  deps: Deps,
  request: {
    actor: Actor
    because?: FailureKind | undefined
    signal: AbortSignal
    did: () => void
  },
): Promise<{ resumed: number; left: number }> {
  const { actor, because, signal, did } = request
  let resumed = 0
  let after: string | undefined
  while (!signal.aborted) {
    const ids = await listStuckIds(deps.db, { limit: BATCH, after, because })
    for (const resourceId of ids) {
      if (signal.aborted) break
      if (await resumeOne(deps, resourceId, actor)) resumed += 1
      did()
    }
    after = ids.at(-1)
    if (ids.length < BATCH) break
  }
  const counts = await countUnfinished(deps.db, { stuck: true, because })
  return { resumed, left: counts.reduce((sum, { count }) => sum + count, 0) }
}

/** One that was deprovisioned meanwhile stops no other. */
async function resumeOne(deps: Deps, resourceId: string, actor: Actor): Promise<boolean> {
  try {
    return await resumeRotation(deps, { resourceId, actor, withOthers: true })
  } catch (error) {
    if (error instanceof SecurekeyError && error.code === 'resource-gone') return false
    throw error
  }
}
