import Fastify from 'fastify'
import { compactDecrypt, decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { sql } from 'kysely'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { SCOPES } from '../../src/domain/api-token.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { registerPrivateGate } from '../../src/http/private/gate.ts'
import { createPrivateListener } from '../../src/http/private/listener.ts'
import { keysOn } from '../support/addon.ts'
import {
  ACCOUNT,
  exchange,
  linkEndpoint,
  NLBS,
  requestText,
  statusesIn,
  throughEndpoint,
} from '../support/private-side.ts'
import { ENDPOINT, headerOf } from '../support/proxy-header.ts'
import { historyOf } from '../support/resource.ts'
import { withdrawOwnKey } from '../support/withdrawn-key.ts'
import { type ApiHarness, operationsOf, startApi } from './support/api.ts'
import { ask, clientOf, handedOverTo, signedRequest } from './support/client.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { ANN, tokenOf } from './support/token.ts'

const LINK_ENV = {
  PRIVATELINK_NLBS: NLBS,
  PRIVATELINK_DNS_NAME: 'keys.example.net',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'none',
}
const OTHER_ENDPOINT = 'vpce-0fedcba9876543210'
/** What would take away that by which the others are asked. */
const ENDS_THE_WALK = ['endSessions', 'endTokens', 'destroyPrivateLink']
const REFUSED = { status: 403, problem: 'not-this-endpoint' }

/** An add-on with an endpoint, another add-on with another, and what each of them signs on with. */
async function startLinked(options: Parameters<typeof startApi>[0] = {}) {
  const h = await startApi(options)
  const port = await h.listenPrivately()
  const other = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily', name: 'other-1' })
  await linkEndpoint(h.deps.db, h.addon.id)
  await linkEndpoint(h.deps.db, other.id, { endpoint: OTHER_ENDPOINT })
  const [mine, theirs] = [
    (await tokenOf(h, [...SCOPES])).text,
    (await tokenOf(h, [...SCOPES], { resourceId: other.id })).text,
  ]
  const get = async (text: string | null, options: { path?: string; header?: Buffer } = {}) =>
    await throughEndpoint(port, options.path ?? '/v1/resource', {
      headers: text === null ? {} : { authorization: `Bearer ${text}` },
      ...(options.header && { header: options.header }),
    })
  return { ...h, port, other, mine, theirs, get }
}

const ends: (() => Promise<void>)[] = []
let started: ReturnType<typeof startLinked> | undefined
/** One for the tests that change nothing. */
function shared() {
  started ??= startLinked({ whenFinished: (end) => ends.push(end) })
  return started
}
afterAll(async () => {
  for (const end of ends) await end()
})

test('an add-on is reached through its own endpoint, by a token and by a person', async () => {
  const h = await shared()
  expect(await h.get(h.mine)).toMatchObject({ status: 200, body: { id: h.addon.id } })
  const { token } = await signedOnByCommandLine(h)
  expect(await h.get(token)).toMatchObject({ status: 200, body: { id: h.addon.id } })
})

test('no route of the API is to be had with a token of another add-on, with a wrong one or with none', async () => {
  const h = await shared()
  const { token: person } = await signedOnByCommandLine(h, { addon: h.other.id })
  const client = (await clientOf(h, { resourceId: h.other.id })).text
  const operations = operationsOf(h.document).filter(({ path }) => path.startsWith('/v1/'))
  expect(operations.length).toBeGreaterThan(40)
  for (const [nth, { method, path }] of operations.entries()) {
    const at = path.replaceAll(/\{\w+\}/g, '0123456789ab')
    const problems = new Map<string, unknown>()
    for (const [what, text] of Object.entries({
      theirs: h.theirs,
      person,
      client,
      wrong: `${h.mine}0`,
      none: '',
    })) {
      const answer = await throughEndpoint(h.port, at, {
        method,
        // Another address each time, so that no limit stands before what is asked here.
        header: headerOf({ address: `10.0.${problems.size}.${nth}` }),
        headers: { ...(text && { authorization: `Bearer ${text}` }), 'content-type': 'application/json' },
        ...(method !== 'GET' && { body: '{}' }),
      })
      expect(answer, `${method} ${path} ${what}`).toMatchObject(REFUSED)
      problems.set(what, [
        answer.text,
        [...answer.headers.keys()].filter((name) => !name.startsWith('ratelimit')),
      ])
    }
    // Nobody can tell a token of another add-on from one that never was.
    for (const answer of problems.values()) expect(answer).toEqual(problems.get('none'))
  }
})

test('each route of the API is served through the endpoint of the add-on', async () => {
  const h = await startLinked()
  const { token } = await signedOnByCommandLine(h)
  for (const { method, path, operation } of operationsOf(h.document)) {
    if (!path.startsWith('/v1/') || ENDS_THE_WALK.includes(operation.operationId)) continue
    const text = operation.security.some((each) => 'client' in each) ? (await clientOf(h)).text : token
    const answer = await throughEndpoint(h.port, path.replaceAll(/\{\w+\}/g, '0123456789ab'), {
      method,
      headers: { authorization: `Bearer ${text}`, 'content-type': 'application/json' },
      ...(method !== 'GET' && { body: '{"x":1}' }),
    })
    expect(answer.problem, `${method} ${path} ${answer.text}`).not.toBe('not-this-endpoint')
    expect(answer.status, `${method} ${path}`).not.toBe(500)
  }
})

test('a token or a session of another add-on that is refused counts as not used', async () => {
  const h = await startLinked()
  const { id, text } = await tokenOf(h, ['read'], { resourceId: h.other.id })
  const { token: person } = await signedOnByCommandLine(h, { addon: h.other.id })
  h.clock.advance(5 * 60_000)
  const used = async () => [
    await h.deps.db.selectFrom('api_tokens').select('last_used_at').where('id', '=', id).execute(),
    await h.deps.db.selectFrom('sessions').select('last_used_at').execute(),
    await h.deps.db.selectFrom('access_networks').selectAll().execute(),
  ]
  const before = await used()
  for (const sent of [text, person]) expect(await h.get(sent)).toMatchObject(REFUSED)
  expect(await used()).toEqual(before)
  const told = h.logLines.filter((line) => line.includes('"problem":"foreign"') && line.includes(ENDPOINT))
  expect(told).toHaveLength(2)
})

test('from the next request on nothing is served through an endpoint that is not there, not allowed or not wanted any more', async () => {
  const h = await startLinked()
  const changes = {
    'not there': sql`delete from private_link_connections where endpoint_id = ${ENDPOINT}`,
    'not accepted': sql`update private_link_connections set state = 'pendingacceptance' where endpoint_id = ${ENDPOINT}`,
    rejected: sql`update private_link_connections set state = 'rejected' where endpoint_id = ${ENDPOINT}`,
    'of no account': sql`delete from private_link_accounts`,
    'of an account that is being taken away': sql`update private_link_accounts set status = 'Removing'`,
    'of another account': sql`update private_link_accounts set arn = 'arn:aws:iam::210987654321:root'`,
    'of a link that is being taken away': sql`update private_links set wanted = 'absent', status = 'Deprovisioning'`,
  }
  for (const [what, change] of Object.entries(changes)) {
    expect((await h.get(h.mine)).status, what).toBe(200)
    await change.execute(h.deps.db)
    for (const text of [h.mine, h.theirs, null]) expect(await h.get(text), what).toMatchObject(REFUSED)
    h.clock.advance(61_000)
    await h.deps.db.deleteFrom('private_links').where('resource_id', '=', h.addon.id).execute()
    await linkEndpoint(h.deps.db, h.addon.id)
  }
})

test('a route that asks for no token is closed to the private side', async () => {
  const h = await shared()
  const app = Fastify()
  registerPrivateGate(app, h.deps, { prefix: '/v1' })
  app.get('/v1/forgetful', async () => 'open')
  const listener = createPrivateListener(h.app.log)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    listener.stop()
    await app.close()
  })
  expect(await (await fetch(`${url}/v1/forgetful`)).text()).toBe('open')
  const port = await listener.listen(app.server, { host: '127.0.0.1', port: 0 })
  expect(await throughEndpoint(port, '/v1/forgetful')).toMatchObject(REFUSED)
})

