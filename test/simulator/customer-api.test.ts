import { describe, expect, test } from 'vitest'
import type { Simulator } from '../../simulator/src/simulator.ts'
import { type ApiAnswer, callApi } from './support/partner.ts'
import { startHeroku, startWithAddon } from './support/start-heroku.ts'

/** A call as the Heroku CLI makes it, with a customer's key. */
function cli(simulator: Simulator, method: string, path: string, body?: unknown): Promise<ApiAnswer> {
  return callApi(simulator, 'a-customer', { method, path, body })
}

describe('the Heroku CLI', () => {
  test('creates an app and an add-on with --as, a name and flags', async () => {
    const { simulator, service } = await startHeroku()
    await expect(cli(simulator, 'POST', '/apps', { name: 'service-1', region: 'eu' })).resolves.toMatchObject(
      {
        status: 201,
        body: { name: 'service-1', region: { name: 'eu' } },
      },
    )
    const created = await cli(simulator, 'POST', '/apps/service-1/addons', {
      attachment: { name: 'MINE' },
      config: { grace: '4h', fast: true },
      name: 'our-keys',
      plan: { name: 'securekey:daily' },
    })
    expect(created).toMatchObject({
      status: 201,
      body: {
        config_vars: ['MINE_KEY'],
        name: 'our-keys',
        plan: { name: 'securekey:daily', price: { cents: 0 } },
        provision_message: 'Welcome',
        state: 'provisioned',
      },
    })
    expect(service.received[0]?.body).toMatchObject({ options: { grace: '4h', fast: 'true' }, plan: 'daily' })
    const config = await cli(simulator, 'GET', '/apps/service-1/config-vars')
    expect(config.body).toEqual({ MINE_KEY: 'FIRST,SECOND' })
  })

  test('is shown the service’s refusal', async () => {
    const { simulator, service } = await startHeroku()
    await simulator.customer.createApp('service-1')
    service.replyWith({ status: 422, body: { message: 'Not in this region.' } })
    const refused = await cli(simulator, 'POST', '/apps/service-1/addons', {
      plan: { name: 'securekey:daily' },
    })
    expect(refused).toMatchObject({ status: 422, body: { message: 'Not in this region.' } })
    const unknown = await cli(simulator, 'POST', '/apps/service-1/addons', {
      plan: { name: 'securekey:hourly' },
    })
    expect(unknown).toMatchObject({ status: 404, body: { resource: 'plan' } })
  })

  test('attaches, is asked to confirm a taken name, and detaches', async () => {
    const { simulator, addon } = await startWithAddon()
    await simulator.customer.createApp('service-2')
    await simulator.customer.createAddon({ app: 'service-2', plan: 'daily' })
    const body = { addon: { name: addon.name }, app: { name: 'service-2' }, name: 'SECURE' }
    const taken = await cli(simulator, 'POST', '/addon-attachments', body)
    expect(taken).toMatchObject({ status: 423, body: { id: 'confirmation_required' } })
    const attached = await cli(simulator, 'POST', '/addon-attachments', { ...body, confirm: 'service-2' })
    expect(attached).toMatchObject({ status: 201, body: { name: 'SECURE', addon: { name: addon.name } } })
    const shown = await cli(simulator, 'GET', '/apps/service-2/addon-attachments/SECURE')
    const { id } = shown.body as { id: string }
    await expect(cli(simulator, 'DELETE', `/addon-attachments/${id}`)).resolves.toMatchObject({ status: 200 })
    expect(simulator.view.configVars('service-2')).toEqual({})
  })

  test('finds an add-on by name, id, attachment or slug', async () => {
    const { simulator, addon } = await startWithAddon()
    const resolve = (name: string, app: string | null) =>
      cli(simulator, 'POST', '/actions/addons/resolve', { addon: name, app, addon_service: null })
    for (const [name, app] of [
      [addon.name, null],
      [addon.id, null],
      ['SECURE', 'service-1'],
      ['securekey', 'service-1'],
    ] as const) {
      expect(await resolve(name, app)).toMatchObject({ status: 200, body: [{ id: addon.id }] })
    }
    expect(await resolve('SECURE', null)).toMatchObject({ status: 404, body: { resource: 'add_on' } })
    const attachment = { addon_attachment: 'SECURE', app: 'service-1' }
    const found = await cli(simulator, 'POST', '/actions/addon-attachments/resolve', attachment)
    expect(found.body).toMatchObject([{ name: 'SECURE', log_input_url: null }])
  })

  test('changes plan and name, rolls back, scales and destroys', async () => {
    const { simulator, addon } = await startWithAddon()
    const path = `/apps/service-1/addons/${addon.id}`
    const changed = await cli(simulator, 'PATCH', path, { plan: { name: 'securekey:daily' } })
    expect(changed.body).toMatchObject({
      plan: { name: 'securekey:daily' },
      provision_message: 'plan changed',
    })
    await cli(simulator, 'PATCH', path, { name: 'our-keys' })
    await cli(simulator, 'PATCH', '/apps/service-1/config-vars', { OWN: 'x' })
    const [, second] = simulator.view.releases('service-1')
    const rolled = await cli(simulator, 'POST', '/apps/service-1/releases', { release: second?.id })
    expect(rolled).toMatchObject({ status: 201, body: { description: 'Rollback to v2', version: 4 } })
    await cli(simulator, 'PATCH', '/apps/service-1/formation', { updates: [{ type: 'web', quantity: '2' }] })
    expect(simulator.view.dynos('service-1').map(({ name }) => name)).toEqual(['web.1', 'web.2'])
    const destroyed = await cli(simulator, 'DELETE', '/apps/service-1/addons/our-keys', { force: false })
    expect(destroyed).toMatchObject({ status: 200, body: { name: 'our-keys', state: 'deprovisioned' } })
    expect((await cli(simulator, 'GET', '/apps/service-1/addons')).body).toEqual([])
  })

  test('needs --force to destroy what another app uses', async () => {
    const { simulator, addon } = await startWithAddon()
    await simulator.customer.createApp('service-2')
    await simulator.customer.attach({ addon: addon.name, app: 'service-2' })
    const path = `/apps/service-1/addons/${addon.name}`
    await expect(cli(simulator, 'DELETE', path, { force: false })).resolves.toMatchObject({ status: 422 })
    await expect(cli(simulator, 'DELETE', path, { force: true })).resolves.toMatchObject({ status: 200 })
    expect(simulator.view.configVars('service-2')).toEqual({})
  })

  test('reads account, services, plans and lists, and opens the dashboard', async () => {
    const { simulator, addon } = await startWithAddon()
    const bodyOf = async (path: string) => (await cli(simulator, 'GET', path)).body
    expect(await bodyOf('/account')).toMatchObject({ email: 'customer@example.com' })
    expect(await bodyOf('/addon-services/securekey')).toMatchObject({ supports_sharing: true })
    expect(await bodyOf('/addon-services/securekey/plans')).toHaveLength(4)
    expect(await bodyOf('/addons')).toMatchObject([{ id: addon.id }])
    expect(await bodyOf('/apps')).toMatchObject([{ name: 'service-1' }])
    expect(await bodyOf('/addon-attachments')).toMatchObject([{ name: 'SECURE' }])
    const sso = await callApi(simulator, 'a-customer', {
      path: `/apps/service-1/addons/${addon.name}/sso`,
      headers: { accept: 'application/vnd.heroku+json; version=3.sdk' },
    })
    expect(sso.body).toMatchObject({
      method: 'post',
      params: { resource_id: addon.id },
    })
  })

  test('is kept apart from the partner: a token may not do what a customer does', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    const path = `/apps/service-1/addons/${addon.id}`
    const answer = await callApi(simulator, tokens.access_token, { method: 'DELETE', path })
    expect(answer).toMatchObject({ status: 403, body: { id: 'forbidden' } })
  })
})
