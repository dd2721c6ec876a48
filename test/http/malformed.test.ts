import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomCases } from '../support/random-cases.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { callPartnerApi, HEADERS, type PartnerCall, provisionBody } from './support/partner-call.ts'

const harness = sharedHarness()
const post = (more: Partial<PartnerCall>) => callPartnerApi(harness().app, { method: 'POST', ...more })
const SECRET = 'a-grant-code-that-must-not-be-quoted'

describe('400', () => {
  test.each([
    ['no body', undefined],
    ['an empty body', ''],
    ['half a body', `{"uuid":"${SECRET}`],
    ['what is no JSON', `uuid=${SECRET}&plan=daily`],
    ['a lone null', 'null'],
    ['a list', [provisionBody()]],
    ['a text', '"text"'],
    ['a number', '7'],
    ['an empty object', {}],
    ['a byte order mark and nothing else', '\uFEFF'],
    ['very deep JSON', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
  ])('is the answer to %s', async (_what, body) => {
    const answer = await post(body === undefined ? {} : { body })
    expect(answer).toMatchObject({ status: 400, json: { id: 'malformed-request' } })
    expect(answer.json.message).toMatch(/^The request.*\.$/)
    expect(answer.text).not.toContain(SECRET)
  })

  test.each<[string, Record<string, unknown>]>([
    ['no uuid', { uuid: undefined }],
    ['a null uuid', { uuid: null }],
    ['a uuid that is none', { uuid: `${SECRET}` }],
    ['a uuid with more behind it', { uuid: `${randomUUID()} or 1=1` }],
    ['a uuid with a line break', { uuid: `${randomUUID()}\n` }],
    ['a uuid in braces', { uuid: `{${randomUUID()}}` }],
    ['no plan', { plan: undefined }],
    ['a plan that is no text', { plan: { name: SECRET } }],
    ['a plan of 300 letters', { plan: 'x'.repeat(300) }],
    ['a name that is no text', { name: [SECRET] }],
    ['a region that is no text', { region: 7 }],
    ['a grant that is a text', { oauth_grant: SECRET }],
    ['a grant code that is no text', { oauth_grant: { code: { code: SECRET } } }],
    ['a log address that is no text', { log_input_url: { url: SECRET } }],
    ['a zero character in the name, which no database takes', { name: `a\u0000${SECRET}` }],
    ['a zero character in the region', { region: 'a\u0000b' }],
  ])('is the answer to %s, and does not quote it', async (_what, more) => {
    const answer = await post({ body: provisionBody(more) })
    expect(answer).toMatchObject({ status: 400, json: { id: 'malformed-request' } })
    expect(answer.text).not.toContain(SECRET)
  })

  test.each<[string, Record<string, unknown>]>([
    ['a zero character in the grant code', { oauth_grant: { code: 'a\u0000b' } }],
    ['a zero character in the log address', { log_input_url: 'https://a\u0000b' }],
    ['half a surrogate pair in the name', { name: 'a\ud800b' }],
    [
      'an expiry beyond all calendars',
      { oauth_grant: { code: randomUUID(), expires_at: '+275760-09-13T00:00:00Z' } },
    ],
    [
      'an expiry before all calendars',
      { oauth_grant: { code: randomUUID(), expires_at: '-271821-04-20T00:00:00Z' } },
    ],
  ])('or 200, but never 500, is the answer to %s', async (_what, more) => {
    expect([200, 400]).toContain((await post({ body: provisionBody(more) })).status)
  })
})

describe('whatever JSON comes,', () => {
  const anyField = fc.oneof(
    { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 1, arbitrary: fc.constantFrom('\u0000', '\ud800', '__proto__', '9'.repeat(3_000), -0, 1e308) },
  )
  const anyBody = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    // A good body of which some fields are replaced, so that the fields behind the first check are reached too.
    fc
      .record(
        {
          plan: anyField,
          name: anyField,
          region: anyField,
          log_input_url: anyField,
          options: fc.oneof(anyField, fc.record({ grace: anyField })),
          oauth_grant: fc.oneof(anyField, fc.record({ code: anyField, expires_at: anyField })),
          more: anyField,
        },
        { requiredKeys: [] },
      )
      .map((fields) => ({ ...provisionBody(), ...fields })),
  )

  test('the answer is a success or a refusal in our own form, never an error of ours', async () => {
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        const { status, json } = await post({ body: JSON.stringify(body) })
        expect([200, 400, 422]).toContain(status)
        expect(json).toEqual(expect.objectContaining({ message: expect.any(String), id: expect.any(String) }))
      }),
      randomCases(300),
    )
    expect(harness().logLines.filter((line) => line.includes('request failed'))).toEqual([])
  })
})

describe('404', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/heroku/resources'],
    ['PATCH', '/heroku/resources'],
    ['POST', `/heroku/resources/${randomUUID()}`],
    ['PUT', '/heroku/resources'],
    ['DELETE', '/heroku/resources'],
    ['POST', `/heroku/resources/${randomUUID()}/events`],
    ['POST', '/heroku/resources/%00'],
  ] as const)('is the answer to %s %s, in the same form as every refusal', async (method, url) => {
    const response = await harness().app.inject({
      method,
      url,
      headers: HEADERS,
      payload: '{"plan":"weekly"}',
    })
    expect(response.statusCode).toBe(404)
    expect(response.json()).toEqual({
      id: expect.any(String),
      message: expect.stringMatching(/^There is no.*\.$/),
    })
  })
})

describe('an address that cannot be read', () => {
  test.each([
    ['with a broken escape', 400, '/heroku/resources/%zz'],
    ['with an overlong escape', 400, '/%c0%ae'],
    ['with half a letter', 400, '/heroku/resources/%e0%a4%a'],
    ['with an id of 5,000 letters', 414, `/heroku/resources/${'x'.repeat(5_000)}`],
  ])('%s is refused by %i with our own words, and does not come back in them', async (_what, status, url) => {
    const response = await harness().app.inject({ method: 'DELETE', url, headers: HEADERS })
    expect(response.statusCode).toBe(status)
    expect(response.json()).toEqual({ id: 'malformed-request', message: expect.any(String) })
    expect(response.body).not.toContain(url.slice(-4))
  })
})

describe('413', () => {
  test('is the answer to a body of more than 64 KiB, whatever it holds', async () => {
    const body = provisionBody({ options: { note: 'x'.repeat(66_000) } })
    expect(await post({ body })).toMatchObject({ status: 413, json: { id: 'malformed-request' } })
  })

  test('is not the answer to a body of just under 64 KiB', async () => {
    const body = provisionBody({ options: { note: 'x'.repeat(64_000) } })
    expect((await post({ body })).status).toBe(200)
  })
})
