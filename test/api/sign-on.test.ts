import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SCOPES } from '../../src/domain/api-token.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { endSessions } from '../../src/flows/dashboard/sessions.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { createBrowser, signedIn } from '../support/browser.ts'
import { MINUTE, SECOND } from '../support/harness.ts'
import { historyOf, kindsOf } from '../support/resource.ts'
import { type ApiHarness, expectDescribed, operationsOf, sharedApi, startApi } from './support/api.ts'
import { postForm, signedOnByCommandLine } from './support/command-line.ts'
import { ANN, tokenOf } from './support/token.ts'

const NEWEST = 'user_scoped_resource_token'
const REFUSED = {
  type: 'urn:securekey:problem:sign-on-refused',
  title: 'The sign-on was refused',
  status: 403,
  detail: 'Ask Heroku for another form.',
}
/** For requests that are refused. */
const shared = sharedApi()

const formOf = (h: ApiHarness, tamper: Record<string, string | null> = {}, userId = 'ann') =>
  h.heroku.customer.ssoForm({ addon: h.addon.id, userId, email: `${userId}@example.com`, tamper }).fields
const sessionsIn = (h: ApiHarness) => h.deps.db.selectFrom('sessions').selectAll().execute()

describe('a sign-on by the command line', () => {
  test('brings a token of 15 minutes that speaks for the person, and the history says so', async () => {
    const h = await startApi()
    const form = formOf(h)
    const { status, headers, body } = await postForm(h, form)
    expect(status).toBe(200)
    expect(headers.get('set-cookie')).toBeNull()
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      token: expect.stringMatching(/^sk_cli_[0-9a-f]{16}_[0-9a-z]{58}$/),
      expires_at: new Date(h.clock.now().getTime() + 15 * MINUTE).toISOString(),
      api: 'http://127.0.0.1:5000/v1',
      resource: { id: h.addon.id, name: h.addon.name },
      user: { email: 'ann@example.com' },
      scopes: ['read', 'rotate', 'revoke', 'keyring'],
    })
    const operation = operationsOf(h.document).find(({ path }) => path === '/sso/login')?.operation
    if (!operation) throw new Error('the sign-on is not described')
    expectDescribed(h.document, operation, { status, type: 'application/json', text: JSON.stringify(body) })

    const call = h.caller(String(body.token))
    expect((await call('POST', '/rotations')).status).toBe(202)
    const actor = { type: 'person', userId: 'ann', email: 'ann@example.com', verified: true }
    const [session] = await sessionsIn(h)
    const commandLine = session?.id_digest.toString('hex').slice(0, 16)
    expect((await historyOf(h.deps, h.addon.id)).slice(-2)).toMatchObject([
      { kind: 'signed-in', actor: { ...actor, commandLine } },
      { kind: 'rotation-requested', actor: { ...actor, commandLine, address: '127.0.0.1' } },
    ])
    const { events } = (await call('GET', '/history')).body as { events: unknown[] }
    expect(events[0]).toMatchObject({ actor: { name: 'ann@example.com', by_command_line: true } })
    const logged = h.logLines.join('')
    for (const secret of [body.token, form[NEWEST], form.resource_token, form.email]) {
      expect(logged).not.toContain(secret)
    }
    expect(JSON.stringify(await sessionsIn(h))).not.toContain(String(body.token).slice(24))
  })

  test('is one for whoever would rather have JSON than a page, and for nobody else', async () => {
    const h = await startApi()
    const answers = async (accept: string | null, name: string) => {
      const headers: Record<string, string> = accept === null ? { accept: '' } : { accept }
      return (await postForm(h, formOf(h, {}, name), headers)).status
    }
    const programs = [
      'application/json',
      'application/json, text/plain, */*',
      'application/json, text/html',
      'text/html;q=0.5, application/json;q=0.9',
      'APPLICATION/JSON;charset=utf-8',
    ]
    const browsers = [
      null,
      '*/*',
      'text/html',
      'text/html, application/json;q=0.9',
      'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
      'text/html, application/json',
      'application/json;q=0',
      'application/json;q=0.1, */*',
      'application/vnd.heroku+json',
      'json',
      `${'x'.repeat(4_000)}json`,
    ]
    for (const [index, accept] of programs.entries())
      expect([accept, await answers(accept, `p${index}`)]).toEqual([accept, 200])
    for (const [index, accept] of browsers.entries())
      expect([accept, await answers(accept, `b${index}`)]).toEqual([accept, 302])
    expect((await sessionsIn(h)).filter(({ made_for }) => made_for === 'command-line')).toHaveLength(5)
  })

  test('works by the form of version 1 too, in a POST and in an address', async () => {
    const h = await startApi()
    const { id = '', token = '', timestamp = '' } = formOf(h)
    expect((await postForm(h, { id, token, timestamp })).body).toMatchObject({ user: null })
    h.clock.advance(SECOND)
    const later = formOf(h)
    const query = new URLSearchParams({ token: later.token ?? '', timestamp: later.timestamp ?? '' })
    const address = `${h.url}/heroku/resources/${id}?${query}`
    const head = await fetch(address, { method: 'HEAD', headers: { accept: 'application/json' } })
    expect(head.status).not.toBe(200)
    const response = await fetch(address, { headers: { accept: 'application/json' } })
    expect([response.status, await response.json()]).toMatchObject([200, { scopes: ['read', 'rotate'] }])
  })

  test('uses the form up, its weaker tokens too, for browsers as for programs', async () => {
    const h = await startApi()
    const form = formOf(h)
    const thief = await postForm(h, formOf(h, { [NEWEST]: null }))
    expect(thief.status).toBe(200)
    const ten = await Promise.all(Array.from({ length: 10 }, () => postForm(h, form)))
    expect(ten.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status, body } of ten) if (status !== 200) expect(body).toEqual(REFUSED)
    // What the weaker token made ends with the use of the stronger one.
    expect((await h.caller(String(thief.body.token))('GET', '/resource')).status).toBe(401)
    expect((await postForm(h, formOf(h, { [NEWEST]: null }))).body).toEqual(REFUSED)
    expect((await createBrowser(h).post('/sso/login', form)).status).toBe(403)
    expect(await sessionsIn(h)).toHaveLength(1)
    expect(await kindsOf(h.deps, h.addon.id)).toContain('sessions-ended')
  })

  test('by a form that a browser has used is refused, whatever cookie comes with it', async () => {
    const h = await startApi()
    const browser = createBrowser(h)
    await browser.post('/sso/login', formOf(h))
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    expect(await postForm(h, formOf(h), { cookie })).toMatchObject({ status: 403, body: REFUSED })
    expect((await browser.get(`/dashboard/${h.addon.id}`)).status).toBe(200)
  })

  test.each<[string, Record<string, string | null>]>([
    ['a tampered token', { [NEWEST]: 'f'.repeat(64) }],
    ['a tampered resource token', { [NEWEST]: null, resource_token: 'f'.repeat(40) }],
    ['no token', { [NEWEST]: null, resource_token: null, token: null }],
    ['another e-mail address', { email: 'eve@example.com' }],
    ['another user', { user_id: 'eve' }],
    ['no timestamp', { timestamp: null }],
    ['another add-on', { resource_id: randomUUID() }],
  ])('is refused with the same body: %s', async (_what, tamper) => {
    const h = await shared()
    expect(await postForm(h, formOf(h, tamper))).toMatchObject({ status: 403, body: REFUSED })
    expect(await sessionsIn(h)).toEqual([])
  })

  test('is refused with the same body when its form is old or its add-on was removed', async () => {
    const h = await startApi()
    const form = formOf(h)
    h.clock.advance(5 * MINUTE + SECOND)
    expect((await postForm(h, form)).body).toEqual(REFUSED)
    const fresh = formOf(h)
    await deprovision(h.deps, { resourceId: h.addon.id })
    expect((await postForm(h, fresh)).body).toEqual(REFUSED)
    expect(h.logLines.filter((line) => line.includes('"kind":"sign-on"'))).toHaveLength(2)
  })

  test('that cannot be read, is too large or came by plain http is a problem of its own', async () => {
    const h = await startApi({ env: { ADDON_URL: 'https://securekey.example' } })
    const send = async (body: string, type: string, more: Record<string, string> = {}) => {
      const headers = { accept: 'application/json', 'content-type': type, ...more }
      const response = await fetch(`${h.url}/sso/login`, { method: 'POST', headers, body })
      expect(response.headers.get('content-type')).toContain('application/problem+json')
      return ((await response.json()) as { type: string }).type.replace('urn:securekey:problem:', '')
    }
    const form = 'application/x-www-form-urlencoded'
    expect(await send('{"no', 'application/json')).toBe('malformed-request')
    expect(await send('email=a&email=b', form)).toBe('malformed-request')
    expect(await send('x', 'text/xml')).toBe('not-json')
    expect(await send(`email=${'x'.repeat(9_000)}`, form)).toBe('too-large')
    expect(await send('', form)).toBe('sign-on-refused')
    expect(await send('', form, { 'x-forwarded-proto': 'http' })).toBe('plain-http')
    const fields = JSON.stringify(formOf(h))
    const headers = { accept: 'application/json', 'content-type': 'application/json' }
    const signedOn = await fetch(`${h.url}/sso/login`, { method: 'POST', headers, body: fields })
    expect(await signedOn.json()).toMatchObject({ api: 'https://securekey.example/v1' })
  })

  test('from one address is one of 60 a minute', async () => {
    const h = await startApi()
    const statuses: number[] = []
    for (let n = 0; n < 60; n += 1) statuses.push((await postForm(h, {})).status)
    expect(new Set(statuses)).toEqual(new Set([403]))
    const { status, headers, body } = await postForm(h, {})
    expect([status, body.type]).toEqual([429, 'urn:securekey:problem:too-many-requests'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await postForm(h, {}, { 'x-forwarded-for': '203.0.113.10' })).status).toBe(403)
  })
})

