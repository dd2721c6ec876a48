import {
  type Action,
  forEachId,
  isOf,
  LISTING,
  oncePerToken,
  seenEndpoints,
  tagSet,
  type Work,
} from './action.ts'
import { Ec2Error, invalidValue, noEndpoint } from './ec2-error.ts'
import { filtered, page } from './listing.ts'
import { isAmong } from './principals.ts'
import { dnsNamesOf, type Endpoint, type EndpointService, newId } from './world.ts'
import type { XmlValue } from './xml.ts'

/** What a customer does: an endpoint in a VPC of its own at a service whose principals name it. */
export const CUSTOMER_ACTIONS: Readonly<Record<string, Action>> = {
  CreateVpcEndpoint: {
    members: [
      'VpcId',
      'VpcEndpointType',
      'ServiceName',
      'SubnetId',
      'SecurityGroupId',
      'PrivateDnsEnabled',
      'ClientToken',
      'TagSpecification',
    ],
    run(work) {
      const { form, world } = work
      const vpcId = form.text('VpcId')
      if (!/^vpc-[0-9a-f]{8,17}$/.test(vpcId))
        throw new Ec2Error('InvalidVpcId.Malformed', `Invalid id: "${vpcId}"`)
      const type = form.optionalText('VpcEndpointType') ?? 'Gateway'
      if (type !== 'Interface') throw invalidValue('VpcEndpointType', type)
      const endpoint = oncePerToken(work, world.endpoints, () => makeEndpoint(work, serviceFor(work), vpcId))
      return { vpcEndpoint: describe(endpoint), clientToken: form.optionalText('ClientToken') }
    },
  },
  DescribeVpcEndpoints: {
    members: ['VpcEndpointId', ...LISTING],
    run(work) {
      const own = seenEndpoints(work).filter((endpoint) => isOf(work.caller, endpoint))
      const ids = work.form.list('VpcEndpointId')
      const asked = ids.length === 0 ? own : ids.map((id) => endpointOf(own, id))
      const fitting = filtered(asked, work.form, {
        'service-name': ({ serviceName }) => serviceName,
        'vpc-id': ({ vpcId }) => vpcId,
        'vpc-endpoint-id': ({ id }) => id,
        'vpc-endpoint-state': ({ state }) => state,
      })
      const { items, nextToken } = page(fitting, work.form, { fewest: 5, largest: work.largestPage })
      return { vpcEndpointSet: items.map(describe), nextToken }
    },
  },
  DeleteVpcEndpoints: {
    members: ['VpcEndpointId'],
    run: (work) =>
      forEachId(work, 'VpcEndpointId', (id) => {
        const own = seenEndpoints(work).filter((endpoint) => isOf(work.caller, endpoint))
        const endpoint = endpointOf(own, id)
        const { endpointMs } = work.world.delays
        endpoint.state = endpointMs > 0 ? 'deleting' : 'deleted'
        endpoint.settlesAt = work.now.getTime() + endpointMs
      }),
  },
}

/** The service of that name, if it lets the caller in: AWS says of any other that it does not exist. */
function serviceFor({ form, world, caller, now }: Work): EndpointService {
  const name = form.text('ServiceName')
  const found = [...world.services.values()].find((service) => {
    return service.name === name && service.region === caller.region && isAmong(service.principals, caller)
  })
  if (found?.state === 'Available' && found.visibleAt <= now.getTime()) return found
  throw new Ec2Error('InvalidServiceName', `The Vpc Endpoint Service '${name}' does not exist`)
}

function makeEndpoint(
  { form, caller, world, now, random }: Work,
  service: EndpointService,
  vpcId: string,
): Endpoint {
  const id = newId('vpce', random)
  const { endpointMs, visibleMs } = world.delays
  const opened = endpointMs > 0 ? 'pending' : 'available'
  const endpoint: Endpoint = {
    id,
    account: caller.account,
    region: caller.region,
    vpcId,
    serviceId: service.id,
    serviceName: service.name,
    state: service.acceptanceRequired ? 'pendingAcceptance' : opened,
    dnsNames: dnsNamesOf(id, service.id, service.region),
    tags: form.tags('vpc-endpoint'),
    createdAt: now,
    settlesAt: now.getTime() + endpointMs,
    visibleAt: now.getTime() + visibleMs,
  }
  world.endpoints.set(id, endpoint)
  return endpoint
}

function endpointOf(own: readonly Endpoint[], id: string): Endpoint {
  const found = own.find((endpoint) => endpoint.id === id && endpoint.state !== 'deleted')
  if (!found) throw noEndpoint(id)
  return found
}

function describe(endpoint: Endpoint): XmlValue {
  return {
    vpcEndpointId: endpoint.id,
    vpcEndpointType: 'Interface',
    vpcId: endpoint.vpcId,
    serviceName: endpoint.serviceName,
    state: endpoint.state,
    privateDnsEnabled: false,
    requesterManaged: false,
    dnsEntrySet: endpoint.dnsNames.map((dnsName) => ({ dnsName, hostedZoneId: 'Z0000000000000' })),
    creationTimestamp: endpoint.createdAt,
    tagSet: tagSet(endpoint.tags),
    ownerId: endpoint.account,
  }
}
