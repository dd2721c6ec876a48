import { once } from 'node:events'
import { createServer } from 'node:http'
import { CreateVpcEndpointCommand, DeleteVpcEndpointsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CALL_LIMIT_MS } from '../../src/aws/regional-clients.ts'
import type { EndpointServices, ServicePlace } from '../../src/domain/aws-endpoint.ts'
import { createEndpointServices } from '../../src/privatelink/create-endpoint-services.ts'
import { createFakeClock, MINUTE } from '../simulator/support/fake-clock.ts'
import { CUSTOMER, nlbArn, type StartedEc2, startFakeEc2, VPC } from '../support/fake-ec2.ts'
import { CUSTOMER_ACCOUNT, partnerAccess, REGION } from '../support/fake-kms.ts'

const clock = createFakeClock()
const AS_ROOT = `arn:aws:iam::${CUSTOMER_ACCOUNT}:root`
const AS_USER = `arn:aws:iam::${CUSTOMER_ACCOUNT}:user/abc.xyz`
const ABSENT = { region: REGION, serviceId: 'vpce-svc-00000000000000000' }

let started: StartedEc2
let adapter: EndpointServices
let customer: EC2Client
let tokens = 0
const closing: { close: () => void }[] = []

beforeAll(async () => {
  // Two to a page, so that every list of three is read page by page.
  started = await startFakeEc2(clock.now, { largestPage: 2 })
  adapter = adapterWith({})
  customer = new EC2Client({ endpoint: started.url, region: REGION, credentials: CUSTOMER })
})
beforeEach(() => {
  started.ec2.faults.clear()
  started.partner.expired = false
  Object.assign(started.ec2.delays, { serviceMs: 0, endpointMs: 0, visibleMs: 0 })
})
afterAll(async () => {
  customer.destroy()
  for (const each of closing) each.close()
  await started.ec2.close()
})

function adapterWith(other: Partial<Parameters<typeof createEndpointServices>[0]>): EndpointServices {
  const made = createEndpointServices({ ...partnerAccess(started.url), ...other })
  closing.push(made)
  return made
}

/** The value of a call that must succeed. */
async function done<T>(
  call: Promise<{ ok: true; value: T } | { ok: false; failure: { detail: string } }>,
): Promise<T> {
  const result = await call
  if (!result.ok) throw new Error(result.failure.detail)
  return result.value
}

async function made(resourceId: string, clientToken = `token-${++tokens}`): Promise<ServicePlace> {
  const at = { region: REGION, nlbArn: nlbArn(), clientToken, resourceId }
  const { serviceId } = await done(adapter.create(at))
  return { region: REGION, serviceId }
}

async function openService(resourceId: string): Promise<ServicePlace> {
  const at = await made(resourceId)
  await done(adapter.changePrincipals(at, { add: [AS_ROOT], remove: [] }))
  return at
}

async function endpointAt({ serviceId }: ServicePlace): Promise<string> {
  const ServiceName = `com.amazonaws.vpce.${REGION}.${serviceId}`
  const asked = { VpcId: VPC, VpcEndpointType: 'Interface', ServiceName } as const
  const { VpcEndpoint } = await customer.send(new CreateVpcEndpointCommand(asked))
  return VpcEndpoint?.VpcEndpointId ?? ''
}

const idsFound = async (resourceId: string, serviceId: string | null = null, by = adapter) =>
  (await done(by.find({ region: REGION, resourceId, serviceId }))).map((each) => each.serviceId)