describe('the token of the command line', () => {
  test('ends after 15 minutes, however busy', async () => {
    const h = await startApi()
    const call = h.caller((await signedOnByCommandLine(h)).token)
    h.clock.advance(15 * MINUTE - SECOND)
    expect((await call('GET', '/resource')).status).toBe(200)
    h.clock.advance(SECOND)
    expect((await call('GET', '/resource')).status).toBe(401)
  })

  test('ends with all sessions, by a revoke of others, and with the add-on, but not by its own revoke', async () => {
    const h = await startApi()
    const signedOn = async (userId: string) => h.caller((await signedOnByCommandLine(h, { userId })).token)
    const [ann, bob] = [await signedOn('ann'), await signedOn('bob')]
    const revoked = await ann('POST', '/revocations', { body: { confirm: h.addon.id } })
    expect(revoked.status).toBe(202)
    expect((await ann('GET', '/resource')).status).toBe(200)
    expect((await bob('GET', '/resource')).status).toBe(401)
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN })
    expect((await ann('GET', '/resource')).status).toBe(401)
    const eve = await signedOn('eve')
    await endSessions(h.deps, { resourceId: h.addon.id, actor: ANN })
    expect((await eve('GET', '/resource')).status).toBe(401)
    const zoe = await signedOn('zoe')
    await deprovision(h.deps, { resourceId: h.addon.id })
    expect((await zoe('GET', '/resource')).status).toBe(410)
  })

  test('of a sign-on that named nobody may look and rotate, and neither read nor revoke keys', async () => {
    const h = await startApi()
    const signedOn = await signedOnByCommandLine(h, { tamper: { [NEWEST]: null } })
    expect(signedOn).toMatchObject({ user: null, scopes: ['read', 'rotate'] })
    const call = h.caller(signedOn.token)
    expect((await call('GET', '/resource')).status).toBe(200)
    expect((await call('POST', '/rotations')).status).toBe(202)
    for (const [method, path] of [
      ['GET', '/keyring'],
      ['POST', '/revocations'],
    ] as const) {
      expect((await call(method, path)).body.type).toBe('urn:securekey:problem:scope-missing')
    }
  })

  test('has all rights without a user where the deployer has turned that off', async () => {
    const h = await startApi({ env: { REQUIRE_USER_SIGN_ON: 'false' } })
    const signedOn = await signedOnByCommandLine(h, { tamper: { [NEWEST]: null } })
    expect(signedOn.scopes).toEqual(SCOPES)
    expect((await h.caller(signedOn.token)('GET', '/keyring')).status).toBe(200)
  })

  test('is no cookie, and neither is the id of a browser’s session or an API token its like', async () => {
    const h = await startApi()
    const { token } = await signedOnByCommandLine(h)
    const cookie = `securekey-${h.addon.id}=${token}`
    const page = await fetch(`${h.url}/dashboard/${h.addon.id}`, { headers: { cookie } })
    expect(page.status).toBe(403)
    const browser = await signedIn(h, { addon: h.addon.id, userId: 'bob' })
    const [sessionId = ''] = browser.cookies.values()
    expect((await h.caller(sessionId)('GET', '/resource')).status).toBe(401)
    const { text } = await tokenOf(h, ['read'])
    expect((await h.caller(text.replace('sk_api_', 'sk_cli_'))('GET', '/resource')).status).toBe(401)
    expect((await h.caller(token.replace('sk_cli_', 'sk_api_'))('GET', '/resource')).status).toBe(401)
  })

  test('is shown among the sessions and told in the history as one of the command line', async () => {
    const h = await startApi()
    const { token } = await signedOnByCommandLine(h)
    await h.caller(token)('POST', '/rotations')
    const browser = await signedIn(h, { addon: h.addon.id, userId: 'bob', email: 'bob@example.com' })
    const { text } = await browser.get(`${browser.base}/sessions`)
    expect(text).toMatch(/ann@example\.com<\/strong> <span class="quiet">by the command line/)
    expect(text).not.toMatch(/bob@example\.com<\/strong> <span class="quiet">by the command line/)
    expect((await browser.get(`${browser.base}/history`)).text).toContain(
      'ann@example.com, by the command line',
    )
    const { text: file } = await browser.get(`${browser.base}/history.csv`)
    expect(file).toMatch(
      /rotation-requested,person,ann,ann@example\.com,verified,127\.0\.0\.1,command line \([0-9a-f]{16}\)/,
    )
  })
})
