import { describe, expect, test } from 'vitest'
import { askTokens, callApi } from './support/partner.ts'
import { startHeroku } from './support/start-heroku.ts'

const BASIC = `Basic ${Buffer.from('securekey:super-secret').toString('base64')}`

async function start(options: Parameters<typeof startHeroku>[0] = {}) {
  const stage = await startHeroku({ partnerApi: 'v1', ...options })
  stage.service.replyWith(({ method }) =>
    method === 'POST'
      ? { status: 200, body: { id: '7', config: { SECURE_KEY: 'FIRST,SECOND' } } }
      : { status: 200, body: {} },
  )
  await stage.simulator.customer.createApp('service-1')
  const ask = (path: string, request: { method?: string; body?: unknown; password?: string } = {}) =>
    callApi(stage.simulator, '', {
      path,
      ...request,
      headers: { authorization: request.password ?? BASIC, accept: 'application/json' },
    })
  return { ...stage, ask, customer: stage.simulator.customer }
}

const bodyOf = ({ service }: Awaited<ReturnType<typeof start>>) =>
  service.received.findLast(({ method }) => method === 'POST')?.body as Record<string, string>

describe('a provision request of the legacy API', () => {
  test('says by which id and at which callback address the add-on is known, and brings no grant', async () => {
    const h = await start()
    const addon = await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
    const body = bodyOf(h)
    expect(body).toMatchObject({ uuid: addon.id, plan: 'weekly', options: {} })
    expect(body.heroku_id).toMatch(/^app[0-9]+@heroku\.com$/)
    expect(body.callback_url).toBe(
      `${h.simulator.url}/vendor/apps/${encodeURIComponent(body.heroku_id ?? '')}`,
    )
    expect(Object.keys(body)).not.toContain('oauth_grant')
    expect(Object.keys(body)).not.toContain('name')
    expect(h.service.received[0]?.headers.accept).toBe('application/json')
  })

  test('names the app alone where ids are of the oldest kind: the same when it is added again', async () => {
    const h = await start({ legacyIds: 'app' })
    const addon = await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
    const first = bodyOf(h)
    expect(first.uuid).toBeUndefined()
    await h.customer.destroy({ addon: addon.name })
    await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
    expect(bodyOf(h).heroku_id).toBe(first.heroku_id)
  })
})

describe('app info', () => {
  test('is read and written by the manifest’s id and password; a write cuts a release and says nothing', async () => {
    const h = await start()
    await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
    const { heroku_id: id = '', callback_url: url = '' } = bodyOf(h)
    const path = new URL(url).pathname
    const config = { SECURE_KEY: 'FIRST,SECOND' }
    expect((await h.ask(path)).body).toMatchObject({ id, name: 'service-1', config, callback_url: url })
    const releases = h.simulator.view.releases('service-1').length
    const put = await h.ask(path, { method: 'PUT', body: { config: { SECURE_KEY: 'THIRD,FIRST' } } })
    expect([put.status, put.body]).toEqual([200, undefined])
    expect(h.simulator.view.configVars('service-1').SECURE_KEY).toBe('THIRD,FIRST')
    expect(h.simulator.view.releases('service-1')).toHaveLength(releases + 1)
  })

  test.each([
    ['a wrong password', { password: `Basic ${Buffer.from('securekey:wrong').toString('base64')}` }, 401],
    ['another user', { password: `Basic ${Buffer.from('other:super-secret').toString('base64')}` }, 401],
    ['a name that is not declared', { method: 'PUT', body: { config: { OTHER: 'x' } } }, 403],
    ['a value that is no text', { method: 'PUT', body: { config: { SECURE_KEY: null } } }, 422],
    ['a list for a config', { method: 'PUT', body: { config: [] } }, 400],
  ])('is refused with %s', async (_what, request, status) => {
    const h = await start()
    const addon = await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
    expect((await h.ask(`/vendor/apps/${addon.id}`, request)).status).toBe(status)
  })

  test('is 404 while the provision request is open, and once the add-on is gone', async () => {
    const h = await start()
    const during: number[] = []
    h.service.replyWith(async ({ method, body }) => {
      if (method !== 'POST') return { status: 200, body: {} }
      const { callback_url: url } = body as { callback_url: string }
      during.push((await h.ask(new URL(url).pathname)).status)
      return { status: 200, body: { id: '7', config: {} } }
    })
    const addon = await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
    expect(during).toEqual([404])
    expect((await h.ask(`/vendor/apps/${addon.id}`)).status).toBe(200)
    await h.customer.destroy({ addon: addon.name })
    expect((await h.ask(`/vendor/apps/${addon.id}`)).status).toBe(404)
  })

  test('lists who has the add-on, with the ids of both sides', async () => {
    const h = await start()
    const { id, name } = await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
    const { heroku_id } = bodyOf(h)
    expect((await h.ask('/vendor/apps')).body).toMatchObject([
      { provider_id: '7', heroku_id, plan: 'weekly', resource: { uuid: id, name } },
    ])
  })
})

test('an answer to a deletion that is no JSON fails it, and nothing is removed', async () => {
  const h = await start()
  const addon = await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
  h.service.replyWith({ status: 204 })
  await expect(h.customer.destroy({ addon: addon.name })).rejects.toThrow('Could not communicate with vendor')
  expect(h.simulator.view.addon(addon.id).state).toBe('provisioned')
})

test('a grant for an add-on that the legacy API made is handed out to partners who asked for that, and works once', async () => {
  const closed = await start()
  const one = await closed.customer.createAddon({ app: 'service-1', plan: 'weekly' })
  expect((await closed.ask(`/vendor/resources/${one.id}/oauth-grant`)).status).toBe(403)
  const h = await start({ legacyGrants: true })
  const addon = await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
  const answer = await h.ask(`/vendor/resources/${addon.id}/oauth-grant`)
  const { code } = answer.body as { code: string }
  const request = { grant_type: 'authorization_code', code }
  expect((await askTokens(h.simulator, request)).status).toBe(200)
  expect((await askTokens(h.simulator, request)).status).toBe(403)
})

test('a manifest of version 3 makes Heroku ask by that from then on', async () => {
  const h = await start()
  h.simulator.setPartnerApi('v3')
  await h.customer.createAddon({ app: 'service-1', plan: 'weekly' })
  expect(bodyOf(h)).toMatchObject({ oauth_grant: { type: 'authorization_code' } })
})
