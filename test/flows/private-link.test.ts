import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { endpointVarName } from '../../src/domain/endpoint-vars.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { addAccounts, removeAccounts } from '../../src/flows/private-link/change-accounts.ts'
import { createPrivateLink, mayHaveLink } from '../../src/flows/private-link/create-link.ts'
import { destroyPrivateLink } from '../../src/flows/private-link/destroy-link.ts'
import { readPrivateLink } from '../../src/flows/private-link/link-view.ts'
import { claimDueLinks } from '../../src/flows/private-link/look-at-links.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { findResource } from '../../src/store/resources.ts'
import { createPrivateLinks } from '../../src/worker/private-links.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { ANN } from '../api/support/token.ts'
import { callsTo } from '../support/addon.ts'
import { CUSTOMER, nlbArn, STRANGER, type StartedEc2 } from '../support/fake-ec2.ts'
import { type Harness, HOUR, MINUTE } from '../support/harness.ts'
import {
  addonInSpace,
  createAwsCustomer,
  lookOnce,
  operationalLink,
  pass,
  ROOT,
  startWithLinks,
} from '../support/private-links.ts'
import { historyOf, kindsOf } from '../support/resource.ts'

let aws: StartedEc2
let h: Harness
let customer: ReturnType<typeof createAwsCustomer>
let stranger: ReturnType<typeof createAwsCustomer>
const ends: (() => Promise<void>)[] = []
let id: string
let counted = 0

beforeAll(async () => {
  const started = await startWithLinks({ whenFinished: (end) => void ends.push(end) })
  h = started.h
  aws = started.aws
  customer = createAwsCustomer(aws.url, CUSTOMER)
  stranger = createAwsCustomer(aws.url, STRANGER)
})
beforeEach(async () => {
  aws.ec2.faults.clear()
  Object.assign(aws.ec2.delays, { serviceMs: 0, endpointMs: 0, visibleMs: 0 })
  await h.deps.db.deleteFrom('private_links').execute()
  id = await anotherAddon()
})
afterAll(async () => {
  customer.close()
  stranger.close()
  for (const end of ends) await end()
})

/** An add-on on an app of its own, on a plan for a space. */
async function anotherAddon(): Promise<string> {
  counted += 1
  return await addonInSpace(h, `service-of-${counted}`)
}

const create = (accounts: unknown = [CUSTOMER.account]) =>
  createPrivateLink(h.deps, { resourceId: id, accounts, actor: ANN })
const add = (accounts: unknown) => addAccounts(h.deps, { resourceId: id, accounts, actor: ANN })
const remove = (accounts: unknown) => removeAccounts(h.deps, { resourceId: id, accounts, actor: ANN })
const destroy = () => destroyPrivateLink(h.deps, { resourceId: id, actor: ANN })
const view = async () => await readPrivateLink(h.deps, id)
const status = async () => (await view())?.status
const linkKinds = async () => (await kindsOf(h.deps, id)).filter((kind) => kind.startsWith('privatelink'))
const serviceOf = async () => {
  const row = await h.deps.db
    .selectFrom('private_links')
    .select('service_id')
    .where('resource_id', '=', id)
    .executeTakeFirst()
  return aws.ec2.service(row?.service_id ?? '')
}
const servicesMade = () =>
  aws.ec2.calls().filter(({ action, error }) => action.startsWith('CreateVpcEndpointService') && !error)
const servicesOf = (resourceId: string) =>
  servicesIn().filter((service) => Object.values(service.tags).includes(resourceId))
function servicesIn() {
  const ids = new Set(
    aws.ec2.calls().map(({ parameters }) => parameters.ServiceId ?? parameters['ServiceId.1'] ?? ''),
  )
  return [...ids].flatMap((each) => aws.ec2.service(each) ?? [])
}
const appConfig = (resourceId = id) => {
  const app = h.heroku.view.addons().find((each) => each.id === resourceId)?.app ?? ''
  return h.heroku.view.configVars(app)
}
const patches = () => callsTo(h, 'PATCH', `/addons/${id}/config`)

