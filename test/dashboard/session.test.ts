import { describe, expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { createBrowser, signedIn } from '../support/browser.ts'
import { HOUR, MINUTE } from '../support/harness.ts'

describe('a session', () => {
  test('is stored only as the digest of its id', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const [sessionId = ''] = browser.cookies.values()
    const rows = await h.deps.db.selectFrom('sessions').selectAll().execute()
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(sessionId)
    expect(h.logLines.join('')).not.toContain(sessionId)
  })

  test('is a new one at each login, and the former one of that browser ends', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const former = new Map(browser.cookies)
    h.clock.advance(MINUTE)
    await browser.post('/sso/login', h.heroku.customer.ssoForm({ addon: h.addon.name }).fields)
    expect(browser.cookies).not.toEqual(former)
    const old = createBrowser(h)
    for (const [name, value] of former) old.cookies.set(name, value)
    expect((await old.get(browser.base)).status).toBe(403)
  })

  test('ends after half an hour without use, and lasts while it is used', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    for (let n = 0; n < 3; n += 1) {
      h.clock.advance(29 * MINUTE)
      expect((await browser.get(browser.base)).status).toBe(200)
    }
    h.clock.advance(30 * MINUTE)
    const over = await browser.get(browser.base)
    expect(over.status).toBe(403)
    expect(over.text).toContain('heroku addons:open securekey')
  })

  test('is not kept alive by a page that refreshes itself', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    h.clock.advance(20 * MINUTE)
    expect((await browser.get(`${browser.base}?watching`)).status).toBe(200)
    h.clock.advance(10 * MINUTE)
    expect((await browser.get(browser.base)).status).toBe(403)
  })

  test('ends after 90 minutes, however busy', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    for (let times = 0; times < 4; times += 1) {
      h.clock.advance(20 * MINUTE)
      expect((await browser.get(browser.base)).status).toBe(200)
    }
    h.clock.advance(10 * MINUTE)
    expect((await browser.get(browser.base)).status).toBe(403)
  })

  test('ends with its resource, on a page that says so', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const token = await browser.token()
    await h.heroku.customer.destroy({ addon: h.addon.name })
    const gone = await browser.get(browser.base)
    expect(gone.status).toBe(410)
    expect(gone.text).toContain('This add-on was removed')
    expect((await browser.post(`${browser.base}/rotate`, { form_token: token })).status).toBe(410)
    expect((await browser.get(`${browser.base}/history.csv`)).status).toBe(410)
  })

  test('of one resource opens no other', async () => {
    const h = await startWithAddon()
    await h.heroku.customer.createApp('service-2')
    const other = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'weekly' })
    const browser = await signedIn(h, { addon: h.addon.name })
    const [sessionId = ''] = browser.cookies.values()
    // The cookie of one resource, under the name of another.
    browser.cookies.set(`securekey-${other.id}`, sessionId)
    for (const path of ['', '/rotations', '/history', '/history.csv', '/history.jsonl', '/privatelink']) {
      expect((await browser.get(`/dashboard/${other.id}${path}`)).status).toBe(403)
    }
    const token = await browser.token()
    const links = ['', '/add', '/remove', '/destroy'].map((path) => `privatelink${path}`)
    const actions = ['rotate', 'revoke', 'pause', 'resume', 'grace', 'retry', 'reveal', 'sign-out', ...links]
    for (const action of actions) {
      const form = { form_token: token, version: '2', name: other.name }
      expect((await browser.post(`/dashboard/${other.id}/${action}`, form)).status).toBe(403)
    }
  })

  test('two add-ons in two tabs of one browser do not sign each other out', async () => {
    const h = await startWithAddon()
    await h.heroku.customer.createApp('service-2')
    const other = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'weekly' })
    const browser = await signedIn(h, { addon: h.addon.name })
    const second = await browser.post('/sso/login', h.heroku.customer.ssoForm({ addon: other.name }).fields)
    expect((await browser.get(browser.base)).text).toContain(h.addon.name)
    expect((await browser.get(second.location)).text).toContain(other.name)
  })

  test('is over for good after signing out', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const held = new Map(browser.cookies)
    const answer = await browser.post(`${browser.base}/sign-out`, { form_token: await browser.token() })
    expect(answer.text).toContain('You are signed out')
    expect(browser.cookies.size).toBe(0)
    for (const [name, value] of held) browser.cookies.set(name, value)
    expect((await browser.get(browser.base)).status).toBe(403)
  })

  test.each(['', 'x', 'A'.repeat(43), `${'A'.repeat(42)}!`])('made up as "%s" is none', async (value) => {
    const h = await startWithAddon()
    const browser = createBrowser(h)
    browser.cookies.set(`securekey-${h.addon.id}`, value)
    expect((await browser.get(`/dashboard/${h.addon.id}`)).status).toBe(403)
  })
})

test('without a session every address says how to open the dashboard', async () => {
  const h = await startWithAddon()
  for (const path of [
    '/dashboard',
    `/dashboard/${h.addon.id}`,
    '/dashboard/x/y/z',
    '/dashboard/not-a-uuid',
  ]) {
    const answer = await createBrowser(h).get(path)
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('heroku addons:open securekey')
  }
})

test('what is over is cleared away by later sign-ons', async () => {
  const h = await startWithAddon()
  await signedIn(h, { addon: h.addon.name })
  h.clock.advance(9 * HOUR)
  await signedIn(h, { addon: h.addon.name })
  expect(await h.deps.db.selectFrom('sessions').selectAll().execute()).toHaveLength(1)
  expect(await h.deps.db.selectFrom('used_sign_on_tokens').selectAll().execute()).toHaveLength(2)
})
