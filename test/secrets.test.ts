import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { SCOPES } from '../src/domain/api-token.ts'
import type { HistoryKind } from '../src/domain/history.ts'
import { announceNext } from '../src/flows/dashboard/announce-next.ts'
import { requestRotation, resumeRotation } from '../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../src/flows/dashboard/revoke-keys.ts'
import type { Deps } from '../src/flows/deps.ts'
import { replaceWebhookSecret } from '../src/flows/notices/webhooks/replace-secret.ts'
import { testWebhook } from '../src/flows/notices/webhooks/try-webhook.ts'
import { addWebhook } from '../src/flows/notices/webhooks/webhooks.ts'
import { endTokens } from '../src/flows/tokens/tokens.ts'
import { createLogger } from '../src/logger.ts'
import { createLocalKek } from '../src/sealing/keyring.ts'
import { createSealing } from '../src/sealing/sealing.ts'
import { createWorker } from '../src/worker/worker.ts'
import { ask, derived, handedOverTo } from './api/support/client.ts'
import { signedOnByCommandLine } from './api/support/command-line.ts'
import { tokenOf } from './api/support/token.ts'
import { type Receiver, startReceiver } from './notices/support/receiver.ts'
import { callsTo, type HarnessWithAddon, keysOn, pushes, startWithAddon } from './support/addon.ts'
import { createBrowser, formTokenIn } from './support/browser.ts'
import {
  CLIENT_SECRET,
  collector,
  DAY,
  HOUR,
  MINUTE,
  PASSWORD,
  SEALING_KEY,
  SSO_SALT,
} from './support/harness.ts'
import { findLeaks, type Secrets, sealedSecrets, type Text } from './support/leaks.ts'
import { MAIL_FROM, startMailServer } from './support/mail-server.ts'
import { kindsOf, stateOf } from './support/resource.ts'

const PATCH = { method: 'PATCH' }
const PERSON = { type: 'person', userId: 'u', email: 'a@example.com', verified: true, address: null } as const
const KEK = SEALING_KEY.slice('k1:'.length)
/** Before it stand the prefix and the id, which are no secrets. */
const SECRET_AT = 'sk_client_0123456789abcdef_'.length
const TOKEN_SECRET_AT = 'sk_api_0123456789abcdef_'.length
const RECEIVERS_OWN = 'receivers-own-secret-0815'
const TRIED_PASSWORD = 'tried-password-0815'
const SMTP_PASSWORD = 'smtp-password-0815'
const READER = 'a.reader.of.notices@example.net'
/** The part of a link that is good for it alone. */
const LINK_SECRET = /(?<=\/mail\/(?:confirm|unsubscribe)\/ma_[0-9a-f]{16}\.)[\w-]{32}/g

/** The secrets that are the same for the whole life of the service. */
const SETTINGS: Secrets = new Map([
  [PASSWORD, "the manifest's password"],
  [SSO_SALT, 'the sign-on salt'],
  [CLIENT_SECRET, 'the client secret'],
  [KEK, 'the KEK'],
  [Buffer.from(KEK, 'base64').toString('latin1'), 'the bytes of the KEK'],
  [Buffer.from(`securekey:${PASSWORD}`).toString('base64'), 'the Authorization header'],
  [TRIED_PASSWORD, 'a password that somebody tried'],
  [SMTP_PASSWORD, 'the password of the mail server'],
  [READER, 'a mail address'],
])

