import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { SCOPES } from '../../src/domain/api-token.ts'
import { bearerText } from '../../src/domain/bearer-text.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { endTokens } from '../../src/flows/tokens/tokens.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { kindsOf } from '../support/resource.ts'
import { operationsOf, startApi } from './support/api.ts'
import { ANN, tokenOf } from './support/token.ts'

/** Every operation that wants a token, at an address that exists. What clients ask for is shown in `hand-over.test.ts`. */
const addressesOf = (h: Awaited<ReturnType<typeof startApi>>) =>
  operationsOf(h.document)
    .filter(({ operation }) => operation.security.some(({ client }) => !client))
    .map(({ path, method, operation }) => ({
      method,
      path: path.replace('/v1', '').replace('{id}', 'manual-20260303T120000000Z'),
      allowed: operation.security.flatMap(({ token = [] }) => token),
    }))

describe('without a right token', () => {
  test('every route gives the same 401, whatever is wrong, before the body is read', async () => {
    const h = await startApi()
    const good = await tokenOf(h, [...SCOPES])
    const ended = await tokenOf(h, [...SCOPES])
    await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN, id: ended.id })
    const over = await tokenOf(h, [...SCOPES], { lifeMs: 1 })
    h.clock.advance(1)
    const texts = [
      null,
      'x',
      ended.text,
      over.text,
      good.text.slice(0, -1),
      bearerText('api', Buffer.from(good.id, 'hex'), new Uint8Array(32)),
    ]
    const answers = new Set<string>()
    const addresses = [
      ...addressesOf(h),
      { method: 'GET', path: '/nothing' },
      { method: 'PATCH', path: '/x' },
    ]
    for (const [index, { method, path }] of addresses.entries()) {
      const body = ['GET', 'PATCH'].includes(method) ? undefined : '{"not json'
      // Each route with no token at all, and with one of the others.
      for (const text of [null, texts[index % texts.length] ?? null]) {
        // No address asks so often that it is told to wait.
        const from = { 'x-forwarded-for': `10.0.0.${index}` }
        const { status, headers, text: said } = await h.caller(text)(method, path, { body, headers: from })
        expect(status).toBe(401)
        expect(headers.get('www-authenticate')).toBe('Bearer realm="securekey"')
        answers.add(`${headers.get('content-type')} ${said}`)
      }
    }
    expect([...answers]).toEqual([
      'application/problem+json; charset=utf-8 {"type":"urn:securekey:problem:unauthenticated","title":"The token is not right","status":401}',
    ])
    const lines = h.logLines.filter((line) => line.includes('"kind":"wrong-token"'))
    expect(lines.join('')).toMatch(/"problem":"over"[\s\S]*"problem":"absent"|absent[\s\S]*over/)
    expect(h.logLines.join('')).not.toContain(ended.text.slice(24, 70))
  })

  test('a token in the address, in a cookie or by another scheme is none', async () => {
    const h = await startApi()
    const { text } = await tokenOf(h, ['read'])
    const call = h.caller(null)
    expect((await call('GET', `/resource?access_token=${text}`)).status).toBe(401)
    expect((await call('GET', '/resource', { headers: { cookie: `token=${text}` } })).status).toBe(401)
    expect((await call('GET', '/resource', { headers: { authorization: `Basic ${text}` } })).status).toBe(401)
    expect((await call('GET', '/resource', { headers: { authorization: `bearer  ${text} ` } })).status).toBe(
      200,
    )
  })
})

test('what came by plain http is refused as problem details, whatever token it carries', async () => {
  const h = await startApi({ env: { ADDON_URL: 'https://securekey.example' } })
  const call = await h.callerWith('read')
  const headers = { 'x-forwarded-proto': 'http' }
  expect(await call('GET', '/resource', { headers })).toMatchObject({
    status: 403,
    body: { type: 'urn:securekey:problem:plain-http' },
  })
  expect((await call('GET', '/resource', { headers: { 'x-forwarded-proto': 'https' } })).status).toBe(200)
})

