import { describe, expect, test } from 'vitest'
import { SECOND } from './support/fake-clock.ts'
import { callApi, patchKey } from './support/partner.ts'
import { startWithAddon } from './support/start-heroku.ts'

describe('a config PATCH', () => {
  test('reaches every attached app under its attachment’s name by one release each', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await simulator.customer.createApp('service-2')
    await simulator.customer.attach({ addon: addon.name, app: 'service-2', as: 'SERVICE_ONE_SECURE' })
    const before = simulator.view.app('service-2').version
    const answer = await patchKey(simulator, tokens.access_token, addon.id, 'NEW,FIRST')
    expect(answer).toMatchObject({ status: 200, body: [{ name: 'SECURE_KEY', value: 'NEW,FIRST' }] })
    expect(simulator.view.configVars('service-1')).toEqual({ SECURE_KEY: 'NEW,FIRST' })
    expect(simulator.view.configVars('service-2')).toEqual({ SERVICE_ONE_SECURE_KEY: 'NEW,FIRST' })
    expect(simulator.view.app('service-2').version).toBe(before + 1)
    expect(simulator.view.releases('service-1').at(-1)).toMatchObject({
      description: 'Update SECURE by securekey',
      user: { email: 'securekey@addons.heroku.com' },
    })
    expect(simulator.view.releases('service-2').at(-1)?.description).toBe(
      'Update SERVICE_ONE_SECURE by securekey',
    )
  })

  test('that names what the manifest does not declare is refused with 422, or taken where Heroku is told to', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    const send = (value: string | null) =>
      callApi(simulator, tokens.access_token, {
        method: 'PATCH',
        path: `/addons/${addon.id}/config`,
        body: { config: [{ name: 'SECURE_ENDPOINT_1_URL', value }] },
      })
    expect((await send('x')).status).toBe(422)
    simulator.setUndeclaredVars('taken')
    expect((await send('x')).status).toBe(200)
    expect(simulator.view.configVars('service-1')).toMatchObject({ SECURE_ENDPOINT_1_URL: 'x' })
    await patchKey(simulator, tokens.access_token, addon.id, 'NEW,FIRST')
    expect(simulator.view.configVars('service-1')).toMatchObject({ SECURE_ENDPOINT_1_URL: 'x' })
    expect((await send(null)).status).toBe(200)
    expect(simulator.view.configVars('service-1')).not.toHaveProperty('SECURE_ENDPOINT_1_URL')
  })

  test('cuts one release on an app to which the add-on is attached twice', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await simulator.customer.attach({ addon: addon.name, app: 'service-1', as: 'SECOND' })
    const before = simulator.view.app('service-1').version
    await patchKey(simulator, tokens.access_token, addon.id, 'NEW,FIRST')
    expect(simulator.view.app('service-1').version).toBe(before + 1)
    expect(simulator.view.configVars('service-1')).toEqual({
      SECURE_KEY: 'NEW,FIRST',
      SECOND_KEY: 'NEW,FIRST',
    })
  })

  test('restarts the dynos of each app for as long as the clock says; one-off dynos keep the old release', async () => {
    const { simulator, tokens, addon, clock } = await startWithAddon({ dynoRestartMs: 30 * SECOND })
    await simulator.customer.scale('service-1', { web: 2 })
    await simulator.customer.runDyno('service-1')
    clock.advance(30 * SECOND)
    await patchKey(simulator, tokens.access_token, addon.id, 'NEW,FIRST')
    const shown = () =>
      simulator.view.dynos('service-1').map(({ type, state, release }) => [type, state, release])
    expect(shown()).toEqual([
      ['run', 'up', 2],
      ['web', 'starting', 3],
      ['web', 'starting', 3],
    ])
    clock.advance(30 * SECOND)
    expect(shown().map(([, state]) => state)).toEqual(['up', 'up', 'up'])
    const dynos = await callApi(simulator, tokens.access_token, { path: '/apps/service-1/dynos' })
    expect(dynos.body).toMatchObject([
      { type: 'run' },
      { name: 'web.1', state: 'up', release: { version: 3 } },
      {},
    ])
  })

  test('with an unchanged value cuts a release, unless the simulator is told that Heroku is kinder', async () => {
    const unkind = await startWithAddon()
    await patchKey(unkind.simulator, unkind.tokens.access_token, unkind.addon.id, 'FIRST,SECOND')
    expect(unkind.simulator.view.app('service-1').version).toBe(3)
    const kind = await startWithAddon({ releaseOnUnchanged: false })
    await patchKey(kind.simulator, kind.tokens.access_token, kind.addon.id, 'FIRST,SECOND')
    expect(kind.simulator.view.app('service-1').version).toBe(2)
  })

  test.each([
    ['an undeclared name', { config: [{ name: 'OTHER_KEY', value: 'x' }] }, 422],
    ['a value that is no string', { config: [{ name: 'SECURE_KEY', value: 1 }] }, 422],
    ['a config that is no list', { config: { SECURE_KEY: 'x' } }, 400],
    [
      'more than 32 kB for one app',
      { config: [{ name: 'SECURE_KEY', value: 'x'.repeat(32 * 1024 - 9) }] },
      422,
    ],
  ])('with %s is refused and changes nothing', async (_title, body, status) => {
    const { simulator, tokens, addon } = await startWithAddon()
    const path = `/addons/${addon.id}/config`
    const answer = await callApi(simulator, tokens.access_token, { method: 'PATCH', path, body })
    expect(answer.status).toBe(status)
    expect(simulator.view.configVars('service-1')).toEqual({ SECURE_KEY: 'FIRST,SECOND' })
    expect(simulator.view.app('service-1').version).toBe(2)
  })

  test('that is too large for one attached app changes none of them', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await simulator.customer.createApp('full')
    await simulator.customer.setConfigVar('full', 'BALLAST', 'x'.repeat(32 * 1024 - 7 - 10 - 12 - 8))
    await simulator.customer.attach({ addon: addon.name, app: 'full' })
    const answer = await patchKey(simulator, tokens.access_token, addon.id, 'x'.repeat(100))
    expect(answer).toMatchObject({ status: 422, body: { id: 'invalid_params' } })
    expect(simulator.view.configVars('service-1')).toEqual({ SECURE_KEY: 'FIRST,SECOND' })
  })

  test('with null unsets the var', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await patchKey(simulator, tokens.access_token, addon.id, null)
    expect(simulator.view.configVars('service-1')).toEqual({})
  })

  test('is the partner’s alone', async () => {
    const { simulator, addon } = await startWithAddon()
    await expect(patchKey(simulator, 'a-customer', addon.id, 'x,y')).resolves.toMatchObject({ status: 401 })
  })
})

describe('reading the config', () => {
  test('shows manifest names with the values that the owning app has, so that a rollback there is seen', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await patchKey(simulator, tokens.access_token, addon.id, 'NEW,FIRST')
    await simulator.customer.rollback('service-1', 2)
    const { body } = await callApi(simulator, tokens.access_token, { path: `/addons/${addon.id}/config` })
    expect(body).toEqual([{ name: 'SECURE_KEY', value: 'FIRST,SECOND' }])
    expect(simulator.view.releases('service-1').at(-1)).toMatchObject({
      version: 4,
      description: 'Rollback to v2',
    })
  })

  test('the customer may set own vars but not those of an attachment', async () => {
    const { simulator } = await startWithAddon()
    await simulator.customer.setConfigVar('service-1', 'OWN', 'value')
    await expect(simulator.customer.setConfigVar('service-1', 'SECURE_KEY', 'mine')).rejects.toThrow(
      'Cannot overwrite',
    )
    expect(simulator.view.configVars('service-1')).toEqual({ OWN: 'value', SECURE_KEY: 'FIRST,SECOND' })
  })
})