describe('a link', () => {
  test('is refused on a plan for no space, where there is no load balancer, and for accounts that make no sense', async () => {
    await h.deps.db.updateTable('resources').set({ plan: 'weekly' }).where('id', '=', id).execute()
    expect(await create()).toEqual({ outcome: 'not-private', plan: 'weekly' })
    await h.deps.db
      .updateTable('resources')
      .set({ plan: 'private-fortnightly', region: 'amazon-web-services::eu-central-1' })
      .where('id', '=', id)
      .execute()
    const resource = await findResource(h.deps.db, id)
    if (!resource) throw new Error('gone')
    expect(mayHaveLink(h.deps, resource)).toBe('off')
    expect(await create()).toEqual({ outcome: 'off' })
    expect(await create(['*'])).toMatchObject({ outcome: 'refused' })
    expect(await add([CUSTOMER.account])).toEqual({ outcome: 'none' })
    expect(await remove([CUSTOMER.account])).toEqual({ outcome: 'none' })
    expect(await destroy()).toEqual({ outcome: 'none' })
    expect(await view()).toBeUndefined()
    expect(await linkKinds()).toEqual([])
  })

  test('is provisioning until AWS has made it and its principals are in place, then operational, told once', async () => {
    aws.ec2.delays.serviceMs = 5 * MINUTE
    expect(await create([`${CUSTOMER.account}:user/abc.xyz`, CUSTOMER.account])).toMatchObject({
      outcome: 'done',
    })
    expect(await view()).toMatchObject({ status: 'Provisioning', serviceName: null, connections: [] })
    await pass(h, 240)
    expect(await view()).toMatchObject({ status: 'Provisioning', serviceName: null })
    expect((await serviceOf())?.state).toBe('Pending')
    await pass(h, 120)
    expect(await view()).toMatchObject({
      status: 'Operational',
      serviceName: (await serviceOf())?.name,
      accounts: [
        { arn: ROOT, status: 'Active' },
        { arn: `arn:aws:iam::${CUSTOMER.account}:user/abc.xyz`, status: 'Active' },
      ],
    })
    expect([...((await serviceOf())?.principals ?? [])]).toHaveLength(2)
    expect((await serviceOf())?.acceptanceRequired).toBe(true)
    await pass(h, 300)
    expect(await linkKinds()).toEqual(['privatelink-created', 'privatelink-operational'])
  })

  test('that is asked for again with the same accounts is done, with others exists, and nothing is changed', async () => {
    await create()
    expect(await create([ROOT])).toMatchObject({ outcome: 'done', view: { status: 'Provisioning' } })
    expect(await create(['333333333333'])).toMatchObject({
      outcome: 'exists',
      view: { status: 'Provisioning' },
    })
    expect(await linkKinds()).toEqual(['privatelink-created'])
  })

  test('takes the load balancer that serves fewer', async () => {
    await create()
    id = await anotherAddon()
    await create()
    const rows = await h.deps.db.selectFrom('private_links').select('nlb_arn').execute()
    expect(rows.map(({ nlb_arn }) => nlb_arn).toSorted()).toEqual([nlbArn(), nlbArn('second')].toSorted())
  })

  test('holds a plan without a space up, and one with a space changes nothing', async () => {
    await create()
    const change = (plan: string) => changePlan(h.deps, { resourceId: id, plan })
    await expect(change('weekly')).rejects.toThrow('This add-on is reached by PrivateLink')
    await expect(change('shield-fortnightly')).resolves.toMatchObject({ outcome: 'plan-changed' })
    expect(await view()).toMatchObject({ status: 'Provisioning' })
  })
})

