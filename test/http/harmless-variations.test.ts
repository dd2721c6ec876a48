import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { findResource } from '../../src/store/resources.ts'
import { PASSWORD } from '../support/harness.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { basic, callPartnerApi, HEADERS, provisionBody, provisionOne } from './support/partner-call.ts'
import { sendRaw } from './support/send-raw.ts'

const harness = sharedHarness()
const post = (body: unknown, headers: Record<string, string | undefined> = {}) =>
  callPartnerApi(harness().app, { method: 'POST', body, headers })

/** What a partner's manifest, a proxy or another version of Heroku could send without meaning anything by it. */
const CONTENT_TYPES = [
  undefined,
  'application/json',
  'application/json;charset=UTF-8',
  'application/json; charset=utf-8; version=3',
  'Application/JSON',
  'application/vnd.heroku-addons+json; version=3',
  'application/vnd.heroku+json; version=3',
  'application/problem+json',
  'text/json',
  'text/plain',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  // None at all, by the letter.
  '',
  'json',
  'null',
  '"application/json"',
  'application /json',
  'application/json,application/json',
]

describe('whatever the content type,', () => {
  test.each(CONTENT_TYPES)('%s: a JSON body is read', async (type) => {
    const { status } = await post(JSON.stringify(provisionBody()), { 'content-type': type })
    expect(status).toBe(200)
  })

  test.each(CONTENT_TYPES)('%s: a deprovision without a body is done', async (type) => {
    const id = await provisionOne(harness().app)
    const headers = { 'content-type': type }
    expect((await callPartnerApi(harness().app, { method: 'DELETE', path: `/${id}`, headers })).status).toBe(
      204,
    )
  })
})

test.each(['{', 'null', '[]', 'uuid=1'])('a deprovision with the body %s is done', async (body) => {
  const path = `/${await provisionOne(harness().app)}`
  expect((await callPartnerApi(harness().app, { method: 'DELETE', path, body })).status).toBe(204)
})

test('a request that expects what nobody knows is answered', async () => {
  const answer = await sendRaw(harness().url, 'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: x\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
})

describe('however the address is spelt,', () => {
  test.each(['/heroku/resources', '/heroku/resources/', '//heroku/resources', '/heroku//resources//'])(
    '%s provisions',
    async (url) => {
      const payload = JSON.stringify(provisionBody())
      const answer = await harness().app.inject({ method: 'POST', url, headers: HEADERS, payload })
      expect(answer.statusCode).toBe(200)
    },
  )

  test.each<[string, (id: string) => string]>([
    ['as it was given', (id) => `/${id}`],
    ['with a slash behind it', (id) => `/${id}/`],
    ['with two before it', (id) => `//${id}`],
    ['in upper case', (id) => `/${id.toUpperCase()}`],
    ['with an escaped dash', (id) => `/${id.replace('-', '%2D')}`],
    ['with a query', (id) => `/${id}?app=service-1`],
  ])('a plan change and a deprovision find their add-on by its id %s', async (_what, pathOf) => {
    const id = await provisionOne(harness().app)
    const put = { method: 'PUT', path: pathOf(id), body: { plan: 'weekly' } } as const
    expect(await callPartnerApi(harness().app, put)).toMatchObject({ status: 200, json: { id } })
    expect((await callPartnerApi(harness().app, { method: 'DELETE', path: pathOf(id) })).status).toBe(204)
  })

  test.each(['Basic', 'basic', 'BASIC'])(
    'the scheme of the credentials may be written %s',
    async (scheme) => {
      const authorization = basic('securekey', PASSWORD).replace('Basic', scheme)
      expect((await post(provisionBody(), { authorization })).status).toBe(200)
    },
  )
})

describe('whatever is sent beside what is used,', () => {
  test.each<[string, unknown]>([
    ['options', null],
    ['options', []],
    ['options', ''],
    ['options', 'true'],
    ['options', { grace: null }],
    ['options', { unknown: 'true', other: true, nested: { a: 1 } }],
    ['name', ''],
    ['name', null],
    ['region', ''],
    ['log_input_url', ''],
    ['oauth_grant', null],
    ['oauth_grant', { code: null, expires_at: null, type: null }],
    ['oauth_grant', { code: '', expires_at: '' }],
    ['callback_url', null],
    ['heroku_id', 'app4711@heroku.com'],
    ['logplex_token', null],
    ['log_drain_token', 'd.01234567-89ab-cdef-0123-456789abcdef'],
    ['provisioning_context', { app: { id: randomUUID() } }],
    ['plan', 'securekey:fortnightly'],
    ['uuid', randomUUID().toUpperCase()],
  ])('%s as %j: a provision is taken', async (field, value) => {
    const body = provisionBody({ [field]: value })
    const { status, json } = await post(body)
    expect(status).toBe(200)
    expect(await findResource(harness().deps.db, json.id)).toMatchObject({
      plan: 'fortnightly',
      grace: { until: 'next-rotation' },
    })
  })

  test('a byte order mark before the body is passed over', async () => {
    expect((await post(`\uFEFF${JSON.stringify(provisionBody())}`)).status).toBe(200)
  })

  test.each<[string, Record<string, unknown>]>([
    ['a random uuid', { uuid: randomUUID() }],
    ['a heroku_id', { heroku_id: 'app1@heroku.com' }],
    ['an addon and a slug', { plan: 'securekey:weekly' }],
    ['nulls', { name: null, options: null }],
  ])('a plan change with %s is taken', async (_what, more) => {
    const id = await provisionOne(harness().app)
    const put = { method: 'PUT', path: `/${id}`, body: { plan: 'weekly', ...more } } as const
    expect((await callPartnerApi(harness().app, put)).status).toBe(200)
    expect(await findResource(harness().deps.db, id)).toMatchObject({ plan: 'weekly' })
  })
})
