import { describe, expect, test } from 'vitest'
import { createLegacyPlatform } from '../../src/heroku/legacy-platform.ts'
import { type Answer, type CallSetup, callTo, json, startTinyServer } from './support/tiny-server.ts'

const RESOURCE = '01234567-89ab-4cde-8f01-23456789abcd'
const PATH = '/vendor/apps/app123%40heroku.com'
const ACCESS = { resourceId: RESOURCE, callbackPath: PATH, accessToken: '' }
const PAIR = `${'A'.repeat(64)},${'B'.repeat(64)}`
const KEYRING = '{"v":1,"keys":[],"mac":"k1.mac"}'
const VARS = { pair: PAIR, keyring: KEYRING }
const OLD = `${'B'.repeat(64)},${'C'.repeat(64)}`
const BASIC = `Basic ${Buffer.from('securekey:the-password').toString('base64')}`

const infoOf = (config: unknown) => ({ id: 'app123@heroku.com', name: 'service-1', config, domains: [] })
const info = (pair: string, keyring = KEYRING) => infoOf({ SECURE_KEY: pair, SECURE_KEYRING: keyring })

async function start(answer: Answer, setup: CallSetup = {}) {
  const { url, received } = await startTinyServer(answer)
  const platform = createLegacyPlatform(callTo(url, setup), {
    addonId: 'securekey',
    configVar: 'SECURE_KEY',
    keyringVar: 'SECURE_KEYRING',
    configVarsPrefix: 'SECURE',
    password: 'the-password',
  })
  return { platform, received }
}

/** Answers a PUT with this, and a GET with what `held` holds. */
function putThenGet(put: Answer, held: () => unknown): Answer {
  return (response, received) => (received.method === 'PUT' ? put : json(held()))(response, received)
}

const nothing: Answer = (response) => void response.writeHead(200).end()

describe('reading the config', () => {
  test('asks for the app info at the callback path as it was written, by the password of the add-on', async () => {
    const { platform, received } = await start(json(info(PAIR)))
    expect(await platform.readConfig(ACCESS)).toEqual({ ok: true, value: { pair: PAIR, keyring: KEYRING } })
    expect(received).toMatchObject([{ method: 'GET', url: PATH, headers: { authorization: BASIC } }])
  })

  test('asks by the id at Heroku for what the legacy API did not make', async () => {
    const { platform, received } = await start(json(info(PAIR)))
    await platform.readConfig({ resourceId: RESOURCE, accessToken: '' })
    await platform.readConfig({ resourceId: RESOURCE, addonUuid: 'their-id', accessToken: '' })
    expect(received.map(({ url }) => url)).toEqual([`/vendor/apps/${RESOURCE}`, '/vendor/apps/their-id'])
  })

  test.each([
    ['by suffixes', infoOf({ KEY: PAIR, KEYRING })],
    ['under the names of an attachment', infoOf({ CHARCOAL_KEY: PAIR, CHARCOAL_KEYRING: KEYRING })],
    [
      'by suffixes beside an attachment',
      infoOf({ KEY: PAIR, KEYRING, CHARCOAL_KEY: OLD, CHARCOAL_KEYRING: '{}' }),
    ],
    ['in the first of its apps', { apps: [{ config: { KEY: PAIR, KEYRING } }] }],
  ])('finds both vars %s', async (_how, body) => {
    const { platform } = await start(json(body))
    expect(await platform.readConfig(ACCESS)).toEqual({ ok: true, value: { pair: PAIR, keyring: KEYRING } })
  })

  test('finds that both are gone where the config is empty', async () => {
    const { platform } = await start(json(infoOf({})))
    expect(await platform.readConfig(ACCESS)).toEqual({ ok: true, value: { pair: null, keyring: null } })
  })

  test.each([
    ['no config', { id: 'app123@heroku.com' }],
    ['a list for a config', infoOf([PAIR])],
    ['a value that is no text', infoOf({ SECURE_KEY: { value: PAIR } })],
    ['a list', [PAIR]],
    ['null', null],
  ])('takes an answer with %s for none at all, and never for vars that are gone', async (_what, body) => {
    const { platform } = await start(json(body))
    expect(await platform.readConfig(ACCESS)).toMatchObject({ ok: false, failure: { kind: 'unavailable' } })
  })

  test.each([
    [404, 'missing'],
    [410, 'missing'],
    [401, 'unauthorized'],
    [503, 'unavailable'],
  ])('tells a %i as %s', async (status, kind) => {
    const { platform } = await start(json({ error: 'no' }, status))
    expect(await platform.readConfig(ACCESS)).toMatchObject({ ok: false, failure: { kind, status } })
  })
})

