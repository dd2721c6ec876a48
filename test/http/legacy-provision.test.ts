import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import manifest from '../../addon-manifest.json' with { type: 'json' }
import { parseSecureKeyValue } from '../../src/domain/config-vars.ts'
import { isOwnId } from '../../src/domain/legacy-id.ts'
import { createResourceInsert } from '../../src/flows/provisioning/insert-resource.ts'
import { provisionLegacy } from '../../src/flows/provisioning/provision-legacy.ts'
import { findResource } from '../../src/store/resources.ts'
import { createBrowser } from '../support/browser.ts'
import { DAY, HOUR, SSO_SALT } from '../support/harness.ts'
import { addLegacyAddon, overLegacyApi } from '../support/legacy.ts'
import { kindsOf } from '../support/resource.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { basic, callPartnerApi } from './support/partner-call.ts'

const MAIL = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'securekey@example.com' }
const shared = sharedHarness(overLegacyApi({ env: MAIL }))
const ACCEPT = { accept: 'application/json' }

const LEGACY_REQUEST = {
  uuid: randomUUID(),
  herokuId: 'app1@heroku.com',
  callbackUrl: null,
  name: null,
  plan: 'fortnightly',
  region: null,
  options: {},
  logInputUrl: null,
}
let apps = 100

function newHerokuId(): string {
  apps += 1
  return `app${apps}@heroku.com`
}

/** As Kensa 3.1.0 writes it: its callback address is one of its own. */
function kensaBody(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    heroku_id: newHerokuId(),
    plan: 'fortnightly',
    callback_url: 'http://localhost:7779/callback/999',
    logplex_token: null,
    region: 'amazon-web-services::us-east-1',
    options: {},
    uuid: randomUUID(),
    ...more,
  }
}

async function post(body: unknown, headers: Record<string, string> = {}) {
  return await callPartnerApi(shared().app, { method: 'POST', body, headers: { ...ACCEPT, ...headers } })
}
const addressOf = async (id: string) => (await findResource(shared().deps.db, id))?.address

