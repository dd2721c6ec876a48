import { describe, expect, test } from 'vitest'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { createBrowser, formTokenIn, signedIn } from '../support/browser.ts'
import { MINUTE } from '../support/harness.ts'
import { historyOf, kindsOf } from '../support/resource.ts'

type Started = Awaited<ReturnType<typeof startWithAddon>>

/** Two people, a minute apart. */
async function startWithTwo() {
  const h = await startWithAddon()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  h.clock.advance(MINUTE)
  const bob = await signedIn(h, { addon: h.addon.name, userId: 'bob', email: 'bob@example.com' })
  return { ...h, ann, bob }
}

/** Signs on with the named tokens of one and the same form left out. */
async function signedInWithout(h: Started, ...fields: ('user_scoped_resource_token' | 'resource_token')[]) {
  const tamper = Object.fromEntries(fields.map((field) => [field, null]))
  return await signedIn(h, { addon: h.addon.name, tamper })
}

describe('the page of sessions', () => {
  test('says who is signed on, since when, and which session is one’s own', async () => {
    const { ann } = await startWithTwo()
    const { status, text } = await ann.get(`${ann.base}/sessions`)
    expect(status).toBe(200)
    expect(text).toMatch(/bob@example\.com[\s\S]*ann@example\.com[\s\S]*this session/)
  })

  test('ends the one session that is chosen', async () => {
    const h = await startWithTwo()
    const { text } = await h.ann.get(`${h.ann.base}/sessions`)
    const [ofBob = ''] = /name="session" value="([0-9a-f]{16})"/.exec(text)?.slice(1) ?? []
    const answer = await h.ann.post(`${h.ann.base}/sessions`, {
      form_token: formTokenIn(text),
      session: ofBob,
    })
    expect(answer).toMatchObject({ status: 303, location: `${h.ann.base}/sessions` })
    expect((await h.bob.get(h.bob.base)).status).toBe(403)
    expect((await h.ann.get(h.ann.base)).status).toBe(200)
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'sessions-ended',
      actor: { email: 'ann@example.com' },
      details: { sessions: 1 },
    })
  })

  test('signs everybody out at once', async () => {
    const h = await startWithTwo()
    const form = { form_token: await h.ann.token(), everybody: 'yes' }
    const answer = await h.ann.post(`${h.ann.base}/sessions`, form)
    expect(answer.text).toContain('Everybody is signed out')
    expect(answer.headers.get('clear-site-data')).toBe('"cache", "storage"')
    for (const browser of [h.ann, h.bob]) expect((await browser.get(browser.base)).status).toBe(403)
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({ details: { sessions: 2 } })
  })

  test('ends nothing of another add-on, nor without a form of this session', async () => {
    const h = await startWithTwo()
    await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily', name: 'securekey-other-1' })
    const eve = await signedIn(h, { addon: 'securekey-other-1', userId: 'eve', email: 'eve@example.com' })
    const { text } = await h.ann.get(`${h.ann.base}/sessions`)
    for (const [, session = ''] of text.matchAll(/name="session" value="([0-9a-f]{16})"/g)) {
      await eve.post(`${eve.base}/sessions`, { form_token: await eve.token(), session })
    }
    await h.bob.post(`${h.ann.base}/sessions`, { form_token: 'x', everybody: 'yes' })
    for (const browser of [h.ann, h.bob, eve]) expect((await browser.get(browser.base)).status).toBe(200)
  })
})