describe('AWS', () => {
  test('that shows late what it has made is asked for one service alone', async () => {
    aws.ec2.delays.visibleMs = MINUTE
    const before = servicesMade().length
    await create()
    await pass(h, 150)
    expect(await status()).toBe('Operational')
    expect(servicesMade().length - before).toBe(1)
  })

  test('that makes a service and is not heard makes no second one', async () => {
    const before = servicesMade().length
    await create()
    const [claimed] = await claimDueLinks(h.deps, 10)
    await h.deps.endpointServices?.create({
      region: 'us-east-1',
      nlbArn: claimed?.link.nlb_arn ?? '',
      clientToken: claimed?.link.client_token ?? '',
      resourceId: id,
    })
    h.clock.advance(10 * MINUTE)
    await pass(h, 30)
    expect(await status()).toBe('Operational')
    expect(servicesMade().length - before).toBe(1)
    expect(servicesOf(id)).toHaveLength(1)
  })

  test('that is away changes nothing of a link that is operational, and it goes on by itself', async () => {
    const serviceName = await operationalLink(h, id)
    aws.ec2.faults.add({ kind: 'status', status: 503, times: 1_000 })
    await pass(h, 900)
    expect(await view()).toMatchObject({ status: 'Operational', serviceName })
    aws.ec2.faults.clear()
    await add(['444444444444'])
    await pass(h, 30)
    expect((await view())?.accounts.map((each) => each.status)).toEqual(['Active', 'Active'])
  })

  test('that gives us no right for half an hour makes a link fail, with the fault as ours, until it gives it', async () => {
    aws.ec2.faults.add({
      kind: 'exception',
      type: 'UnauthorizedOperation',
      status: 403,
      action: 'CreateVpcEndpointServiceConfiguration',
      times: 1_000,
    })
    await create()
    await pass(h, 300)
    expect(await view()).toMatchObject({ status: 'Provisioning', failure: null })
    h.clock.advance(30 * MINUTE)
    await pass(h, 10)
    expect(await view()).toMatchObject({
      status: 'Failed',
      failure: expect.stringContaining('fault is ours'),
    })
    aws.ec2.faults.clear()
    await pass(h, 900)
    expect(await view()).toMatchObject({ status: 'Operational', failure: null })
    expect(await linkKinds()).toEqual([
      'privatelink-created',
      'privatelink-failed',
      'privatelink-operational',
    ])
  })

  test('that does not show an old service for a moment changes nothing, and one that is gone is made within another half hour', async () => {
    const serviceName = await operationalLink(h, id)
    h.clock.advance(24 * HOUR)
    await pass(h, 20)
    const service = await serviceOf()
    const kinds = await linkKinds()
    Object.assign(service ?? {}, { visibleAt: Number.MAX_SAFE_INTEGER })
    h.clock.advance(MINUTE)
    await pass(h, 10)
    expect(aws.ec2.calls().at(-1)).toMatchObject({ action: 'DescribeVpcEndpointServiceConfigurations' })
    expect(await view()).toMatchObject({ status: 'Operational', serviceName })
    Object.assign(service ?? {}, { visibleAt: 0 })
    await pass(h, 70)
    Object.assign(service ?? {}, { state: 'Deleting', settlesAt: Number.MAX_SAFE_INTEGER })
    aws.ec2.delays.serviceMs = 5 * MINUTE
    await pass(h, 120)
    expect(await view()).toMatchObject({ status: 'Provisioning' })
    Object.assign(service ?? {}, { settlesAt: 0 })
    await pass(h, 8 * 60)
    expect(await view()).toMatchObject({ status: 'Operational' })
    expect(await linkKinds()).toEqual([...kinds, 'privatelink-operational'])
  })

  test('that never makes a service makes a link fail within half an hour', async () => {
    aws.ec2.delays.serviceMs = 24 * HOUR
    await create()
    await pass(h, 28 * 60)
    expect(await status()).toBe('Provisioning')
    await pass(h, 5 * 60)
    expect(await view()).toMatchObject({ status: 'Failed', failure: expect.stringContaining('half an hour') })
    expect(await destroy()).toMatchObject({ outcome: 'done' })
  })

  test('that could not make a service says so at once', async () => {
    await create()
    await lookOnce(h.deps)
    Object.assign((await serviceOf()) ?? {}, { state: 'Failed' })
    await pass(h, 20)
    expect(await view()).toMatchObject({
      status: 'Failed',
      failure: expect.stringContaining('could not make'),
    })
    await destroy()
    await pass(h, 30)
    expect(await view()).toBeUndefined()
  })

  test('that fails to list endpoints ends none of them', async () => {
    const serviceName = await operationalLink(h, id)
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    const name = endpointVarName('SECURE', endpointId)
    expect(appConfig()).toHaveProperty(name)
    aws.ec2.faults.add({
      kind: 'status',
      status: 500,
      action: 'DescribeVpcEndpointConnections',
      times: 1_000,
    })
    await pass(h, 300)
    expect((await view())?.connections).toMatchObject([{ endpointId, status: 'Available', configVar: name }])
    expect(appConfig()).toHaveProperty(name)
  })
})

