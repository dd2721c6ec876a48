import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { PASSWORD } from '../support/harness.ts'
import { send, sharedService } from './support/service.ts'

/*
 * What the tests of other partners' services, and of the original add-on, ask of one (contract, section 9.3). The
 * rotation period is two seconds here, so that rotations are seen.
 */

const service = sharedService({
  env: { PLAN_PERIODS: 'daily=1h,fortnightly=2s', GRACE_FLOOR: '1s', GRACE_PERIOD: 'period' },
})

const call = (method: string, path: string, body?: unknown) =>
  send(`${service().url}/heroku/resources${path}`, {
    method,
    user: 'securekey',
    password: PASSWORD,
    accept: 'application/vnd.heroku-addons+json; version=3',
    ...(body === undefined ? {} : { body }),
  })

async function createAddon(app: string, plan = 'daily') {
  await service().heroku.customer.createApp(app)
  return await service().heroku.customer.createAddon({ app, plan })
}

const keysOf = (app: string, name = 'SECURE_KEY') =>
  (service().heroku.view.configVars(app)[name] ?? '').split(',')
const callsOf = (addonId: string, method: string) =>
  service()
    .heroku.view.apiCalls()
    .filter((c) => c.addonId === addonId && c.method === method)

test('AZIMUTT: create 200, again 200 with the same id, change 200, delete 204, again 410', async () => {
  const uuid = randomUUID()
  const body = {
    uuid,
    name: 'acme-inc',
    plan: 'daily',
    region: 'amazon-web-services::eu-west-1',
    options: {},
  }
  const answers = [
    await call('POST', '', body),
    await call('POST', '', body),
    await call('PUT', `/${uuid}`, { plan: 'fortnightly' }),
    await call('DELETE', `/${uuid}`),
    await call('DELETE', `/${uuid}`),
    await call('POST', '', body),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 204, 410, 410])
  expect(answers[0]?.json).toMatchObject({ id: uuid })
  expect(answers[1]?.text).toBe(answers[0]?.text)
})

test('AZIMUTT, SUDO: sign-on redirects, the dashboard refuses without a session and after deletion', async () => {
  const addon = await createAddon('dashboard-app')
  const { fields } = service().heroku.customer.ssoForm({ addon: addon.name })
  const signedOn = await fetch(`${service().url}/sso/login`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
  })
  expect([302, 303]).toContain(signedOn.status)
  const dashboard = new URL(signedOn.headers.get('location') ?? '', service().url)
  const [cookie = ''] = signedOn.headers.getSetCookie().map((line) => line.split(';')[0])
  const look = async (headers: Record<string, string>) => (await fetch(dashboard, { headers })).status
  expect([await look({ cookie }), await look({})]).toEqual([200, 403])

  await service().heroku.customer.destroy({ addon: addon.name })
  const later = service().heroku.customer.ssoForm({ addon: addon.id })
  const refused = await fetch(`${service().url}/sso/login`, {
    method: 'POST',
    body: new URLSearchParams(later.fields),
    redirect: 'manual',
  })
  expect(refused.status).toBe(403)
  expect([403, 410]).toContain(await look({ cookie }))
})

test('SUDO: the grant is exchanged after the answer, by a form with the client secret', async () => {
  const addon = await createAddon('exchange-app')
  await expect
    .poll(() => callsOf(addon.id, 'POST'))
    .toMatchObject([{ path: '/oauth/token', grantType: 'authorization_code', status: 200 }])
})

test('ORIG: each key is 64 characters of upper-case hex, the value 129 (AKK)', async () => {
  await createAddon('shape-app')
  expect(keysOf('shape-app').map((key) => /^[0-9A-F]{64}$/.test(key))).toEqual([true, true])
  expect(keysOf('shape-app').join().length).toBe(129)
})

describe('with a worker', () => {
  test('AKK: two attached apps hold the same value, and after each rotation the former first key is the second', async () => {
    const { heroku, startWorker } = service()
    await startWorker()
    const addon = await createAddon('service-1', 'fortnightly')
    await heroku.customer.createApp('service-2')
    await heroku.customer.attach({ addon: addon.name, app: 'service-2', as: 'SERVICE_ONE_SECURE' })
    expect(keysOf('service-2', 'SERVICE_ONE_SECURE_KEY')).toEqual(keysOf('service-1'))

    const pushed = () => callsOf(addon.id, 'PATCH').map(({ config }) => config?.SECURE_KEY?.split(',') ?? [])
    const [first] = keysOf('service-1')
    await expect.poll(() => pushed().length).toBeGreaterThanOrEqual(3)
    const chain = [[first], ...pushed()]
    for (const [index, pair] of chain.slice(1).entries()) {
      expect(pair[1]).toBe(chain[index]?.[0])
      expect(pair[0]).not.toBe(pair[1])
    }
    await heroku.customer.changePlan({ addon: addon.name, plan: 'daily' })
    await expect.poll(() => keysOf('service-2', 'SERVICE_ONE_SECURE_KEY')).toEqual(keysOf('service-1'))
  })

  test('ORIG: one resource that fails does not stop the run', async () => {
    const { heroku, startWorker } = service()
    await startWorker()
    const bad = await createAddon('bad-app', 'fortnightly')
    heroku.faults.add({ match: { method: 'PATCH', addon: bad.id }, kind: 'status', status: 422, times: 999 })
    const good = await createAddon('good-app', 'fortnightly')
    const statuses = (addonId: string) => callsOf(addonId, 'PATCH').map(({ status }) => status)
    await expect.poll(() => statuses(good.id).length).toBeGreaterThanOrEqual(2)
    expect(new Set(statuses(good.id))).toEqual(new Set([200]))
    expect(new Set(statuses(bad.id))).toEqual(new Set([422]))
  })
})
