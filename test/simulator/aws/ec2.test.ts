import {
  AcceptVpcEndpointConnectionsCommand,
  CreateVpcEndpointCommand,
  CreateVpcEndpointServiceConfigurationCommand,
  DeleteVpcEndpointServiceConfigurationsCommand,
  DeleteVpcEndpointsCommand,
  DescribeVpcEndpointConnectionsCommand,
  DescribeVpcEndpointServiceConfigurationsCommand,
  DescribeVpcEndpointServicePermissionsCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  type Filter,
  ModifyVpcEndpointServicePermissionsCommand,
  RejectVpcEndpointConnectionsCommand,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Credentials } from '../../../simulator/aws/caller.ts'
import { CUSTOMER, nlbArn, STRANGER, type StartedEc2, startFakeEc2, VPC } from '../../support/fake-ec2.ts'
import { CUSTOMER_ACCOUNT, PARTNER, REGION } from '../../support/fake-kms.ts'
import { createFakeClock, MINUTE } from '../support/fake-clock.ts'

const clock = createFakeClock()
const AS_ROOT = `arn:aws:iam::${CUSTOMER_ACCOUNT}:root`
const RESOURCE_TYPE = 'vpc-endpoint-service'
let started: StartedEc2
let partner: EC2Client
let customer: EC2Client
const clients: EC2Client[] = []

beforeAll(async () => {
  started = await startFakeEc2(clock.now)
  partner = clientOf(PARTNER)
  customer = clientOf(CUSTOMER)
})
beforeEach(() => {
  started.ec2.faults.clear()
  started.partner.expired = false
  Object.assign(started.ec2.delays, { serviceMs: 0, endpointMs: 0, visibleMs: 0 })
})
afterAll(async () => {
  for (const client of clients) client.destroy()
  await started.ec2.close()
})

function clientOf({ accessKeyId, secretAccessKey }: Omit<Credentials, 'account'>, region = REGION) {
  const credentials = { accessKeyId, secretAccessKey }
  const client = new EC2Client({ endpoint: started.url, region, maxAttempts: 1, credentials })
  clients.push(client)
  return client
}

/** The code that a call ends with. */
function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: Error) => error.name,
  )
}

async function makeService(input: Record<string, unknown> = {}, by = partner) {
  const asked = { AcceptanceRequired: true, NetworkLoadBalancerArns: [nlbArn()], ...input }
  const { ServiceConfiguration } = await by.send(new CreateVpcEndpointServiceConfigurationCommand(asked))
  return { id: ServiceConfiguration?.ServiceId ?? '', name: ServiceConfiguration?.ServiceName ?? '' }
}

const allow = (ServiceId: string, ...AddAllowedPrincipals: string[]) =>
  partner.send(new ModifyVpcEndpointServicePermissionsCommand({ ServiceId, AddAllowedPrincipals }))

async function makeEndpoint(ServiceName: string, by = customer): Promise<string> {
  const asked = { VpcId: VPC, VpcEndpointType: 'Interface', ServiceName } as const
  const { VpcEndpoint } = await by.send(new CreateVpcEndpointCommand(asked))
  return VpcEndpoint?.VpcEndpointId ?? ''
}

async function openService() {
  const service = await makeService()
  await allow(service.id, AS_ROOT)
  return service
}

const accept = (ServiceId: string, ...VpcEndpointIds: string[]) =>
  partner.send(new AcceptVpcEndpointConnectionsCommand({ ServiceId, VpcEndpointIds }))
const reject = (ServiceId: string, ...VpcEndpointIds: string[]) =>
  partner.send(new RejectVpcEndpointConnectionsCommand({ ServiceId, VpcEndpointIds }))
const remove = (...ServiceIds: string[]) =>
  partner.send(new DeleteVpcEndpointServiceConfigurationsCommand({ ServiceIds }))
const servicesBy = (Filters: Filter[]) =>
  partner.send(new DescribeVpcEndpointServiceConfigurationsCommand({ Filters }))

async function connectionsAt(serviceId: string, ...more: Filter[]) {
  const Filters = [{ Name: 'service-id', Values: [serviceId] }, ...more]
  const asked = new DescribeVpcEndpointConnectionsCommand({ Filters })
  const { VpcEndpointConnections = [] } = await partner.send(asked)
  return VpcEndpointConnections
}

async function stateOf(serviceId: string): Promise<string | undefined> {
  const [found] = await connectionsAt(serviceId)
  return found?.VpcEndpointState
}

