import { describe, expect, test } from 'vitest'
import { askTokens, callApi, grantCode, patchKey } from './support/partner.ts'
import { standardReply } from './support/stand-in-service.ts'
import { startHeroku } from './support/start-heroku.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

describe('a provision request', () => {
  test('is sent as the partner reference says: method, path, vendor type, basic auth', async () => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1')
    await simulator.customer.createAddon({ app: 'service-1', plan: 'fortnightly' })
    const [post] = service.received
    expect(post).toMatchObject({
      method: 'POST',
      url: '/heroku/resources',
      headers: {
        accept: 'application/vnd.heroku-addons+json; version=3',
        'content-type': 'application/json',
        authorization: 'Basic c2VjdXJla2V5OnN1cGVyLXNlY3JldA==',
      },
    })
  })

  test('holds every documented field, string options, an offset without a colon and a field nobody knows', async () => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1', { region: 'eu' })
    const options = { grace: '4h', fast: true }
    const addon = await simulator.customer.createAddon({ app: 'service-1', plan: 'securekey:daily', options })
    expect(service.received[0]?.body).toEqual({
      uuid: addon.id,
      name: addon.name,
      callback_url: `${simulator.url}/addons/${addon.id}`,
      oauth_grant: {
        code: expect.stringMatching(UUID),
        expires_at: '2026-03-03T10:06:31-0800',
        type: 'authorization_code',
      },
      options: { grace: '4h', fast: 'true' },
      plan: 'daily',
      region: 'amazon-web-services::eu-west-1',
      log_input_url: expect.stringMatching(/^http:\/\/token:t\.[0-9a-f-]{36}@127\.0\.0\.1:\d+\/logs$/),
      provisioning_context: { undocumented: true },
    })
    expect(addon.name).toMatch(/^securekey-[a-z]+-\d{5}$/)
    expect(addon.id).toMatch(UUID)
  })

  test('may carry a null grant', async () => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1')
    await simulator.customer.createAddon({ app: 'service-1', plan: 'daily', grant: 'null' })
    expect(service.received[0]?.body).toMatchObject({ oauth_grant: null })
  })

  test('can be repeated byte for byte, in parallel, afterwards and after the add-on is gone', async () => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1')
    const addon = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily', copies: 3 })
    await simulator.customer.repeatProvision(addon.name)
    await simulator.customer.destroy({ addon: addon.id })
    service.replyWith({ status: 410, body: { message: 'gone' } })
    await expect(simulator.customer.repeatProvision(addon.id)).resolves.toMatchObject({ status: 410 })
    const posts = service.received.filter(({ method }) => method === 'POST')
    expect(posts).toHaveLength(5)
    expect(new Set(posts.map(({ text }) => text)).size).toBe(1)
    expect(simulator.view.serviceCalls().map(({ status }) => status)).toEqual([200, 200, 200, 200, 204, 410])
  })
})

describe('a provision answer', () => {
  test('sets the config on the owning app by one release in the customer’s name', async () => {
    const { simulator } = await startHeroku()
    await simulator.customer.createApp('service-1')
    const addon = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
    expect(simulator.view.configVars('service-1')).toEqual({ SECURE_KEY: 'FIRST,SECOND' })
    expect(addon).toMatchObject({ state: 'provisioned', providerId: addon.id, provisionMessage: 'Welcome' })
    const [, release, ...more] = simulator.view.releases('service-1')
    expect(release).toMatchObject({
      version: 2,
      description: `Attach SECURE (@ref:${addon.name})`,
      current: true,
    })
    expect(release?.user.email).toBe('customer@example.com')
    expect(more).toEqual([])
  })

  test.each([
    [
      'a refusal by 422 shows the service’s own words',
      { status: 422, body: { message: 'No such plan here.' } },
      'No such plan here.',
    ],
    [
      'a refusal by 503 shows the service’s own words',
      { status: 503, body: { message: 'Closed today.' } },
      'Closed today.',
    ],
    [
      'a 500 hides what the service said',
      { status: 500, body: { message: 'stack trace' } },
      'Could not communicate with vendor',
    ],
    ['a body that is not JSON', { status: 200, text: '<html>' }, 'Could not communicate with vendor'],
    ['a missing id', { status: 200, body: { config: {} } }, 'Could not communicate with vendor'],
    [
      'an undeclared config var',
      { status: 200, body: { id: 'x', config: { OTHER: 'a' } } },
      'Could not communicate',
    ],
    [
      'a config value that is not a string',
      { status: 200, body: { id: 'x', config: { SECURE_KEY: 1 } } },
      'Could not communicate',
    ],
    ['config beside a 202', { status: 202, body: { id: 'x', config: {} } }, 'Could not communicate'],
    ['a redirect', { status: 302, body: {} }, 'Could not communicate with vendor'],
  ])('%s: the add-on does not come to exist', async (_title, reply, message) => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1')
    service.replyWith(reply)
    await expect(simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })).rejects.toThrow(message)
    expect(simulator.view.addons()).toEqual([])
    expect(simulator.view.app('service-1')).toMatchObject({ version: 1, attachments: [] })
    const exchange = await askTokens(simulator, { code: grantCode(service) })
    expect(exchange.status).toBe(403)
  })

  test('counts as failed when it does not come in time', async () => {
    const { simulator, service } = await startHeroku({ serviceTimeoutMs: 20 })
    await simulator.customer.createApp('service-1')
    const never = new Promise<void>(() => {})
    service.replyWith({ status: 200, body: {}, hold: never })
    await expect(simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })).rejects.toMatchObject({
      fields: { partner: { status: 0, reason: 'no answer within 20 ms' } },
    })
  })

  test('may be an integer id and may lack config and message', async () => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1')
    service.replyWith({ status: 201, body: { id: 42 } })
    const addon = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
    expect(addon).toMatchObject({ providerId: '42', config: {}, provisionMessage: null })
  })
})

describe('asynchronous provisioning', () => {
  test('releases nothing until the provision action, then the config that was set before it', async () => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1')
    service.replyWith({ status: 202, body: { id: 'r-1', message: 'on its way' } })
    const addon = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
    expect(addon.state).toBe('provisioning')
    const { body } = await askTokens(simulator, { code: grantCode(service) })
    const { access_token } = body as { access_token: string }
    await expect(patchKey(simulator, access_token, addon.id, 'A,B')).resolves.toMatchObject({ status: 200 })
    expect(simulator.view.app('service-1').version).toBe(1)
    const path = `/addons/${addon.id}/actions/provision`
    const done = await callApi(simulator, access_token, { method: 'POST', path })
    expect(done).toMatchObject({ status: 200, body: { state: 'provisioned', config_vars: ['SECURE_KEY'] } })
    expect(simulator.view.configVars('service-1')).toEqual({ SECURE_KEY: 'A,B' })
    expect(simulator.view.app('service-1').version).toBe(2)
    await expect(callApi(simulator, access_token, { method: 'POST', path })).resolves.toMatchObject({
      status: 422,
    })
  })

  test('works while the provision request is still open', async () => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1')
    service.replyWith(async (request) => {
      const { uuid } = request.body as { uuid: string }
      const { body } = await askTokens(simulator, { code: grantCode(service) })
      const { access_token } = body as { access_token: string }
      const addon = await callApi(simulator, access_token, { path: `/addons/${uuid}` })
      expect(addon.body).toMatchObject({ id: uuid, state: 'provisioning' })
      return standardReply(request)
    })
    const addon = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
    expect(addon.state).toBe('provisioned')
  })
})
