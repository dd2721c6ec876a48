import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { createBrowser, signedIn } from '../support/browser.ts'
import { HOUR, MINUTE, SECOND, SSO_SALT } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'

const NEWEST = 'user_scoped_resource_token'

describe('a sign-on', () => {
  test('leads to the page of its resource, with a cookie that no script reads', async () => {
    const h = await startWithAddon()
    const browser = createBrowser(h)
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    const answer = await browser.post('/sso/login', fields)
    expect(answer).toMatchObject({ status: 302, location: `/dashboard/${h.addon.id}` })
    expect(answer.headers.get('set-cookie')).toMatch(
      /^securekey-[0-9a-f-]{36}=[\w-]{43}; Max-Age=5400; Path=\/; HttpOnly; SameSite=Lax$/,
    )
    const page = await browser.get(answer.location)
    expect(page.status).toBe(200)
    expect(page.text).toContain(fields.email)
    const logged = h.logLines.join('')
    for (const secret of [SSO_SALT, fields.token, fields.resource_token, fields[NEWEST], fields.email]) {
      expect(secret).toBeTruthy()
      expect(logged).not.toContain(secret)
    }
  })

  test('behind TLS makes a cookie that travels by TLS alone', async () => {
    const h = await startWithAddon({ env: { ADDON_URL: 'https://securekey.example.com' } })
    const browser = createBrowser(h)
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    const answer = await browser.post('/sso/login', fields)
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-securekey-.*; HttpOnly; Secure; SameSite=Lax$/)
  })

  test.each([
    ['POST, v1 fields only', 'post'],
    ['GET, v1 variant', 'get'],
  ])('as Kensa makes it is good: %s', async (_name, method) => {
    const h = await startWithAddon()
    const browser = createBrowser(h)
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    const { id = '', token = '', timestamp = '', app = '' } = fields
    const v1 = { token, timestamp, 'nav-data': 'nav', email: 'user@example.com', app }
    const answer =
      method === 'post'
        ? await browser.post('/sso/login', { ...v1, id })
        : await browser.get(`/heroku/resources/${id}?${new URLSearchParams(v1)}`)
    expect(answer.status).toBe(302)
    expect((await browser.get(answer.location)).status).toBe(200)
  })

  test('leaves the user in the history only if the token covered it', async () => {
    const h = await startWithAddon()
    await signedIn(h, { addon: h.addon.name, userId: 'user-1', email: 'ann@example.com' })
    h.clock.advance(SECOND)
    await signedIn(h, {
      addon: h.addon.name,
      email: 'eve@example.com',
      tamper: { [NEWEST]: null, email: 'forged@example.com' },
    })
    expect((await historyOf(h.deps, h.addon.id)).slice(-2)).toMatchObject([
      { kind: 'signed-in', actor: { userId: 'user-1', email: 'ann@example.com', verified: true } },
      { kind: 'signed-in', actor: { userId: null, email: null, verified: false } },
    ])
  })
})

test('a look at a v1 link does not use its token up', async () => {
  const h = await startWithAddon()
  const { id = '', token = '', timestamp = '' } = h.heroku.customer.ssoForm({ addon: h.addon.name }).fields
  const url = `/heroku/resources/${id}?${new URLSearchParams({ token, timestamp })}`
  await h.app.inject({ method: 'HEAD', url })
  expect((await createBrowser(h).get(url)).status).toBe(302)
})

describe('a sign-on is refused with the same page', () => {
  test.each<[string, Record<string, string | null>]>([
    ['tampered token', { [NEWEST]: 'f'.repeat(64) }],
    ['tampered resource token', { [NEWEST]: null, resource_token: 'f'.repeat(40) }],
    ['tampered v1 token', { [NEWEST]: null, resource_token: null, token: 'f'.repeat(40) }],
    ['no token', { [NEWEST]: null, resource_token: null, token: null }],
    ['other e-mail address', { email: 'eve@example.com' }],
    ['other user', { user_id: 'eve' }],
    ['no timestamp', { timestamp: null }],
    ['garbage timestamp', { timestamp: 'yesterday' }],
    ['other resource', { resource_id: randomUUID() }],
    ['no resource', { resource_id: null }],
  ])('%s', async (_name, tamper) => {
    const h = await startWithAddon()
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name, tamper })
    await expectRefused(h, fields)
  })

  test.each([
    ['six minutes old', -6 * MINUTE],
    ['five minutes and one second old', -5 * MINUTE - SECOND],
    ['an hour ahead', HOUR],
    ['61 seconds ahead', 61 * SECOND],
  ])('%s', async (_name, offset) => {
    const h = await startWithAddon()
    const at = new Date(h.deps.now().getTime() + offset)
    await expectRefused(h, h.heroku.customer.ssoForm({ addon: h.addon.name, at }).fields)
  })

  test.each([-4 * MINUTE, 59 * SECOND])('but %d ms off is good', async (offset) => {
    const h = await startWithAddon()
    const at = new Date(h.deps.now().getTime() + offset)
    await signedIn(h, { addon: h.addon.name, at })
  })

  test('signed with another salt', async () => {
    const h = await startWithAddon({ env: { ADDON_SSO_SALT: 'another salt' } })
    await expectRefused(h, h.heroku.customer.ssoForm({ addon: h.addon.name }).fields)
  })

  test('unknown resource, although rightly signed', async () => {
    const h = await startWithAddon()
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    for (const table of ['keysets', 'oauth_grants', 'oauth_tokens', 'resources'] as const) {
      await h.deps.db.deleteFrom(table).execute()
    }
    await expectRefused(h, fields)
  })

  test('deprovisioned resource', async () => {
    const h = await startWithAddon()
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    await h.heroku.customer.destroy({ addon: h.addon.name })
    await expectRefused(h, fields)
  })

  async function expectRefused(
    h: Awaited<ReturnType<typeof startWithAddon>>,
    fields: Record<string, string>,
  ) {
    const browser = createBrowser(h)
    const answer = await browser.post('/sso/login', fields)
    expect(answer.status).toBe(403)
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(answer.text).toContain('heroku addons:open securekey')
    expect(answer.text).not.toMatch(/salt|signature|token|timestamp|expired|unknown/i)
    expect(await h.deps.db.selectFrom('sessions').selectAll().execute()).toEqual([])
  }
})

