import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseSecureKeyValue } from '../../src/domain/config-vars.ts'
import { findResource } from '../../src/store/resources.ts'
import { historyOf, kindsOf, stateOf } from '../support/resource.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { callPartnerApi, provisionBody, provisionOne } from './support/partner-call.ts'

const harness = sharedHarness()
const post = (body: unknown, headers: Record<string, string | undefined> = {}) =>
  callPartnerApi(harness().app, { method: 'POST', body, headers })

describe('200', () => {
  test('holds the id, two fresh keys under the manifest name, and a sentence for the customer', async () => {
    const body = provisionBody()
    const { status, headers, json } = await post(body)
    expect(status).toBe(200)
    expect(headers['content-type']).toContain('application/json')
    expect(json).toEqual({
      id: body.uuid,
      config: {
        SECURE_KEY: expect.stringMatching(/^[0-9A-F]{64},[0-9A-F]{64}$/),
        SECURE_KEYRING: expect.stringMatching(
          /^\{"v":1,"keys":\[\{"kid":"[0-9a-f]{8}","version":2,"use":"sign"/,
        ),
      },
      message: expect.stringMatching(/^[A-Z].*\.$/),
    })
    const keys = parseSecureKeyValue(json.config.SECURE_KEY)
    expect(keys?.first).not.toBe(keys?.second)
  })

  test('keeps a name and a region as one harmless, bounded line', async () => {
    const id = await provisionOne(harness().app, {
      name: 'securekey-\u001b[31mred\r\nFrom: x',
      region: `us\u202e${'x'.repeat(1_900)}`,
    })
    const row = await harness()
      .deps.db.selectFrom('resources')
      .select(['name', 'region'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    expect(row.name).toBe('securekey-red From: x')
    expect(row.region).toMatch(/^usx{317}…$/)
  })

  test('is given to two resources with four different keys', async () => {
    const answers = await Promise.all([post(provisionBody()), post(provisionBody())])
    expect(new Set(answers.flatMap(({ json }) => json.config.SECURE_KEY.split(','))).size).toBe(4)
  })

  test('needs no more than a uuid and a plan', async () => {
    expect((await post({ uuid: randomUUID(), plan: 'daily' })).status).toBe(200)
  })

  test.each([
    ['oauth_grant', null],
    ['oauth_grant', {}],
    ['oauth_grant', { code: null, expires_at: null, type: null }],
    ['name', null],
    ['options', null],
    ['region', null],
    ['log_input_url', null],
  ])('is given although %s is %o', async (field, value) => {
    expect((await post(provisionBody({ [field]: value }))).status).toBe(200)
  })

  test('is given to what kensa sends: heroku_id, a null logplex_token, no name and no grant', async () => {
    const body = {
      heroku_id: 'app4711@kensa.heroku.com',
      plan: 'fortnightly',
      callback_url: 'http://localhost:7779/callback/999',
      logplex_token: null,
      region: 'amazon-web-services::us-east-1',
      options: {},
      uuid: randomUUID(),
    }
    const { status, json } = await post(body, { accept: 'application/json' })
    expect(status).toBe(200)
    expect(json.id).not.toContain('4711')
  })

  test.each([
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'application/vnd.heroku-addons+json',
    'application/vnd.heroku-addons+json; version=3',
  ])('is given to a body of type %s', async (type) => {
    expect((await post(provisionBody(), { 'content-type': type })).status).toBe(200)
  })

  test.each([
    undefined,
    '*/*',
    'application/json',
    'text/html',
    'application/vnd.heroku-addons+json; version=4',
  ])('is JSON whatever Accept says: %s', async (accept) => {
    const { status, headers } = await post(provisionBody(), { accept })
    expect(status).toBe(200)
    expect(headers['content-type']).toContain('application/json')
  })

  test.each(['amazon-web-services::eu-west-1', 'dublin', 'a region that does not exist yet'])(
    'is given in every region: %s',
    async (region) => {
      expect((await post(provisionBody({ region }))).status).toBe(200)
    },
  )

  test('is given although the body holds fields that no document names', async () => {
    const body = provisionBody({
      provisioning_context: { deep: [1, { x: null }] },
      constructor: 1,
      toString: 'x',
    })
    const { status, json } = await post(body)
    expect(status).toBe(200)
    expect(Object.keys(json).toSorted()).toEqual(['config', 'id', 'message'])
  })

  test('is given to a body with __proto__, of which nothing is taken over', async () => {
    const evil = '"__proto__":{"plan":"daily","polluted":true},"options":{"__proto__":{"grace":"48h"}}'
    const uuid = randomUUID()
    const { status } = await post(`{"uuid":"${uuid}","plan":"weekly",${evil}}`)
    expect(status).toBe(200)
    expect('polluted' in {}).toBe(false)
    const grace = { until: 'next-rotation' }
    expect(await findResource(harness().deps.db, uuid)).toMatchObject({ plan: 'weekly', grace })
  })

  test('names an upper-case uuid in lower case, and knows the resource by either', async () => {
    const uuid = randomUUID()
    const upper = await post(provisionBody({ uuid: uuid.toUpperCase() }))
    const lower = await post(provisionBody({ uuid }))
    expect(upper.json.id).toBe(uuid)
    expect(lower.json).toEqual(upper.json)
  })

  test('is the very same answer when the request is repeated', async () => {
    const body = provisionBody()
    const first = await post(body)
    expect(await post(body)).toMatchObject({ status: 200, text: first.text })
  })

  test('is the very same answer to twelve requests at the same time, which make one resource', async () => {
    const body = provisionBody()
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(body)))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(200)
    expect(await kindsOf(harness().deps, body.uuid)).toEqual(['provisioned', 'provision-repeated'])
  })

  test.each([
    ['48h', { until: 'elapsed', ms: 172_800_000 }],
    ['period', { until: 'next-rotation' }],
  ])('takes the grace period %s from the customer', async (grace, expected) => {
    const id = await provisionOne(harness().app, { options: { grace } })
    expect((await findResource(harness().deps.db, id))?.grace).toEqual(expected)
  })

  test.each([
    [{ next: 'true' }, true],
    [{ next: true }, true],
    [{ next: 'on' }, true],
    [{ next: ' ON ' }, true],
    [{ next: 'false' }, false],
    [{ next: 'off' }, false],
    [{ next: null }, false],
    [{}, false],
  ])('announces the next key, or does not, as the options %o say', async (options, announces) => {
    const { json } = await post(provisionBody({ options }))
    const { keys } = JSON.parse(json.config.SECURE_KEYRING)
    const next = { version: 3, use: 'next', until: null, key: expect.stringMatching(/^[0-9A-F]{64}$/) }
    expect(keys.slice(1)).toEqual(announces ? [expect.objectContaining(next)] : [])
    expect(json.config.SECURE_KEY).toMatch(/^[0-9A-F]{64},[0-9A-F]{64}$/)
  })

  test('takes the windows from the customer, and says when the first rotation is served', async () => {
    const window = 'sat 22:00-02:00 Europe/Berlin'
    const { json } = await post(provisionBody({ options: { window } }))
    const { next_rotation_at: next } = JSON.parse(json.config.SECURE_KEYRING)
    expect(next).toBe('2026-03-21T21:00:00.000Z')
    expect((await stateOf(harness().deps, json.id)).calendar.windows).toEqual([
      { days: [6], from: '22:00', to: '02:00', zone: 'Europe/Berlin' },
    ])
    expect((await historyOf(harness().deps, json.id)).at(0)?.details).toMatchObject({ windows: window })
  })

  test('is the very same answer with a next key, too, when the request is repeated', async () => {
    const body = provisionBody({ options: { next: 'true' } })
    const first = await post(body)
    expect(await post(body)).toMatchObject({ status: 200, text: first.text })
  })

  test('is given although the customer used flags that mean nothing here', async () => {
    const options = { verbose: 'true', bare: true, number: 7, nothing: null, list: ['x'] }
    expect((await post(provisionBody({ options }))).status).toBe(200)
  })
})

describe('422', () => {
  test('tells the customer which plans there are', async () => {
    const { status, json } = await post(provisionBody({ plan: 'hourly' }))
    expect(status).toBe(422)
    expect(json).toEqual({
      id: 'unknown-plan',
      message:
        'There is no plan "hourly". Choose one of: daily, weekly, fortnightly, monthly, private-fortnightly, shield-fortnightly.',
    })
  })

  test.each(['', 'Fortnightly', 'fortnightly:securekey', 'constructor', '__proto__', 'x'.repeat(200)])(
    'is the answer to the plan %o',
    async (plan) => {
      expect(await post(provisionBody({ plan }))).toMatchObject({ status: 422, json: { id: 'unknown-plan' } })
    },
  )

  test.each([
    ['true', 'must be days, times and a time zone'],
    ['tue 09:00-12:00', 'must name a time zone'],
    [true, 'must be days, times and a time zone'],
  ])('says what is wrong with the windows %o', async (window, message) => {
    const { status, json } = await post(provisionBody({ options: { window } }))
    expect([status, json.id]).toEqual([422, 'invalid-option'])
    expect(json.message).toContain(`The option --window ${message}`)
  })

  test('says the sum where windows open more rarely than the plan rotates', async () => {
    const options = { window: 'sat 22:00-02:00 Europe/Berlin' }
    const { status, json } = await post(provisionBody({ plan: 'daily', options }))
    expect(status).toBe(422)
    expect(json.message).toContain('up to 6 days 20 hours pass between these windows')
  })

  test.each([
    [
      'true',
      'The option --grace must be a duration such as 48h or 7d, or the word "period" (until the next rotation).',
    ],
    [
      true,
      'The option --grace must be a duration such as 48h or 7d, or the word "period" (until the next rotation).',
    ],
    ['1h', 'The option --grace must be at least 2h, so that every app has time to restart.'],
  ])('tells the customer what is wrong with --grace %o', async (grace, message) => {
    expect(await post(provisionBody({ options: { grace } }))).toMatchObject({
      status: 422,
      json: { id: 'invalid-option', message },
    })
  })

  test.each([
    [''],
    ['0h'],
    ['-48h'],
    ['48'],
    [48],
    [{}],
    [[]],
    [['48h', '2h']],
    [{ toString: 'x', valueOf: 1 }],
    ['9999999999d'],
  ])('is the answer to --grace %o', async (grace) => {
    expect(await post(provisionBody({ options: { grace } }))).toMatchObject({
      status: 422,
      json: { id: 'invalid-option' },
    })
  })

  test.each([['yes'], [''], ['1'], [1], [{}], [['true']], ['constructor']])(
    'tells the customer what --next %o should be',
    async (next) => {
      expect(await post(provisionBody({ options: { next } }))).toMatchObject({
        status: 422,
        json: { id: 'invalid-option', message: expect.stringContaining('--next takes no value') },
      })
    },
  )

  test('leaves nothing behind: the same uuid can be provisioned afterwards', async () => {
    const body = provisionBody()
    await post({ ...body, plan: 'hourly' })
    await post({ ...body, options: { grace: '1h' } })
    expect(await findResource(harness().deps.db, body.uuid)).toBeUndefined()
    expect((await post(body)).status).toBe(200)
  })
})

describe('410', () => {
  test('is the answer to a request that is repeated after deprovision, and nothing is made anew', async () => {
    const body = provisionBody()
    await post(body)
    await callPartnerApi(harness().app, { method: 'DELETE', path: `/${body.uuid}` })
    expect(await post(body)).toMatchObject({
      status: 410,
      json: { id: 'resource-gone', message: 'This add-on was deprovisioned and cannot be created again.' },
    })
    expect(await findResource(harness().deps.db, body.uuid)).toMatchObject({
      state: 'deprovisioned',
      dek: null,
    })
  })
})
