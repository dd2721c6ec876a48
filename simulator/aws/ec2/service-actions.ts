import {
  type Action,
  forEachId,
  LISTING,
  oncePerToken,
  ownService,
  ownServices,
  tagSet,
  type Work,
} from './action.ts'
import { Ec2Error, invalidValue } from './ec2-error.ts'
import { filtered, page } from './listing.ts'
import { readPrincipal, typeOfPrincipal } from './principals.ts'
import { type EndpointService, endpointsAt, isLive, newId } from './world.ts'
import type { XmlValue } from './xml.ts'

const NLB =
  /^arn:(aws|aws-cn|aws-us-gov):elasticloadbalancing:([a-z0-9-]+):([0-9]{12}):loadbalancer\/net\/[\w-]+\/[0-9a-f]+$/

/** What the owner of endpoint services does with them. */
export const SERVICE_ACTIONS: Readonly<Record<string, Action>> = {
  CreateVpcEndpointServiceConfiguration: {
    members: ['AcceptanceRequired', 'NetworkLoadBalancerArn', 'ClientToken', 'TagSpecification'],
    run(work) {
      const nlbArns = work.form.fullList('NetworkLoadBalancerArn')
      for (const arn of nlbArns) checkNlb(work, arn)
      const service = oncePerToken(work, work.world.services, () => makeService(work, nlbArns))
      return {
        serviceConfiguration: describe(service),
        clientToken: work.form.optionalText('ClientToken'),
      }
    },
  },
  DescribeVpcEndpointServiceConfigurations: {
    members: ['ServiceId', ...LISTING],
    run(work) {
      const ids = work.form.list('ServiceId')
      const asked = ids.length > 0 ? ids.map((id) => ownService(work, id)) : ownServices(work)
      const fitting = filtered(asked, work.form, {
        'service-id': ({ id }) => id,
        'service-name': ({ name }) => name,
        'service-state': ({ state }) => state,
      })
      const { items, nextToken } = page(fitting, work.form, { fewest: 1, largest: work.largestPage })
      return { serviceConfigurationSet: items.map(describe), nextToken }
    },
  },
  DeleteVpcEndpointServiceConfigurations: {
    members: ['ServiceId'],
    run: (work) =>
      forEachId(work, 'ServiceId', (id) => {
        const service = ownService(work, id)
        if (endpointsAt(work.world, id).some(isLive)) {
          throw new Ec2Error(
            'ExistingVpcEndpointConnections',
            'Service has existing active VPC Endpoint connections!',
          )
        }
        service.state = 'Deleting'
        service.settlesAt = work.now.getTime() + work.world.delays.serviceMs
      }),
  },
  ModifyVpcEndpointServicePermissions: {
    members: ['ServiceId', 'AddAllowedPrincipals', 'RemoveAllowedPrincipals'],
    run(work) {
      const service = ownService(work, work.form.text('ServiceId'))
      const added = work.form.list('AddAllowedPrincipals').map(readPrincipal)
      const removed = work.form.list('RemoveAllowedPrincipals').map(readPrincipal)
      if (added.length + removed.length === 0) {
        throw new Ec2Error('MissingParameter', 'Principals to add or to remove must be given')
      }
      for (const principal of added) service.principals.add(principal)
      for (const principal of removed) service.principals.delete(principal)
      return { addedPrincipalSet: added.map((each) => principalOf(service, each)), return: true }
    },
  },
  DescribeVpcEndpointServicePermissions: {
    members: ['ServiceId', ...LISTING],
    run(work) {
      const service = ownService(work, work.form.text('ServiceId'))
      const all = [...service.principals].map((principal) => ({ principal, tags: {} }))
      const fitting = filtered(all, work.form, {
        principal: ({ principal }) => principal,
        'principal-type': ({ principal }) => typeOfPrincipal(principal),
      })
      const { items, nextToken } = page(fitting, work.form, { fewest: 5, largest: work.largestPage })
      return {
        allowedPrincipals: items.map(({ principal }) => principalOf(service, principal)),
        nextToken,
      }
    },
  },
}

/** A load balancer must exist in the account and the region of the caller. */
function checkNlb({ caller, world }: Work, arn: string): void {
  const [, , region, account] = NLB.exec(arn) ?? []
  if (region === undefined) {
    throw new Ec2Error('InvalidNetworkLoadBalancerArn.Malformed', `The ARN '${arn}' is malformed`)
  }
  if (world.nlbs.has(arn) && region === caller.region && account === caller.account) return
  throw new Ec2Error('InvalidNetworkLoadBalancerArn.NotFound', `The load balancer '${arn}' does not exist`)
}

function makeService({ form, caller, world, now, random }: Work, nlbArns: string[]): EndpointService {
  const id = newId('vpce-svc', random)
  const { account, region } = caller
  const { serviceMs, visibleMs } = world.delays
  const service: EndpointService = {
    id,
    name: `com.amazonaws.vpce.${region}.${id}`,
    account,
    region,
    state: serviceMs > 0 ? 'Pending' : 'Available',
    acceptanceRequired: form.optionalFlag('AcceptanceRequired') ?? true,
    nlbArns,
    tags: form.tags('vpc-endpoint-service'),
    principals: new Set(),
    createdAt: now,
    settlesAt: now.getTime() + serviceMs,
    visibleAt: now.getTime() + visibleMs,
  }
  if (Object.keys(service.tags).length > 50) throw invalidValue('TagSpecification', 'too many')
  world.services.set(id, service)
  return service
}

function describe(service: EndpointService): XmlValue {
  return {
    serviceType: [{ serviceType: 'Interface' }],
    serviceId: service.id,
    serviceName: service.name,
    serviceState: service.state,
    availabilityZoneSet: [`${service.region}a`],
    acceptanceRequired: service.acceptanceRequired,
    managesVpcEndpoints: false,
    networkLoadBalancerArnSet: service.nlbArns,
    baseEndpointDnsNameSet: [`${service.id}.${service.region}.vpce.amazonaws.com`],
    tagSet: tagSet(service.tags),
  }
}

function principalOf({ id }: EndpointService, principal: string): XmlValue {
  return { principalType: typeOfPrincipal(principal), principal, serviceId: id }
}