describe('an endpoint', () => {
  test('of an allowed account is let in, and the app is told its address apart from the keys', async () => {
    const serviceName = await operationalLink(h, id)
    const before = { keys: appConfig().SECURE_KEY, patches: patches().length }
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    const name = endpointVarName('SECURE', endpointId)
    const dnsName = aws.ec2.endpoint(endpointId)?.dnsNames[0]
    expect((await view())?.connections).toEqual([
      { endpointId, ownerArn: ROOT, status: 'Available', configVar: name },
    ])
    expect(appConfig()).toMatchObject({ [name]: `https://${dnsName}/v1`, SECURE_KEY: before.keys })
    expect(patches()).toHaveLength(before.patches + 1)
    expect(patches().at(-1)?.config).toEqual({ [name]: `https://${dnsName}/v1` })
    await pass(h, 600)
    expect(patches()).toHaveLength(before.patches + 1)
    expect((await linkKinds()).at(-1)).toBe('privatelink-connection-available')

    await customer.deleteEndpoint(endpointId)
    await pass(h, 70)
    expect((await view())?.connections).toEqual([])
    expect(appConfig()).not.toHaveProperty(name)
    expect(patches().at(-1)?.config).toEqual({ [name]: null })
    expect((await linkKinds()).at(-1)).toBe('privatelink-connection-ended')
  })

  test('comes and goes with others in one call', async () => {
    const serviceName = await operationalLink(h, id)
    const gone = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    const before = patches().length
    const come = [await customer.createEndpoint(serviceName), await customer.createEndpoint(serviceName)]
    await customer.deleteEndpoint(gone)
    await pass(h, 70)
    expect(patches()).toHaveLength(before + 1)
    expect(Object.keys(patches().at(-1)?.config ?? {}).toSorted()).toEqual(
      [gone, ...come].map((each) => endpointVarName('SECURE', each)).toSorted(),
    )
  })

  test('keeps its config var through rotations and daily looks, which take it for nothing foreign', async () => {
    const serviceName = await operationalLink(h, id)
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    const name = endpointVarName('SECURE', endpointId)
    const before = appConfig()[name]
    const kinds = (await kindsOf(h.deps, id)).length
    await requestRotation(h.deps, { resourceId: id, actor: ANN, evenIfTooSoon: true })
    const worker = h.worker()
    await worker.tick()
    h.clock.advance(30 * HOUR)
    await worker.tick()
    await worker.idle()
    const rest = (await kindsOf(h.deps, id)).slice(kinds)
    expect(rest).toContain('rotated')
    expect(rest.filter((kind) => kind.startsWith('config-'))).toEqual([])
    expect(appConfig()[name]).toBe(before)
  })

  test('is told under one declared name where Heroku takes no other, and goes with it', async () => {
    h.heroku.setUndeclaredVars('refused')
    try {
      const serviceName = await operationalLink(h, id)
      const one = await customer.createEndpoint(serviceName)
      await pass(h, 70)
      const two = await customer.createEndpoint(serviceName)
      await pass(h, 70)
      const names = [one, two].map((each) => endpointVarName('SECURE', each))
      expect(Object.keys(JSON.parse(appConfig().SECURE_ENDPOINTS ?? '')).toSorted()).toEqual(names.toSorted())
      expect((await view())?.connections.map(({ configVar }) => configVar)).toEqual([
        'SECURE_ENDPOINTS',
        'SECURE_ENDPOINTS',
      ])
      await customer.deleteEndpoint(one)
      await customer.deleteEndpoint(two)
      await pass(h, 70)
      expect(appConfig()).not.toHaveProperty('SECURE_ENDPOINTS')
    } finally {
      h.heroku.setUndeclaredVars('taken')
    }
  })

  test('is told under the declared name too where Heroku forbids the other by 403', async () => {
    const serviceName = await operationalLink(h, id)
    h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status', status: 403, times: 1 })
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    expect(Object.keys(JSON.parse(appConfig().SECURE_ENDPOINTS ?? ''))).toEqual([
      endpointVarName('SECURE', endpointId),
    ])
  })

  test('that AWS is busy with, or shows without its name, keeps its config var', async () => {
    const serviceName = await operationalLink(h, id)
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    const before = patches().length
    const endpoint = aws.ec2.endpoint(endpointId)
    const dnsNames = endpoint?.dnsNames
    Object.assign(endpoint ?? {}, { state: 'pending', settlesAt: Number.MAX_SAFE_INTEGER })
    await pass(h, 70)
    Object.assign(endpoint ?? {}, { state: 'available', dnsNames: [] })
    await pass(h, 70)
    Object.assign(endpoint ?? {}, { dnsNames })
    await pass(h, 70)
    expect(patches()).toHaveLength(before)
    expect(appConfig()).toHaveProperty(endpointVarName('SECURE', endpointId))
  })

  test('that comes and goes for ever restarts the apps ten times, and then once an hour; the end of the link is told at once', async () => {
    const serviceName = await operationalLink(h, id)
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 20)
    const endpoint = aws.ec2.endpoint(endpointId)
    for (let flap = 0; flap < 40; flap += 1) {
      h.clock.advance(90_000)
      Object.assign(endpoint ?? {}, { state: flap % 2 ? 'available' : 'failed', settlesAt: 0 })
      await lookOnce(h.deps)
    }
    expect(patches()).toHaveLength(10)
    h.clock.advance(HOUR)
    Object.assign(endpoint ?? {}, { state: 'failed' })
    await lookOnce(h.deps)
    Object.assign(endpoint ?? {}, { state: 'available' })
    h.clock.advance(2 * HOUR)
    await lookOnce(h.deps)
    h.clock.advance(2 * MINUTE)
    const before = patches().length
    await destroy()
    await pass(h, 30)
    expect(patches().length).toBeLessThanOrEqual(before + 1)
    expect(appConfig()).not.toHaveProperty(endpointVarName('SECURE', endpointId))
  })

  test('that AWS lets in and goes on showing as waiting keeps no other one waiting', async () => {
    const serviceName = await operationalLink(h, id)
    const stuck = await customer.createEndpoint(serviceName)
    const other = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    expect(appConfig()).toHaveProperty(endpointVarName('SECURE', other))
    for (let look = 0; look < 5; look += 1) {
      Object.assign(aws.ec2.endpoint(stuck) ?? {}, { state: 'pendingAcceptance' })
      if (look === 2) Object.assign(aws.ec2.endpoint(other) ?? {}, { state: 'failed' })
      await pass(h, 0)
      h.clock.advance(MINUTE)
    }
    expect(appConfig()).not.toHaveProperty(endpointVarName('SECURE', other))
  })

  test('that AWS does not let in keeps the link and others from nothing', async () => {
    const serviceName = await operationalLink(h, id)
    aws.ec2.faults.add({
      kind: 'exception',
      type: 'InvalidParameter',
      status: 400,
      action: 'AcceptVpcEndpointConnections',
      times: 2,
    })
    const two = [await customer.createEndpoint(serviceName), await customer.createEndpoint(serviceName)]
    await pass(h, 70)
    expect((await view())?.connections.map((each) => each.status)).toEqual(['Available', 'Available'])
    expect(two.every((each) => endpointVarName('SECURE', each) in appConfig())).toBe(true)
  })

  test('is told to Heroku more and more rarely while that takes nothing', async () => {
    const serviceName = await operationalLink(h, id)
    h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status', status: 503, times: 1_000 })
    await customer.createEndpoint(serviceName)
    const before = patches().length
    await pass(h, 30 * 60)
    expect(patches().length - before).toBeGreaterThan(3)
    expect(patches().length - before).toBeLessThan(15)
    h.heroku.faults.clear()
    expect(await status()).toBe('Operational')
  })

  test('waits while Heroku is away, and is told when it is back', async () => {
    const serviceName = await operationalLink(h, id)
    const endpointId = await customer.createEndpoint(serviceName)
    h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status', status: 503, times: 3 })
    await pass(h, 70)
    expect((await view())?.connections).toMatchObject([{ status: 'Available', configVar: null }])
    await pass(h, 300)
    expect(appConfig()).toHaveProperty(endpointVarName('SECURE', endpointId))
  })
})