/** A life under observation: every secret that ever was, and every text that was written anywhere. */
async function startObservedLife() {
  const mail = await startMailServer({
    allowInsecureAuth: true,
    onAuth: ({ username }, _session, done) => done(null, { user: username }),
  })
  const smtp = mail.url.replace('//', `//mailer:${SMTP_PASSWORD}@`)
  const h = await startWithAddon({
    grace: '48h',
    env: { SMTP_URL: smtp, MAIL_FROM },
    callTimeoutMs: 1_000,
    simulator: { refreshTokensRotate: true },
  })
  const secrets: Secrets = new Map(SETTINGS)
  const errorBodies: Text[] = []
  const states: Text[] = []

  async function observe(): Promise<void> {
    for (const [secret, what] of await sealedSecrets(h.deps)) secrets.set(secret, what)
    for (const value of pushes(h)) for (const key of value.split(',')) secrets.set(key, 'a pushed key')
    for (const { config } of callsTo(h, 'PATCH', '/config')) {
      const texts = config?.SECURE_KEYRING?.match(/[0-9A-F]{64}/g) ?? []
      for (const text of texts) if (!secrets.has(text)) secrets.set(text, 'an announced key')
    }
    for (const { body } of h.heroku.view.serviceCalls()) {
      const sent = body === null ? {} : JSON.parse(body)
      if (sent.oauth_grant) secrets.set(sent.oauth_grant.code, 'a grant code')
      if (sent.log_input_url) secrets.set(new URL(sent.log_input_url).password, 'a log token')
    }
    // Failures on the way stand there, until their rotation ends.
    const { rows } = await sql<{ row: string }>`select k::text as row from keysets k`.execute(h.deps.db)
    states.push(...rows.map(({ row }) => ({ from: 'a state', text: row })))
    const cursors = await sql<{ row: string }>`select c::text as row from notice_cursors c`.execute(h.deps.db)
    states.push(...cursors.rows.map(({ row }) => ({ from: 'a cursor of notices', text: row })))
    const sent = await sql<{ row: string }>`select d::text as row from webhook_deliveries d`.execute(
      h.deps.db,
    )
    states.push(...sent.rows.map(({ row }) => ({ from: 'a delivery', text: row })))
    for (const table of ['mail_addresses', 'mail_asked', 'collaborator_mails']) {
      const mailed = await sql<{ row: string }>`select m::text as row from ${sql.table(table)} m`.execute(
        h.deps.db,
      )
      // The sealed value stands there, and nowhere else.
      const text = (row: string) => row.replace(/\\\\x01[0-9a-f]{58,}/, '')
      states.push(...mailed.rows.map(({ row }) => ({ from: `a row of ${table}`, text: text(row) })))
    }
  }
  await observe()

  /** Lets the worker work, and looks at what it made of it. */
  async function tick(worker = h.worker1) {
    await worker.tick()
    await worker.idle()
    await observe()
  }

  /** Lets hours pass, with a tick after each, until the history holds the kind. */
  async function tickUntil(kind: HistoryKind): Promise<void> {
    for (let hour = 0; hour < 96; hour += 1) {
      await tick()
      if ((await kindsOf(h.deps, h.addon.id)).includes(kind)) return
      h.clock.advance(HOUR)
    }
    throw new Error(`${kind} never happened`)
  }

  /** Sends the provisioning API something that it refuses. */
  async function refused(request: {
    method: string
    path?: string
    body?: string
    headers?: Record<string, string>
  }) {
    const response = await fetch(`${h.url}/heroku/resources${request.path ?? ''}`, {
      method: request.method,
      headers: {
        authorization: `Basic ${Buffer.from(`securekey:${PASSWORD}`).toString('base64')}`,
        'content-type': 'application/json',
        ...request.headers,
      },
      body: request.body ?? null,
    })
    expect(response.status).toBeGreaterThanOrEqual(400)
    errorBodies.push({ from: `an answer with status ${response.status}`, text: await response.text() })
  }

  async function texts(): Promise<Text[]> {
    const history = await sql<{ row: string }>`select h::text as row from history h`.execute(h.deps.db)
    const refusals = h.heroku.view.serviceCalls().filter(({ status }) => status >= 400)
    return [
      ...h.heroku.view.logs().map(({ text }) => ({ from: 'a line in the log of an app', text })),
      ...h.logLines.map((text) => ({ from: 'a log line', text })),
      ...history.rows.map(({ row }) => ({ from: 'a history row', text: row })),
      ...states,
      ...refusals.map(({ answer }) => ({ from: 'an error body', text: answer })),
      ...errorBodies,
    ]
  }

  return { ...h, mail, secrets, tick, tickUntil, refused, texts, errorBodies }
}

type ObservedLife = Awaited<ReturnType<typeof startObservedLife>>

