import { afterAll, expect, test } from 'vitest'
import { signedOnByCommandLine } from '../api/support/command-line.ts'
import { tokenOf } from '../api/support/token.ts'
import { allRows } from '../support/all-rows.ts'
import { findLeaks } from '../support/leaks.ts'
import { kindsOf } from '../support/resource.ts'
import { ANNS_TOKEN, LINKS_ON, startWithPrivateAddon } from './support/private-link.ts'

const BODY = { allowed_accounts: ['123456789101'] }
const EVE = 'eve@example.com'
const ACCOUNTS = '/allowed_accounts'
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
type Started = Awaited<ReturnType<typeof startWithPrivateAddon>>

/** From here on whatever is asked of Heroku with a person’s token is answered with 500, and seen by that. */
function trap(h: Started) {
  h.heroku.faults.add({
    kind: 'status',
    status: 500,
    match: { by: 'customer' },
    times: Number.POSITIVE_INFINITY,
  })
  return () => h.heroku.faults.list().reduce((sum, { hits }) => sum + hits, 0)
}

/** An app of Eve’s with an add-on of its own. */
async function startWithEve() {
  const h = await startWithPrivateAddon()
  await h.heroku.customer.createApp('service-2')
  await h.heroku.customer.addCollaborator('service-2', { email: EVE })
  const others = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'private-fortnightly' })
  return { ...h, others }
}

test.each<[string, string | null]>([
  ['nothing', null],
  ['no password', basic(':')],
  ['a line break', basic(':HRKU-a\r\nx-injected: yes')],
  ['a blank', basic(':HRKU-a b')],
  ['a NUL', basic(':HRKU-a\0')],
  ['a token that is far too long', basic(`:${'a'.repeat(500)}`)],
  ['another scheme', `Digest ${ANNS_TOKEN}`],
  ['a token of ours that is none', basic(':sk_api_nonsense')],
  ['the same as a bearer', 'Bearer sk_cli_0123456789abcdef_x'],
  ['the same in capitals', basic(':SK_API_nonsense')],
])('%s is 401, and Heroku is not asked', async (_what, authorization) => {
  const h = await shared()
  const asked = trap(h)
  for (const method of ['GET', 'POST', 'DELETE']) {
    const answer = await h.send(method, { authorization, ...(method === 'POST' && { body: BODY }) })
    expect(answer).toMatchObject({ status: 401, body: { id: 'unauthenticated' } })
  }
  expect(asked()).toBe(0)
  h.heroku.faults.clear()
})

let started: Promise<Started> | undefined
const ends: (() => Promise<void>)[] = []
function shared() {
  started ??= startWithPrivateAddon({ whenFinished: (end) => ends.push(end) })
  return started
}
afterAll(async () => {
  for (const end of ends) await end()
})

test('whoever’s plugin sent “undefined” is told what to do, and by no 401, at which Heroku’s command line asks for another login', async () => {
  const h = await shared()
  const asked = trap(h)
  for (const authorization of [basic(':undefined'), basic(':null'), 'Bearer undefined']) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await h.send(method, { authorization, ...(method === 'POST' && { body: BODY }) })
      expect(answer).toMatchObject({ status: 403, body: { id: 'sign-on-refused' } })
      expect(answer.body.message).toMatch(/version 2\.0\.1 .* `heroku securekey:privatelink`/)
    }
  }
  expect(asked()).toBe(0)
  h.heroku.faults.clear()
})

test('an add-on of somebody else is answered like one that does not exist, byte for byte, and so is every odd name', async () => {
  const h = await startWithEve()
  const unknown = await h.send('GET', { addon: 'securekey-nowhere-1', token: EVE, from: '10.1.0.1' })
  expect([unknown.status, unknown.body.id]).toEqual([404, 'not-found'])
  const names = [
    h.addon.name,
    h.addon.id,
    h.addon.id.toUpperCase(),
    'securekey',
    encodeURIComponent(`x/../${h.others.name}`),
    encodeURIComponent(`${h.others.name}?a=b`),
    encodeURIComponent(`${h.others.name}/config`),
    encodeURIComponent(`${h.others.name}\n`),
    `${h.others.name}%20`,
    'a'.repeat(99),
  ]
  for (const [at, addon] of names.entries()) {
    const answers = [
      await h.send('GET', { addon, token: EVE, from: `10.2.0.${at}` }),
      await h.send('POST', { addon, token: EVE, body: BODY, from: `10.2.0.${at}` }),
    ]
    for (const answer of answers) expect([answer.status, answer.text], addon).toEqual([404, unknown.text])
  }
  // Her own she reaches, by name and id.
  for (const addon of [h.others.name, h.others.id]) {
    expect((await h.send('GET', { addon, token: EVE })).body.message).toBe('This add-on has no private link.')
  }
  expect((await h.send('POST', { addon: h.others.name, token: EVE, body: BODY })).status).toBe(200)
  expect(await kindsOf(h.deps, h.addon.id)).not.toContain('privatelink-created')
})

