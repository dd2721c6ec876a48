import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { findResource } from '../../src/store/resources.ts'
import { kindsOf } from '../support/resource.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { callPartnerApi, provisionOne } from './support/partner-call.ts'

const harness = sharedHarness()
const put = (id: string, body: unknown) =>
  callPartnerApi(harness().app, { method: 'PUT', path: `/${id}`, body })
const planOf = async (id: string) => (await findResource(harness().deps.db, id))?.plan

describe('200', () => {
  test('puts the resource on the plan, and leaves its keys alone', async () => {
    const id = await provisionOne(harness().app)
    expect(await put(id, { plan: 'monthly' })).toMatchObject({
      status: 200,
      json: { id, message: 'The add-on is now on plan monthly.' },
    })
    expect(await planOf(id)).toBe('monthly')
  })

  test('changes nothing when the resource is on that plan already', async () => {
    const id = await provisionOne(harness().app)
    expect(await put(id, { plan: 'fortnightly' })).toMatchObject({
      status: 200,
      json: { id, message: 'The add-on is on plan fortnightly already.' },
    })
    expect(await kindsOf(harness().deps, id)).toEqual(['provisioned'])
  })

  test('takes the resource from the address alone: the uuid in the body is another one', async () => {
    const id = await provisionOne(harness().app)
    const other = await provisionOne(harness().app)
    const body = { plan: 'weekly', heroku_id: 'app1@heroku.com', uuid: other }
    expect((await put(id, body)).status).toBe(200)
    expect([await planOf(id), await planOf(other)]).toEqual(['weekly', 'fortnightly'])
  })

  test('finds the resource by an upper-case id', async () => {
    const id = await provisionOne(harness().app)
    expect(await put(id.toUpperCase(), { plan: 'weekly' })).toMatchObject({ status: 200, json: { id } })
  })
})

describe('400', () => {
  test.each([
    [{}],
    [{ plan: null }],
    [{ plan: 7 }],
    [{ plan: ['weekly'] }],
    [[]],
    ['null'],
    ['{"plan":'],
    [''],
  ])('is the answer to the body %j, and the plan stays', async (body) => {
    const id = await provisionOne(harness().app)
    const answer = await put(id, body)
    expect(answer).toMatchObject({ status: 400, json: { id: 'malformed-request' } })
    expect(await planOf(id)).toBe('fortnightly')
  })
})

describe('404', () => {
  test.each([randomUUID(), 'not-a-uuid', '1', '%27%20or%201=1', '..%2F..%2Fetc'])(
    'is the answer for %s, which names no resource',
    async (id) => {
      expect(await put(id, { plan: 'weekly' })).toMatchObject({
        status: 404,
        json: { id: 'unknown-resource', message: 'There is no add-on of that id.' },
      })
    },
  )

  test('comes before the look at the plan', async () => {
    expect((await put(randomUUID(), { plan: 'hourly' })).status).toBe(404)
  })
})

describe('410', () => {
  test('is the answer for a deprovisioned resource, whatever the plan', async () => {
    const id = await provisionOne(harness().app)
    await callPartnerApi(harness().app, { method: 'DELETE', path: `/${id}` })
    for (const plan of ['weekly', 'fortnightly', 'hourly']) {
      expect(await put(id, { plan })).toMatchObject({ status: 410, json: { id: 'resource-gone' } })
    }
  })
})

describe('422', () => {
  test('tells the customer which plans there are, and the plan stays', async () => {
    const id = await provisionOne(harness().app)
    expect(await put(id, { plan: 'hourly' })).toMatchObject({
      status: 422,
      json: {
        id: 'unknown-plan',
        message:
          'There is no plan "hourly". Choose one of: daily, weekly, fortnightly, monthly, private-fortnightly, shield-fortnightly.',
      },
    })
    expect(await planOf(id)).toBe('fortnightly')
  })
})