describe('a service', () => {
  test('is made closed and with acceptance required, once for a token, and found by its tag', async () => {
    started.ec2.delays.serviceMs = MINUTE
    const at = { region: REGION, nlbArn: nlbArn(), clientToken: 'same', resourceId: 'r-made' }
    const first = await done(adapter.create(at))
    const serviceName = `com.amazonaws.vpce.${REGION}.${first.serviceId}`
    expect(first).toEqual({ serviceId: first.serviceId, serviceName, state: 'pending' })
    expect(await adapter.create(at)).toEqual({ ok: true, value: first })
    expect(started.ec2.service(first.serviceId)).toMatchObject({
      acceptanceRequired: true,
      tags: { 'securekey:resource': 'r-made' },
    })
    expect(await done(adapter.listPrincipals({ region: REGION, ...first }))).toEqual([])
    clock.advance(MINUTE)
    const found = adapter.find({ region: REGION, resourceId: 'r-made', serviceId: null })
    expect(await done(found)).toEqual([{ ...first, state: 'available' }])
  })

  test('is found among many pages, and by its id where the tag was taken from it by hand', async () => {
    const ids = [await made('r-three'), await made('r-three'), await made('r-three')]
    expect(await idsFound('r-three')).toEqual(ids.map(({ serviceId }) => serviceId))
    const { serviceId } = await made('r-untagged')
    const service = started.ec2.service(serviceId)
    if (service) service.tags = {}
    expect(await idsFound('r-untagged')).toEqual([])
    expect(await idsFound('r-untagged', serviceId)).toEqual([serviceId])
    expect(await idsFound('r-nothing', ABSENT.serviceId)).toEqual([])
  })

  test('is not found before AWS shows it, and the same token makes no second one', async () => {
    started.ec2.delays.visibleMs = MINUTE
    const at = await made('r-unseen', 'unseen')
    expect(await idsFound('r-unseen', at.serviceId)).toEqual([])
    expect(await adapter.listPrincipals(at)).toMatchObject({ failure: { kind: 'missing' } })
    expect(await made('r-unseen', 'unseen')).toEqual(at)
    clock.advance(MINUTE)
    expect(await idsFound('r-unseen')).toEqual([at.serviceId])
  })

  test('lets in those who are added, and no longer those who are removed', async () => {
    const at = await made('r-principals')
    const asRole = `arn:aws:iam::${CUSTOMER_ACCOUNT}:role/r`
    await done(adapter.changePrincipals(at, { add: [AS_ROOT, AS_USER, asRole], remove: [] }))
    expect(await done(adapter.listPrincipals(at))).toEqual([AS_ROOT, AS_USER, asRole])
    await done(adapter.changePrincipals(at, { add: [], remove: [AS_ROOT] }))
    expect(await done(adapter.listPrincipals(at))).toEqual([AS_USER, asRole])
    const before = started.ec2.calls().length
    expect(await adapter.changePrincipals(at, { add: [], remove: [] })).toMatchObject({ ok: true })
    expect(started.ec2.calls()).toHaveLength(before)
  })
})

describe('connections', () => {
  test('are listed page by page with account, state in small letters and the name of the region', async () => {
    const at = await openService('r-list')
    const ids = [await endpointAt(at), await endpointAt(at), await endpointAt(at)]
    await endpointAt(await openService('r-other'))
    const shown = await done(adapter.listConnections(at))
    expect(shown.map(({ endpointId }) => endpointId)).toEqual(ids)
    const [first] = shown
    expect(first).toMatchObject({ ownerAccount: CUSTOMER_ACCOUNT, state: 'pendingacceptance' })
    const name = new RegExp(`^${ids[0]}-[0-9a-f]{8}\\.${at.serviceId}\\.${REGION}\\.vpce\\.amazonaws\\.com$`)
    expect(first?.dnsName).toMatch(name)
  })

  test('are accepted and rejected, and those with which it was not done are named', async () => {
    const at = await openService('r-accept')
    const endpointId = await endpointAt(at)
    const absent = 'vpce-00000000000000000'
    const code = 'InvalidVpcEndpointId.NotFound'
    const accepted = await done(adapter.accept(at, [endpointId, absent]))
    expect(accepted).toEqual({ failed: [{ endpointId: absent, code }] })
    expect(await done(adapter.listConnections(at))).toMatchObject([{ state: 'available' }])
    started.ec2.faults.add({ kind: 'unsuccessful', code: 'OperationNotPermitted' })
    expect(await done(adapter.reject(at, [endpointId]))).toEqual({
      failed: [{ endpointId, code: 'OperationNotPermitted' }],
    })
    expect(await done(adapter.reject(at, [endpointId]))).toEqual({ failed: [] })
    expect(await done(adapter.listConnections(at))).toMatchObject([{ state: 'rejected' }])
    expect(await done(adapter.accept(at, []))).toEqual({ failed: [] })
  })

  test('hold their service: it is busy until they are rejected or gone, and missing afterwards', async () => {
    const at = await openService('r-remove')
    const [first, second] = [await endpointAt(at), await endpointAt(at)]
    await done(adapter.accept(at, [first]))
    const busy = { kind: 'busy', detail: 'ExistingVpcEndpointConnections' }
    expect(await adapter.remove(at)).toEqual({ ok: false, failure: busy })
    await done(adapter.reject(at, [first]))
    expect(await adapter.remove(at)).toMatchObject({ failure: { kind: 'busy' } })
    await customer.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [second] }))
    expect(await adapter.remove(at)).toMatchObject({ ok: true })
    expect(await adapter.remove(at)).toMatchObject({ failure: { kind: 'missing' } })
    expect(await idsFound('r-remove', at.serviceId)).toEqual([])
  })
})

