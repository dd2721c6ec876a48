import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { keysOn } from '../support/addon.ts'
import { DAY, HOUR } from '../support/harness.ts'
import { historyOf, kindsOf } from '../support/resource.ts'
import { sharedApi, startApi } from './support/api.ts'

/** For requests that are refused. */
const shared = sharedApi()
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('the add-on', () => {
  test('is told with its health, dates, keys by id, policy and apps, and without any key', async () => {
    const h = await startApi()
    const call = await h.callerWith('read')
    const { first, second } = keysOn(h)
    const { body, text } = await call('GET', '/resource')
    expect(body).toMatchObject({
      id: h.addon.id,
      name: h.addon.name,
      plan: 'fortnightly',
      health: { state: 'well' },
      next_rotation_at: '2026-03-17T12:00:00.000Z',
      rotation: null,
      policy: { rotation_period: '14d', grace_period: 'period', pause: null },
      apps: [{ name: 'service-1', config_var: 'SECURE_KEY', adoption: 'current', release: 2 }],
      keys: [
        { kid: sha256(first).slice(0, 8), use: 'sign', version: 2 },
        { kid: sha256(second).slice(0, 8), use: 'filler', version: 1 },
      ],
    })
    for (const key of [first, second]) expect(text).not.toContain(key.slice(0, 12))
  })

  test('is told without its apps where Heroku does not answer', async () => {
    const h = await startApi()
    h.heroku.faults.add({ match: { method: 'GET' }, kind: 'status', status: 503, times: 9 })
    expect((await (await h.callerWith('read'))('GET', '/resource')).body.apps).toBeNull()
  })
})

describe('what a key is', () => {
  test('is told by its SHA-256 or its id, with dates, through its whole life', async () => {
    const h = await startApi({ grace: '48h' })
    const call = await h.callerWith('read', 'rotate', 'revoke')
    const old = keysOn(h).first
    const ask = async (body: object) => (await call('POST', '/verifications', { body })).body
    const outcomes = async () => {
      const [by, kid] = [await ask({ sha256: sha256(old) }), await ask({ kid: sha256(old).slice(0, 8) })]
      expect(kid).toEqual(by)
      return [by.outcome, by.accepted]
    }
    expect(await outcomes()).toEqual(['current', true])
    await call('POST', '/rotations')
    await h.worker1.tick()
    expect(await outcomes()).toEqual(['previous', true])
    expect(await ask({ kid: sha256(old).slice(0, 8) })).toMatchObject({
      version: 2,
      accepted_until: new Date(h.clock.now().getTime() + 2 * DAY).toISOString(),
      retired_at: null,
    })
    h.clock.advance(2 * DAY)
    await h.worker1.tick()
    expect(await outcomes()).toEqual(['retired', false])
    expect((await ask({ kid: sha256(old).slice(0, 8) })).retired_at).toBe(h.clock.now().toISOString())
    const present = keysOn(h).first
    await call('POST', '/revocations', { body: { confirm: h.addon.name } })
    expect(await ask({ sha256: sha256(present).toUpperCase() })).toMatchObject({ outcome: 'revoked' })
    expect(await ask({ sha256: sha256('x') })).toMatchObject({ outcome: 'unknown', version: null })
  })

  test.each([
    {},
    { kid: '00000000', sha256: '0'.repeat(64) },
    { kid: '0000000' },
    { sha256: 'A'.repeat(63) },
    { key: 'A'.repeat(64) },
  ])('is not told to %j', async (body) => {
    const call = await (await shared()).callerWith('read')
    const answer = await call('POST', '/verifications', { body })
    expect(answer.status).toBe(400)
    expect(answer.text).not.toContain('AAAA')
  })
})

