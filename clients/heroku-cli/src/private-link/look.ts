import { type PrivateLink, readPrivateLink } from '../answers/private-link.ts'
import { ProblemError } from '../service/problem.ts'
import type { Service } from '../service/service.ts'

/**
 * The endpoint of an add-on as it is before it is changed; undefined where it has failed, which the service tells by a refusal
 * and shows nothing of. One that has failed can be destroyed all the same.
 */
export async function lookUnlessFailed(service: Pick<Service, 'ask'>): Promise<PrivateLink | undefined> {
  try {
    return readPrivateLink(await service.ask('GET', '/privatelink'))
  } catch (error) {
    if (error instanceof ProblemError && error.problem === 'private-link-failed') return undefined
    throw error
  }
}