describe('a revoke', () => {
  test('ends all sessions but the one that asks for it', async () => {
    const h = await startWithTwo()
    const form = { form_token: await h.ann.token(), name: h.addon.name }
    expect((await h.ann.post(`${h.ann.base}/revoke`, form)).status).toBe(303)
    expect((await h.bob.get(h.bob.base)).status).toBe(403)
    expect((await h.ann.get(h.ann.base)).status).toBe(200)
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'keys-revoked',
      details: { sessionsEnded: 1 },
    })
  })

  test('by an operator ends all', async () => {
    const h = await startWithTwo()
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
    for (const browser of [h.ann, h.bob]) expect((await browser.get(browser.base)).status).toBe(403)
  })

  test('that joins one under way ends the sessions opened since', async () => {
    const h = await startWithTwo()
    const revoke = async () => {
      const form = { form_token: await h.ann.token(), name: h.addon.name }
      return await h.ann.post(`${h.ann.base}/revoke`, form)
    }
    await revoke()
    h.clock.advance(MINUTE)
    const eve = await signedIn(h, { addon: h.addon.name, userId: 'eve', email: 'eve@example.com' })
    expect((await revoke()).location).toContain('revoke-joined')
    expect((await eve.get(eve.base)).status).toBe(403)
    expect((await kindsOf(h.deps, h.addon.id)).at(-1)).toBe('sessions-ended')
  })
})

describe('a sign-on by a form without its stronger tokens', () => {
  test.each([
    ['the token that names the user', ['user_scoped_resource_token'] as const],
    ['both tokens of today', ['user_scoped_resource_token', 'resource_token'] as const],
  ])('ends when the whole form is used: %s', async (_what, left) => {
    const h = await startWithAddon()
    const thief = await signedInWithout(h, ...left)
    const owner = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
    expect((await thief.get(thief.base)).status).toBe(403)
    expect((await owner.get(owner.base)).status).toBe(200)
    expect((await historyOf(h.deps, h.addon.id)).slice(-2)).toMatchObject([
      { kind: 'signed-in', actor: { email: 'ann@example.com' } },
      { kind: 'sessions-ended', details: { because: 'weaker sign-on by the same form' } },
    ])
  })

  test('is refused when the whole form was used before', async () => {
    const h = await startWithAddon()
    await signedIn(h, { addon: h.addon.name })
    await expect(signedInWithout(h, 'user_scoped_resource_token')).rejects.toThrow('403')
  })
})

describe('a sign-on that named nobody', () => {
  test('shows no key and revokes none, and the page says why', async () => {
    const h = await startWithAddon()
    const before = keysOn(h)
    const browser = await signedInWithout(h, 'user_scoped_resource_token')
    const { text } = await browser.get(browser.base)
    expect(text).not.toContain('Yes, show it')
    expect(text).not.toContain('Revoke all keys')
    expect(text).toContain('Your sign-on named nobody')
    const form = { form_token: await browser.token(), version: '2', name: h.addon.name }
    for (const action of ['reveal', 'revoke']) {
      const answer = await browser.post(`${browser.base}/${action}`, form)
      expect(answer.status).toBe(403)
      expect(answer.text).not.toContain(before.first)
    }
    await h.worker1.tick()
    expect(keysOn(h)).toEqual(before)
    expect(h.logLines.filter((line) => line.includes('"kind":"user-sign-on-required"'))).toHaveLength(2)
  })

  test('may do everything else', async () => {
    const h = await startWithAddon()
    const browser = await signedInWithout(h, 'user_scoped_resource_token')
    const answer = await browser.post(`${browser.base}/rotate`, { form_token: await browser.token() })
    expect(answer.location).toContain('rotation-requested')
  })

  test('shows keys where the deployer has turned that off', async () => {
    const h = await startWithAddon({ env: { REQUIRE_USER_SIGN_ON: 'false' } })
    const browser = await signedInWithout(h, 'user_scoped_resource_token')
    const form = { form_token: await browser.token(), version: '2' }
    expect((await browser.post(`${browser.base}/reveal`, form)).text).toContain(keysOn(h).first)
  })
})

test('a browser that was signed out by somebody else can sign on again, as the page says before its buttons', async () => {
  const h = await startWithTwo()
  const { text } = await h.ann.get(`${h.ann.base}/sessions`)
  expect(text).toMatch(/A session that you end is signed out\. .* remove them from the app at Heroku first\./)
  expect(text.indexOf('A session that you end')).toBeLessThan(text.indexOf('<button class="button">End'))
  await h.ann.post(`${h.ann.base}/sessions`, { form_token: await h.ann.token(), everybody: 'yes' })
  h.clock.advance(MINUTE)
  const again = createBrowser(h)
  const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
  expect((await again.post('/sso/login', fields)).status).toBe(302)
})
