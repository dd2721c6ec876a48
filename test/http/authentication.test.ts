import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { findResource } from '../../src/store/resources.ts'
import { MINUTE, PASSWORD } from '../support/harness.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import {
  basic,
  callPartnerApi,
  type PartnerCall,
  provisionBody,
  provisionOne,
} from './support/partner-call.ts'

const harness = sharedHarness()

// Wrong passwords are counted for a minute.
beforeEach(() => harness().clock.advance(MINUTE))

const WRONG: [string, string | undefined][] = [
  ['no header', undefined],
  ['an empty header', ''],
  ['a wrong password', basic('securekey', 'wrong')],
  ['a wrong user', basic('wrong', PASSWORD)],
  ["kensa's wrong credentials", basic('wrong', 'secret')],
  ['an empty password', basic('securekey', '')],
  ['the password in place of the user', basic(PASSWORD, 'securekey')],
  ['a password with more behind it', basic('securekey', `${PASSWORD}x`)],
  ['a password that lacks its end', basic('securekey', PASSWORD.slice(0, -1))],
  ['another letter case', basic('securekey', PASSWORD.toUpperCase())],
  ['no colon', `Basic ${Buffer.from('securekey').toString('base64')}`],
  ['what is no base64', 'Basic !!!'],
  ['another scheme', `Bearer ${PASSWORD}`],
  ['a scheme without credentials', 'Basic'],
  ['credentials without a scheme', Buffer.from(`securekey:${PASSWORD}`).toString('base64')],
]

async function callsToAllRoutes(): Promise<PartnerCall[]> {
  const live = await provisionOne(harness().app)
  return [
    { method: 'POST', body: provisionBody() },
    { method: 'PUT', path: `/${live}`, body: { plan: 'weekly' } },
    { method: 'DELETE', path: `/${live}` },
  ]
}

describe('401', () => {
  test.each(WRONG)('is the answer of every route to %s', async (_what, authorization) => {
    for (const call of await callsToAllRoutes()) {
      const answer = await callPartnerApi(harness().app, { ...call, headers: { authorization } })
      expect(answer).toMatchObject({
        status: 401,
        json: { id: 'unauthenticated', message: 'The credentials are not right.' },
      })
      expect(answer.headers['www-authenticate']).toMatch(/^Basic/)
    }
  })

  const wrong = { authorization: basic('wrong', 'secret') }

  test('comes before the look-up: nobody learns which resources exist, were deleted or never were', async () => {
    const gone = await provisionOne(harness().app)
    await callPartnerApi(harness().app, { method: 'DELETE', path: `/${gone}` })
    for (const id of [gone, randomUUID(), 'not-a-uuid', await provisionOne(harness().app)]) {
      for (const method of ['PUT', 'DELETE'] as const) {
        const call = { method, path: `/${id}`, body: { plan: 'weekly' }, headers: wrong }
        expect((await callPartnerApi(harness().app, call)).status).toBe(401)
      }
    }
  })

  test.each<[string, Partial<PartnerCall>]>([
    ['malformed JSON', { body: '{"uuid":' }],
    ['a body of a wrong shape', { body: { uuid: 7 } }],
    ['an unknown plan', { body: provisionBody({ plan: 'hourly' }) }],
    ['a body that is too large', { body: 'x'.repeat(100_000) }],
    ['an unknown media type', { headers: { 'content-type': 'text/plain' }, body: 'x' }],
  ])('comes before the body is looked at: %s', async (_what, more) => {
    const call = { method: 'POST' as const, ...more, headers: { ...more.headers, ...wrong } }
    expect((await callPartnerApi(harness().app, call)).status).toBe(401)
  })

  test('changes nothing', async () => {
    const [post, put, del] = await callsToAllRoutes()
    if (!post || !put || !del) throw new Error('there are three routes')
    for (const call of [post, put, del]) await callPartnerApi(harness().app, { ...call, headers: wrong })
    const { db } = harness().deps
    expect(await findResource(db, (post.body as { uuid: string }).uuid)).toBeUndefined()
    expect(await findResource(db, put.path?.slice(1) ?? '')).toMatchObject({
      state: 'provisioned',
      plan: 'fortnightly',
    })
  })

  test('is no reason to write the tried password into the log', async () => {
    const authorization = basic('securekey', 'tried-password')
    await callPartnerApi(harness().app, {
      method: 'DELETE',
      path: `/${randomUUID()}`,
      headers: { authorization },
    })
    const lines = harness().logLines.join('')
    expect(lines).not.toContain('tried-password')
    expect(lines).not.toContain(authorization.slice('Basic '.length))
  })
})

describe('health', () => {
  test.each(['/healthz', '/readyz'])('%s needs no credentials', async (url) => {
    expect((await harness().app.inject({ method: 'GET', url })).statusCode).toBe(200)
  })
})
