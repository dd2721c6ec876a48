import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { handOver } from '../../../clients/node/src/hand-over.ts'
import { CLIENT, client, handsOver, problem, signedWith } from './support/handing-over.ts'
import { answers, endless, keysOf, listening, type Respond, says, tokenOf, until } from './support/live.ts'
import { iso, keyText, kidOf, PAIR, ROTATED } from './support/rings.ts'

const server = listening()
afterEach(server.reset)

const LATEST = (version: number) =>
  answers({ status: 'already-latest', kid: kidOf(version), next_rotation_at: iso(ROTATED) })
const purpose = { purpose: 'login' }
const versions = () => server.requests.map((request) => signedWith(request).version)

describe('a client that holds the previous key', () => {
  test('is handed the latest ones, which take the place of its own once they are stored', async () => {
    const { secure_key: secureKey, secure_keyring: secureKeyring } = keysOf(6)
    const steps: string[] = []
    server.will(handsOver(server, keysOf(6)), LATEST(6))
    const { outside, ring, stored } = await client(server, {
      onKeys: async (keys) => {
        await new Promise((resolve) => setImmediate(resolve))
        steps.push(`stored ${keys.secureKey === secureKey} ${keys.secureKeyring === secureKeyring}`)
      },
    })
    ring.on('change', ({ kid }) => steps.push(`changed ${kid === ring.kid}`))
    expect(ring.verify(tokenOf(6), purpose).ok).toBe(false)
    expect(await outside.ask()).toEqual({ ok: true, outcome: 'handed-over' })
    expect(steps).toEqual(['stored true true', 'changed true'])
    expect(ring.keys.map(({ version }) => version)).toEqual([6, 5])
    expect([6, 5, 4].map((version) => ring.verify(tokenOf(version), purpose).ok)).toEqual([true, true, false])
    expect(stored).toEqual([])
  })

  test('signs with the newest key from then on, a minute later for the first time, and then as often as the service says', async () => {
    server.will(handsOver(server, keysOf(6)), LATEST(6), handsOver(server, keysOf(7)))
    const { outside, ring, timers } = await client(server)
    await outside.ask()
    for (let turns = 0; turns < 2; turns += 1) {
      await until(() => timers.planned() !== undefined)
      expect(timers.planned()).toBe(turns === 0 ? 60_000 : 3_600_000)
      timers.fire()
      await outside.ask()
    }
    expect(versions()).toEqual([5, 6, 6])
    expect(ring.keys[0]?.version).toBe(7)
  })

  test('may hold one key alone', async () => {
    server.will(handsOver(server, keysOf(6)))
    const { outside, ring, stored } = await client(server, { key: keyText(5) })
    expect(ring.keys).toEqual([{ kid: kidOf(5), use: 'sign' }])
    expect(ring.verify(ring.sign('x', { ...purpose, expiresIn: 60 }), purpose).ok).toBe(true)
    await outside.ask()
    expect(stored).toHaveLength(1)
    expect(ring.keys.map(({ version }) => version)).toEqual([6, 5])
  })

  test('begins with what it has stored, its keyring included', async () => {
    server.will(LATEST(5))
    const { secure_key: secureKey, secure_keyring: secureKeyring } = keysOf(5) as Record<string, string>
    const keys = { secureKey: secureKey ?? '', secureKeyring: secureKeyring ?? '' }
    const { outside, ring } = await client(server, { keys })
    expect(await outside.ask()).toEqual({ ok: true, outcome: 'already-latest' })
    expect(ring.keys.map(({ version }) => version)).toEqual([5, 4])
  })

  test('asks with a nonce and a key of its own each time', async () => {
    server.will(LATEST(5))
    const { outside } = await client(server)
    await outside.ask()
    await outside.ask()
    await outside.ask()
    const nonces = server.requests.map((request) => signedWith(request).nonce)
    const keys = server.requests.map(({ body }) => JSON.parse(body).epk)
    expect([new Set(nonces).size, new Set(keys.map(({ x }) => x)).size]).toEqual([3, 3])
    expect(Object.keys(keys[0]).sort()).toEqual(['crv', 'kty', 'x', 'y'])
  })
})

