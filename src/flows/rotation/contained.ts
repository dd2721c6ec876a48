import { SecurekeyError } from '../../domain/errors.ts'
import type { HerokuFailure } from '../../domain/heroku-failure.ts'
import type { ClaimedResource } from '../../store/claimed-resources.ts'
import type { Deps } from '../deps.ts'
import { endFailed } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'

/** Sees to it that whatever goes wrong with one resource stops nobody else. */
export async function contained(
  deps: Deps,
  group: Group,
  resource: ClaimedResource,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await work().catch((error: unknown) => endFailed(deps, group, resource, unreadable(error)))
  } catch (error) {
    // The claim is left to its lease: whether a push arrived is found out by the read-back.
    deps.log.error({ err: error, resourceId: resource.resourceId }, 'rotation interrupted')
    return 'failed'
  }
}

/** The failure of a resource whose sealed values do not open. Any other error is thrown on. */
export function unreadable(error: unknown): HerokuFailure {
  if (error instanceof SecurekeyError) return { kind: 'unreadable', detail: error.detail ?? error.message }
  throw error
}
