import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { webhookSignature } from '../../simulator/src/webhook-signature.ts'
import { HOUR, SECOND } from './support/fake-clock.ts'
import { callApi, patchKey } from './support/partner.ts'
import { type Received, type StandInService, standardReply } from './support/stand-in-service.ts'
import { startWithAddon } from './support/start-heroku.ts'

const SECRET = 'dcbff0c4430a2960a2552389d587bc58d30a37a8cf3f75f8fb77abe667ad'

/** Subscribes the stand-in at `/hook`, where it answers with `status()`. */
async function startWithHook(fields: Record<string, unknown> = {}, status = () => 204) {
  const stage = await startWithAddon()
  stage.service.replyWith((request) =>
    request.url === '/hook' ? { status: status() } : standardReply(request),
  )
  const include = ['api:addon', 'api:addon-attachment']
  const body = { include, level: 'sync', url: `${stage.service.url}/hook`, secret: SECRET, ...fields }
  const path = `/addons/${stage.addon.id}/webhooks`
  const made = await callApi(stage.simulator, stage.tokens.access_token, { method: 'POST', path, body })
  return { ...stage, path, made }
}

function hooked(service: StandInService): Received[] {
  return service.received.filter(({ url }) => url === '/hook')
}

const actions = (service: StandInService) =>
  hooked(service).map(({ body }) => {
    const { resource, action } = body as { resource: string; action: string }
    return `${resource} ${action}`
  })

describe('a webhook', () => {
  test('is signed over the raw body as the vector says', () => {
    expect(webhookSignature(SECRET, '{"action":"create"}')).toBe(
      'Hqatb2v7vBDJgdAPR3HqIv7cZOrQTXmr+vpO9Dz+Ptc=',
    )
  })

  test('tells of attachments with the HMAC and the authorization given at creation', async () => {
    const { simulator, service, addon, made } = await startWithHook({ authorization: 'Bearer mine' })
    expect(made.status).toBe(201)
    await simulator.customer.attach({ addon: addon.name, app: 'service-1', as: 'SECOND' })
    await simulator.webhooks.settle()
    const [delivery, ...more] = hooked(service)
    expect(more).toEqual([])
    expect(delivery?.headers.authorization).toBe('Bearer mine')
    const hmac = createHmac('sha256', SECRET)
      .update(delivery?.text ?? '')
      .digest('base64')
    expect(delivery?.headers['heroku-webhook-hmac-sha256']).toBe(hmac)
    expect(delivery?.body).toMatchObject({
      action: 'create',
      resource: 'addon-attachment',
      data: { name: 'SECOND', app: { name: 'service-1' } },
      webhook_metadata: {
        event: { include: 'api:addon-attachment' },
        webhook: made.body && { id: (made.body as { id: string }).id },
      },
    })
  })

  test('tells of releases and dynos when it asked for them', async () => {
    const include = ['api:release', 'api:dyno']
    const { simulator, service, addon, tokens } = await startWithHook({ include })
    await patchKey(simulator, tokens.access_token, addon.id, 'NEW,FIRST')
    await simulator.webhooks.settle()
    expect(actions(service)).toEqual(['release create', 'dyno create'])
    expect(hooked(service)[0]?.body).toMatchObject({
      actor: { email: 'securekey@addons.heroku.com' },
      data: { description: 'Update SECURE by securekey', status: 'succeeded' },
    })
  })

  test('of level notify is tried once', async () => {
    const { simulator, service, addon, clock } = await startWithHook({ level: 'notify' }, () => 500)
    await simulator.customer.rename({ addon: addon.name, name: 'renamed' })
    await simulator.webhooks.settle()
    clock.advance(HOUR)
    await simulator.webhooks.retryDue()
    expect(actions(service)).toEqual(['addon update'])
    expect(simulator.view.deliveries()).toMatchObject([{ status: 'failed', attempts: 1, lastCode: 500 }])
  })

  test('of level sync is tried again when the clock says so, and holds up the next', async () => {
    let status = 500
    const { simulator, service, addon, clock } = await startWithHook({}, () => status)
    await simulator.customer.rename({ addon: addon.name, name: 'renamed' })
    await simulator.customer.attach({ addon: 'renamed', app: 'service-1', as: 'SECOND' })
    await simulator.webhooks.settle()
    await simulator.webhooks.retryDue()
    expect(actions(service)).toEqual(['addon update'])
    status = 204
    clock.advance(15 * SECOND)
    await simulator.webhooks.retryDue()
    expect(actions(service)).toEqual(['addon update', 'addon update', 'addon-attachment create'])
    expect(simulator.view.deliveries().map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
  })

  test('of level sync is given up after 72 hours', async () => {
    const { simulator, addon, clock } = await startWithHook({}, () => 500)
    await simulator.customer.rename({ addon: addon.name, name: 'renamed' })
    await simulator.webhooks.settle()
    clock.advance(72 * HOUR)
    await simulator.webhooks.retryDue()
    expect(simulator.view.deliveries()).toMatchObject([{ status: 'failed', attempts: 2 }])
  })

  test('can be repeated with the same bytes and sent out of order on command', async () => {
    const { simulator, service, addon } = await startWithHook()
    simulator.webhooks.hold()
    await simulator.customer.rename({ addon: addon.name, name: 'renamed' })
    await simulator.customer.attach({ addon: 'renamed', app: 'service-1', as: 'SECOND' })
    await simulator.webhooks.release('reversed')
    expect(actions(service)).toEqual(['addon-attachment create', 'addon update'])
    const [first] = simulator.view.deliveries()
    await simulator.webhooks.repeat(first?.id ?? '')
    expect(hooked(service)[2]?.text).toBe(hooked(service)[1]?.text)
  })

  test('tells of the end of its add-on and is gone then', async () => {
    const { simulator, service, addon } = await startWithHook()
    await simulator.customer.destroy({ addon: addon.name })
    await simulator.webhooks.settle()
    expect(actions(service)).toEqual(['addon-attachment destroy', 'addon destroy'])
  })
})

describe('subscriptions', () => {
  test('can be read, changed and deleted, and never show the secret but once when Heroku made it', async () => {
    const { simulator, tokens, path, made } = await startWithHook({ secret: undefined })
    const secret = made.headers.get('heroku-webhook-secret') ?? ''
    expect(secret).toMatch(/^[0-9a-f]{60}$/)
    const { id } = made.body as { id: string }
    const call = (method: string, at: string, body?: unknown) =>
      callApi(simulator, tokens.access_token, { method, path: at, body })
    const changed = await call('PATCH', `${path}/${id}`, { level: 'notify' })
    expect(changed).toMatchObject({ status: 200, body: { id, level: 'notify' } })
    const listed = await call('GET', path)
    expect(listed.body).toMatchObject([{ id, include: ['api:addon', 'api:addon-attachment'] }])
    expect(JSON.stringify([made.body, listed.body])).not.toContain(secret)
    await expect(call('DELETE', `${path}/${id}`)).resolves.toMatchObject({ status: 200, body: { id } })
    await expect(call('GET', `${path}/${id}`)).resolves.toMatchObject({ status: 404 })
  })

  test.each([
    ['an unknown field', { colour: 'red' }],
    ['an unknown event', { include: ['api:everything'] }],
    ['an unknown level', { level: 'loud' }],
    ['a plain-http address', { url: 'http://example.com/hook' }],
  ])('with %s are refused by 422', async (_title, fields) => {
    const { made } = await startWithHook(fields)
    expect(made).toMatchObject({ status: 422, body: { id: 'invalid_params' } })
  })
})
