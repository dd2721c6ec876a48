import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { createBrowser, signedIn } from '../support/browser.ts'
import { type Harness, MINUTE, PASSWORD, SECOND } from '../support/harness.ts'
import { basic, callPartnerApi, provisionBody } from './support/partner-call.ts'

const FROM = { 'x-forwarded-for': '198.51.100.7, 203.0.113.9' }
const ADDRESS = '203.0.113.9'

/** What was logged for whoever watches for attacks, without what every line has. */
function refusals({ logLines }: Pick<Harness, 'logLines'>): Record<string, unknown>[] {
  return logLines
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'security refused')
    .map(({ kind, address, route, resourceId, problem, level }) => {
      return {
        level: level === 40 ? 'warn' : level,
        kind,
        address,
        route,
        ...(resourceId && { resourceId }),
        ...(problem && { problem }),
      }
    })
}

describe('one event tells the kind, the address, the route and the resource of', () => {
  test('a wrong password', async () => {
    const h = await startWithAddon()
    const headers = { authorization: basic('securekey', 'tried-secret'), ...FROM }
    await callPartnerApi(h.app, { method: 'DELETE', path: `/${h.addon.id}`, headers })
    expect(refusals(h)).toEqual([
      { level: 'warn', kind: 'wrong-password', address: ADDRESS, route: '/heroku/resources/:id' },
    ])
    expect(h.logLines.join('')).not.toContain('tried-secret')
  })

  test('a request without a password', async () => {
    const h = await startWithAddon()
    const headers = { authorization: undefined, ...FROM }
    await callPartnerApi(h.app, { method: 'POST', body: provisionBody(), headers })
    expect(refusals(h)).toMatchObject([{ kind: 'wrong-password', address: ADDRESS }])
  })

  test('a refused sign-on', async () => {
    const h = await startWithAddon()
    const tamper = { user_scoped_resource_token: 'f'.repeat(64) }
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name, tamper })
    await createBrowser(h).post('/sso/login', fields, FROM)
    const { id: resourceId } = h.addon
    const expected = { level: 'warn', kind: 'sign-on', address: ADDRESS, route: '/sso/login', resourceId }
    expect(refusals(h)).toEqual([{ ...expected, problem: 'wrong-token' }])
  })

  test('a form of another session', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    await browser.post(`${browser.base}/revoke`, { form_token: 'x', name: h.addon.name }, FROM)
    expect(refusals(h)).toMatchObject([
      {
        kind: 'form-token',
        address: ADDRESS,
        route: '/dashboard/:resourceId/revoke',
        resourceId: h.addon.id,
      },
    ])
  })

  test('the session of another add-on', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const other = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily' })
    const [sessionId = ''] = browser.cookies.values()
    const thief = createBrowser(h)
    thief.cookies.set(`securekey-${other.id}`, sessionId)
    expect((await thief.get(`/dashboard/${other.id}`, FROM)).status).toBe(403)
    expect(refusals(h)).toMatchObject([
      { kind: 'foreign-session', address: ADDRESS, route: '/dashboard/:resourceId', resourceId: other.id },
    ])
  })

  test('too many requests', async () => {
    const h = await startWithAddon()
    const browser = createBrowser(h)
    for (let n = 0; n < 61; n += 1) await browser.post('/sso/login', {}, FROM)
    expect(refusals(h).at(-1)).toMatchObject({
      kind: 'too-many-requests',
      address: ADDRESS,
      route: '/sso/login',
    })
  })
})

test('an address that is none is left out, whatever the router was told', async () => {
  const h = await startWithAddon()
  for (const address of ['\u001b[2J', '<script>', 'x'.repeat(9_000), '203.0.113.9\tkind=ok']) {
    await h.app.inject({
      method: 'DELETE',
      url: '/heroku/resources/x',
      headers: { 'x-forwarded-for': address },
    })
  }
  expect(new Set(refusals(h).map(({ address }) => address))).toEqual(new Set([null]))
})

describe('after twenty wrong passwords from an address', () => {
  const wrong = { authorization: basic('securekey', 'guess'), ...FROM }
  const right = { authorization: basic('securekey', PASSWORD), ...FROM }

  test('none is looked at for a minute, not even the right one', async () => {
    const h = await startWithAddon()
    const call = (headers: Record<string, string>) =>
      callPartnerApi(h.app, { method: 'DELETE', path: `/${randomUUID()}`, headers })
    for (let n = 0; n < 20; n += 1) expect((await call(wrong)).status).toBe(401)
    expect(await call(right)).toMatchObject({ status: 429, json: { id: 'too-many-requests' } })
    expect(refusals(h).at(-1)).toMatchObject({ kind: 'too-many-requests', address: ADDRESS })
    h.clock.advance(MINUTE)
    expect((await call(right)).status).toBe(404)
  })

  test('that minute is a whole one, however late in its own the last of them came', async () => {
    const h = await startWithAddon()
    const call = async (headers: Record<string, string>) =>
      (await callPartnerApi(h.app, { method: 'DELETE', path: `/${randomUUID()}`, headers })).status
    await call(wrong)
    h.clock.advance(59 * SECOND)
    for (let n = 0; n < 19; n += 1) await call(wrong)
    h.clock.advance(59 * SECOND)
    expect(await call(right)).toBe(429)
    h.clock.advance(SECOND)
    expect(await call(right)).toBe(404)
  })

  test('other addresses go on, and right passwords are never counted', async () => {
    const h = await startWithAddon()
    const call = (headers: Record<string, string>) =>
      callPartnerApi(h.app, { method: 'DELETE', path: `/${randomUUID()}`, headers })
    for (let n = 0; n < 20; n += 1) await call(wrong)
    for (let n = 0; n < 40; n += 1) {
      expect((await call({ ...right, 'x-forwarded-for': '203.0.113.10' })).status).toBe(404)
    }
  })
})
