import { describe, expect, test } from 'vitest'
import { sessionDigest } from '../../src/domain/session.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createMacs } from '../../src/sealing/macs.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { createBrowser, formTokenIn, signedIn } from '../support/browser.ts'
import { DAY, HOUR, MINUTE, SEALING_KEY } from '../support/harness.ts'
import { kindsOf, stateOf, tokenCalls } from '../support/resource.ts'

type Started = Awaited<ReturnType<typeof startWithAddon>>

/** A browser that holds this session id for the add-on. */
function browserWith(h: Started, sessionId: string, resourceId = h.addon.id) {
  const browser = createBrowser(h)
  browser.cookies.set(`securekey-${resourceId}`, sessionId)
  return browser
}

/** A session as somebody writes it who has the database alone; he knows the id, of which the row holds the digest. */
async function insertSession(h: Started, more: Record<string, unknown> = {}): Promise<string> {
  const sessionId = 'w'.repeat(43)
  await h.deps.db
    .insertInto('sessions')
    .values({
      id_digest: sessionDigest(sessionId),
      resource_id: h.addon.id,
      sign_on_digest: Buffer.alloc(32, 1),
      made_for: 'browser',
      user_id: 'ann',
      email: 'ann@example.com',
      verified: true,
      created_at: h.deps.now(),
      last_used_at: h.deps.now(),
      ends_at: new Date(h.deps.now().getTime() + HOUR),
      kek_id: 'k1',
      mac: Buffer.alloc(32, 7),
      ...more,
    })
    .execute()
  return sessionId
}

async function expectShut(h: Started, sessionId: string): Promise<void> {
  const browser = browserWith(h, sessionId)
  const page = await browser.get(`/dashboard/${h.addon.id}`)
  expect(page.status).toBe(403)
  const form = { form_token: formTokenIn(page.text), version: '2', name: h.addon.name }
  for (const action of ['reveal', 'revoke', 'rotate', 'sessions']) {
    const answer = await browser.post(`/dashboard/${h.addon.id}/${action}`, form)
    expect(answer.status).toBe(403)
    expect(answer.text).not.toContain(keysOn(h).first)
  }
}

describe('a session written by somebody who has the database alone opens nothing', () => {
  test('made up from nothing', async () => {
    const h = await startWithAddon()
    await expectShut(h, await insertSession(h))
    expect(h.logLines.join('')).toContain('"kind":"forged-session"')
    expect(await kindsOf(h.deps, h.addon.id)).not.toContain('key-revealed')
  })

  test.each([
    ['with the MAC of another session', {}],
    ['with the sign-on of another, too', { sign_on_digest: 'copied' }],
    ['under a sealing key that is not listed', { kek_id: 'k9' }],
  ])('%s', async (_what, more) => {
    const h = await startWithAddon()
    await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
    const good = await h.deps.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow()
    const copied = 'sign_on_digest' in more ? { sign_on_digest: good.sign_on_digest } : more
    await expectShut(h, await insertSession(h, { mac: good.mac, ...copied }))
  })

  test.each<[string, (h: Started) => Record<string, unknown>]>([
    ['that names another user', () => ({ user_id: 'eve' })],
    ['that names another address', () => ({ email: 'eve@example.com' })],
    ['that ends later', (h) => ({ ends_at: new Date(h.deps.now().getTime() + DAY) })],
    ['that began at another time', (h) => ({ created_at: new Date(h.deps.now().getTime() + MINUTE) })],
    ['of the command line', () => ({ made_for: 'command-line' })],
    ['of another sign-on', () => ({ sign_on_digest: Buffer.alloc(32, 9) })],
  ])('a good one, altered into one %s', async (_what, alter) => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
    const [sessionId = ''] = browser.cookies.values()
    await h.deps.db.updateTable('sessions').set(alter(h)).execute()
    await expectShut(h, sessionId)
  })

  test('a good one without a user, altered into one that names its user', async () => {
    const h = await startWithAddon()
    const tamper = { user_scoped_resource_token: null }
    const browser = await signedIn(h, { addon: h.addon.name, tamper })
    const [sessionId = ''] = browser.cookies.values()
    await h.deps.db.updateTable('sessions').set({ verified: true, user_id: 'ann' }).execute()
    await expectShut(h, sessionId)
  })

  test('a good one, moved to another add-on', async () => {
    const h = await startWithAddon()
    const browser = await signedIn(h, { addon: h.addon.name })
    const [sessionId = ''] = browser.cookies.values()
    const other = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily' })
    await h.deps.db.updateTable('sessions').set({ resource_id: other.id }).execute()
    const answer = await browserWith(h, sessionId, other.id).get(`/dashboard/${other.id}`)
    expect(answer.status).toBe(403)
  })

  test('and is listed nowhere', async () => {
    const h = await startWithAddon()
    await insertSession(h, { email: 'planted@example.com' })
    const browser = await signedIn(h, { addon: h.addon.name })
    expect((await browser.get(`${browser.base}/sessions`)).text).not.toContain('planted@example.com')
  })
})