describe('a token is good for one login', () => {
  test('sent again by the browser that holds its session, it leads to the page', async () => {
    const h = await startWithAddon()
    const browser = createBrowser(h)
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    await browser.post('/sso/login', fields)
    const cookies = new Map(browser.cookies)
    expect(await browser.post('/sso/login', fields)).toMatchObject({ status: 302 })
    expect(browser.cookies).toEqual(cookies)
  })

  test('sent again from anywhere else, it is refused', async () => {
    const h = await startWithAddon()
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    await createBrowser(h).post('/sso/login', fields)
    const thief = createBrowser(h)
    const answer = await thief.post('/sso/login', fields)
    expect(answer.status).toBe(403)
    const again = /content="0;url=([^"]+)"/.exec(answer.text)?.[1] ?? ''
    expect((await thief.get(again)).status).toBe(403)
  })

  test('and where the browser withheld its cookie from the other site, it comes back with it and is let in', async () => {
    const h = await startWithAddon()
    const browser = createBrowser(h)
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    await browser.post('/sso/login', fields)
    const second = await createBrowser(h).post('/sso/login', fields)
    const again = /content="0;url=([^"]+)"/.exec(second.text)?.[1] ?? ''
    expect(await browser.get(again)).toMatchObject({ status: 303, location: `/dashboard/${h.addon.id}` })
  })

  test('a browser with a session that another form made is refused too', async () => {
    const h = await startWithAddon()
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    await createBrowser(h).post('/sso/login', fields)
    h.clock.advance(SECOND)
    const other = await signedIn(h, { addon: h.addon.name })
    const refused = await other.post('/sso/login', fields)
    expect(refused.status).toBe(403)
    const again = /content="0;url=([^"]+)"/.exec(refused.text)?.[1] ?? ''
    expect((await other.get(again)).status).toBe(403)
  })

  test('the weaker tokens of a used form are used as well', async () => {
    const h = await startWithAddon()
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    await createBrowser(h).post('/sso/login', fields)
    const { [NEWEST]: _, ...without } = fields
    expect((await createBrowser(h).post('/sso/login', without)).status).toBe(403)
    const { id = '', token = '', timestamp = '' } = fields
    expect((await createBrowser(h).post('/sso/login', { id, token, timestamp })).status).toBe(403)
  })

  test('ten at once make one session', async () => {
    const h = await startWithAddon()
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => createBrowser(h).post('/sso/login', fields)),
    )
    expect(answers.filter(({ status }) => status === 302)).toHaveLength(1)
    expect(await h.deps.db.selectFrom('sessions').selectAll().execute()).toHaveLength(1)
  })

  test('two people in the same second are both let in', async () => {
    const h = await startWithAddon()
    await signedIn(h, { addon: h.addon.name, userId: 'ann' })
    await signedIn(h, { addon: h.addon.name, userId: 'bob' })
  })
})

test('sign-ons from one address are limited', async () => {
  const h = await startWithAddon()
  const answers: number[] = []
  for (let n = 0; n < 62; n += 1) {
    const { status } = await createBrowser(h).post('/sso/login', {}, { 'x-forwarded-for': '203.0.113.9' })
    answers.push(status)
  }
  expect(answers.slice(0, 60)).toEqual(Array(60).fill(403))
  expect(answers.at(-1)).toBe(429)
  const other = await createBrowser(h).post('/sso/login', {}, { 'x-forwarded-for': '203.0.113.10' })
  expect(other.status).toBe(403)
})