describe('keys that could not be stored', () => {
  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('are not used, and are asked for again with the old key: onKeys %s', async (_, fails) => {
    let times = 0
    server.will(handsOver(server, keysOf(6)))
    const { outside, ring } = await client(server, { onKeys: () => (++times === 1 ? fails() : undefined) })
    expect(await outside.ask()).toEqual({ ok: false, reason: 'not-stored' })
    expect(ring.keys.map(({ kid }) => kid)).toEqual([kidOf(5), kidOf(4)])
    expect(await outside.ask()).toEqual({ ok: true, outcome: 'handed-over' })
    expect(versions()).toEqual([5, 5])
  })

  test('within ten seconds are not used either', async () => {
    server.will(handsOver(server, keysOf(6)))
    let called = false
    const never = () => {
      called = true
      return new Promise(() => {})
    }
    const { outside, ring, timers } = await client(server, { onKeys: never })
    await until(() => called)
    timers.outOfTime()
    expect(await outside.ask()).toEqual({ ok: false, reason: 'not-stored' })
    expect(ring.kid).toBe(kidOf(5))
  })
})

describe('an answer that somebody else has made', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  test.each<[string, Parameters<typeof handsOver>[2]]>([
    ['by another key', { by: 4 }],
    ['by a key that it names, and the client does not hold', { by: 6, kid: kidOf(6) }],
    ['by its own key under the name of another', { kid: kidOf(4) }],
    ['for another request', { claims: { nonce: 'AAAAAAAAAAAAAAAAAAAAAA' } }],
    ['for another client', { claims: { aud: 'fedcba9876543210' } }],
    ['of another service', { claims: { iss: 'https://evil.example.com' } }],
    ['to another public key', { epk: publicKey.export({ format: 'jwk' }) }],
    ['encrypted in another way', { enc: 'A128GCM' }],
    ['with a wrapped key', { alg: 'ECDH-ES+A256KW' }],
  ])('brings no key: %s', async (_, lie) => {
    server.will(handsOver(server, keysOf(6), lie))
    const { outside, ring, stored } = await client(server)
    expect(await outside.ask()).toEqual({ ok: false, reason: 'forged' })
    expect([ring.keys[0]?.kid, stored]).toEqual([kidOf(5), []])
  })

  test.each<[string, Respond, string]>([
    ['no keys in it', (...told) => handsOver(server, { secure_key: PAIR })(...told), 'unreadable'],
    ['nothing in it', (...told) => handsOver(server, null)(...told), 'unreadable'],
    ['no JWE', answers({ status: 'handed-over', jwe: 'x' }), 'forged'],
    ['a number', answers({ status: 'handed-over', jwe: 1 }), 'unreadable'],
    ['another word', answers({ status: 'ok' }), 'unreadable'],
    ['the latest key, which is another', answers({ status: 'already-latest', kid: kidOf(6) }), 'unreadable'],
    ['a gigabyte', endless(200), 'too-large'],
    ['a 304', says(304), 'not-asked'],
    ['a redirect', says(308, { location: 'https://evil.example.com/' }), 'redirected'],
    ['a 429', says(429, { 'retry-after': '9' }), 'too-many-requests'],
    ['a 401 of something else', says(401), 'refused'],
    ['a 403 of another kind', problem('plain-http', 403), 'refused'],
    ['a 422', problem('unusable-epk', 422), 'refused'],
    ['a 500', says(500), 'server-error'],
  ])('brings no key, and it asks again: %s', async (_, respond, reason) => {
    server.will(respond, LATEST(5))
    const { outside, timers, stored } = await client(server)
    expect(await outside.ask()).toEqual({ ok: false, reason })
    await until(() => timers.planned() !== undefined)
    timers.fire()
    expect(await outside.ask()).toEqual({ ok: true, outcome: 'already-latest' })
    expect(stored).toEqual([])
  })

  test('brings no older key, even with a right signature', async () => {
    server.will(handsOver(server, keysOf(6)), handsOver(server, keysOf(5)))
    const { outside, ring } = await client(server)
    await outside.ask()
    await until(() => server.requests.length === 1)
    expect(await outside.ask()).toEqual({ ok: false, reason: 'older' })
    expect(ring.keys[0]?.version).toBe(6)
  })
})

