import {
  type Action,
  forEachId,
  LISTING,
  ownService,
  ownServices,
  seenEndpoints,
  type Work,
} from './action.ts'
import { Ec2Error, noEndpoint } from './ec2-error.ts'
import { filtered, page } from './listing.ts'
import type { Endpoint } from './world.ts'
import type { XmlValue } from './xml.ts'

const ENDPOINTS_OF = ['ServiceId', 'VpcEndpointId']

/** What the owner of a service does with the endpoints of customers: it sees their accounts, and not who made them. */
export const CONNECTION_ACTIONS: Readonly<Record<string, Action>> = {
  DescribeVpcEndpointConnections: {
    members: [...LISTING],
    run(work) {
      const own = new Set(ownServices(work).map(({ id }) => id))
      const all = seenEndpoints(work).filter(({ serviceId }) => own.has(serviceId))
      const fitting = filtered(all, work.form, {
        'service-id': ({ serviceId }) => serviceId,
        'vpc-endpoint-id': ({ id }) => id,
        'vpc-endpoint-owner': ({ account }) => account,
        'vpc-endpoint-state': ({ state }) => state,
      })
      const { items, nextToken } = page(fitting, work.form, { fewest: 5, largest: work.largestPage })
      return { vpcEndpointConnectionSet: items.map(describe), nextToken }
    },
  },
  AcceptVpcEndpointConnections: {
    members: ENDPOINTS_OF,
    run: (work) =>
      changeEach(work, (endpoint) => {
        if (endpoint.state !== 'pendingAcceptance') throw notInState(endpoint)
        const { endpointMs } = work.world.delays
        endpoint.state = endpointMs > 0 ? 'pending' : 'available'
        endpoint.settlesAt = work.now.getTime() + endpointMs
      }),
  },
  RejectVpcEndpointConnections: {
    members: ENDPOINTS_OF,
    run: (work) =>
      changeEach(work, (endpoint) => {
        if (!['pendingAcceptance', 'pending', 'available'].includes(endpoint.state))
          throw notInState(endpoint)
        endpoint.state = 'rejected'
      }),
  },
}

function changeEach(work: Work, change: (endpoint: Endpoint) => void) {
  const service = ownService(work, work.form.text('ServiceId'))
  return forEachId(work, 'VpcEndpointId', (id) => {
    const found = seenEndpoints(work).find(
      (endpoint) => endpoint.id === id && endpoint.serviceId === service.id,
    )
    if (!found || found.state === 'deleted') throw noEndpoint(id)
    change(found)
  })
}

function notInState({ id, state }: Endpoint): Ec2Error {
  return new Ec2Error('InvalidState', `The Vpc Endpoint '${id}' is ${state}`)
}

function describe(endpoint: Endpoint): XmlValue {
  return {
    serviceId: endpoint.serviceId,
    vpcEndpointId: endpoint.id,
    vpcEndpointOwner: endpoint.account,
    vpcEndpointState: endpoint.state,
    creationTimestamp: endpoint.createdAt,
    dnsEntrySet: endpoint.dnsNames.map((dnsName) => ({ dnsName, hostedZoneId: 'Z0000000000000' })),
    ipAddressType: 'ipv4',
    vpcEndpointRegion: endpoint.region,
  }
}