describe('an account', () => {
  test('that is added is adding until AWS lets it in, and one that is taken off loses its endpoints', async () => {
    const serviceName = await operationalLink(h, id, [CUSTOMER.account, STRANGER.account])
    const mine = await customer.createEndpoint(serviceName)
    const theirs = await stranger.createEndpoint(serviceName)
    await pass(h, 70)
    expect(await remove([`${STRANGER.account}:root`, '555555555555'])).toMatchObject({
      outcome: 'done',
      view: { accounts: [{ status: 'Active' }, { status: 'Removing' }] },
    })
    await pass(h, 10)
    expect(aws.ec2.endpoint(theirs)?.state).toBe('rejected')
    expect(aws.ec2.endpoint(mine)?.state).toBe('available')
    expect((await view())?.accounts).toEqual([{ arn: ROOT, status: 'Active' }])
    expect(appConfig()).not.toHaveProperty(endpointVarName('SECURE', theirs))
    expect([...((await serviceOf())?.principals ?? [])]).toEqual([ROOT])
    expect(await add(['555555555555'])).toMatchObject({
      view: { accounts: [{ status: 'Active' }, { status: 'Adding' }] },
    })
    expect(await add(['555555555555'])).toMatchObject({ outcome: 'done' })
    await pass(h, 10)
    expect((await view())?.accounts.map((each) => each.status)).toEqual(['Active', 'Active'])
    expect((await linkKinds()).filter((kind) => kind === 'privatelink-accounts-changed')).toHaveLength(2)
  })

  test('keeps its endpoints while another entry of it is left', async () => {
    const serviceName = await operationalLink(h, id, [CUSTOMER.account, `${CUSTOMER.account}:user/abc.xyz`])
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    await remove([CUSTOMER.account])
    await pass(h, 30)
    expect(aws.ec2.endpoint(endpointId)?.state).toBe('available')
    expect((await view())?.accounts).toHaveLength(1)
  })

  test('is removing until each of its endpoints is ended, whatever a 200 of AWS lists', async () => {
    const serviceName = await operationalLink(h, id, [CUSTOMER.account, STRANGER.account])
    const theirs = await stranger.createEndpoint(serviceName)
    await pass(h, 70)
    aws.ec2.faults.add({
      kind: 'unsuccessful',
      code: 'InternalError',
      action: 'RejectVpcEndpointConnections',
      times: 2,
    })
    await remove([STRANGER.account])
    await pass(h, 10)
    expect((await view())?.accounts).toContainEqual({
      arn: expect.stringContaining(STRANGER.account),
      status: 'Removing',
    })
    await pass(h, 120)
    expect(aws.ec2.endpoint(theirs)?.state).toBe('rejected')
    expect((await view())?.accounts).toHaveLength(1)
  })

  test('that AWS does not take keeps nobody else out', async () => {
    await operationalLink(h, id)
    aws.ec2.faults.add({
      kind: 'exception',
      type: 'InvalidPrincipal',
      action: 'ModifyVpcEndpointServicePermissions',
      times: 2,
    })
    await add(['555555555555:user/nobody', '666666666666'])
    await lookOnce(h.deps)
    expect(await view()).toMatchObject({
      status: 'Operational',
      accounts: [{ status: 'Active' }, { status: 'Adding' }, { status: 'Active' }],
    })
  })

  test('of a link has room beside 49 others', async () => {
    const many = Array.from({ length: 50 }, (_, number) => String(700_000_000_000 + number))
    await create(many)
    expect(await add(['555555555555'])).toMatchObject({
      outcome: 'refused',
      problem: expect.stringContaining('50'),
    })
    await remove(many.slice(0, 1))
    expect(await add(['555555555555'])).toMatchObject({ outcome: 'done' })
  })
})

