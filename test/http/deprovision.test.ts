import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { findResource } from '../../src/store/resources.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { callPartnerApi, type PartnerCall, provisionOne } from './support/partner-call.ts'

const harness = sharedHarness()
const del = (id: string, more: Partial<PartnerCall> = {}) =>
  callPartnerApi(harness().app, { method: 'DELETE', path: `/${id}`, ...more })

describe('204', () => {
  test.each<[string, Partial<PartnerCall>]>([
    ['a JSON content type and no body', {}],
    ['no content type and no body', { headers: { 'content-type': undefined } }],
    [
      'the vendor content type and no body',
      { headers: { 'content-type': 'application/vnd.heroku-addons+json' } },
    ],
    ['a content length of zero', { headers: { 'content-length': '0' } }],
    ['an empty JSON object', { body: {} }],
    ['a body that nobody asked for', { body: { plan: 'fortnightly', heroku_id: 'app1@heroku.com' } }],
  ])('is the answer to a request with %s', async (_what, more) => {
    const id = await provisionOne(harness().app)
    expect(await del(id, more)).toMatchObject({ status: 204, text: '' })
    expect(await findResource(harness().deps.db, id)).toMatchObject({ state: 'deprovisioned' })
  })

  test('is the answer for an upper-case id', async () => {
    const id = await provisionOne(harness().app)
    expect((await del(id.toUpperCase())).status).toBe(204)
  })
})

describe('404', () => {
  test.each([randomUUID(), 'not-a-uuid', '4711'])(
    'is the answer for %s, which names no resource',
    async (id) => {
      expect(await del(id)).toMatchObject({
        status: 404,
        json: { id: 'unknown-resource', message: 'There is no add-on of that id.' },
      })
    },
  )
})

describe('410', () => {
  test('is the answer the second time', async () => {
    const id = await provisionOne(harness().app)
    await del(id)
    expect(await del(id)).toMatchObject({
      status: 410,
      json: { id: 'resource-gone', message: 'This add-on was deprovisioned.' },
    })
  })

  test('is the answer to all but one of twelve requests at the same time', async () => {
    const id = await provisionOne(harness().app)
    const statuses = (await Promise.all(Array.from({ length: 12 }, () => del(id)))).map(
      ({ status }) => status,
    )
    expect(statuses.toSorted()).toEqual([204, ...Array.from({ length: 11 }, () => 410)])
  })
})