describe('a refusal', () => {
  test.each<[string, number]>([
    ['not-authenticated', 401],
    ['hand-over-off', 403],
    ['previous-key-after-latest', 403],
    ['resource-gone', 410],
  ])('for good ends the asking, and is told: %s', async (code, status) => {
    server.will(problem(code, status))
    const { outside, ring, timers, stops, warnings } = await client(server)
    expect(await outside.ask()).toEqual({ ok: false, reason: code })
    expect([stops, warnings]).toEqual([[code], ['refresh-stopped']])
    expect(await outside.ask()).toEqual({ ok: false, reason: code })
    ring.verify(tokenOf(9), purpose)
    expect(timers.planned()).toBeUndefined()
    expect(server.requests).toHaveLength(1)
    expect(ring.kid).toBe(kidOf(5))
  })

  test('because of the clock is put right once, by the time that it names', async () => {
    const there = ROTATED + 3_600_000
    server.will(problem('clock', 401, { server_time: iso(there) }), LATEST(5))
    const { outside } = await client(server)
    expect(await outside.ask()).toEqual({ ok: true, outcome: 'already-latest' })
    const created = server.requests.map((request) => signedWith(request).created)
    expect(created).toEqual([ROTATED / 1_000 + 60, there / 1_000])
    await outside.ask()
    expect(signedWith(server.requests.at(-1) as never).created).toBe(there / 1_000)
  })

  test('because of the clock, again and again, is a failure', async () => {
    server.will(problem('clock', 401, { server_time: iso(ROTATED) }))
    const { outside } = await client(server)
    expect(await outside.ask()).toEqual({ ok: false, reason: 'clock' })
    expect(server.requests).toHaveLength(2)
  })

  test('because of the nonce is asked once more, with another', async () => {
    server.will(problem('replayed', 401), LATEST(5))
    const { outside } = await client(server)
    expect(await outside.ask()).toEqual({ ok: true, outcome: 'already-latest' })
    expect(server.requests).toHaveLength(2)
  })
})

describe('the options', () => {
  const url = 'https://securekey.example.com/v1'
  const good = { url, client: CLIENT, keys: PAIR, onKeys: () => {} }

  test.each<[string, object, object]>([
    ['no address', { url: undefined }, { code: 'missing', place: 'url' }],
    ['plain http', { url: 'http://example.com/v1' }, { code: 'bad-url', place: 'url' }],
    ['no secret', { client: undefined }, { code: 'missing', place: 'client' }],
    ['an API token', { client: 'sk_api_0123456789abcdef_x' }, { code: 'bad-token', place: 'client' }],
    ['nothing that stores', { onKeys: undefined }, { code: 'missing', place: 'onKeys' }],
    ['no function', { onKeys: 1 }, { code: 'bad-option', place: 'onKeys' }],
    ['no keys', { keys: undefined }, { code: 'missing' }],
    ['a key that is none', { keys: undefined, key: 'x' }, { code: 'bad-key', place: 'key' }],
    ['both', { key: keyText(5) }, { code: 'bad-option', place: 'key' }],
    ['a pair that is none', { keys: { secureKey: `${PAIR},` } }, { code: 'not-two-keys' }],
    ['a misspelt one', { onkeys: 1 }, { code: 'bad-option', place: 'onkeys' }],
  ])('are judged at the start: %s', async (_, change, error) => {
    const wrong = handOver({ ...good, ...change } as never)
    await expect(wrong).rejects.toMatchObject(error)
    expect(inspect(await wrong.catch((each) => each))).not.toMatch(/[0-9A-F]{20}|sk_client_0/)
  })
})

test('nothing that is printed shows a key or the secret, and close() ends it', async () => {
  server.will(LATEST(5))
  const { outside, timers } = await client(server)
  await outside.ask()
  await until(() => timers.planned() !== undefined)
  const shown = inspect(outside, { depth: 20, showHidden: true, getters: true }) + JSON.stringify(outside)
  expect(shown).not.toMatch(/[0-9A-F]{20}|sk_client/)
  outside.close()
  expect(timers.planned()).toBeUndefined()
  expect(await outside.ask()).toEqual({ ok: false, reason: 'closed' })
})
