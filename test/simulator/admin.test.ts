import { describe, expect, test } from 'vitest'
import type { Simulator } from '../../simulator/src/simulator.ts'
import { callApi, patchKey } from './support/partner.ts'
import { startHeroku, startWithAddon } from './support/start-heroku.ts'

async function post(
  simulator: Simulator,
  path: string,
  body: unknown = {},
  headers: Record<string, string> = {},
) {
  const response = await fetch(simulator.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function state(simulator: Simulator): Promise<Record<string, unknown>> {
  return (await fetch(`${simulator.url}/simulator/state`)).json() as Promise<Record<string, unknown>>
}

describe('actions over HTTP', () => {
  test('live a whole life: app, add-on, attachment, plan, name, roll back, detach, destroy', async () => {
    const { simulator, service } = await startHeroku()
    const act = (action: string, body: unknown) => post(simulator, `/simulator/actions/${action}`, body)
    await act('createApp', { name: 'service-1', formation: { web: 2 }, restartMs: 0 })
    await act('createApp', { name: 'service-2' })
    const created = await act('createAddon', {
      app: 'service-1',
      plan: 'daily',
      options: { grace: '4h', fast: true },
    })
    expect(created).toMatchObject({
      status: 200,
      body: { state: 'provisioned', options: { grace: '4h', fast: 'true' } },
    })
    const addon = created.body.name
    await act('attach', { addon, app: 'service-2', as: 'SHARED' })
    await act('changePlan', { addon, plan: 'weekly' })
    await act('rename', { addon, name: 'our-keys' })
    await act('setConfigVar', { app: 'service-1', name: 'OWN', value: 'x' })
    await act('rollback', { app: 'service-1', version: 'v2' })
    expect(await state(simulator)).toMatchObject({
      apps: [
        {
          name: 'service-1',
          version: 4,
          configVars: { SECURE_KEY: 'FIRST,SECOND' },
          dynos: [{ state: 'up' }, {}],
        },
        { name: 'service-2', configVars: { SHARED_KEY: 'FIRST,SECOND' } },
      ],
      addons: [{ name: 'our-keys', plan: 'weekly', attachments: [{ name: 'SECURE' }, { name: 'SHARED' }] }],
      serviceCalls: [
        { method: 'POST', status: 200 },
        { method: 'PUT', status: 200 },
      ],
    })
    const ann = { app: 'service-1', email: 'ann@example.com' }
    expect(await act('addCollaborator', ann)).toMatchObject({ status: 200, body: { email: ann.email } })
    expect(await act('removeCollaborator', ann)).toMatchObject({ status: 200 })
    expect(await act('removeCollaborator', ann)).toMatchObject({ status: 404 })
    await act('detach', { attachment: 'SHARED', app: 'service-2' })
    await act('destroy', { addon: 'our-keys' })
    await act('destroyApp', { app: 'service-2' })
    expect(await state(simulator)).toMatchObject({ apps: [{ name: 'service-1' }], addons: [] })
    expect(service.received.map(({ method }) => method)).toEqual(['POST', 'PUT', 'DELETE'])
  })

  test('answer a refusal as the CLI would get it, and an unknown action with the known ones', async () => {
    const { simulator } = await startHeroku()
    const refused = await post(simulator, '/simulator/actions/createAddon', { app: 'nowhere', plan: 'daily' })
    expect(refused).toMatchObject({ status: 404, body: { id: 'not_found', resource: 'app' } })
    const missing = await post(simulator, '/simulator/actions/createAddon', { app: 'nowhere' })
    expect(missing).toMatchObject({ status: 400, body: { message: 'plan is missing.' } })
    const unknown = await post(simulator, '/simulator/actions/explode')
    expect(unknown).toMatchObject({ status: 404, body: { message: expect.stringContaining('createAddon') } })
  })

  test('kill tokens and give SSO forms', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await post(simulator, '/simulator/actions/revokeToken', { addon: addon.name })
    const answer = await callApi(simulator, tokens.access_token, { path: `/addons/${addon.id}` })
    expect(answer.status).toBe(401)
    const form = await post(simulator, '/simulator/actions/ssoForm', {
      addon: addon.name,
      tamper: { token: 'x' },
    })
    expect(form.body).toMatchObject({ fields: { resource_id: addon.id, token: 'x' } })
  })

  test('are refused when another site’s page sends them', async () => {
    const { simulator } = await startHeroku()
    const headers = { 'sec-fetch-site': 'cross-site' }
    const answer = await post(simulator, '/simulator/actions/createApp', { name: 'stolen' }, headers)
    expect(answer.status).toBe(403)
    expect(simulator.view.apps()).toEqual([])
  })
})

describe('faults over HTTP', () => {
  test('are added with a pattern and without end, listed, hit, and cleared', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    const fault = {
      kind: 'status',
      status: 503,
      times: 'Infinity',
      match: { method: 'PATCH', path: { pattern: 'config$' } },
    }
    const added = await post(simulator, '/simulator/faults', fault)
    expect(added).toMatchObject({ status: 201, body: { id: 'fault-1' } })
    const patch = () => patchKey(simulator, tokens.access_token, addon.id, 'a,b')
    expect((await patch()).status).toBe(503)
    expect(await state(simulator)).toMatchObject({
      faults: [{ id: 'fault-1', hits: 1, remaining: 'Infinity', fault }],
    })
    await fetch(`${simulator.url}/simulator/faults`, { method: 'DELETE' })
    expect((await patch()).status).toBe(200)
  })

  test('that hold a write back are released', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    const { body } = await post(simulator, '/simulator/faults', { kind: 'delayed-apply' })
    await expect(patchKey(simulator, tokens.access_token, addon.id, 'a,b')).rejects.toThrow()
    const released = await post(simulator, `/simulator/faults/${body.id}/release`)
    expect(released.body).toEqual({ released: 1 })
    expect(simulator.view.configVars('service-1')).toEqual({ SECURE_KEY: 'a,b' })
  })

  test.each([
    ['an unknown kind', { kind: 'explode' }, 422],
    ['no status where one is due', { kind: 'status' }, 400],
    ['no milliseconds where they are due', { kind: 'latency', ms: 'soon' }, 400],
  ])('are refused with %s', async (_title, fault, status) => {
    const { simulator } = await startHeroku()
    expect((await post(simulator, '/simulator/faults', fault)).status).toBe(status)
    expect(simulator.faults.list()).toEqual([])
  })
})

test('events are streamed as they happen and the stream ends with the simulator', async () => {
  const { simulator } = await startHeroku()
  const response = await fetch(`${simulator.url}/simulator/events`)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
  await reader.read()
  await simulator.customer.createApp('service-1')
  let text = ''
  while (!text.includes('event: dyno')) text += (await reader.read()).value ?? ''
  const types = text.matchAll(/event: (\S+)/g).map(([, type]) => type)
  expect([...types]).toEqual(['app', 'release', 'dyno'])
  expect(text).toContain('"description":"Initial release"')
  await simulator.close()
  await expect(reader.read()).rejects.toThrow()
})