test('what Heroku knows by that name is asked for: a renamed add-on is reached before we hear of its name, and by the old one no more', async () => {
  const h = await startWithPrivateAddon()
  await h.heroku.customer.rename({ addon: h.addon.name, name: 'another-name' })
  expect((await h.send('POST', { addon: 'another-name', body: BODY })).status).toBe(200)
  expect((await h.send('GET', { addon: h.addon.name })).status).toBe(404)
})

test('a removed add-on is answered like one that does not exist, whoever asks', async () => {
  const h = await startWithPrivateAddon()
  const { token } = await signedOnByCommandLine(h)
  await h.heroku.customer.destroy({ addon: h.addon.name })
  for (const given of [ANNS_TOKEN, token]) {
    expect((await h.send('GET', { token: given })).body).toMatchObject({ id: 'not-found' })
  }
})

test('a token that may only look changes nothing, nor does one of which Heroku does not say whose it is', async () => {
  const h = await startWithPrivateAddon()
  for (const [scope, look, change, id] of [
    ['none', 401, 401, 'unauthenticated'],
    ['identity', 404, 404, 'not-found'],
    ['read', 404, 403, 'scope-missing'],
    ['read-protected', 404, 403, 'person-required'],
  ] as const) {
    const token = `HRKU-${scope}`
    await h.heroku.customer.setKeyScope(token, scope)
    expect((await h.send('GET', { token })).status, scope).toBe(look)
    for (const [method, path] of [
      ['POST', ''],
      ['DELETE', ''],
      ['PUT', ACCOUNTS],
      ['PATCH', ACCOUNTS],
    ] as const) {
      const answer = await h.send(method, { path, token, body: BODY })
      expect([answer.status, answer.body.id], `${scope} ${method}`).toEqual([change, id])
    }
  }
  expect(await kindsOf(h.deps, h.addon.id)).not.toContain('privatelink-created')
})

test('where sign-ons need name nobody, neither need tokens; the history says that it was somebody unverified', async () => {
  const h = await startWithPrivateAddon({ env: { ...LINKS_ON, REQUIRE_USER_SIGN_ON: 'false' } })
  const token = 'HRKU-nobody'
  await h.heroku.customer.setKeyScope(token, 'read-protected')
  expect((await h.send('POST', { token, body: BODY })).status).toBe(200)
  const row = await h.deps.db
    .selectFrom('history')
    .select('person')
    .where('kind', '=', 'privatelink-created')
    .executeTakeFirstOrThrow()
  expect(row.person).toMatchObject({ userId: null, email: null, verified: false })
})