describe('a token', () => {
  test('does what its scopes say and nothing else', async () => {
    const h = await startApi()
    const addresses = addressesOf(h)
    expect(addresses.length).toBeGreaterThan(20)
    for (const scope of SCOPES) {
      const call = await h.callerWith(scope)
      for (const { method, path, allowed } of addresses) {
        // A body that every route refuses: nothing is changed on the way.
        const { status, body } = await call(
          method,
          path,
          method === 'GET' ? {} : { body: { no: 'such field' } },
        )
        const where = `${scope}: ${method} ${path}`
        if (allowed.includes(scope)) expect([200, 400, 404], where).toContain(status)
        else {
          const problem = allowed.length > 0 ? 'scope-missing' : 'person-required'
          expect([status, body.type], where).toEqual([403, `urn:securekey:problem:${problem}`])
        }
      }
    }
    expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind !== 'token-made')).toEqual([
      'provisioned',
      'grant-exchanged',
      'keys-read',
    ])
  })

  test('speaks for its own add-on alone', async () => {
    const h = await startApi()
    const other = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily', name: 'other-1' })
    const mine = await h.callerWith(...SCOPES)
    const theirs = h.caller((await tokenOf(h, [...SCOPES], { resourceId: other.id })).text)
    const { rotation } = (await theirs('POST', '/rotations')).body as { rotation: { id: string } }
    expect((await theirs('GET', `/rotations/${rotation.id}`)).status).toBe(200)
    expect((await mine('GET', `/rotations/${rotation.id}`)).status).toBe(404)
    expect((await mine('GET', '/resource')).body.id).toBe(h.addon.id)
    const keys = (await theirs('GET', '/resource')).body.keys as { kid: string }[]
    for (const { kid } of keys) {
      expect((await mine('POST', '/verifications', { body: { kid } })).body.outcome).toBe('unknown')
    }
    expect((await mine('POST', '/revocations', { body: { confirm: other.name } })).status).toBe(422)
    expect((await mine('GET', '/keyring')).text).not.toBe((await theirs('GET', '/keyring')).text)
  })

  test('of an add-on that was removed is told so on every route, and one that is wrong is not', async () => {
    const h = await startApi()
    const call = await h.callerWith(...SCOPES)
    await deprovision(h.deps, { resourceId: h.addon.id })
    for (const { method, path } of addressesOf(h)) {
      const { status, body } = await call(method, path)
      expect([status, body.type]).toEqual([410, 'urn:securekey:problem:resource-gone'])
    }
    expect((await h.caller('x')('GET', '/resource')).status).toBe(401)
    h.clock.advance(90 * DAY)
    expect((await call('GET', '/resource')).status).toBe(401)
  })
})

describe('limits', () => {
  test('count per token and stand in headers; one more is a 429 that says when to come back', async () => {
    const h = await startApi()
    const [call, other] = [await h.callerWith('read'), await h.callerWith('read')]
    const first = await call('GET', '/rotations')
    expect(first.headers.get('ratelimit-limit')).toBe('120')
    expect(first.headers.get('ratelimit-remaining')).toBe('119')
    for (let asked = 1; asked < 120; asked += 1) await call('GET', '/rotations')
    const { status, headers, body } = await call('GET', '/rotations')
    expect([status, body.type]).toEqual([429, 'urn:securekey:problem:too-many-requests'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(headers.get('ratelimit-remaining')).toBe('0')
    expect((await other('GET', '/rotations')).status).toBe(200)
  })

  test.each([
    { what: 'changes of one kind', scope: 'rotate', method: 'POST', path: '/resume', most: 120 },
    { what: 'looks at the keys', scope: 'keyring', method: 'GET', path: '/keyring', most: 600 },
  ] as const)('bound $what by the hour', async ({ scope, method, path, most }) => {
    const h = await startApi()
    const call = await h.callerWith('read', scope)
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    for (let asked = 0; asked < most; asked += 1) {
      // The limit by the minute begins anew.
      if (asked % 100 === 0) vi.setSystemTime(Date.now() + MINUTE)
      expect((await call(method, path)).status).toBeLessThan(400)
    }
    vi.setSystemTime(Date.now() + MINUTE)
    const { status, headers } = await call(method, path)
    expect(status).toBe(429)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(60)
    expect((await call('GET', '/rotations')).status).toBe(200)
    if (method === 'GET') {
      const known = { headers: { 'if-none-match': '*' } }
      expect((await call(method, path, known)).status).toBe(304)
    }
    vi.setSystemTime(Date.now() + HOUR)
    expect((await call(method, path)).status).toBeLessThan(400)
  })

  test('count requests without a right token per address, and refuse no right one for them', async () => {
    const h = await startApi()
    const [wrong, right] = [h.caller('x'), await h.callerWith('read')]
    const statuses = new Map<number, number>()
    for (let asked = 0; asked < 62; asked += 1) {
      const { status } = await wrong('GET', '/resource')
      statuses.set(status, 1 + (statuses.get(status) ?? 0))
    }
    expect(Object.fromEntries(statuses)).toEqual({ 401: 60, 429: 2 })
    expect((await right('GET', '/rotations')).status).toBe(200)
  })

  test('bound the description of the API per address', async () => {
    const h = await startApi()
    const ask = async () => (await fetch(`${h.url}/v1/openapi.json`)).status
    // One was asked for by the start of this test.
    for (let asked = 1; asked < 60; asked += 1) expect(await ask()).toBe(200)
    expect(await ask()).toBe(429)
  })
})
