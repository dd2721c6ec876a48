import { describe, expect, test } from 'vitest'
import type { Fault } from '../../simulator/src/faults.ts'
import { askTokens, callApi, patchKey } from './support/partner.ts'
import { startWithAddon } from './support/start-heroku.ts'

async function patchUnder(fault: Fault) {
  const stage = await startWithAddon()
  const id = stage.simulator.faults.add(fault)
  const patch = () => patchKey(stage.simulator, stage.tokens.access_token, stage.addon.id, 'NEW,FIRST')
  const outcome = await patch().catch((error: unknown) => error)
  const record = stage.simulator.view.apiCalls().find(({ method }) => method === 'PATCH')
  const value = () => stage.simulator.view.configVars('service-1').SECURE_KEY
  return { ...stage, id, outcome, record, value, patch }
}

describe('a fault', () => {
  test('status: answered so, nothing applied', async () => {
    const fault: Fault = { kind: 'status', status: 429, retryAfter: 7 }
    const { outcome, record, value } = await patchUnder(fault)
    expect(outcome).toMatchObject({ status: 429, body: { id: 'rate_limit' } })
    expect((outcome as { headers: Headers }).headers.get('retry-after')).toBe('7')
    expect(record).toMatchObject({ status: 429, applied: false, fault: 'status' })
    expect(value()).toBe('FIRST,SECOND')
  })

  test('lost-answer: applied, and the connection is cut', async () => {
    const { outcome, record, value } = await patchUnder({ kind: 'lost-answer' })
    expect(outcome).toBeInstanceOf(Error)
    expect(record).toMatchObject({ status: 'lost', applied: true })
    expect(value()).toBe('NEW,FIRST')
  })

  test('status-after-write: applied, and answered with an error', async () => {
    const { outcome, record, value } = await patchUnder({ kind: 'status-after-write', status: 502 })
    expect(outcome).toMatchObject({ status: 502 })
    expect(record).toMatchObject({ status: 502, applied: true })
    expect(value()).toBe('NEW,FIRST')
  })

  test('cut: the connection ends before anything is applied', async () => {
    const { outcome, record, value } = await patchUnder({ kind: 'cut' })
    expect(outcome).toBeInstanceOf(Error)
    expect(record).toMatchObject({ status: 'cut', applied: false })
    expect(value()).toBe('FIRST,SECOND')
  })

  test('garbage-body: applied, 200, not JSON', async () => {
    const { outcome, value } = await patchUnder({ kind: 'garbage-body' })
    expect(outcome).toBeInstanceOf(SyntaxError)
    expect(value()).toBe('NEW,FIRST')
  })

  test('truncated-body: applied, and the body ends early', async () => {
    const { outcome, record, value } = await patchUnder({ kind: 'truncated-body' })
    expect(outcome).toBeInstanceOf(Error)
    expect(outcome).not.toBeInstanceOf(SyntaxError)
    expect(record).toMatchObject({ status: 'lost', applied: true })
    expect(value()).toBe('NEW,FIRST')
  })

  test('delayed-apply: cut now, applied when it is released', async () => {
    const { simulator, outcome, record, value, id } = await patchUnder({ kind: 'delayed-apply' })
    expect(outcome).toBeInstanceOf(Error)
    expect(record).toMatchObject({ status: 'delayed', applied: false })
    expect(value()).toBe('FIRST,SECOND')
    expect(simulator.faults.list()).toMatchObject([{ id, waiting: 1 }])
    simulator.faults.clear()
    expect(simulator.faults.release(id)).toBe(1)
    expect(value()).toBe('NEW,FIRST')
    expect(simulator.faults.release(id)).toBe(0)
  })

  test('redirect: sent elsewhere, nothing applied', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    simulator.faults.add({ kind: 'redirect', location: 'http://127.0.0.1:1/' })
    const response = await fetch(`${simulator.url}/addons/${addon.id}/config`, {
      redirect: 'manual',
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    expect([response.status, response.headers.get('location')]).toEqual([302, 'http://127.0.0.1:1/'])
  })

  test('latency: applied at once, answered late', async () => {
    const { outcome, value } = await patchUnder({ kind: 'latency', ms: 5 })
    expect(outcome).toMatchObject({ status: 200 })
    expect(value()).toBe('NEW,FIRST')
  })

  test.each([true, false])('hang with apply %s: no answer until the client goes', async (apply) => {
    const { simulator, tokens, addon } = await startWithAddon()
    simulator.faults.add({ kind: 'hang', apply })
    const client = new AbortController()
    const unsubscribe = simulator.events.subscribe(({ type }) => {
      if (type === 'api-call') client.abort()
    })
    const call = fetch(`${simulator.url}/addons/${addon.id}/config`, {
      method: 'PATCH',
      headers: {
        accept: 'application/vnd.heroku+json; version=3',
        authorization: `Bearer ${tokens.access_token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ config: [{ name: 'SECURE_KEY', value: 'NEW,FIRST' }] }),
      signal: client.signal,
    })
    await expect(call).rejects.toThrow('aborted')
    unsubscribe()
    expect(simulator.view.apiCalls().at(-1)).toMatchObject({ status: 'hung', applied: apply })
    expect(simulator.view.configVars('service-1').SECURE_KEY).toBe(apply ? 'NEW,FIRST' : 'FIRST,SECOND')
  })
})

describe('matching', () => {
  test('hits the next call once, or as often as it is told', async () => {
    const { patch, simulator } = await patchUnder({ kind: 'status', status: 503 })
    await expect(patch()).resolves.toMatchObject({ status: 200 })
    simulator.faults.add({ kind: 'status', status: 503, times: Number.POSITIVE_INFINITY })
    await expect(patch()).resolves.toMatchObject({ status: 503 })
    await expect(patch()).resolves.toMatchObject({ status: 503 })
    simulator.faults.clear()
    await expect(patch()).resolves.toMatchObject({ status: 200 })
  })

  test('looks at method, path, add-on and grant type', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    const path = `/addons/${addon.id}/config`
    const status = { kind: 'status', status: 500 } as const
    simulator.faults.add({ ...status, match: { method: 'patch', path: /config$/, addon: addon.name } })
    simulator.faults.add({ ...status, match: { addon: 'somebody-else' } })
    simulator.faults.add({ ...status, match: { grantType: 'refresh_token' } })
    await expect(callApi(simulator, tokens.access_token, { path })).resolves.toMatchObject({ status: 200 })
    await expect(patchKey(simulator, tokens.access_token, addon.id, 'a,b')).resolves.toMatchObject({
      status: 500,
    })
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
    await expect(askTokens(simulator, refresh)).resolves.toMatchObject({ status: 500 })
    await expect(askTokens(simulator, refresh)).resolves.toMatchObject({ status: 200 })
  })

  test('with a probability draws from the injected randomness', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    simulator.faults.add({ kind: 'status', status: 503, probability: 0.5, times: Number.POSITIVE_INFINITY })
    const statuses: number[] = []
    for (let call = 0; call < 12; call++) {
      statuses.push((await callApi(simulator, tokens.access_token, { path: `/addons/${addon.id}` })).status)
    }
    expect(new Set(statuses)).toEqual(new Set([200, 503]))
  })
})

describe('the record of calls', () => {
  test('holds what was asked and sent, and never a token or a code', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await patchKey(simulator, tokens.access_token, addon.name, 'NEW,FIRST')
    expect(simulator.view.apiCalls()).toMatchObject([
      {
        method: 'POST',
        path: '/oauth/token',
        grantType: 'authorization_code',
        status: 200,
        addonId: addon.id,
      },
      {
        method: 'PATCH',
        path: `/addons/${addon.name}/config`,
        config: { SECURE_KEY: 'NEW,FIRST' },
        status: 200,
        applied: true,
        addonId: addon.id,
        at: '2026-03-03T18:01:31.000Z',
      },
    ])
    const text = JSON.stringify(simulator.view.apiCalls())
    expect(text).not.toContain(tokens.access_token)
    expect(text).not.toContain(tokens.refresh_token)
  })

  test('leaves out what the customer does', async () => {
    const { simulator } = await startWithAddon()
    const before = simulator.view.apiCalls().length
    const headers = { authorization: 'Bearer a-customer' }
    await expect(fetch(`${simulator.url}/apps/service-1`, { headers })).resolves.toMatchObject({
      status: 200,
    })
    expect(simulator.view.apiCalls()).toHaveLength(before)
  })
})

test('a fault hits calls with a person’s key where it is said to, and then no others', async () => {
  const { simulator, tokens, addon } = await startWithAddon()
  simulator.faults.add({ kind: 'status', status: 503, match: { by: 'customer' }, times: 2 })
  const read = (key: string) => callApi(simulator, key, { method: 'GET', path: `/addons/${addon.id}` })
  const answers = [await read(tokens.access_token), await read('HRKU-any'), await read('HRKU-any')]
  expect(answers.map(({ status }) => status)).toEqual([200, 503, 503])
  expect((await read('HRKU-any')).status).toBe(200)
})