describe('an endpoint service', () => {
  test('is made once for a token, and refused for the same token with other parameters', async () => {
    const first = await makeService({ ClientToken: 'once' })
    expect(first.name).toBe(`com.amazonaws.vpce.${REGION}.${first.id}`)
    expect(await makeService({ ClientToken: 'once' })).toEqual(first)
    const other = { ClientToken: 'once', NetworkLoadBalancerArns: [nlbArn('second')] }
    expect(await codeOf(makeService(other))).toBe('IdempotentParameterMismatch')
    expect((await makeService()).id).not.toBe(first.id)
  })

  test('needs load balancers that exist, in its own region', async () => {
    const withNlbs = (...NetworkLoadBalancerArns: string[]) =>
      codeOf(makeService({ NetworkLoadBalancerArns }))
    expect(await withNlbs(nlbArn('absent'))).toBe('InvalidNetworkLoadBalancerArn.NotFound')
    expect(await withNlbs(nlbArn('pool', 'eu-west-1'))).toBe('InvalidNetworkLoadBalancerArn.NotFound')
    expect(await withNlbs('pool')).toBe('InvalidNetworkLoadBalancerArn.Malformed')
    expect(await withNlbs()).toBe('MissingParameter')
  })

  test('becomes available when its time has come, and says so with a capital', async () => {
    started.ec2.delays.serviceMs = MINUTE
    const { id } = await makeService()
    const state = async () => {
      const asked = new DescribeVpcEndpointServiceConfigurationsCommand({ ServiceIds: [id] })
      return (await partner.send(asked)).ServiceConfigurations?.[0]?.ServiceState
    }
    expect(await state()).toBe('Pending')
    clock.advance(MINUTE)
    expect(await state()).toBe('Available')
  })

  test('is found by its tags, its id and its state, and by no filter that AWS does not have', async () => {
    const Tags = [{ Key: 'securekey:resource', Value: 'r1' }]
    const { id } = await makeService({ TagSpecifications: [{ ResourceType: RESOURCE_TYPE, Tags }] })
    const found = async (...filters: Filter[]) =>
      (await servicesBy(filters)).ServiceConfigurations?.map(({ ServiceId }) => ServiceId)
    const byTag = { Name: 'tag:securekey:resource', Values: ['r1', 'r2'] }
    expect(await found(byTag)).toEqual([id])
    expect(await found({ Name: 'tag-key', Values: ['securekey:resource'] })).toEqual([id])
    expect(await found(byTag, { Name: 'service-state', Values: ['Pending'] })).toEqual([])
    expect(await found({ Name: 'service-id', Values: [id] })).toEqual([id])
    expect(await codeOf(servicesBy([{ Name: 'colour', Values: ['red'] }]))).toBe('InvalidParameterValue')
    const shown = (await servicesBy([byTag])).ServiceConfigurations?.[0]
    expect(shown).toMatchObject({
      Tags,
      AcceptanceRequired: true,
      NetworkLoadBalancerArns: [nlbArn()],
      ServiceType: [{ ServiceType: 'Interface' }],
    })
  })

  test('is that of its account and region alone', async () => {
    const { id } = await makeService()
    const shown = (by: EC2Client) =>
      codeOf(by.send(new DescribeVpcEndpointServiceConfigurationsCommand({ ServiceIds: [id] })))
    expect(await shown(partner)).toBe('none')
    expect(await shown(customer)).toBe('InvalidVpcEndpointServiceId.NotFound')
    expect(await shown(clientOf(PARTNER, 'eu-west-1'))).toBe('InvalidVpcEndpointServiceId.NotFound')
  })

  test('is not seen for a while after it was made, on command', async () => {
    started.ec2.delays.visibleMs = MINUTE
    const { id } = await makeService({ ClientToken: 'unseen' })
    const permit = () => codeOf(allow(id, AS_ROOT))
    expect(await permit()).toBe('InvalidVpcEndpointServiceId.NotFound')
    expect((await makeService({ ClientToken: 'unseen' })).id).toBe(id)
    clock.advance(MINUTE)
    expect(await permit()).toBe('none')
  })

  test('is listed page by page', async () => {
    const small = await startFakeEc2(clock.now, { largestPage: 2 })
    const by = new EC2Client({ endpoint: small.url, region: REGION, maxAttempts: 1, credentials: PARTNER })
    clients.push(by)
    const made = []
    for (const _ of [1, 2, 3]) made.push((await makeService({}, by)).id)
    const next = async (NextToken?: string) =>
      await by.send(new DescribeVpcEndpointServiceConfigurationsCommand({ NextToken, MaxResults: 100 }))
    const first = await next()
    const second = await next(first.NextToken)
    const both = [...(first.ServiceConfigurations ?? []), ...(second.ServiceConfigurations ?? [])]
    expect(both.map(({ ServiceId }) => ServiceId)).toEqual(made)
    expect(second.NextToken).toBeUndefined()
    expect(await codeOf(next('broken'))).toBe('InvalidNextToken')
    await small.ec2.close()
  })
})