test('a user or a role of an account is as good as the account', async () => {
  const h = await startLinked()
  for (const name of ['user/ann', 'role/deploy']) {
    await sql`update private_link_accounts set arn = ${`arn:aws:iam::${ACCOUNT}:${name}`}`.execute(h.deps.db)
    expect((await h.get(h.mine)).status).toBe(200)
  }
})

describe('an endpoint that is not known', () => {
  test('is refused before any token is looked at, and not looked for any more after some tries', async () => {
    const h = await startLinked()
    const header = headerOf({ endpoint: 'vpce-01234567' })
    const before = h.logLines.length
    const statuses = new Set<number>()
    for (let time = 0; time < 21; time += 1) statuses.add((await h.get(h.mine, { header })).status)
    expect([...statuses]).toEqual([403, 429])
    expect((await h.get(h.mine, { header })).headers.get('retry-after')).toBe('60')
    // The token was never asked for, or its use would have been noted.
    expect((await historyOf(h.deps, h.addon.id)).length).toBeGreaterThan(0)
    const rows = await h.deps.db.selectFrom('api_tokens').select('last_used_at').execute()
    expect(rows.map((row) => row.last_used_at)).toEqual(rows.map(() => null))
    expect(h.logLines.slice(before).some((line) => line.includes('"kind":"not-this-endpoint"'))).toBe(true)
    expect((await h.get(h.mine)).status).toBe(200)
    h.clock.advance(61_000)
    expect((await h.get(h.mine, { header })).status).toBe(403)
  })

  test('and none at all are the same', async () => {
    const h = await shared()
    expect(await h.get(h.mine, { header: headerOf({ endpoint: null }) })).toMatchObject(REFUSED)
  })
})

