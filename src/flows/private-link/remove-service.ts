import type { EndpointFailure, EndpointServices, ServicePlace } from '../../domain/aws-endpoint.ts'
import { isOpen } from '../../domain/private-link-look.ts'

/**
 * Ends all endpoints of a service and deletes it. Returns why it is still there; undefined: AWS is deleting it, or it is
 * gone.
 */
export async function removeService(
  services: EndpointServices,
  at: ServicePlace,
): Promise<EndpointFailure | undefined> {
  const listed = await services.listConnections(at)
  // What cannot be listed is not ended; whether the service has endpoints AWS says itself.
  const open = listed.ok ? listed.value.filter(isOpen).map(({ endpointId }) => endpointId) : []
  const rejected = open.length > 0 ? await services.reject(at, open) : undefined
  const removed = await services.remove(at)
  if (removed.ok || removed.failure.kind === 'missing') return undefined
  if (rejected && !rejected.ok) return rejected.failure
  return removed.failure
}