/** One rotation for each way in which a push can fail, until it succeeds. */
async function liveThroughFailures(life: ObservedLife): Promise<void> {
  const faults = [
    { kind: 'status', status: 401 },
    { kind: 'status', status: 422, body: { id: 'invalid_params', message: 'no' } },
    { kind: 'status', status: 429, retryAfter: 1 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 200, body: [] },
    { kind: 'cut' },
    { kind: 'cut', times: 2 },
    { kind: 'lost-answer' },
    { kind: 'hang' },
    { kind: 'truncated-body' },
    { kind: 'garbage-body' },
    { kind: 'redirect' },
    { kind: 'status-after-write' },
  ] as const
  for (const fault of faults) {
    life.clock.advance(14 * DAY)
    life.heroku.faults.add({ match: PATCH, ...fault })
    // Nobody waits for an answer in a test.
    if (fault.kind !== 'hang') life.heroku.faults.add({ match: { path: '/logs' }, ...fault })
    for (let round = 0; round < 3; round += 1) {
      await life.tick()
      life.clock.advance(2 * MINUTE)
    }
  }
  life.heroku.revokeToken(life.addon.id)
  life.heroku.faults.add({ match: { grantType: 'refresh_token' }, kind: 'status', status: 403 })
  life.clock.advance(14 * DAY)
  await life.tick()
  life.clock.advance(HOUR)
  await life.tick()
}

/** Requests with secrets in them, all of which are refused. */
async function liveThroughRefusals(life: ObservedLife): Promise<void> {
  const body = life.heroku.view.serviceCalls()[0]?.body ?? ''
  const sent = JSON.parse(body)
  await life.refused({ method: 'POST', body: body.slice(0, -1) })
  await life.refused({
    method: 'POST',
    body: JSON.stringify({ ...sent, oauth_grant: sent.oauth_grant.code }),
  })
  await life.refused({ method: 'POST', body: JSON.stringify({ ...sent, name: [sent.oauth_grant.code] }) })
  await life.refused({
    method: 'POST',
    body: JSON.stringify({ ...sent, name: `\u0000${sent.oauth_grant.code}` }),
  })
  await life.refused({ method: 'POST', body: JSON.stringify({ ...sent, uuid: sent.log_input_url }) })
  await life.refused({
    method: 'POST',
    body: JSON.stringify({ ...sent, uuid: randomUUID(), plan: 'hourly' }),
  })
  await life.refused({
    method: 'POST',
    body: JSON.stringify({ ...sent, uuid: randomUUID(), options: { grace: '1s' } }),
  })
  await life.refused({
    method: 'POST',
    body: body.slice(1),
    headers: { 'content-type': 'text/plain' },
  })
  await life.refused({ method: 'POST', body: body + ' '.repeat(70_000) })
  await life.refused({ method: 'PUT', path: `/${life.addon.id}`, body: '{"plan":{}}' })
  await life.refused({ method: 'DELETE', path: `/${encodeURIComponent(sent.oauth_grant.code)}x` })
  const authorization = `Basic ${Buffer.from(`securekey:${TRIED_PASSWORD}`).toString('base64')}`
  await life.refused({ method: 'POST', body, headers: { authorization } })
}

/** Trouble of our own: rows that Postgres refuses with their contents, values that do not open, a lost KEK. */
async function liveThroughTrouble(life: ObservedLife): Promise<void> {
  const { db } = life.deps
  const { lastVersion } = await stateOf(life.deps, life.addon.id)
  const limit = sql.raw(String(lastVersion))
  await sql`alter table sealed_keys add constraint no_more check (version <= ${limit}) not valid`.execute(db)
  life.clock.advance(14 * DAY)
  await life.tick()
  await sql`alter table sealed_keys drop constraint no_more`.execute(db)

  const kek = createLocalKek('k2', new Uint8Array(32).fill(7))
  const deps: Deps = { ...life.deps, sealing: createSealing([kek], life.deps.random) }
  const stranger = createWorker(deps, {
    concurrency: 5,
    claimLimit: 10,
    clockOffsetMs: async () => 0,
  })
  life.clock.advance(2 * MINUTE)
  await life.tick(stranger)

  await sql`update oauth_tokens set sealed_access_token = sealed_refresh_token`.execute(db)
  life.clock.advance(HOUR)
  await life.tick()
  await requestRotation(life.deps, { resourceId: life.addon.id, actor: PERSON, evenIfTooSoon: true })
  await life.tick()
}