describe('the schedule', () => {
  test.each([' ', '\u0000', '\u202e\u200b'])('is not paused for the reason %j', async (reason) => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    const { status, body } = await call('POST', '/pause', { body: { reason } })
    expect([status, body.type]).toEqual([422, 'urn:securekey:problem:invalid-option'])
    expect(await kindsOf(h.deps, h.addon.id)).not.toContain('schedule-paused')
  })

  test('is paused, resumed and given a grace period by the flows of the dashboard', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    const until = new Date(h.clock.now().getTime() + DAY).toISOString()
    expect((await call('POST', '/pause', { body: { reason: 'freeze\u0007', until } })).body).toMatchObject({
      changed: true,
      next_rotation_at: '2026-03-18T12:00:00.000Z',
      policy: { pause: { until, reason: 'freeze' } },
    })
    expect((await call('POST', '/pause', { body: { reason: 'again' } })).body).toMatchObject({
      changed: false,
      policy: { pause: { reason: 'freeze' } },
    })
    h.clock.advance(HOUR)
    expect((await call('POST', '/resume')).body).toMatchObject({
      changed: true,
      next_rotation_at: '2026-03-17T13:00:00.000Z',
      policy: { pause: null },
    })
    expect((await call('POST', '/resume', { body: {} })).body.changed).toBe(false)
    const set = async () => (await call('PUT', '/grace', { body: { grace_period: '48h' } })).body
    expect(await set()).toMatchObject({ changed: true, policy: { grace_period: '2d' } })
    expect((await set()).changed).toBe(false)
    expect((await historyOf(h.deps, h.addon.id)).slice(-3)).toMatchObject([
      { kind: 'schedule-paused', actor: { type: 'token' } },
      { kind: 'schedule-resumed', actor: { type: 'token' } },
      { kind: 'grace-period-changed', actor: { type: 'token' } },
    ])
  })

  test('announces the next key, which is accepted from then on and signs after the next rotation', async () => {
    const h = await startApi()
    const call = await h.callerWith('read', 'rotate', 'keyring')
    const announce = async () => (await call('PUT', '/next', { body: { announced: true } })).body
    expect(await announce()).toMatchObject({ changed: true, policy: { announces_next: true } })
    expect((await announce()).changed).toBe(false)
    await h.worker1.tick()
    const ring = (await call('GET', '/keyring')).body as { keys: { kid: string; use: string }[] }
    const { kid = '' } = ring.keys.find(({ use }) => use === 'next') ?? {}
    const ask = async () => (await call('POST', '/verifications', { body: { kid } })).body
    expect(await ask()).toMatchObject({ outcome: 'next', accepted: true })
    const { keys } = (await call('GET', '/resource')).body as typeof ring
    expect(keys.find((key) => key.kid === kid)?.use).toBe('next')
    h.clock.advance(DAY)
    await call('POST', '/rotations')
    await h.worker1.tick()
    expect((await ask()).outcome).toBe('current')
  })

  test.each([
    ['PUT', '/next', {}, 400],
    ['POST', '/pause', {}, 400],
    ['POST', '/pause', { reason: '' }, 400],
    ['POST', '/pause', { reason: 'x', until: 'tomorrow' }, 400],
    ['POST', '/pause', { reason: 'x', until: '2026-03-03T11:59:59Z' }, 422],
    ['POST', '/pause', { reason: 'x', until: '2036-03-04T12:00:00Z' }, 422],
    ['POST', '/pause', { reason: 'x', until: '2026-12-31T23:59:60Z' }, 422],
    ['POST', '/resume', { now: true }, 400],
    ['PUT', '/grace', {}, 400],
    ['PUT', '/grace', { grace_period: 48 }, 400],
    ['PUT', '/grace', { grace_period: '1h' }, 422],
    ['PUT', '/grace', { grace_period: 'for ever' }, 422],
  ])('is not changed by %s %s %j', async (method, path, body, status) => {
    const h = await shared()
    const call = await h.callerWith('rotate')
    const before = await kindsOf(h.deps, h.addon.id)
    expect((await call(method, path, { body })).status).toBe(status)
    expect(await kindsOf(h.deps, h.addon.id)).toEqual(before)
  })
})

