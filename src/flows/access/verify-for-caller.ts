import type { Actor } from '../../domain/actor.ts'
import type { Deps } from '../deps.ts'
import { type DatedVerification, verifyWithDates } from '../verify-key.ts'
import { countAccess } from './count-access.ts'

/** Says what a key is to a program, and counts that it was asked for a revoked one. Throws as `verifyWithDates` does. */
export async function verifyForCaller(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; digest: string },
): Promise<DatedVerification> {
  const { resourceId, actor, digest } = request
  const found = await verifyWithDates(deps, { resourceId, digest })
  if (found.outcome === 'revoked') {
    await countAccess(deps, { resourceId, reason: 'revoked-key-asked', actor, at: deps.now() })
  }
  return found
}
