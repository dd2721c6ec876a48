import { describe, expect, test } from 'vitest'
import { HOUR, SECOND } from './support/fake-clock.ts'
import { callApi, exchangeGrant, patchKey } from './support/partner.ts'
import { startWithAddon } from './support/start-heroku.ts'

describe('answers', () => {
  test('carry Request-Id, RateLimit-Remaining and an ETag that If-None-Match is compared with', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    const path = `/addons/${addon.id}`
    const first = await callApi(simulator, tokens.access_token, { path })
    expect(first.headers.get('request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(first.headers.get('ratelimit-remaining')).toBe('4499')
    const etag = first.headers.get('etag') ?? ''
    const again = await callApi(simulator, tokens.access_token, { path, headers: { 'if-none-match': etag } })
    expect(again).toMatchObject({ status: 304, body: undefined })
  })

  test('need the right Accept: else 406', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    const headers = { accept: 'application/json' }
    const answer = await callApi(simulator, tokens.access_token, { path: `/addons/${addon.id}`, headers })
    expect(answer).toMatchObject({ status: 406, body: { id: 'not_acceptable' } })
  })

  test('show the objects of the schema', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    const { body } = await callApi(simulator, tokens.access_token, { path: `/addons/${addon.id}` })
    expect(body).toMatchObject({
      addon_service: { name: 'securekey' },
      app: { name: 'service-1' },
      config_vars: ['SECURE_KEY'],
      plan: { name: 'securekey:fortnightly' },
      provider_id: addon.id,
      state: 'provisioned',
    })
    const collaborators = await callApi(simulator, tokens.access_token, {
      path: '/apps/service-1/collaborators',
    })
    expect(collaborators.body).toMatchObject([{ role: 'owner', user: { email: 'customer@example.com' } }])
    const ann = { email: 'ann@example.com', id: 'ann' }
    await simulator.customer.addCollaborator('service-1', ann)
    await expect(simulator.customer.addCollaborator('service-1', ann)).rejects.toThrow('already')
    const both = await callApi(simulator, tokens.access_token, { path: '/apps/service-1/collaborators' })
    expect(both.body).toMatchObject([{ role: 'owner' }, { role: 'member', user: ann }])
    await simulator.customer.removeCollaborator('service-1', ann.email)
    await expect(simulator.customer.removeCollaborator('service-1', ann.email)).rejects.toThrow(
      'collaborator',
    )
    const unknown = await callApi(simulator, tokens.access_token, { path: '/nowhere' })
    expect(unknown).toMatchObject({ status: 404, body: { id: 'not_found' } })
  })
})

describe('lists', () => {
  test('page by Range: 206 with Next-Range while more follow, 200 for the last', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    for (const value of ['a', 'b', 'c']) await patchKey(simulator, tokens.access_token, addon.id, value)
    const versions: number[][] = []
    let range: string | null = 'version ..; order=desc, max=2'
    while (range !== null) {
      const answer = await callApi(simulator, tokens.access_token, {
        path: '/apps/service-1/releases',
        headers: { range },
      })
      versions.push((answer.body as { version: number }[]).map(({ version }) => version))
      range = answer.headers.get('next-range')
      expect(answer.status).toBe(range === null ? 200 : 206)
    }
    expect(versions).toEqual([[5, 4], [3, 2], [1]])
  })

  test.each(['nonsense', 'colour ..', 'version ..; max=1001', 'version ..; max=0', 'version ..; order=up'])(
    'refuse the range %j with 416',
    async (range) => {
      const { simulator, tokens } = await startWithAddon()
      const answer = await callApi(simulator, tokens.access_token, {
        path: '/apps/service-1/releases',
        headers: { range },
      })
      expect(answer).toMatchObject({ status: 416, body: { id: 'requested_range_not_satisfiable' } })
    },
  )

  test('sort versions as numbers', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    for (let count = 0; count < 9; count++)
      await patchKey(simulator, tokens.access_token, addon.id, `v${count}`)
    const headers = { range: 'version ..; max=1, order=desc' }
    const { body } = await callApi(simulator, tokens.access_token, {
      path: '/apps/service-1/releases',
      headers,
    })
    expect(body).toMatchObject([{ version: 11, current: true }])
  })

  test('of releases and dynos are 403 for a partner who was not granted them', async () => {
    const { simulator, tokens } = await startWithAddon({ grantReleases: false })
    const statuses = ['releases', 'dynos', 'releases/1', 'addon-attachments'].map(async (list) => {
      return (await callApi(simulator, tokens.access_token, { path: `/apps/service-1/${list}` })).status
    })
    expect(await Promise.all(statuses)).toEqual([403, 403, 403, 200])
  })
})

describe('the rate limit', () => {
  test('answers 429 with Retry-After once it is used up, and refills continuously', async () => {
    const { simulator, tokens, addon, clock } = await startWithAddon({ rateLimitPerHour: 2 })
    const get = () => callApi(simulator, tokens.access_token, { path: `/addons/${addon.id}` })
    expect([(await get()).status, (await get()).status]).toEqual([200, 200])
    const refused = await get()
    expect(refused).toMatchObject({ status: 429, body: { id: 'rate_limit' } })
    expect(refused.headers.get('retry-after')).toBe('1800')
    clock.advance(HOUR / 2 - SECOND)
    expect((await get()).status).toBe(429)
    clock.advance(SECOND)
    expect((await get()).status).toBe(200)
  })

  test('can be read without counting', async () => {
    const { simulator, tokens, addon } = await startWithAddon({ rateLimitPerHour: 10 })
    await callApi(simulator, tokens.access_token, { path: `/addons/${addon.id}` })
    for (let count = 0; count < 3; count++) {
      const answer = await callApi(simulator, tokens.access_token, { path: '/account/rate-limits' })
      expect(answer.body).toEqual({ remaining: 9 })
    }
  })

  test('is per token, or shared by all of the partner’s', async () => {
    for (const [rateLimitScope, expected] of [
      ['token', 200],
      ['partner', 429],
    ] as const) {
      const stage = await startWithAddon({ rateLimitPerHour: 1, rateLimitScope })
      await callApi(stage.simulator, stage.tokens.access_token, { path: `/addons/${stage.addon.id}` })
      const other = await stage.simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
      const others = await exchangeGrant(stage.simulator, stage.service)
      const answer = await callApi(stage.simulator, others.access_token, { path: `/addons/${other.id}` })
      expect(answer.status).toBe(expected)
    }
  })
})