describe('a failure is told by its kind', () => {
  const list = (by = adapter) => by.listPrincipals(ABSENT)
  const LIST = 'DescribeVpcEndpointServicePermissions'

  test.each([
    ['UnauthorizedOperation', 'refused'],
    ['AuthFailure', 'refused'],
    ['VpcEndpointServiceLimitExceeded', 'quota'],
    ['ResourceLimitExceeded', 'quota'],
    ['InvalidVpcEndpointService.NotFound', 'missing'],
    ['ExistingVpcEndpointConnections', 'busy'],
    ['InvalidParameterValue', 'invalid'],
    ['IdempotentParameterMismatch', 'invalid'],
    ['InvalidNetworkLoadBalancerArn.NotFound', 'invalid'],
    ['LoadBalancerNotFound', 'invalid'],
    ['InvalidAction', 'unsupported'],
    ['IncorrectState', 'outage'],
    ['SomethingNew', 'outage'],
  ])('%s is %s', async (type, kind) => {
    started.ec2.faults.add({ kind: 'exception', type, action: LIST })
    const before = started.ec2.calls().length
    expect(await list()).toEqual({
      ok: false,
      failure: { kind, detail: `${type} (status ${statusOf(type)})` },
    })
    // None of these goes away by asking again at once.
    expect(started.ec2.calls()).toHaveLength(before + 1)
  })

  test('credentials that AWS does not take are refused', async () => {
    expect(await list(adapterWith({ secretAccessKey: 'wrong' }))).toMatchObject({
      failure: { kind: 'refused' },
    })
    started.partner.expired = true
    expect(await list()).toMatchObject({ failure: { kind: 'refused' } })
  })

  test('too many calls are limited, and what says nothing is an outage', async () => {
    const { faults } = started.ec2
    const kindUnder = async (fault: Parameters<typeof faults.add>[0], by = adapter) => {
      faults.add({ ...fault, times: 3 })
      const result = await list(by)
      faults.clear()
      return result.ok ? 'ok' : result.failure.kind
    }
    const quick = adapterWith({ callLimitMs: 100 })
    expect(await kindUnder({ kind: 'throttle' })).toBe('limited')
    expect(await kindUnder({ kind: 'status', status: 503 })).toBe('outage')
    expect(await kindUnder({ kind: 'status', status: 501 })).toBe('unsupported')
    expect(await kindUnder({ kind: 'cut' })).toBe('outage')
    expect(await kindUnder({ kind: 'hang' }, quick)).toBe('outage')
    const nobody = adapterWith({ endpointUrl: 'http://127.0.0.1:1' })
    expect(await kindUnder({ kind: 'hang' }, nobody)).toBe('outage')
  })

  test('one throttled call, and one that is cut, are made again', async () => {
    const at = await made('r-again')
    started.ec2.faults.add({ kind: 'throttle' })
    started.ec2.faults.add({ kind: 'cut' })
    expect(await adapter.listPrincipals(at)).toMatchObject({ ok: true })
  })

  test('nothing that is sent or that AWS writes stands in the detail', async () => {
    const at = {
      region: REGION,
      nlbArn: 'arn:secret-name',
      clientToken: 'secret-token',
      resourceId: 'secret-id',
    }
    const result = await adapter.create(at)
    expect(JSON.stringify(result)).not.toMatch(/secret|partner|AKIA/)
  })
})

