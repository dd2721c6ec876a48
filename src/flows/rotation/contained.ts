import { isOfOwnKey, SecurekeyError } from '../../domain/errors.ts'
import type { HerokuFailure } from '../../domain/heroku-failure.ts'
import type { ClaimedResource } from '../../store/claimed-resources.ts'
import { wakeOwnKey } from '../../store/own-keys.ts'
import type { Deps } from '../deps.ts'
import { endFailed, giveBack } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'

/** Sees to it that whatever goes wrong with one resource stops nobody else. */
export async function contained(
  deps: Deps,
  group: Group,
  resource: ClaimedResource,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await work().catch(async (error: unknown) => {
      const failure = unreadable(error)
      if (failure.kind === 'own-key') await wakeOwnKey(deps.db, resource.dek.kekId)
      const isOurs =
        failure.kind === 'unreadable' &&
        (await group.unsealing?.isOurs(resource.resourceId, resource.dek, failure))
      return isOurs ? await giveBack(deps, resource) : await endFailed(deps, group, resource, failure)
    })
  } catch (error) {
    // The claim is left to its lease: whether a push arrived is found out by the read-back.
    deps.log.error({ err: error, resourceId: resource.resourceId }, 'rotation interrupted')
    return 'failed'
  }
}

/**
 * The failure of a resource whose sealed values do not open; where that is for the customer's own key, it is looked at again
 * in a minute and costs no attempt. Any other error is thrown on.
 */
export function unreadable(error: unknown): HerokuFailure {
  if (!(error instanceof SecurekeyError)) throw error
  const detail = error.detail ?? error.message
  if (!isOfOwnKey(error)) return { kind: 'unreadable', detail }
  return { kind: 'own-key', detail, retryAfterMs: OWN_KEY_RETRY_MS }
}

const OWN_KEY_RETRY_MS = 60_000