test('a connection stays that of its endpoint, however many requests come on it and whatever they say', async () => {
  const h = await shared()
  const request = (text: string, more: Record<string, string> = {}) =>
    requestText('/v1/resource', { authorization: `Bearer ${text}`, ...more })
  const all = [
    request(h.mine),
    request(h.theirs),
    request(h.theirs, { 'x-vpce-id': OTHER_ENDPOINT, 'x-forwarded-for': '192.0.2.1' }),
    request(h.mine, { connection: 'close' }),
  ].join('')
  const answers = await exchange(h.port, Buffer.concat([headerOf(), Buffer.from(all)]))
  expect(statusesIn(answers)).toEqual([200, 403, 403, 200])
})

test('wrong tokens are counted by endpoint and address, since networks of customers have the same addresses', async () => {
  const h = await startLinked()
  const header = headerOf({ address: '10.0.0.5' })
  for (let time = 0; time < 60; time += 1) await h.get('wrong', { header })
  expect((await h.get('wrong', { header })).status).toBe(429)
  expect((await h.get('wrong', { header: headerOf({ address: '10.0.0.6' }) })).status).toBe(403)
  const elsewhere = headerOf({ address: '10.0.0.5', endpoint: OTHER_ENDPOINT })
  expect((await h.get('wrong', { header: elsewhere })).status).toBe(403)
  expect((await h.get(h.mine, { header })).status).toBe(200)
})

test('a use is noted with its endpoint, which is the network that is learned, so that none of it is unusual', async () => {
  const h = await startLinked()
  const { id, text } = await tokenOf(h, ['keyring', 'read'])
  for (const address of ['10.0.0.5', '10.77.0.5', 'fd00::7']) {
    expect((await h.get(text, { path: '/v1/keyring', header: headerOf({ address }) })).status).toBe(200)
  }
  const networks = await h.deps.db
    .selectFrom('access_networks')
    .select('network')
    .where('subject', '=', `token:${id}`)
    .execute()
  expect(networks).toEqual([{ network: `endpoint ${ENDPOINT}` }])
  const { body } = await h.get(text, { path: '/v1/access' })
  expect(JSON.stringify(body)).toContain(`endpoint ${ENDPOINT}`)
})