describe('what somebody changes by hand at AWS', () => {
  test('is put right: principals, endpoints of strangers, and a service that was deleted', async () => {
    const serviceName = await operationalLink(h, id)
    const service = await serviceOf()
    service?.principals.clear()
    service?.principals.add('*')
    const theirs = await stranger.createEndpoint(serviceName)
    Object.assign(aws.ec2.endpoint(theirs) ?? {}, { state: 'available' })
    await pass(h, 70)
    expect([...(service?.principals ?? [])]).toEqual([ROOT])
    expect(aws.ec2.endpoint(theirs)?.state).toBe('rejected')
    expect(h.logLines.some((line) => line.includes('principals were changed at AWS'))).toBe(true)
    expect(appConfig()).not.toHaveProperty(endpointVarName('SECURE', theirs))

    Object.assign(service ?? {}, { state: 'Deleting', settlesAt: 0 })
    await pass(h, 100)
    expect(await view()).toMatchObject({ status: 'Provisioning' })
    await pass(h, 240)
    const again = await serviceOf()
    expect(again?.id).not.toBe(service?.id)
    expect(await view()).toMatchObject({ status: 'Operational', serviceName: again?.name })
  })

  test('a second service with the tag of an add-on is removed', async () => {
    await operationalLink(h, id)
    const mine = (await serviceOf())?.id
    const made = await h.deps.endpointServices?.create({
      region: 'us-east-1',
      nlbArn: nlbArn(),
      clientToken: 'by-hand',
      resourceId: id,
    })
    await pass(h, 70)
    expect(aws.ec2.service(made?.ok ? made.value.serviceId : '')).toBeUndefined()
    expect((await serviceOf())?.id).toBe(mine)
  })

  test('an endpoint that was rejected is told as gone, and asked for again once', async () => {
    const serviceName = await operationalLink(h, id)
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    Object.assign(aws.ec2.endpoint(endpointId) ?? {}, { state: 'rejected' })
    const accepts = () => aws.ec2.calls().filter(({ action }) => action.startsWith('Accept')).length
    const before = accepts()
    await pass(h, 300)
    expect(accepts()).toBe(before + 1)
    expect((await view())?.connections).toMatchObject([{ status: 'Rejected', configVar: null }])
    expect(appConfig()).not.toHaveProperty(endpointVarName('SECURE', endpointId))
  })
})

