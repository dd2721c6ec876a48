import { describe, expect, test } from 'vitest'
import { callApi } from './support/partner.ts'
import { startHeroku, startWithAddon } from './support/start-heroku.ts'

describe('attaching', () => {
  test('gives the default name, then names with a colour once that is taken', async () => {
    const { simulator, addon } = await startWithAddon()
    await simulator.customer.createApp('service-2')
    const first = await simulator.customer.attach({ addon: addon.name, app: 'service-2' })
    const second = await simulator.customer.attach({ addon: addon.name, app: 'service-2' })
    expect(first).toMatchObject({ name: 'SECURE', configVars: ['SECURE_KEY'] })
    expect(second.name).toMatch(/^SECUREKEY_[A-Z]+$/)
    expect(simulator.view.configVars('service-2')).toEqual({
      SECURE_KEY: 'FIRST,SECOND',
      [`${second.name}_KEY`]: 'FIRST,SECOND',
    })
  })

  test('a second add-on on the same app gets a colour name at creation', async () => {
    const { simulator } = await startWithAddon()
    const second = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
    expect(second.configVars[0]).toMatch(/^SECUREKEY_[A-Z]+_KEY$/)
  })

  test('under a taken name is 423 confirmation_required, and with the app’s name takes it over', async () => {
    const { simulator, addon } = await startWithAddon()
    const other = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily', as: 'OTHER' })
    const attempt = { addon: other.name, app: 'service-1', as: 'SECURE' }
    await expect(simulator.customer.attach(attempt)).rejects.toMatchObject({
      status: 423,
      id: 'confirmation_required',
    })
    await simulator.customer.attach({ ...attempt, confirm: 'service-1' })
    expect(simulator.view.attachments(addon.name)).toEqual([])
    expect(simulator.view.attachments(other.name).map(({ name }) => name)).toEqual(['OTHER', 'SECURE'])
  })

  test('creating under a taken name leaves the old attachment alone when the service refuses', async () => {
    const { simulator, service, addon } = await startWithAddon()
    service.replyWith({ status: 422, body: { message: 'no' } })
    const attempt = { app: 'service-1', plan: 'daily', as: 'SECURE', confirm: 'service-1' }
    await expect(simulator.customer.createAddon(attempt)).rejects.toThrow('no')
    expect(simulator.view.attachments(addon.name)).toHaveLength(1)
  })

  test.each(['lower', 'WITH-DASH', '1ST', ''])('refuses the name %j', async (as) => {
    const { simulator, addon } = await startWithAddon()
    await expect(simulator.customer.attach({ addon: addon.name, app: 'service-1', as })).rejects.toThrow(
      'invalid',
    )
  })

  test('does not call the service', async () => {
    const { simulator, service, addon } = await startWithAddon()
    await simulator.customer.attach({ addon: addon.name, app: 'service-1', as: 'SECOND' })
    expect(service.received).toHaveLength(1)
  })
})

describe('attachments', () => {
  test('are listed to the partner by add-on and by app, with a log input URL', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    const stranger = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily', as: 'OTHER' })
    const expected = [
      {
        name: 'SECURE',
        addon: { id: addon.id, name: addon.name, app: { name: 'service-1' } },
        app: { name: 'service-1' },
        namespace: null,
        log_input_url: expect.stringContaining('/logs'),
      },
    ]
    for (const path of [`/addons/${addon.id}/addon-attachments`, '/apps/service-1/addon-attachments']) {
      const { body } = await callApi(simulator, tokens.access_token, { path })
      expect(body).toMatchObject(expected)
      expect(JSON.stringify(body)).not.toContain(stranger.id)
    }
  })

  test('go by a release that takes their vars away', async () => {
    const { simulator, addon } = await startWithAddon()
    await simulator.customer.createApp('service-2')
    await simulator.customer.attach({ addon: addon.name, app: 'service-2', as: 'SHARED' })
    await simulator.customer.detach('SHARED', 'service-2')
    expect(simulator.view.configVars('service-2')).toEqual({})
    expect(simulator.view.releases('service-2').at(-1)?.description).toBe(
      `Detach SHARED (@ref:${addon.name})`,
    )
    expect(simulator.view.attachments(addon.name)).toHaveLength(1)
  })
})