describe('the principals of a service', () => {
  test('are added and removed as full ARNs, and a path or a bare account is refused', async () => {
    const { id } = await makeService()
    const others = [
      `arn:aws:iam::${CUSTOMER_ACCOUNT}:user/abc.xyz`,
      `arn:aws:iam::${CUSTOMER_ACCOUNT}:role/r`,
    ]
    await allow(id, AS_ROOT, ...others)
    const change = { ServiceId: id, RemoveAllowedPrincipals: [AS_ROOT] }
    await partner.send(new ModifyVpcEndpointServicePermissionsCommand(change))
    const shown = await partner.send(new DescribeVpcEndpointServicePermissionsCommand({ ServiceId: id }))
    expect(
      shown.AllowedPrincipals?.map(({ Principal, PrincipalType }) => [PrincipalType, Principal]),
    ).toEqual([
      ['User', others[0]],
      ['Role', others[1]],
    ])
    for (const wrong of [`arn:aws:iam::${CUSTOMER_ACCOUNT}:user/path/x`, CUSTOMER_ACCOUNT, 'x']) {
      expect(await codeOf(allow(id, wrong))).toBe('InvalidPrincipal')
    }
  })

  test('say who may make an endpoint: an account, a user, everyone, and at first nobody', async () => {
    const { id, name } = await makeService()
    const stranger = clientOf(STRANGER)
    expect(await codeOf(makeEndpoint(name))).toBe('InvalidServiceName')
    await allow(id, `arn:aws:iam::${CUSTOMER_ACCOUNT}:user/${'other'}`)
    expect(await codeOf(makeEndpoint(name))).toBe('InvalidServiceName')
    await allow(id, `arn:aws:iam::${CUSTOMER_ACCOUNT}:user/abc.xyz`)
    expect(await codeOf(makeEndpoint(name))).toBe('none')
    expect(await codeOf(makeEndpoint(name, stranger))).toBe('InvalidServiceName')
    await allow(id, '*')
    expect(await codeOf(makeEndpoint(name, stranger))).toBe('none')
    expect(await codeOf(makeEndpoint(name, clientOf(CUSTOMER, 'eu-west-1')))).toBe('InvalidServiceName')
  })
})