describe('writing the config', () => {
  test('puts both vars by their manifest names, and reads back where the answer shows nothing', async () => {
    const { platform, received } = await start(putThenGet(nothing, () => info(PAIR)))
    expect(await platform.writeConfig(ACCESS, VARS)).toEqual({ ok: true, value: undefined })
    const [put, get] = received
    expect(put).toMatchObject({ method: 'PUT', url: PATH, headers: { authorization: BASIC } })
    expect(JSON.parse(put?.body ?? '')).toEqual({ config: { SECURE_KEY: PAIR, SECURE_KEYRING: KEYRING } })
    expect(get?.method).toBe('GET')
  })

  test('needs no second call where the answer shows what was sent', async () => {
    const { platform, received } = await start(json(info(PAIR)))
    expect(await platform.writeConfig(ACCESS, VARS)).toEqual({ ok: true, value: undefined })
    expect(received).toHaveLength(1)
  })

  test('never believes a 200 behind which Heroku still holds the former pair', async () => {
    const { platform } = await start(putThenGet(nothing, () => info(OLD)))
    expect(await platform.writeConfig(ACCESS, VARS)).toMatchObject({
      ok: false,
      failure: { kind: 'mismatch' },
    })
  })

  test('is not confirmed where Heroku cannot be read after it', async () => {
    const answer: Answer = (response, received) =>
      (received.method === 'PUT' ? nothing : json({}, 503))(response, received)
    const { platform } = await start(answer)
    expect(await platform.writeConfig(ACCESS, VARS)).toMatchObject({ failure: { kind: 'unavailable' } })
  })

  test('a maintenance page with status 200 is no confirmation', async () => {
    const html: Answer = (response) => void response.writeHead(200).end('<html>back soon</html>')
    const { platform } = await start(html)
    expect(await platform.writeConfig(ACCESS, VARS)).toMatchObject({ failure: { kind: 'unavailable' } })
  })

  test('that was cut off before an answer is not sent again where it has arrived', async () => {
    let held = OLD
    const cutAfterWrite: Answer = (response, { body }) => {
      held = JSON.parse(body).config.SECURE_KEY
      response.destroy()
    }
    const { platform, received } = await start(putThenGet(cutAfterWrite, () => info(held)))
    expect(await platform.writeConfig(ACCESS, VARS)).toEqual({ ok: true, value: undefined })
    expect(received.map(({ method }) => method)).toEqual(['PUT', 'GET'])
  })

  test('that was cut off before it arrived is sent once more, and no more than that', async () => {
    const cut: Answer = (response) => void response.destroy()
    const { platform, received } = await start(putThenGet(cut, () => info(OLD)))
    expect(await platform.writeConfig(ACCESS, VARS)).toMatchObject({ ok: false, failure: { reset: true } })
    expect(received.map(({ method }) => method)).toEqual(['PUT', 'GET', 'PUT', 'GET'])
  })
})

test('a refused password says something of our account, since it never ages', async () => {
  const failed: unknown[] = []
  const judge = { failed: async (...seen: unknown[]) => void failed.push(seen.slice(0, 2)) as undefined }
  const { platform } = await start(json({}, 401), { judge })
  await platform.readConfig(ACCESS)
  expect(failed).toEqual([['read', RESOURCE]])
})

test.each([
  [
    'its address',
    { log_input_url: 'https://token:t.1@1.us.logplex.io/logs' },
    'https://token:t.1@1.us.logplex.io/logs',
  ],
  ['none', {}, null],
  ['one that is no text', { log_input_url: 7 }, null],
])('the log of the owning app is read from its info: %s', async (_what, more, value) => {
  const { platform } = await start(json({ ...info(PAIR), ...more }))
  expect(await platform.readLogInput(ACCESS)).toEqual({ ok: true, value })
})

test('what the legacy API does not offer is said so, and nothing is sent', async () => {
  const { platform, received } = await start(json([]))
  for (const asked of [
    platform.listAttachments(ACCESS),
    platform.listReleases(ACCESS, 'app-1', 1),
    platform.listCollaborators(ACCESS, 'app-1'),
  ]) {
    expect(await asked).toMatchObject({ ok: false, failure: { kind: 'not-offered' } })
  }
  expect(platform.showsReleases()).toBe(false)
  expect(received).toEqual([])
})