/** A person signs on, looks round, and somebody else tries with a form that is wrong. */
async function liveThroughDashboard(life: ObservedLife): Promise<void> {
  const { fields } = life.heroku.customer.ssoForm({ addon: life.addon.name })
  for (const name of ['resource_token', 'user_scoped_resource_token', 'token']) {
    life.secrets.set(fields[name] ?? '', `a sign-on token (${name})`)
  }
  const browser = createBrowser(life)
  const { location, status } = await browser.post('/sso/login', fields)
  expect(status).toBe(302)
  const page = await browser.get(location)
  expect(page.status).toBe(200)
  const token = formTokenIn(page.text)
  life.secrets.set(token, 'a form token')
  for (const session of browser.cookies.values()) life.secrets.set(session, 'a session')
  await browser.post(`${location}/reveal`, { form_token: token, version: '2' })
  const wrong = [
    await browser.post(`${location}/rotate`, { form_token: `${token}x` }),
    await createBrowser(life).post('/sso/login', fields),
    await createBrowser(life).post('/sso/login', { ...fields, email: 'other@example.com' }),
  ]
  for (const { status, text } of wrong) {
    expect(status).toBeGreaterThanOrEqual(400)
    life.errorBodies.push({ from: 'a page that refuses', text })
  }
}

/** A program uses the API with a right token, with wrong ones, and with secrets where they do not belong. */
async function liveThroughApi(life: ObservedLife): Promise<void> {
  const { text } = await tokenOf(life, [...SCOPES])
  const { text: ended, id } = await tokenOf(life, ['read'])
  await endTokens(life.deps, { resourceId: life.addon.id, actor: PERSON, id })
  for (const token of [text, ended]) life.secrets.set(token.slice(TOKEN_SECRET_AT), 'an API token')
  const { token } = await signedOnByCommandLine(life)
  life.secrets.set(token.slice(TOKEN_SECRET_AT), 'a token of the command line')
  const headers = { authorization: `Bearer ${text}`, 'content-type': 'application/json' }
  const call = async (path: string, init: RequestInit) => {
    const response = await fetch(`${life.url}/v1${path}`, init)
    const body = await response.text()
    if (response.status >= 400) life.errorBodies.push({ from: `an answer of ${path}`, text: body })
    return response.status
  }
  expect(await call('/keyring', { headers })).toBe(200)
  expect(await call('/history', { headers })).toBe(200)
  const post = (body: object) => ({ method: 'POST', headers, body: JSON.stringify(body) })
  const [key = ''] = pushes(life)
  expect(await call('/verifications', post({ sha256: text }))).toBe(400)
  expect(await call('/pause', post({ reason: 'x', [text]: key }))).toBe(400)
  expect(await call('/revocations', post({ confirm: text }))).toBe(422)
  expect(await call(`/rotations/${text}`, { headers })).toBe(400)
  const byPerson = { authorization: `Bearer ${token}` }
  expect(await call('/sessions', { headers: byPerson })).toBe(200)
  expect(await call(`/sessions/${token}`, { method: 'DELETE', headers: byPerson })).toBe(400)
  for (const authorization of [`Bearer ${ended}`, `Bearer ${text}x`, `Basic ${text}`]) {
    expect(await call('/resource', { headers: { authorization } })).toBe(401)
  }
}