describe('the endpoint of a customer', () => {
  test('waits to be accepted, becomes available after a while, and shows its account and its names', async () => {
    started.ec2.delays.endpointMs = MINUTE
    const { id, name } = await openService()
    const endpoint = await makeEndpoint(name)
    expect(await stateOf(id)).toBe('pendingAcceptance')
    expect((await accept(id, endpoint)).Unsuccessful).toEqual([])
    expect(await stateOf(id)).toBe('pending')
    clock.advance(MINUTE)
    const [shown] = await connectionsAt(id, { Name: 'vpc-endpoint-state', Values: ['available'] })
    expect(shown).toMatchObject({ VpcEndpointId: endpoint, VpcEndpointOwner: CUSTOMER_ACCOUNT })
    expect(JSON.stringify(shown)).not.toContain('abc.xyz')
    const own = await customer.send(new DescribeVpcEndpointsCommand({ VpcEndpointIds: [endpoint] }))
    expect(own.VpcEndpoints?.[0]).toMatchObject({ State: 'available', OwnerId: CUSTOMER_ACCOUNT })
    expect(own.VpcEndpoints?.[0]?.DnsEntries).toEqual(shown?.DnsEntries)
    expect(shown?.DnsEntries?.[0]?.DnsName).toMatch(new RegExp(`^${endpoint}-[0-9a-f]{8}\\.${id}\\.`))
  })

  test('is listed for what could not be done with it, inside a 200', async () => {
    const { id, name } = await openService()
    const endpoint = await makeEndpoint(name)
    const failures = async (call: Promise<{ Unsuccessful?: object[] | undefined }>) =>
      JSON.stringify((await call).Unsuccessful)
    const absent = 'vpce-00000000000000000'
    const listed = await accept(id, endpoint, absent)
    expect(listed.Unsuccessful).toMatchObject([
      { ResourceId: absent, Error: { Code: 'InvalidVpcEndpointId.NotFound' } },
    ])
    expect(await stateOf(id)).toBe('available')
    expect(await failures(accept(id, endpoint))).toContain('InvalidState')
    started.ec2.faults.add({ kind: 'unsuccessful', code: 'OperationNotPermitted', ids: [endpoint] })
    expect(await failures(reject(id, endpoint))).toContain('OperationNotPermitted')
    expect(await stateOf(id)).toBe('available')
    const other = await openService()
    expect(await failures(reject(other.id, endpoint))).toContain('InvalidVpcEndpointId.NotFound')
  })

  test('holds its service until it is rejected or deleted', async () => {
    const { id, name } = await openService()
    const endpoint = await makeEndpoint(name)
    const refused = [{ ResourceId: id, Error: { Code: 'ExistingVpcEndpointConnections' } }]
    expect((await remove(id)).Unsuccessful).toMatchObject(refused)
    await accept(id, endpoint)
    expect((await remove(id)).Unsuccessful).toMatchObject(refused)
    await reject(id, endpoint)
    expect(await stateOf(id)).toBe('rejected')
    started.ec2.delays.serviceMs = MINUTE
    expect((await remove(id)).Unsuccessful).toEqual([])
    expect(started.ec2.service(id)?.state).toBe('Deleting')
    clock.advance(MINUTE)
    expect((await remove(id)).Unsuccessful).toMatchObject([
      { Error: { Code: 'InvalidVpcEndpointServiceId.NotFound' } },
    ])
  })

  test('stays at the service when its account loses the permission, and goes when its owner deletes it', async () => {
    const { id, name } = await openService()
    const endpoint = await makeEndpoint(name)
    await accept(id, endpoint)
    const change = { ServiceId: id, RemoveAllowedPrincipals: [AS_ROOT] }
    await partner.send(new ModifyVpcEndpointServicePermissionsCommand(change))
    expect(await stateOf(id)).toBe('available')
    started.ec2.delays.endpointMs = MINUTE
    await customer.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [endpoint] }))
    expect(await stateOf(id)).toBe('deleting')
    clock.advance(MINUTE)
    expect(await stateOf(id)).toBe('deleted')
  })
})

test('who signed is checked as AWS does', async () => {
  const list = (credentials: Omit<Credentials, 'account'>) =>
    codeOf(clientOf(credentials).send(new DescribeVpcEndpointServiceConfigurationsCommand({})))
  expect(await list({ ...PARTNER, accessKeyId: 'AKIANOBODY' })).toBe('AuthFailure')
  expect(await list({ ...PARTNER, secretAccessKey: 'wrong' })).toBe('SignatureDoesNotMatch')
  started.partner.expired = true
  expect(await list(PARTNER)).toBe('RequestExpired')
  expect(await (await fetch(started.url, { method: 'POST', body: 'Action=X' })).text()).toContain(
    '<Code>MissingAuthenticationToken</Code>',
  )
})

test('an action or a parameter that is not known is refused', async () => {
  const { DescribeVpcsCommand } = await import('@aws-sdk/client-ec2')
  expect(await codeOf(partner.send(new DescribeVpcsCommand({})))).toBe('InvalidAction')
  expect(await codeOf(makeService({ PrivateDnsName: 'a.example' }))).toBe('UnknownParameter')
})

test('calls are throttled, broken, cut and left hanging on command', async () => {
  const list = (abortSignal?: AbortSignal) =>
    codeOf(
      partner.send(new DescribeVpcEndpointServiceConfigurationsCommand({}), {
        ...(abortSignal && { abortSignal }),
      }),
    )
  const { faults } = started.ec2
  faults.add({ kind: 'throttle', action: 'DescribeVpcEndpointConnections' })
  expect(await list()).toBe('none')
  faults.add({ kind: 'throttle', action: 'DescribeVpcEndpointServiceConfigurations' })
  expect(await list()).toBe('RequestLimitExceeded')
  faults.add({ kind: 'exception', type: 'UnauthorizedOperation' })
  expect(await list()).toBe('UnauthorizedOperation')
  faults.add({ kind: 'status', status: 502 })
  expect(await list()).not.toBe('none')
  faults.clear()
  faults.add({ kind: 'cut' })
  expect(await list()).not.toBe('none')
  faults.clear()
  faults.add({ kind: 'hang' })
  const ending = new AbortController()
  const before = started.ec2.calls().length
  const hanging = list(ending.signal)
  await expect.poll(() => started.ec2.calls().length).toBe(before + 1)
  ending.abort()
  expect(await hanging).toBe('AbortError')
  expect(await list()).toBe('none')
})