function statusOf(type: string): number {
  if (type === 'AuthFailure') return 401
  return type === 'UnauthorizedOperation' ? 403 : 400
}

describe('whoever plays AWS otherwise', () => {
  type Answer = (parameters: URLSearchParams) => string | { status: number; text: string; headers?: object }

  /** A server that answers every call in its own way, and what it was asked. */
  async function playing(answer: Answer, other: { callLimitMs?: number } = {}) {
    const asked: URLSearchParams[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      const parameters = new URLSearchParams(body)
      asked.push(parameters)
      const told = answer(parameters)
      const { status, text, headers = {} } = typeof told === 'string' ? { status: 200, text: told } : told
      response.writeHead(status, { 'content-type': 'text/xml', ...headers }).end(text)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    closing.push({ close: () => void server.close() }, { close: () => server.closeAllConnections() })
    return { by: adapterWith({ endpointUrl: `http://127.0.0.1:${port}`, ...other }), asked }
  }

  const service = (id: string, tag: string) =>
    `<item><serviceId>${id}</serviceId><tagSet><item><key>securekey:resource</key><value>${tag}</value></item></tagSet></item>`
  const answered = (content: string) => `<AnyResponse>${content}</AnyResponse>`

  test('and minds neither filters nor ids gets each entry looked at again', async () => {
    const all =
      service('vpce-svc-1', 'mine') + service('vpce-svc-2', 'other') + service('vpce-svc-3', 'third')
    const { by } = await playing(() => answered(`<serviceConfigurationSet>${all}</serviceConfigurationSet>`))
    expect(await idsFound('mine', null, by)).toEqual(['vpce-svc-1'])
    expect(await idsFound('mine', 'vpce-svc-3', by)).toEqual(['vpce-svc-1', 'vpce-svc-3'])
    const connections = ['vpce-svc-1', 'vpce-svc-2'].map((id) => {
      return `<item><serviceId>${id}</serviceId><vpcEndpointId>vpce-of-${id.at(-1)}</vpcEndpointId></item>`
    })
    const other = await playing(() => {
      const items = connections.join('').replaceAll('vpce-of-', 'vpce-')
      return answered(`<vpcEndpointConnectionSet>${items}</vpcEndpointConnectionSet>`)
    })
    expect(await done(other.by.listConnections({ region: REGION, serviceId: 'vpce-svc-2' }))).toEqual([
      { endpointId: 'vpce-2', ownerAccount: '', state: 'unknown', dnsName: null },
    ])
  })

  test('and knows no filter is asked without one', async () => {
    const error = '<Response><Errors><Error><Code>InvalidParameterValue</Code></Error></Errors></Response>'
    const { by } = await playing((parameters) => {
      if (parameters.has('Filter.1.Name')) return { status: 400, text: error }
      return answered(`<serviceConfigurationSet>${service('vpce-svc-1', 'mine')}</serviceConfigurationSet>`)
    })
    expect(await idsFound('mine', null, by)).toEqual(['vpce-svc-1'])
  })

  test('and leaves fields out or gives ARNs for ids and numbers for ARNs is understood', async () => {
    const { by } = await playing((parameters) => {
      const action = parameters.get('Action') ?? ''
      if (action.startsWith('Create')) {
        const id = 'arn:aws:ec2:us-east-1:1:vpc-endpoint-service/vpce-svc-9'
        return answered(
          `<serviceConfiguration><serviceId>${id}</serviceId><serviceState>AVAILABLE</serviceState></serviceConfiguration>`,
        )
      }
      if (action.startsWith('Describe')) {
        const principals = `<item><principal>${CUSTOMER_ACCOUNT}</principal></item><item/>`
        return answered(
          `<allowedPrincipals>${principals}</allowedPrincipals><nextToken></nextToken>` +
            `<vpcEndpointConnectionSet><item><vpcEndpointId>arn:aws:ec2:x:1:vpc-endpoint/vpce-7</vpcEndpointId>` +
            `<vpcEndpointOwner>arn:aws:iam::${CUSTOMER_ACCOUNT}:root</vpcEndpointOwner><vpcEndpointState>Available` +
            '</vpcEndpointState><dnsEntrySet><item><dnsName>*.evil</dnsName></item><item><dnsName>VPCE-7.example</dnsName>' +
            '</item></dnsEntrySet></item><item/></vpcEndpointConnectionSet>',
        )
      }
      return answered('')
    })
    const at = { region: REGION, serviceId: 'vpce-svc-9' }
    const asked = { region: REGION, nlbArn: nlbArn(), clientToken: 't', resourceId: 'r' }
    expect(await done(by.create(asked))).toEqual({
      serviceId: 'vpce-svc-9',
      serviceName: 'com.amazonaws.vpce.us-east-1.vpce-svc-9',
      state: 'available',
    })
    expect(await done(by.listPrincipals(at))).toEqual([AS_ROOT])
    expect(await done(by.listConnections(at))).toEqual([
      { endpointId: 'vpce-7', ownerAccount: CUSTOMER_ACCOUNT, state: 'available', dnsName: 'vpce-7.example' },
    ])
    expect(await by.changePrincipals(at, { add: [AS_ROOT], remove: [] })).toMatchObject({ ok: true })
    expect(await done(by.accept(at, ['vpce-7']))).toEqual({ failed: [] })
    expect(await by.remove(at)).toMatchObject({ ok: true })
  })

  test('and names nobody in a list of failures is taken to mean all', async () => {
    const { by } = await playing(() => {
      return answered('<unsuccessful><item><error><code>Busy</code></error></item></unsuccessful>')
    })
    const failed = [
      { endpointId: 'vpce-1', code: 'Busy' },
      { endpointId: 'vpce-2', code: 'Busy' },
    ]
    expect(await done(by.reject(ABSENT, ['vpce-1', 'vpce-2']))).toEqual({ failed })
    expect(await by.remove(ABSENT)).toEqual({ ok: false, failure: { kind: 'outage', detail: 'Busy' } })
  })

  test('and answers without a service, or says that nothing was changed, has done nothing', async () => {
    const { by } = await playing(() => answered('<return>false</return>'))
    const asked = { region: REGION, nlbArn: nlbArn(), clientToken: 't', resourceId: 'r' }
    expect(await by.create(asked)).toMatchObject({ failure: { kind: 'invalid' } })
    expect(await by.changePrincipals(ABSENT, { add: [AS_ROOT], remove: [] })).toMatchObject({
      failure: { kind: 'invalid' },
    })
  })

  test('and has a next page for ever is asked a bounded number of times, and half a list is none', async () => {
    const { by, asked } = await playing(() => answered('<nextToken>more</nextToken>'))
    expect(await by.listConnections(ABSENT)).toMatchObject({ ok: false, failure: { kind: 'outage' } })
    expect(asked.length).toBeLessThanOrEqual(40)
  })

  test('and sends the caller to sleep for an hour keeps it no longer than the limit of a call', async () => {
    const error = '<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>'
    const { by } = await playing(() => ({ status: 503, text: error, headers: { 'retry-after': '3600' } }), {
      callLimitMs: 200,
    })
    const startedAt = performance.now()
    expect(await by.listConnections(ABSENT)).toMatchObject({ ok: false })
    expect(performance.now() - startedAt).toBeLessThan(CALL_LIMIT_MS)
  })

  test('and fails with a page for people where it does not know of connections supports none', async () => {
    const text = '<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>'
    const { by } = await playing(() => ({ status: 500, text, headers: { 'content-type': 'text/html' } }))
    const unsupported = { ok: false, failure: { kind: 'unsupported' } }
    expect(await by.listConnections(ABSENT)).toMatchObject(unsupported)
    expect(await by.reject(ABSENT, ['vpce-1'])).toMatchObject(unsupported)
    expect(await by.listPrincipals(ABSENT)).toMatchObject({ failure: { kind: 'outage' } })
  })

  test('and answers with a page for people is an outage', async () => {
    const { by } = await playing(() => ({ status: 200, text: '<html><body>Hello' }))
    const result = await by.listConnections(ABSENT)
    expect(result).toMatchObject({ ok: false, failure: { kind: 'outage' } })
  })
})
