import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from './support/fake-clock.ts'
import {
  askTokens,
  CLIENT_SECRET,
  callApi,
  exchangeGrant,
  grantCode,
  type Tokens,
} from './support/partner.ts'
import { startHeroku, startWithAddon } from './support/start-heroku.ts'

async function startWithGrant() {
  const stage = await startHeroku()
  await stage.simulator.customer.createApp('service-1')
  const addon = await stage.simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
  return { ...stage, addon, code: grantCode(stage.service) }
}

describe('a grant code', () => {
  test('is exchanged for tokens that last 28,799 s', async () => {
    const { simulator, code } = await startWithGrant()
    const answer = await askTokens(simulator, { grant_type: 'authorization_code', code })
    expect(answer).toMatchObject({
      status: 200,
      body: { expires_in: 28_799, token_type: 'Bearer', session_nonce: null },
    })
  })

  test('is taken from a form, a JSON body or the query, with the secret there or as basic password', async () => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1')
    const json = { 'content-type': 'application/json' }
    const basic = { authorization: `Basic ${Buffer.from(`:${CLIENT_SECRET}`).toString('base64')}` }
    const ways = [
      (code: string) => ({
        url: '',
        init: { body: new URLSearchParams({ code, client_secret: CLIENT_SECRET }) },
      }),
      (code: string) => ({
        url: '',
        init: { headers: json, body: JSON.stringify({ code, client_secret: CLIENT_SECRET }) },
      }),
      (code: string) => ({ url: `?code=${code}&client_secret=${CLIENT_SECRET}`, init: {} }),
      (code: string) => ({ url: '', init: { headers: basic, body: new URLSearchParams({ code }) } }),
    ]
    for (const way of ways) {
      await simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
      const { url, init } = way(grantCode(service))
      const response = await fetch(`${simulator.url}/oauth/token${url}`, { method: 'POST', ...init })
      expect(response.status).toBe(200)
    }
  })

  test('works once', async () => {
    const { simulator, code } = await startWithGrant()
    await askTokens(simulator, { code })
    const again = await askTokens(simulator, { code })
    expect(again).toMatchObject({ status: 403, body: { id: 'forbidden', message: expect.any(String) } })
  })

  test('works for five minutes and no longer', async () => {
    const { simulator, code, clock } = await startWithGrant()
    clock.advance(5 * MINUTE)
    await expect(askTokens(simulator, { code })).resolves.toMatchObject({ status: 403 })
    clock.advance(-SECOND)
    await expect(askTokens(simulator, { code })).resolves.toMatchObject({ status: 200 })
  })

  test('is refused with 401 beside a wrong client secret, and not used up by it', async () => {
    const { simulator, code } = await startWithGrant()
    const wrong = await askTokens(simulator, { code, client_secret: 'wrong' })
    expect(wrong).toMatchObject({ status: 401, body: { id: 'unauthorized' } })
    await expect(askTokens(simulator, { code })).resolves.toMatchObject({ status: 200 })
  })
})

describe('a refresh token', () => {
  test('gives a fresh access token and stays the same', async () => {
    const { simulator, tokens } = await startWithAddon()
    const answer = await askTokens(simulator, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
    })
    const fresh = answer.body as Tokens
    expect(fresh.refresh_token).toBe(tokens.refresh_token)
    expect(fresh.access_token).not.toBe(tokens.access_token)
  })

  test('works once when refresh tokens rotate', async () => {
    const { simulator, tokens } = await startWithAddon({ refreshTokensRotate: true })
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
    const fresh = (await askTokens(simulator, refresh)).body as Tokens
    expect(fresh.refresh_token).not.toBe(tokens.refresh_token)
    await expect(askTokens(simulator, refresh)).resolves.toMatchObject({ status: 403 })
  })
})

describe('an access token', () => {
  test('is refused with 401 from the second in which it expires', async () => {
    const { simulator, tokens, addon, clock } = await startWithAddon()
    const path = `/addons/${addon.id}`
    clock.advance(28_798 * SECOND)
    await expect(callApi(simulator, tokens.access_token, { path })).resolves.toMatchObject({ status: 200 })
    clock.advance(SECOND)
    const late = await callApi(simulator, tokens.access_token, { path })
    expect(late).toMatchObject({ status: 401, body: { id: 'unauthorized' } })
  })

  test('dies by a reset in the portal, of every add-on, while refresh tokens live', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    simulator.resetOauth()
    const path = `/addons/${addon.id}`
    await expect(callApi(simulator, tokens.access_token, { path })).resolves.toMatchObject({ status: 401 })
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
    const fresh = (await askTokens(simulator, refresh)).body as Tokens
    await expect(callApi(simulator, fresh.access_token, { path })).resolves.toMatchObject({ status: 200 })
    simulator.resetOauth({ refreshTokens: true })
    await expect(askTokens(simulator, refresh)).resolves.toMatchObject({ status: 403 })
  })

  test('can be killed for one add-on alone', async () => {
    const { simulator, service, tokens, addon } = await startWithAddon()
    const other = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
    const others = await exchangeGrant(simulator, service)
    simulator.revokeToken(addon.name)
    const dead = await callApi(simulator, tokens.access_token, { path: `/addons/${addon.id}` })
    const alive = await callApi(simulator, others.access_token, { path: `/addons/${other.id}` })
    expect([dead.status, alive.status]).toEqual([401, 200])
  })

  test('reaches its own resource and attached apps only: anything else is 403', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await simulator.customer.createApp('stranger')
    const other = await simulator.customer.createAddon({ app: 'stranger', plan: 'daily' })
    const statusOf = async (path: string) => (await callApi(simulator, tokens.access_token, { path })).status
    expect(await statusOf(`/addons/${other.id}`)).toBe(403)
    expect(await statusOf(`/addons/${other.id}/config`)).toBe(403)
    expect(await statusOf('/apps/stranger')).toBe(403)
    expect(await statusOf('/apps/stranger/releases')).toBe(403)
    expect(await statusOf('/apps/service-1')).toBe(200)
    expect(await statusOf(`/addons/${addon.name}`)).toBe(200)
    expect(await statusOf('/addons/securekey')).toBe(200)
    expect(await statusOf('/addons/no-such-addon')).toBe(404)
    await simulator.customer.attach({ addon: addon.name, app: 'stranger' })
    expect(await statusOf('/apps/stranger')).toBe(200)
  })

  test('of a deprovisioned resource is answered 404, and its refresh token 403', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await simulator.customer.destroy({ addon: addon.id })
    const answer = await callApi(simulator, tokens.access_token, { path: `/addons/${addon.id}/config` })
    expect(answer).toMatchObject({ status: 404, body: { id: 'not_found', resource: 'add_on' } })
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
    await expect(askTokens(simulator, refresh)).resolves.toMatchObject({ status: 403 })
  })

  test('that was never issued, or none at all, is 401', async () => {
    const { simulator, addon } = await startWithAddon()
    const path = `/addons/${addon.id}/config`
    const body = { config: [] }
    const unknown = await callApi(simulator, 'nonsense', { method: 'PATCH', path, body })
    const lookalike = await callApi(simulator, 'HRKU-SIM-0', { path })
    const none = await fetch(simulator.url + path)
    expect([unknown.status, lookalike.status, none.status]).toEqual([401, 401, 401])
  })
})
