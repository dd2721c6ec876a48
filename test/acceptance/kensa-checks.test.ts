import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import manifest from '../../addon-manifest.json' with { type: 'json' }
import { PASSWORD, SSO_SALT } from '../support/harness.ts'
import { type Answer, send, sharedService } from './support/service.ts'

/*
 * The checks of Kensa 3.1.0, with the payloads as it sends them (contract, section 9.1). Each test is one check; the
 * manifest check has its own file beside the command that prints the manifest.
 */

const service = sharedService()

const RIGHT = { user: manifest.id, password: PASSWORD }
const WRONG = { user: 'wrong', password: 'secret' }
const resources = (path = '') => `${service().url}/heroku/resources${path}`

function provisionPayload(herokuId: number): Record<string, unknown> {
  return {
    heroku_id: `app${herokuId}@kensa.heroku.com`,
    plan: 'fortnightly',
    callback_url: 'http://localhost:7779/callback/999',
    logplex_token: null,
    region: 'amazon-web-services::us-east-1',
    options: {},
    uuid: randomUUID(),
  }
}

type Provisioned = { id: string; config: Record<string, string> }

async function provision(herokuId = 7_777): Promise<Answer & { json: Provisioned }> {
  const answer = await send(resources(), { method: 'POST', ...RIGHT, body: provisionPayload(herokuId) })
  expect(answer.status).toBe(200)
  return answer as Answer & { json: Provisioned }
}

test('ProvisionCheck: a POST is answered with 2xx and JSON, wrong credentials with 401', async () => {
  const { json } = await provision()
  expect(json).toBeTypeOf('object')
  const wrong = await send(resources(), { method: 'POST', ...WRONG, body: provisionPayload(1) })
  expect(wrong.status).toBe(401)
})

test('ProvisionResponseCheck: an id that is not made of the heroku_id, and config of declared names and texts', async () => {
  // Digits that no uuid holds in a row, unless by a chance of one in millions.
  const { json } = await provision(9_071_362_548)
  expect(json.id).toMatch(/\S/)
  expect(json.id).not.toContain('9071362548')
  // What is set later, if at all, is left out of the manifest that is printed for kensa.
  expect([...Object.keys(json.config), 'SECURE_ENDPOINTS']).toEqual(manifest.api.config_vars)
  for (const value of Object.values(json.config)) expect(value).toBeTypeOf('string')
})

test('DuplicateProvisionCheck: two requests with two uuids make two resources', async () => {
  const [one, other] = [await provision(), await provision()]
  expect(one.json.id).not.toBe(other.json.id)
  expect(one.json.config).not.toEqual(other.json.config)
})

test('PlanChangeCheck: a PUT with an unrelated uuid is answered with 2xx, wrong credentials with 401', async () => {
  const { json } = await provision()
  const body = { plan: 'fortnightly', heroku_id: 'app7777@kensa.heroku.com', uuid: randomUUID() }
  const change = { method: 'PUT', body }
  expect((await send(resources(`/${json.id}`), { ...change, ...RIGHT })).status).toBe(200)
  expect((await send(resources(`/${json.id}`), { ...change, ...WRONG })).status).toBe(401)
})

test('DeprovisionCheck: a DELETE is answered with 2xx, then wrong credentials with 401 although nothing is there', async () => {
  const { json } = await provision()
  const deletion = { method: 'DELETE' }
  expect((await send(resources(`/${json.id}`), { ...deletion, ...RIGHT })).status).toBe(204)
  expect((await send(resources(`/${json.id}`), { ...deletion, ...WRONG })).status).toBe(401)
})

test('AllCheck: a command that is run with the config as its environment finds two keys in it', async () => {
  const { json } = await provision()
  const script = `const { ok, equal } = require('node:assert')
    const keys = process.env.SECURE_KEY.split(',')
    equal(keys.length, 2)
    for (const key of keys) ok(/^[0-9A-F]{64}$/.test(key))`
  const run = promisify(execFile)(process.execPath, ['-e', script], { env: json.config })
  await expect(run).resolves.toBeDefined()
})

/** The POST of SsoCheck: the v1 fields and no others. */
async function signOn(change: (fields: Record<string, string>) => void): Promise<number> {
  const { json } = await provision()
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const fields: Record<string, string> = {
    token: tokenOf(json.id, timestamp),
    timestamp,
    'nav-data': 'nav-data',
    email: 'username@example.com',
    app: 'myapp',
    id: json.id,
  }
  change(fields)
  const body = new URLSearchParams(fields)
  const response = await fetch(`${service().url}/sso/login`, { method: 'POST', body, redirect: 'manual' })
  const { status } = response
  if (status !== 302 && status !== 303) return status
  const [cookie = ''] = response.headers.getSetCookie().map((line) => line.split(';')[0])
  const target = new URL(response.headers.get('location') ?? '', service().url)
  return (await fetch(target, { headers: { cookie } })).status
}

function tokenOf(id: string, timestamp: string): string {
  return createHash('sha1').update(`${id}:${SSO_SALT}:${timestamp}`).digest('hex')
}

test.each<[string, number, (fields: Record<string, string>) => void]>([
  ['a token that is invalid is refused by 403', 403, (fields) => Object.assign(fields, { token: 'invalid' })],
  [
    'a token six minutes old is refused by 403',
    403,
    (fields) => {
      const timestamp = String(Number(fields.timestamp) - 6 * 60)
      Object.assign(fields, { timestamp, token: tokenOf(fields.id ?? '', timestamp) })
    },
  ],
  ['a good one ends at 200, after a redirect', 200, () => {}],
])('SsoCheck: %s', async (_what, status, change) => {
  expect(await signOn(change)).toBe(status)
})