describe('a life', () => {
  test('plan change is a PUT that keeps the old plan when the service refuses', async () => {
    const { simulator, service, addon } = await startWithAddon()
    await simulator.customer.changePlan({ addon: addon.name, plan: 'daily' })
    expect(service.received.at(-1)).toMatchObject({
      method: 'PUT',
      url: `/heroku/resources/${addon.id}`,
      body: { plan: 'daily' },
    })
    service.replyWith({ status: 422, body: { message: 'Not that one.' } })
    const refused = simulator.customer.changePlan({ addon: addon.name, plan: 'weekly' })
    await expect(refused).rejects.toThrow('Not that one.')
    expect(simulator.view.addon(addon.id)).toMatchObject({ plan: 'daily', provisionMessage: 'plan changed' })
  })

  test('config in the answer to a plan change is released by the partner', async () => {
    const { simulator, service, addon } = await startWithAddon()
    service.replyWith({ status: 200, body: { config: { SECURE_KEY: 'NEW,FIRST' } } })
    await simulator.customer.changePlan({ addon: addon.name, plan: 'daily' })
    expect(simulator.view.configVars('service-1')).toEqual({ SECURE_KEY: 'NEW,FIRST' })
  })

  test('renaming tells the service nothing and frees the old name', async () => {
    const { simulator, service, addon } = await startWithAddon()
    await simulator.customer.rename({ addon: addon.name, name: 'our-keys' })
    expect(service.received).toHaveLength(1)
    expect(simulator.view.addon('our-keys').id).toBe(addon.id)
    expect(() => simulator.view.addon(addon.name)).toThrow("Couldn't find that add-on.")
  })

  test.each([204, 200, 404, 410])(
    'destroying takes a %i to the DELETE as gone: the vars go from every app',
    async (status) => {
      const { simulator, service, addon } = await startWithAddon()
      await simulator.customer.createApp('service-2')
      await simulator.customer.attach({ addon: addon.name, app: 'service-2' })
      service.replyWith({ status })
      await simulator.customer.destroy({ addon: addon.name })
      expect(service.received.at(-1)).toMatchObject({
        method: 'DELETE',
        url: `/heroku/resources/${addon.id}`,
      })
      expect(simulator.view.configVars('service-1')).toEqual({})
      expect(simulator.view.configVars('service-2')).toEqual({})
      expect(simulator.view.addons()).toEqual([])
      expect(simulator.view.addon(addon.id).state).toBe('deprovisioned')
    },
  )

  test('destroying leaves everything when the service answers 500, and can be done again', async () => {
    const { simulator, service, addon } = await startWithAddon()
    service.replyWith({ status: 500 })
    await expect(simulator.customer.destroy({ addon: addon.name })).rejects.toThrow('Could not communicate')
    expect(simulator.view.configVars('service-1')).toEqual({ SECURE_KEY: 'FIRST,SECOND' })
    service.replyWith({ status: 204 })
    await simulator.customer.destroy({ addon: addon.name })
    expect(simulator.view.configVars('service-1')).toEqual({})
  })

  test('asynchronous deprovisioning ends when the service calls the action', async () => {
    const { simulator, service, tokens, addon } = await startWithAddon()
    service.replyWith({ status: 202 })
    await simulator.customer.destroy({ addon: addon.name })
    expect(simulator.view.addon(addon.id).state).toBe('deprovisioning')
    const path = `/addons/${addon.id}/actions/deprovision`
    const answer = await callApi(simulator, tokens.access_token, { method: 'POST', path })
    expect(answer).toMatchObject({ status: 200, body: { state: 'deprovisioned' } })
    expect(simulator.view.configVars('service-1')).toEqual({})
  })

  test('destroying the owning app destroys its add-ons, on other apps too', async () => {
    const { simulator, addon } = await startWithAddon()
    await simulator.customer.createApp('service-2')
    await simulator.customer.attach({ addon: addon.name, app: 'service-2' })
    await simulator.customer.destroyApp('service-1')
    expect(simulator.view.apps().map(({ name }) => name)).toEqual(['service-2'])
    expect(simulator.view.configVars('service-2')).toEqual({})
  })

  test('is the same twice from the same seed', async () => {
    const runs = await Promise.all([startHeroku(), startHeroku()])
    const names = await Promise.all(
      runs.map(async ({ simulator }) => {
        await simulator.customer.createApp('service-1')
        const { id, name } = await simulator.customer.createAddon({ app: 'service-1', plan: 'daily' })
        return `${id} ${name}`
      }),
    )
    expect(names[0]).toBe(names[1])
  })
})