/** A client outside is handed the keys, and is refused in each of the ways that there are. */
async function liveThroughHandOver(life: ObservedLife): Promise<void> {
  const { text: secret } = await handedOverTo(life)
  life.secrets.set(secret.slice(SECRET_AT), 'the secret of a client')
  const { first: previous } = keysOn(life)
  await requestRotation(life.deps, { resourceId: life.addon.id, actor: PERSON, evenIfTooSoon: true })
  await life.tick()
  const { first: latest } = keysOn(life)
  for (const key of [previous, latest]) {
    for (const purpose of ['hand-over', 'hand-over-answer']) {
      life.secrets.set(derived(key, purpose).toString('hex'), 'a derived key')
      life.secrets.set(derived(key, purpose).toString('base64'), 'a derived key')
    }
  }
  const asked = [
    await ask(life, { key: previous, secret }),
    await ask(life, { key: previous, secret: `${secret.slice(0, -1)}x` }),
    await ask(life, { key: previous, secret, epk: { kty: 'oct', k: latest } }),
    await ask(life, { key: latest, secret, created: 1 }),
    await ask(life, { key: latest, secret }),
    await ask(life, { key: previous, secret }),
    await ask(life, { key: previous, secret }, { 'content-type': secret }),
  ]
  expect(asked.map(({ status }) => status)).toEqual([200, 401, 422, 401, 200, 403, 415])
  expect(asked[0]?.opened?.keyring.secure_key).toContain(latest)
  for (const { text, status } of asked) {
    life.errorBodies.push({ from: `a hand-over with status ${status}`, text })
  }
}

/** Notices go to two receivers from now on, one of which takes none; and a URL is refused that holds a password. */
async function liveThroughWebhooks(life: ObservedLife): Promise<Receiver[]> {
  const add = async (url: string) => {
    const added = await addWebhook(life.deps, {
      ...{ resourceId: life.addon.id, actor: PERSON, name: 'alerts' },
      url,
    })
    if (added.outcome !== 'added') throw new Error(added.outcome)
    return added.webhook.id
  }
  const receivers = [await startReceiver(204), await startReceiver(500)]
  const ids = await Promise.all(receivers.map(({ url }) => add(`${url}?token=${RECEIVERS_OWN}`)))
  life.secrets.set(RECEIVERS_OWN, 'what a receiver wants to see in its URL')
  await replaceWebhookSecret(life.deps, { resourceId: life.addon.id, actor: PERSON, id: ids[0] ?? '' })
  await testWebhook(life.deps, { resourceId: life.addon.id, actor: PERSON, id: ids[1] ?? '' })
  const { token } = await signedOnByCommandLine(life, { userId: 'webhooks' })
  const response = await fetch(`${life.url}/v1/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'x', url: `https://ann:${RECEIVERS_OWN}@hooks.example.com/` }),
  })
  expect(response.status).toBe(422)
  life.errorBodies.push({ from: 'a refused URL', text: await response.text() })
  return receivers
}