describe('the history', () => {
  test('is read page by page to its beginning, every row once', async () => {
    const h = await startApi()
    const call = await h.callerWith('read', 'rotate')
    for (let pauses = 0; pauses < 15; pauses += 1) {
      await call('POST', '/pause', { body: { reason: 'x' } })
      await call('POST', '/resume')
    }
    const seen: number[] = []
    let next: number | null = null
    for (let pages = 0; pages < 5; pages += 1) {
      const path: string = next === null ? '/history' : `/history?before=${next}`
      const page = (await call('GET', path)).body as { events: { seq: number }[]; next: number | null }
      seen.push(...page.events.map(({ seq }) => seq))
      next = page.next
      if (next === null) break
    }
    const rows = await historyOf(h.deps, h.addon.id)
    expect(seen).toEqual(rows.map(({ seq }) => seq).toReversed())
    expect(seen.length).toBeGreaterThan(30)
  })

  test.each(['x', '-1', '1e3', '9999999999', ''])('has no page before "%s"', async (before) => {
    const call = await (await shared()).callerWith('read')
    expect((await call('GET', `/history?before=${before}`)).status).toBe(400)
  })

  test.each(['before[]=1', 'befor=1', 'after=1', 'before=1&before=2'])(
    'gives no first page in answer to "%s"',
    async (query) => {
      const call = await (await shared()).callerWith('read')
      for (const path of ['/history', '/rotations']) {
        expect((await call('GET', `${path}?${query}`)).status).toBe(400)
      }
    },
  )
})

test.each([
  ['no body', {}],
  ['no body under its type', { headers: { 'content-type': 'application/json' } }],
  ['an empty object', { body: {} }],
])('%s is enough for a request that needs no field', async (_what, request) => {
  const h = await startApi()
  const call = await h.callerWith('rotate')
  expect((await call('POST', '/resume', request)).body).toMatchObject({ changed: false })
  expect((await call('POST', '/rotations', request)).body).toMatchObject({ outcome: 'requested' })
})

describe('a request that is malformed', () => {
  test('by bytes that are no UTF-8 changes nothing, and one in UTF-8 is kept as it came', async () => {
    const h = await startApi()
    const pause = async (reason: Buffer) => {
      const { status, body } = await (await h.callerWith('rotate'))('POST', '/pause', {
        body: Buffer.concat([Buffer.from('{"reason":"'), reason, Buffer.from('"}')]),
      })
      return [status, body.detail]
    }
    for (const bytes of ['61ff62', 'c080', 'eda080', 'f4908080', 'e282']) {
      expect(await pause(Buffer.from(bytes, 'hex'))).toEqual([400, 'The body is not UTF-8.'])
    }
    expect(await kindsOf(h.deps, h.addon.id)).not.toContain('schedule-paused')
    expect(await pause(Buffer.from('Prüfung \u2603'))).toEqual([200, undefined])
  })

  test('is refused as problem details that quote nothing of it', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    const secret = 'A1B2C3D4'.repeat(8)
    const json = { 'content-type': 'application/json' }
    const answers = [
      await call('POST', '/pause', { body: `{"reason": "${secret}` }),
      await call('POST', '/pause', { body: { reason: [secret] } }),
      await call('POST', '/pause', { body: `["${secret}"]` }),
      await call('POST', '/pause', { body: { reason: secret, [secret]: 1 } }),
      await call('POST', '/pause', { body: `{"__proto__": {"${secret}": 1}, "reason": "x"}` }),
      await call('POST', `/%zz${secret}`),
    ]
    for (const { status, text, headers } of answers) {
      expect(status).toBe(400)
      expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
      expect(text).not.toContain(secret)
    }
    expect((await call('POST', '/pause', { body: 'x'.repeat(9_000), headers: json })).status).toBe(413)
    const text = { 'content-type': 'text/plain' }
    expect((await call('POST', '/pause', { body: '{"reason":"x"}', headers: text })).status).toBe(415)
    expect(await kindsOf(h.deps, h.addon.id)).not.toContain('schedule-paused')
  })
})