describe('other rows of that kind', () => {
  test('a used grant that is put back gets no tokens, and loses none', async () => {
    const h = await startWithAddon()
    const grants = () => h.deps.db.selectFrom('oauth_grants').selectAll().executeTakeFirstOrThrow()
    const tokens = () => h.deps.db.selectFrom('oauth_tokens').selectAll().executeTakeFirstOrThrow()
    const before = await tokens()
    await h.deps.db
      .updateTable('oauth_grants')
      .set({ state: 'waiting', sealed_code: Buffer.alloc(60, 1), wake_at: h.deps.now(), claimed_until: null })
      .execute()
    await h.worker1.tick()
    h.clock.advance(10 * MINUTE)
    await h.worker1.tick()
    expect((await grants()).state).toBe('lost')
    expect(await tokens()).toEqual(before)
    expect(tokenCalls(h, 'authorization_code')).toHaveLength(1)
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test('tokens and keys of another add-on do not open in the place of one’s own', async () => {
    const h = await startWithAddon()
    const other = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'monthly' })
    await expect.poll(() => kindsOf(h.deps, other.id)).toContain('grant-exchanged')
    const of = (id: string) => h.deps.db.selectFrom('oauth_tokens').selectAll().where('resource_id', '=', id)
    const { sealed_access_token, sealed_refresh_token } = await of(other.id).executeTakeFirstOrThrow()
    await h.deps.db
      .updateTable('oauth_tokens')
      .set({ sealed_access_token, sealed_refresh_token })
      .where('resource_id', '=', h.addon.id)
      .execute()
    const before = keysOn(h)
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    expect(keysOn(h)).toEqual(before)
    expect(pushes(h)).toEqual([])
  })

  test('a wish to adopt that nobody had takes over nothing while Heroku holds our own pair', async () => {
    const h = await startWithAddon()
    const before = await stateOf(h.deps, h.addon.id)
    await h.deps.db
      .updateTable('keysets')
      .set({ adopt_asked: true, foreign_since: h.deps.now(), check_at: h.deps.now(), wake_at: h.deps.now() })
      .execute()
    await h.worker1.tick()
    expect((await stateOf(h.deps, h.addon.id)).keyset).toEqual(before.keyset)
    expect(await kindsOf(h.deps, h.addon.id)).not.toContain('config-adopted')
    expect(pushes(h)).toEqual([])
  })

  test('a sign-on whose mark of use is taken away is still good for its own form alone, and for five minutes', async () => {
    const h = await startWithAddon()
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name })
    expect((await createBrowser(h).post('/sso/login', fields)).status).toBe(302)
    await h.deps.db.deleteFrom('used_sign_on_tokens').execute()
    const made = { ...fields, email: 'eve@example.com' }
    expect((await createBrowser(h).post('/sso/login', made)).status).toBe(403)
    h.clock.advance(6 * MINUTE)
    expect((await createBrowser(h).post('/sso/login', fields)).status).toBe(403)
  })
})

describe('a new sealing key in three deploys', () => {
  const k1 = createLocalKek('k1', Buffer.from(SEALING_KEY.slice(3), 'base64'))
  const k2 = createLocalKek('k2', Uint8Array.from(seededBytes('kek k2')(32)))
  const macsOf = (...keks: (typeof k1)[]) => ({ macs: createMacs(keks) })

  test('ends no session and spoils no form, as long as the last of them waits for 90 minutes', async () => {
    const h = await startWithAddon()
    const old = await signedIn(h, { addon: h.addon.name })
    const form = { form_token: await old.token() }
    for (const macs of [macsOf(k1, k2), macsOf(k2, k1)]) {
      Object.assign(h.deps, macs)
      expect((await old.get(old.base)).status).toBe(200)
      expect((await old.post(`${old.base}/retry`, form)).status).toBe(303)
      h.clock.advance(20 * MINUTE)
    }
    const fresh = await signedIn(h, { addon: h.addon.name })
    Object.assign(h.deps, macsOf(k2))
    expect((await fresh.get(fresh.base)).status).toBe(200)
    expect((await old.get(old.base)).status).toBe(403)
    // That is an end, and no attack.
    expect(h.logLines.join('')).not.toContain('forged-session')
  })
})

test('a revoke seals what comes after it by a data key that the former one does not open', async () => {
  const h = await startWithAddon()
  const { kek_id: kekId, wrapped_dek: wrapped } = await h.deps.db
    .selectFrom('resources')
    .select(['kek_id', 'wrapped_dek'])
    .executeTakeFirstOrThrow()
  if (kekId === null || wrapped === null) throw new Error('the add-on is live')
  const former = await h.deps.sealing.forResource(h.addon.id, { kekId, wrapped })
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  await h.worker1.tick()
  h.clock.advance(DAY)
  await h.worker1.tick()
  const rows = await h.deps.db.selectFrom('sealed_keys').select(['version', 'sealed']).execute()
  expect(rows.length).toBeGreaterThan(1)
  for (const { version, sealed } of rows) expect(() => former.openKey(version, sealed)).toThrow()
  const tokens = await h.deps.db.selectFrom('oauth_tokens').select('sealed_access_token').executeTakeFirst()
  expect(() => former.open('sealed_access_token', tokens?.sealed_access_token ?? Buffer.alloc(0))).toThrow()
})

test('nobody learns the keys of an id that he knows by repeating its provision after a day', async () => {
  const h = await startWithAddon()
  h.clock.advance(DAY - MINUTE)
  expect((await h.heroku.customer.repeatProvision(h.addon.id)).json).toHaveProperty('config')
  h.clock.advance(MINUTE)
  const late = await h.heroku.customer.repeatProvision(h.addon.id)
  expect(late.status).toBe(200)
  expect(late.json).not.toHaveProperty('config')
  expect(JSON.stringify(late)).not.toContain(keysOn(h).first)
  expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'provision-repeated')).toHaveLength(2)
})
