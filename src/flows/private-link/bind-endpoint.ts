import { findEndpointBinding } from '../../store/endpoint-binding.ts'
import type { Deps } from '../deps.ts'

/**
 * The resource that is served through a VPC endpoint, and the names by which its customer reaches the service there: AWS's own,
 * and that of this service, if it has one. Undefined where nothing is served through it now.
 */
export async function bindEndpoint(
  { db, settings }: Pick<Deps, 'db' | 'settings'>,
  endpointId: string,
): Promise<{ resourceId: string; origins: string[] } | undefined> {
  const found = await findEndpointBinding(db, endpointId)
  if (!found) return undefined
  const names = [found.dnsName, settings.privateLink?.dnsName].filter((name) => typeof name === 'string')
  return { resourceId: found.resourceId, origins: names.map((name) => `https://${name.toLowerCase()}`) }
}