test('the description of the API is there, to whoever came through an endpoint of an add-on alone', async () => {
  const h = await shared()
  expect(await h.get(null, { path: '/v1/openapi.json' })).toMatchObject({
    status: 200,
    body: { openapi: '3.1.0' },
  })
  const unknown = headerOf({ endpoint: 'vpce-89abcdef' })
  expect(await h.get(null, { path: '/v1/openapi.json', header: unknown })).toMatchObject(REFUSED)
  expect(await h.get(h.mine, { path: '/v1/nothing' })).toMatchObject({ status: 404 })
  expect(await h.get(h.theirs, { path: '/v1/nothing' })).toMatchObject(REFUSED)
})

describe('a client outside', () => {
  const asking = async (
    h: ApiHarness & { port: number },
    authority: string,
    { key, secret }: { key: string; secret: string },
  ) => {
    const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { crv: 'P-256' })
    const { kty, crv, x, y } = await exportJWK(publicKey)
    const created = Math.floor(h.clock.now().getTime() / 1_000)
    const { headers, body } = signedRequest({ key, secret, created, authority, epk: { kty, crv, x, y } })
    const sent = { method: 'POST', headers: { ...headers, host: authority }, body }
    const answer = await throughEndpoint(h.port, '/v1/hand-over', sent)
    if (typeof answer.body.jwe !== 'string') return { ...answer, issuer: undefined }
    const { plaintext } = await compactDecrypt(answer.body.jwe, privateKey)
    return { ...answer, issuer: decodeJwt(Buffer.from(plaintext).toString('ascii')).iss }
  }

  test('signs the name by which it reaches the service, and is answered by that name: the one of its endpoint or the public one', async () => {
    const h = await startLinked({ env: LINK_ENV })
    const secret = (await handedOverTo(h)).text
    const key = keysOn(h).first
    await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
    await h.worker1.tick()
    for (const [authority, status, issuer] of [
      ['vpce-1.example.com', 200, 'https://vpce-1.example.com'],
      ['keys.example.net', 200, 'https://keys.example.net'],
      ['127.0.0.1:5000', 200, 'http://127.0.0.1:5000'],
      ['vpce-2.example.com', 401, undefined],
    ] as const) {
      expect(await asking(h, authority, { key, secret }), authority).toMatchObject({ status, issuer })
    }
    // By the public address the name of an endpoint is worth nothing.
    expect((await ask(h, { key, secret, authority: 'vpce-1.example.com' })).status).toBe(401)
  })

  test('of another add-on is refused like anybody else', async () => {
    const h = await startLinked()
    const secret = (await handedOverTo(h, { resourceId: h.other.id })).text
    expect(await asking(h, 'vpce-1.example.com', { key: keysOn(h).first, secret })).toMatchObject(REFUSED)
  })
})

test('an add-on whose customer has withdrawn the key is answered with 503 where keys are asked for', async () => {
  const h = await startLinked()
  await withdrawOwnKey(h.deps.db, h.addon.id, 'suspended')
  expect(await h.get(h.mine, { path: '/v1/keyring' })).toMatchObject({ status: 503 })
  expect(await h.get(h.theirs, { path: '/v1/keyring' })).toMatchObject(REFUSED)
})

test('an add-on that was removed is served through no endpoint, and only its own token may be told so', async () => {
  const h = await startLinked()
  await deprovision(h.deps, { resourceId: h.addon.id })
  // Gone, until its link is known as one that is being taken away.
  expect([403, 410]).toContain((await h.get(h.mine)).status)
  expect(await h.get(h.theirs)).toMatchObject(REFUSED)
})