test.each([
  ['is down', { kind: 'status', status: 503 }],
  ['hangs', { kind: 'hang' }],
  ['cuts the line', { kind: 'cut' }],
  ['is a maintenance page', { kind: 'garbage-body' }],
  ['redirects', { kind: 'redirect', status: 307, location: 'http://127.0.0.1:9/addons' }],
  ['has a limit', { kind: 'status', status: 429 }],
  ['says far too much', { kind: 'status', status: 200, body: ['a'.repeat(2_000_000)] }],
] as const)('while Heroku %s it is 503 with Retry-After, and nothing changes', async (_how, fault) => {
  const h = await startWithPrivateAddon(fault.kind === 'hang' ? { callTimeoutMs: 1_000 } : {})
  for (const path of ['/addons/', '/config', '/account']) {
    h.heroku.faults.add({ ...fault, match: { by: 'customer', path }, times: 1 })
    const answer = await h.send('POST', { body: BODY })
    expect([answer.status, answer.body.id], path).toEqual([503, 'not-now'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    h.heroku.faults.clear()
  }
  expect(await kindsOf(h.deps, h.addon.id)).not.toContain('privatelink-created')
  // The service’s own calls go on: nobody’s token says anything of our account there.
  await h.worker1.tick()
  expect((await h.send('POST', { body: BODY })).status).toBe(200)
})

test('a token and a session of ours are good for their own add-on, as a bearer and as a password; only a person changes it', async () => {
  const h = await startWithEve()
  const read = (await tokenOf(h, ['read'])).text
  const rotate = (await tokenOf(h, ['rotate'])).text
  const { token: person } = await signedOnByCommandLine(h)
  const asked = trap(h)
  for (const token of [read, person]) {
    for (const authorization of [basic(`:${token}`), basic(`ann:${token}`), `Bearer ${token}`]) {
      const answer = await h.send('GET', { authorization })
      expect(answer.body.message).toBe('This add-on has no private link.')
      expect((await h.send('GET', { authorization, addon: h.others.name })).body).toMatchObject({
        id: 'not-found',
        message: 'Couldn’t find that add-on.',
      })
    }
  }
  expect(await h.send('GET', { token: rotate })).toMatchObject({ status: 403, body: { id: 'scope-missing' } })
  for (const token of [read, rotate]) {
    const refused = await h.send('POST', { token, body: BODY })
    expect(refused).toMatchObject({ status: 403, body: { id: 'person-required' } })
    expect(refused.body.message).toContain('no API token does')
  }
  // Another second, so another form.
  h.clock.advance(1_000)
  const nobody = await signedOnByCommandLine(h, { tamper: { user_scoped_resource_token: null } })
  const unnamed = await h.send('POST', { token: nobody.token, body: BODY })
  expect([unnamed.status, unnamed.body.id]).toEqual([403, 'person-required'])
  expect(unnamed.body.message).toContain('Your sign-on named nobody')
  expect((await h.send('POST', { token: person, body: BODY })).status).toBe(200)
  expect(asked()).toBe(0)
})

test('a body is not read before somebody is let in, and never a large one', async () => {
  const h = await startWithPrivateAddon()
  const body = JSON.stringify({ allowed_accounts: ['1'.repeat(10_000_000)] })
  expect((await h.send('POST', { body, token: 'undefined' })).status).toBe(403)
  expect((await h.send('POST', { body, addon: 'nowhere' })).status).toBe(404)
  expect((await h.send('POST', { body })).status).toBe(413)
})

test('after twenty wrong tokens or names from an address Heroku is not asked for it; others, and tokens of ours, go on', async () => {
  const h = await startWithPrivateAddon()
  await h.heroku.customer.setKeyScope('HRKU-wrong', 'none')
  const { token: person } = await signedOnByCommandLine(h)
  for (let tries = 0; tries < 20; tries += 1) {
    const wrong = tries % 2 ? { token: 'HRKU-wrong' } : { addon: `nowhere-${tries}` }
    expect([401, 404]).toContain((await h.send('GET', { ...wrong, from: '10.0.0.7' })).status)
  }
  const asked = trap(h)
  const over = await h.send('GET', { from: '10.0.0.7' })
  expect([over.status, over.body.id, over.headers.get('retry-after')]).toEqual([
    429,
    'too-many-requests',
    '60',
  ])
  expect(asked()).toBe(0)
  h.heroku.faults.clear()
  expect((await h.send('GET', { from: '10.0.0.7', token: person })).body.id).toBe('not-found')
  expect((await h.send('GET', { from: '10.0.0.8' })).body.message).toBe('This add-on has no private link.')
})

test('ninety requests a minute from one address for one add-on, and no more', async () => {
  const h = await startWithPrivateAddon()
  const { text } = await tokenOf(h, ['read'])
  const statuses = new Map<number, number>()
  for (let asked = 0; asked < 95; asked += 1) {
    const { status } = await h.send('GET', { token: text, from: '10.0.0.9' })
    statuses.set(status, 1 + (statuses.get(status) ?? 0))
  }
  expect(Object.fromEntries(statuses)).toEqual({ 404: 90, 429: 5 })
})

test('no Heroku token is in any log line, row or answer, in whichever way it fails', async () => {
  const h = await startWithPrivateAddon({ callTimeoutMs: 1_000 })
  const tokens = ['HRKU-good-0123456789', 'HRKU-none-0123456789', 'HRKU-read-0123456789', 'wrong-0123456789']
  await h.heroku.customer.setKeyScope(tokens[1] ?? '', 'none')
  await h.heroku.customer.setKeyScope(tokens[2] ?? '', 'read')
  const texts: string[] = []
  const sendAll = async () => {
    for (const token of tokens) {
      for (const authorization of [basic(`:${token}`), `Bearer ${token}`, `bearer  ${token}\t`, token]) {
        for (const method of ['GET', 'POST', 'DELETE']) {
          const body = method === 'POST' ? '{"allowed_accounts":' : undefined
          texts.push((await h.send(method, { authorization, body, from: `10.3.0.${texts.length}` })).text)
        }
      }
    }
  }
  await sendAll()
  h.clock.advance(60_000)
  for (const kind of ['hang', 'cut', 'garbage-body'] as const) {
    h.heroku.faults.add({ kind, match: { by: 'customer' } })
    texts.push((await h.send('POST', { token: tokens[0] ?? '', body: BODY })).text)
    h.heroku.faults.clear()
  }
  texts.push((await h.send('POST', { token: tokens[0] ?? '', body: BODY })).text)
  expect(h.logLines.join('')).toContain('/private-link/v0/databases/:addon')
  const rows = JSON.stringify(await allRows(h.deps.db))
  expect(rows).toContain('privatelink-created')
  // A whole header of basic auth reads otherwise in base64 than its password alone.
  const secrets = new Map(
    tokens.flatMap((token) => [token, `:${token}`].map((text) => [text, token.slice(0, 9)] as const)),
  )
  expect(
    findLeaks(secrets, [
      { from: 'the log', text: h.logLines.join('') },
      { from: 'the database', text: rows },
      { from: 'an answer', text: texts.join('') },
    ]),
  ).toEqual([])
})