/** Notices are mailed from now on, to an address that its reader has confirmed and to Heroku's collaborators. */
async function liveThroughMail(life: ObservedLife): Promise<void> {
  const { token } = await signedOnByCommandLine(life, { userId: 'mail' })
  const add = async (address: string) =>
    await fetch(`${life.url}/v1/mail-addresses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ address }),
    })
  expect((await add(READER)).status).toBe(201)
  const [secret = ''] = life.mail.arrived[0]?.mail.text?.match(LINK_SECRET) ?? []
  life.secrets.set(secret, 'a link that was mailed')
  const [, path = ''] = /(\/mail\/confirm\/\S+)/.exec(life.mail.arrived[0]?.mail.text ?? '') ?? []
  expect((await fetch(`${life.url}${path}`, { method: 'POST' })).status).toBe(200)
  life.errorBodies.push({
    from: 'a link that is over',
    text: await (await fetch(`${life.url}${path}`)).text(),
  })
}

/** What was mailed, but for the links and the address of whoever they were mailed to. */
function mailedTexts({ mail, secrets }: ObservedLife): Text[] {
  return mail.arrived.map(({ mail: { text = '', html, subject = '', messageId = '' } }) => {
    for (const secret of text.match(LINK_SECRET) ?? []) secrets.set(secret, 'a link that was mailed')
    const all = [subject, messageId, text, String(html)].join('\n')
    return { from: 'a mail', text: all.replaceAll(LINK_SECRET, '') }
  })
}

async function wholeLife(): Promise<ObservedLife & { receivers: Receiver[] }> {
  const life = await startObservedLife()
  const receivers = await liveThroughWebhooks(life)
  await liveThroughMail(life)
  const request = { resourceId: life.addon.id, actor: PERSON }
  await life.heroku.customer.repeatProvision(life.addon.id)
  await liveThroughRefusals(life)
  await liveThroughDashboard(life)
  await liveThroughApi(life)
  await liveThroughHandOver(life)
  await life.heroku.customer.createApp('service-2')
  await life.heroku.customer.attach({ addon: life.addon.name, app: 'service-2', as: 'SHARED' })
  await announceNext(life.deps, { ...request, on: true })
  await life.tick()
  await liveThroughFailures(life)

  life.heroku.faults.clear()
  await life.tickUntil('filler-published')
  life.heroku.faults.add({ match: PATCH, kind: 'status', status: 404, times: 2 })
  life.clock.advance(14 * DAY)
  await life.tickUntil('rotation-stuck')
  await resumeRotation(life.deps, request)
  await life.tick()
  await life.heroku.customer.changePlan({ addon: life.addon.name, plan: 'daily' })
  await life.tick()
  await revokeKeys(life.deps, request)
  await life.tick()
  await liveThroughTrouble(life)
  await life.heroku.customer.destroy({ addon: life.addon.name })
  expect((await life.heroku.customer.repeatProvision(life.addon.id)).status).toBe(410)
  await life.tick()
  return { ...life, receivers }
}

describe('a whole life at log level trace', () => {
  test('leaves no secret in any log line, history row, failure or error body', async () => {
    const life = await wholeLife()
    const posts = life.receivers.flatMap(({ posts }) =>
      posts.map(({ headers, body }) => ({ from: 'a notice', text: JSON.stringify({ headers, body }) })),
    )
    expect(posts.length).toBeGreaterThan(30)
    const mails = mailedTexts(life)
    expect(mails.length).toBeGreaterThan(10)
    const texts = [...(await life.texts()), ...posts, ...mails]
    expect(findLeaks(life.secrets, texts)).toEqual([])

    // The life was long enough to mean something, and everything that was to happen did.
    const kinds = new Map<string, number>()
    for (const what of life.secrets.values()) kinds.set(what, 1 + (kinds.get(what) ?? 0))
    expect(Object.fromEntries(kinds)).toMatchObject({
      'a grant code': 1,
      'a log token': 1,
      'a wrapped data key': 2,
      'a secret (sealed_log_input_url)': 1,
      'a password that somebody tried': 1,
      'a link that was mailed': 2,
      'a session': 1,
      'a form token': 1,
      'an API token': 2,
      'the secret of a client': 1,
      'a derived key': 8,
      'what a receiver wants to see in its URL': 1,
    })
    expect(kinds.get('a secret of a webhook')).toBeGreaterThan(1)
    expect(kinds.get('a pushed key')).toBeGreaterThan(12)
    expect(kinds.get('a sealed value (sealed)')).toBeGreaterThan(12)
    expect(kinds.get('a secret (sealed_access_token)')).toBeGreaterThan(5)
    expect(kinds.get('a secret (sealed_refresh_token)')).toBeGreaterThan(5)
    const told = await kindsOf(life.deps, life.addon.id)
    const kindsOfLife = ['rotated', 'filler-published', 'next-announced', 'rotation-stuck', 'keys-revoked']
    for (const kind of [...kindsOfLife, 'plan-changed']) expect(told).toContain(kind)
    expect(texts.some(({ from, text }) => from === 'a state' && text.includes('unavailable'))).toBe(true)
    expect(callsTo(life, 'PATCH', '/config').map(({ status }) => status)).toContain(401)
    const lines = texts.filter(({ from }) => from === 'a line in the log of an app')
    expect(new Set(lines.map(({ text }) => /^securekey\.(\S+)/.exec(text)?.[1])).size).toBeGreaterThan(5)
    expect(
      texts.some(
        ({ from, text }) => from === 'a cursor of notices' && /log\b.*status|log answered/.test(text),
      ),
    ).toBe(true)
    expect(life.logLines.join('')).toMatch(/no_more/)
    expect(life.logLines.join('')).toMatch(/wrapped by KEK/)
    expect(life.errorBodies).toHaveLength(32)
  })
})

describe('the search itself', () => {
  const KEY = 'A1B2C3D4'.repeat(8)
  const secrets: Secrets = new Map([[KEY, 'a key']])

  test.each([
    ['as it is', KEY],
    ['in lower case', KEY.toLowerCase()],
    ['in base64', Buffer.from(KEY).toString('base64')],
    ['in hex', Buffer.from(KEY).toString('hex')],
    ['cut off', `${KEY.slice(0, 40)}...`],
    ['in the middle of a line', `{"level":30,"msg":"pushed ${KEY},..."}`],
  ])('finds a key %s', (_how, text) => {
    expect(findLeaks(secrets, [{ from: 'a log line', text }])).toEqual(['a key in a log line'])
  })

  test('finds a token within an address, with its characters escaped', () => {
    const token = 'token/with+signs='
    const text = `GET /?token=${encodeURIComponent(token)}`
    expect(findLeaks(new Map([[token, 'a token']]), [{ from: 'a log line', text }])).toHaveLength(1)
  })

  test('finds nothing in a fingerprint', () => {
    expect(findLeaks(secrets, [{ from: 'a history row', text: 'fingerprint a1b2c3d4' }])).toEqual([])
  })

  test('refuses to look for a text so short that it would be found by chance', () => {
    expect(() => findLeaks(new Map([['abc', 'a secret']]), [])).toThrow()
  })

  test('knows every secret that is in the database', async () => {
    const h: HarnessWithAddon = await startWithAddon()
    const found = new Set((await sealedSecrets(h.deps)).values())
    expect([...found].toSorted()).toEqual([
      'a sealed value (sealed)',
      'a sealed value (sealed_access_token)',
      'a sealed value (sealed_log_input_url)',
      'a sealed value (sealed_refresh_token)',
      'a secret (sealed)',
      'a secret (sealed_access_token)',
      'a secret (sealed_log_input_url)',
      'a secret (sealed_refresh_token)',
      'a wrapped data key',
    ])
  })

  test('finds what a careless line would have written into this very log', async () => {
    const h = await startWithAddon()
    const secrets = await sealedSecrets(h.deps)
    const [leaked] = [...secrets].find(([, what]) => what === 'a secret (sealed)') ?? []
    const careless: [string, (log: ReturnType<typeof createLogger>) => void][] = [
      ['a field of any name', (log) => log.info({ note: leaked }, 'key made')],
      ['the message', (log) => log.info(`made ${leaked}`)],
      ['an error message', (log) => log.error({ err: new Error(`cannot push ${leaked}`) }, 'failed')],
      ['a field within fields', (log) => log.trace({ a: { b: { c: [leaked] } } }, 'deep')],
    ]
    for (const [, write] of careless) {
      const lines: string[] = []
      write(createLogger({ level: 'trace', process: 'test' }, collector(lines)))
      expect(
        findLeaks(
          secrets,
          lines.map((text) => ({ from: 'a log line', text })),
        ),
      ).toEqual(['a secret (sealed) in a log line'])
    }
  })
})

describe('the last net below a careless line', () => {
  test.each([
    [{ key: 'the-secret' }],
    [{ value: 'the-secret' }],
    [{ body: { config: 'the-secret' } }],
    [{ request: { authorization: 'the-secret' } }],
    [{ tokens: { accessToken: 'the-secret', refreshToken: 'the-secret' } }],
    [{ row: { sealedKey: 'the-secret', wrappedDek: 'the-secret' } }],
    [{ grant: { code: 'the-secret' } }],
    [{ password: 'the-secret', secret: 'the-secret' }],
    [
      {
        err: Object.assign(new Error('refused'), {
          detail: 'Failing row contains (the-secret)',
          where: 'the-secret',
        }),
      },
    ],
  ])('keeps fields with telling names out of the log: %#', (fields) => {
    const lines: string[] = []
    createLogger({ level: 'trace', process: 'test' }, collector(lines)).info(fields, 'event')
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain('the-secret')
  })
})