describe('a provision request of the legacy API', () => {
  test('as Kensa writes it is answered with an id, both config vars and JSON', async () => {
    const body = kensaBody()
    const { status, json } = await post(body)
    expect([status, json.id]).toEqual([200, body.uuid])
    // Private links are of Heroku's spaces; they set theirs later.
    expect([...Object.keys(json.config), 'SECURE_ENDPOINTS']).toEqual(manifest.api.config_vars)
    expect(parseSecureKeyValue(json.config.SECURE_KEY)).toBeDefined()
  })

  test('keeps the path of its callback address if that is Heroku’s, as it was written', async () => {
    const { url } = shared().heroku
    const { json } = await post(kensaBody({ callback_url: `${url}/vendor/apps/app9%40heroku.com` }))
    expect(await addressOf(json.id)).toMatchObject({ callbackPath: '/vendor/apps/app9%40heroku.com' })
  })

  test.each([
    'http://localhost:7779/callback/999',
    'https://evil.example/vendor/apps/app9%40heroku.com',
    'https://api.heroku.com@evil.example/vendor/apps/a',
    'nonsense',
  ])('never makes the service call another host: %s', async (callbackUrl) => {
    const herokuId = newHerokuId()
    const { status, json } = await post(kensaBody({ callback_url: callbackUrl, heroku_id: herokuId }))
    expect(status).toBe(200)
    const callbackPath = `/vendor/apps/${encodeURIComponent(herokuId)}`
    expect(await addressOf(json.id)).toMatchObject({ callbackPath })
    const warned = shared().logLines.filter((line) =>
      line.includes('callback address is not one of app info'),
    )
    expect(warned.at(-1)).toContain(json.id)
    expect(warned.at(-1)).not.toContain('evil')
  })

  test('takes a uuid for a heroku_id, and none at all beside a uuid', async () => {
    const herokuId = randomUUID()
    const named = await post(kensaBody({ heroku_id: herokuId, callback_url: null }))
    expect(await addressOf(named.json.id)).toMatchObject({ callbackPath: `/vendor/apps/${herokuId}` })
    const uuid = randomUUID()
    const unnamed = await post({ uuid, plan: 'fortnightly' })
    expect(await addressOf(unnamed.json.id)).toMatchObject({ callbackPath: `/vendor/apps/${uuid}` })
  })

  test('keeps a grant that came along, as on the day of the move, where the client secret is set', async () => {
    const grant = { code: randomUUID(), expires_at: '2026-03-03T18:01:31-0800', type: 'authorization_code' }
    const { status, json } = await post(kensaBody({ oauth_grant: grant }))
    expect(status).toBe(200)
    const kept = () => shared().deps.db.selectFrom('oauth_grants').select(['resource_id', 'state']).execute()
    expect(await kept()).toEqual([{ resource_id: json.id, state: 'waiting' }])
    const without = await shared().anotherProcess({ ADDON_CLIENT_SECRET: '' })
    const wanted = { ...LEGACY_REQUEST, grant: { code: randomUUID(), expiresAt: shared().clock.now() } }
    await provisionLegacy(without, createResourceInsert(without), wanted)
    expect(await kept()).toHaveLength(1)
  })

  test('is refused while another add-on writes to the same vars of the same app, and taken when that is removed', async () => {
    const address = `${shared().heroku.url}/vendor/apps/app77%40heroku.com`
    const same = { heroku_id: 'app77@heroku.com', callback_url: address }
    const first = await post(kensaBody(same))
    expect((await post(kensaBody({ ...same, uuid: first.json.id }))).status).toBe(200)
    const second = await post(kensaBody(same))
    expect([second.status, second.json.id]).toEqual([422, 'already-there'])
    // Whoever wants to take the keys over must not be told to remove them.
    const fork = await post(kensaBody({ ...same, options: { fork: 'sk_fork_x' } }))
    expect(fork.json).toEqual({
      id: 'already-there',
      message: expect.stringContaining('Leave the first in place'),
    })
    expect(second.json.message).toContain('Remove it first')
    const elsewhere = `${shared().heroku.url}/vendor/apps/${randomUUID()}`
    expect((await post(kensaBody({ ...same, callback_url: elsewhere }))).status).toBe(200)
    await callPartnerApi(shared().app, { method: 'DELETE', path: `/${first.json.id}`, headers: ACCEPT })
    expect((await post(kensaBody(same))).status).toBe(200)
  })

  test.each([
    '/vendor/apps/..%2f..%2faddons',
    '/vendor/apps/../../addons/x',
    '/vendor/apps/%2e%2e/x',
    '//vendor/apps/a',
    '/vendor/apps/a/config',
    '/vendor/apps/a?x',
    '/vendor/apps/%00',
    '\\@evil.example/vendor/apps/a',
  ])('never makes the service call anything but app info at Heroku: %s', async (path) => {
    const herokuId = newHerokuId()
    const { json } = await post(
      kensaBody({ heroku_id: herokuId, callback_url: `${shared().heroku.url}${path}` }),
    )
    const callbackPath = `/vendor/apps/${encodeURIComponent(herokuId)}`
    expect(await addressOf(json.id)).toMatchObject({ callbackPath })
  })

  test.each([
    ['neither a uuid nor a heroku_id', { uuid: null, heroku_id: null }, 400],
    ['an id that has nothing to be called by', { uuid: null, heroku_id: '..' }, 400],
    ['half a character in its only id', { uuid: null, heroku_id: '\ud800' }, 400],
    ['an unseen character in its only id', { uuid: null, heroku_id: 'app1\u0007@heroku.com' }, 400],
    ['an id far too long alone', { uuid: null, heroku_id: `app${'1'.repeat(300)}@heroku.com` }, 400],
    ['a uuid that is none', { uuid: 'app1@heroku.com' }, 400],
    ['a plan that is not on offer', { plan: 'yearly' }, 422],
    ['an option that means nothing', { options: { grace: 'soon' } }, 422],
  ])('is refused with %s', async (_what, more, status) => {
    expect((await post(kensaBody(more))).status).toBe(status)
  })

  test('with a wrong password is refused before anything is looked up', async () => {
    expect((await post(kensaBody(), { authorization: basic('wrong', 'secret') })).status).toBe(401)
  })
})

describe('an add-on that is named by no uuid', () => {
  const named = (herokuId: string) => kensaBody({ uuid: undefined, heroku_id: herokuId })

  test('gets an id of our own, and a repeated or parallel request the same keys', async () => {
    const body = named(newHerokuId())
    const answers = await Promise.all([post(body), post(body), post(body)])
    answers.push(await post(body))
    const [{ json } = { json: undefined }] = answers
    expect(isOwnId(json.id)).toBe(true)
    for (const answer of answers) {
      expect([answer.status, answer.json.id, answer.json.config?.SECURE_KEY]).toEqual([
        200,
        json.id,
        json.config.SECURE_KEY,
      ])
    }
  })

  test('that is removed and added to the same app again is another one with other keys', async () => {
    const herokuId = newHerokuId()
    const first = await post(named(herokuId))
    await callPartnerApi(shared().app, { method: 'DELETE', path: `/${first.json.id}`, headers: ACCEPT })
    const second = await post(named(herokuId))
    expect(second.status).toBe(200)
    expect(second.json.id).not.toBe(first.json.id)
    expect(second.json.config.SECURE_KEY).not.toBe(first.json.config.SECURE_KEY)
  })

  test('gives no keys out again after a day: whoever asks reads what to do', async () => {
    const body = named(newHerokuId())
    await post(body)
    shared().clock.advance(DAY + HOUR)
    const late = await post(body)
    expect(late.status).toBe(422)
    expect(late.json).toEqual({ id: 'already-there', message: expect.stringContaining('Remove it first') })
  })
})

