import type { ServiceConfiguration, Tag, UnsuccessfulItem, VpcEndpointConnection } from '@aws-sdk/client-ec2'
import {
  CONNECTION_STATES,
  type ConnectionFacts,
  type EndpointNotDone,
  SERVICE_STATES,
  type ServiceFacts,
} from '../domain/aws-endpoint.ts'
import { partitionOf } from '../domain/aws-region.ts'
import { failureOfCode } from './classify.ts'

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_-]+(\.[a-z0-9_-]+)+$/

/** The tag by which the service of an add-on is known. */
export const RESOURCE_TAG = 'securekey:resource'

/** A service as AWS shows it; undefined for one without an id, of which nothing can be said. */
export function serviceFacts(shown: ServiceConfiguration, region: string): ServiceFacts | undefined {
  const serviceId = bareId(shown.ServiceId, 'vpce-svc')
  if (serviceId === undefined) return undefined
  const serviceName = /^[\w.-]{1,255}$/.exec(shown.ServiceName ?? '')?.[0]
  return {
    serviceId,
    serviceName: serviceName ?? `com.amazonaws.vpce.${region}.${serviceId}`,
    state: stateAmong(SERVICE_STATES, shown.ServiceState),
  }
}

/** An endpoint as AWS shows it to the service. Without an owner nobody can be allowed: the account is then empty. */
export function connectionFacts(shown: VpcEndpointConnection): ConnectionFacts | undefined {
  const endpointId = bareId(shown.VpcEndpointId, 'vpce')
  if (endpointId === undefined) return undefined
  return {
    endpointId,
    ownerAccount: /(?:^|:)([0-9]{12})(?:$|:)/.exec(shown.VpcEndpointOwner ?? '')?.[1] ?? '',
    state: stateAmong(CONNECTION_STATES, shown.VpcEndpointState),
    dnsName: dnsNameOf(endpointId, shown),
  }
}

/** Of the names of an endpoint that of its region, which is the shortest of those that begin with its id. */
function dnsNameOf(endpointId: string, { DnsEntries = [] }: VpcEndpointConnection): string | null {
  const names = DnsEntries.map(({ DnsName }) => (DnsName ?? '').toLowerCase()).filter((name) => {
    return HOST_NAME.test(name)
  })
  const own = names.filter((name) => name.startsWith(endpointId.toLowerCase()))
  const [shortest] = own.toSorted((one, other) => one.length - other.length)
  return shortest ?? names[0] ?? null
}

/** The full ARN of a principal: some who play AWS give back the bare number of an account. */
export function principalArn(shown: string | undefined, region: string): string | undefined {
  if (shown === undefined) return undefined
  if (/^[0-9]{12}$/.test(shown)) return `arn:${partitionOf(region)}:iam::${shown}:root`
  return /^(\*|arn:[\w:/+=,.@*-]{1,500})$/.test(shown) ? shown : undefined
}

/** The endpoints with which a call was not done. An entry that names none stands for all that were asked for. */
export function notDone(
  items: readonly UnsuccessfulItem[] | undefined,
  asked: readonly string[],
): EndpointNotDone[] {
  return (items ?? []).flatMap(({ ResourceId, Error: told }) => {
    const id = bareId(ResourceId, 'vpce')
    const { detail: code } = failureOfCode(told?.Code ?? '')
    return (id === undefined ? asked : [id]).map((endpointId) => ({ endpointId, code }))
  })
}

/** The tags of a service tell whose it is. */
export function isTaggedFor(resourceId: string, tags: readonly Tag[] | undefined): boolean {
  return (tags ?? []).some(({ Key, Value }) => Key === RESOURCE_TAG && Value === resourceId)
}

/** An id of that kind: some who play AWS give back an ARN or the name of a service, which end with it. */
export function bareId(shown: string | undefined, kind: 'vpce' | 'vpce-svc'): string | undefined {
  const id = shown?.split(/[/:.]/).at(-1) ?? ''
  return new RegExp(`^${kind}-[0-9A-Za-z]{1,40}$`).test(id) ? id : undefined
}

/** A state in small letters, since AWS and its SDK spell them differently. */
function stateAmong<State extends string>(
  states: readonly State[],
  shown: string | undefined,
): State | 'unknown' {
  return states.find((state) => state === shown?.toLowerCase().replaceAll(/[^a-z]/g, '')) ?? 'unknown'
}
