import { type PrivateLink, readPrivateLink } from '../answers/private-link.ts'
import type { Service } from '../service/service.ts'
import { type Progress, type Waiting, waitUntil } from '../service/wait-until.ts'
import type { Surroundings } from '../surroundings.ts'

/**
 * Waits until the endpoint of an add-on is operational, and returns it as it is then. Throws a sentence for people once the
 * time is over, where there is none, where it has failed, and where it is being destroyed.
 */
export async function waitUntilOperational(
  service: Service,
  waiting: Waiting,
  surroundings: Surroundings,
): Promise<PrivateLink> {
  const look = async () => readPrivateLink(await service.ask('GET', '/privatelink', { once: true }))
  return await waitUntil(look, progressOf, waiting, surroundings)
}

function progressOf({ status }: PrivateLink): Progress {
  switch (status) {
    case 'Operational':
      return { state: 'done' }
    case 'Provisioning':
      return { state: 'waiting', words: 'it is provisioning' }
    default:
      return {
        state: 'hopeless',
        words: `The privatelink endpoint is ${status.toLowerCase()}: it does not become operational.`,
      }
  }
}