test('links that are left while they are switched off are told of in the log, once', async () => {
  const deps = { ...h.deps, endpointServices: undefined }
  const { signal } = new AbortController()
  await create()
  const links = createPrivateLinks(deps, { mayClaim: async () => true, closing: signal })
  const told = () => h.logLines.filter((line) => line.includes('links are switched off')).length
  for (const _ of [1, 2]) {
    links.begin()
    await links.idle()
  }
  expect(told()).toBe(1)
})

test('a worker that is told to stop does not wait for AWS', async () => {
  await create()
  const { endpointServices } = h.deps
  if (!endpointServices) throw new Error('no access to AWS')
  const begun = Promise.withResolvers<void>()
  const find = () => {
    begun.resolve()
    return new Promise<never>(() => {})
  }
  const deps = { ...h.deps, endpointServices: { ...endpointServices, find } }
  const worker = createWorker(deps, { concurrency: 1, claimLimit: 1, clockOffsetMs: async () => 0 })
  await worker.tick()
  await begun.promise
  await worker.stop(1)
})

describe('the end of a link', () => {
  test('is not believed because AWS does not show its service for a moment', async () => {
    await operationalLink(h, id)
    const service = await serviceOf()
    Object.assign(service ?? {}, { visibleAt: Number.MAX_SAFE_INTEGER })
    await destroy()
    await pass(h, 0)
    Object.assign(service ?? {}, { visibleAt: 0 })
    await pass(h, 70)
    expect(await view()).toBeUndefined()
    expect(aws.ec2.service(service?.id ?? '')).toBeUndefined()
  })

  test('rejects its endpoints, deletes the service and takes the config var back; then there is none, and a new one can come', async () => {
    const serviceName = await operationalLink(h, id)
    const service = await serviceOf()
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    aws.ec2.delays.serviceMs = 2 * MINUTE
    expect(await destroy()).toMatchObject({ outcome: 'done', view: { status: 'Deprovisioning' } })
    expect(await destroy()).toMatchObject({ outcome: 'done' })
    expect(await create()).toEqual({ outcome: 'deprovisioning' })
    expect(await add(['555555555555'])).toEqual({ outcome: 'deprovisioning' })
    await pass(h, 60)
    expect(await status()).toBe('Deprovisioning')
    expect(aws.ec2.endpoint(endpointId)?.state).toBe('rejected')
    expect(appConfig()).not.toHaveProperty(endpointVarName('SECURE', endpointId))
    await pass(h, 120)
    expect(await view()).toBeUndefined()
    expect(aws.ec2.service(service?.id ?? '')).toBeUndefined()
    expect(await linkKinds()).toEqual([
      'privatelink-created',
      'privatelink-operational',
      'privatelink-connection-available',
      'privatelink-destroyed',
      'privatelink-connection-ended',
    ])
    aws.ec2.delays.serviceMs = 0
    expect(await operationalLink(h, id)).not.toBe(serviceName)
  })

  test.each([
    ['before AWS was asked', 0],
    ['while AWS makes it', 20],
  ])('that comes %s leaves nothing at AWS', async (_when, seconds) => {
    Object.assign(aws.ec2.delays, { serviceMs: 5 * MINUTE, visibleMs: 30_000 })
    await create()
    if (seconds > 0) await pass(h, seconds)
    await destroy()
    await pass(h, 15 * 60)
    expect(await view()).toBeUndefined()
    expect(servicesOf(id)).toEqual([])
  })

  test('waits for endpoints that AWS does not end at once, and for AWS while it is away', async () => {
    const serviceName = await operationalLink(h, id)
    await customer.createEndpoint(serviceName)
    await pass(h, 70)
    aws.ec2.faults.add({
      kind: 'unsuccessful',
      code: 'InternalError',
      action: 'RejectVpcEndpointConnections',
      times: 3,
    })
    aws.ec2.faults.add({ kind: 'cut', action: 'DeleteVpcEndpointServiceConfigurations', times: 3 })
    await destroy()
    await pass(h, 10)
    expect(await status()).toBe('Deprovisioning')
    await pass(h, 15 * 60)
    expect(await view()).toBeUndefined()
    expect(servicesOf(id)).toEqual([])
  })

  test('waits a day at the most for a Heroku that does not take the config vars back', async () => {
    await customer.createEndpoint(await operationalLink(h, id))
    await pass(h, 70)
    h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status', status: 503, times: 1_000 })
    await destroy()
    h.clock.advance(24 * HOUR - 5 * MINUTE)
    await pass(h, 60)
    expect(servicesOf(id)).toEqual([])
    expect(await status()).toBe('Deprovisioning')
    h.clock.advance(20 * MINUTE)
    await pass(h, 10)
    expect(await view()).toBeUndefined()
  })

  test('comes with the end of the add-on, at any step; who might use it is erased at once', async () => {
    const serviceName = await operationalLink(h, id)
    const endpointId = await customer.createEndpoint(serviceName)
    await pass(h, 70)
    await deprovision(h.deps, { resourceId: id })
    expect(await view()).toMatchObject({ status: 'Deprovisioning', accounts: [], connections: [] })
    await expect(create()).rejects.toThrow()
    const history = await historyOf(h.deps, id)
    const before = patches().length
    await pass(h, 60)
    expect(aws.ec2.endpoint(endpointId)?.state).toBe('rejected')
    expect(servicesOf(id)).toEqual([])
    expect(await h.deps.db.selectFrom('private_links').selectAll().execute()).toEqual([])
    expect(await historyOf(h.deps, id)).toEqual(history)
    expect(patches()).toHaveLength(before)
  })
})