test('a plan change and a deletion of the legacy API are answered with 200 and JSON, then with 410', async () => {
  const { json } = await post(kensaBody())
  const call = { path: `/${json.id}`, headers: ACCEPT }
  const body = { plan: 'weekly', heroku_id: 'app1@heroku.com', uuid: randomUUID() }
  const change = await callPartnerApi(shared().app, { ...call, method: 'PUT', body })
  expect([change.status, change.json.id]).toEqual([200, json.id])
  const deletion = await callPartnerApi(shared().app, { ...call, method: 'DELETE' })
  expect([deletion.status, deletion.json.id]).toEqual([200, json.id])
  expect((await callPartnerApi(shared().app, { ...call, method: 'DELETE' })).status).toBe(410)
  const wrong = { ...ACCEPT, authorization: basic('wrong', 'secret') }
  expect((await callPartnerApi(shared().app, { ...call, method: 'DELETE', headers: wrong })).status).toBe(401)
})

test('the customer of a legacy Heroku makes, changes and removes an add-on', async () => {
  const h = shared()
  const addon = await addLegacyAddon(h)
  await h.heroku.customer.changePlan({ addon: addon.name, plan: 'weekly' })
  await h.heroku.customer.destroy({ addon: addon.name })
  expect(await kindsOf(h.deps, addon.resourceId)).toEqual(['provisioned', 'plan-changed', 'deprovisioned'])
})

describe('a sign-on by the link of the legacy API', () => {
  test('leads to a page that says what the legacy API does not tell', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    const browser = createBrowser(h)
    const answer = await browser.get(h.heroku.customer.ssoLink({ addon: addon.name }))
    expect([answer.status, answer.location]).toEqual([302, `/dashboard/${addon.resourceId}`])
    const { status, text } = await browser.get(answer.location)
    expect(status).toBe(200)
    expect(text).toContain(
      'older partner API, over which this add-on runs, does not say which apps hold the keys',
    )
    expect(text).toContain('whether or not each app has taken the new one by then')
    expect(text).toContain('over Heroku’s older partner API, which names nobody')
    expect(text).not.toContain('Open the dashboard again from Heroku')
    const tokens = await browser.get(`${answer.location}/tokens`)
    expect(tokens.text).not.toContain('within two days')
    const notices = await browser.get(`${answer.location}/notices`)
    expect(notices.text).toContain('does not tell us who works on the apps, so nobody else gets a mail')
  })

  test.each([
    ['a wrong token', { token: 'invalid' }],
    ['another app’s id', { id: randomUUID() }],
    ['a token of six minutes ago', {}, 6 * 60_000],
  ])('is refused with %s', async (_what, tamper: Record<string, string>, ageMs = 0) => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    const at = new Date(h.clock.now().getTime() - ageMs)
    const link = new URL(h.heroku.customer.ssoLink({ addon: addon.name, at, tamper }))
    if (tamper.id) link.pathname = `/heroku/resources/${tamper.id}`
    expect((await createBrowser(h).get(link.href)).status).toBe(403)
  })

  test('for an id that is none of ours is refused like any other, though its token is right', async () => {
    const timestamp = String(Math.floor(shared().clock.now().getTime() / 1_000))
    for (const id of ['kensa', '7', 'app1@heroku.com']) {
      const token = createHash('sha1').update(`${id}:${SSO_SALT}:${timestamp}`).digest('hex')
      const query = new URLSearchParams({ timestamp, token })
      const { status } = await createBrowser(shared()).get(
        `/heroku/resources/${encodeURIComponent(id)}?${query}`,
      )
      expect(status).toBe(403)
    }
  })

  test('is good once', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    const link = h.heroku.customer.ssoLink({ addon: addon.name })
    expect((await createBrowser(h).get(link)).status).toBe(302)
    expect((await createBrowser(h).get(link)).status).toBe(403)
  })

  test('names nobody, so keys are neither shown nor revoked unless the operator allows it', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    const browser = createBrowser(h)
    const { location } = await browser.get(h.heroku.customer.ssoLink({ addon: addon.name }))
    const { text } = await browser.get(location)
    const form_token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? ''
    const refused = await browser.post(`${location}/reveal`, { form_token })
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('This needs a sign-on by name')
    expect(refused.text).toContain('over Heroku’s older partner API, which names nobody')
  })
})

test('the health of a process says that the legacy API is in use', async () => {
  const ready = await shared().app.inject({ url: '/readyz' })
  expect(ready.json()).toEqual({ status: 'ready', partnerApi: 'v1' })
})
