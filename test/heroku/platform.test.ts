import { describe, expect, test } from 'vitest'
import { keyringText } from '../../src/domain/keyring-var.ts'
import { createPlatform, type Platform } from '../../src/heroku/platform.ts'
import { createReleaseRight } from '../../src/heroku/release-right.ts'
import { createFakeClock, type FakeClock } from '../simulator/support/fake-clock.ts'
import { type Answer, callTo, json, type Received, startTinyServer } from './support/tiny-server.ts'

const RESOURCE = '01234567-89ab-cdef-0123-456789abcdef'
const ACCESS = { resourceId: RESOURCE, accessToken: 'HRKU-token' }
const VALUE = `${'A'.repeat(64)},${'B'.repeat(64)}`
const ANNOUNCING = keyringText(
  {
    keys: [
      { kid: '00000002', version: 2, use: 'sign', until: null },
      { kid: '00000003', version: 3, use: 'next', until: null, key: 'C'.repeat(64) },
    ],
    reason: 'scheduled',
    rotatedAt: new Date('2026-03-03T12:00:00Z'),
    nextRotationAt: new Date('2026-03-17T12:00:00Z'),
    goodForSeconds: 604_800,
    epoch: 1,
    revokedTo: 0,
  },
  'k1.mac',
)
const VARS = { pair: VALUE, keyring: '{"v":1}' }
const OLD = `${'B'.repeat(64)},${'C'.repeat(64)}`

async function startPlatform(answer: Answer): Promise<{
  platform: Platform
  received: Received[]
  clock: FakeClock
}> {
  const { url, received } = await startTinyServer(answer)
  const options = {
    addonId: 'securekey',
    configVar: 'SECURE_KEY',
    keyringVar: 'SECURE_KEYRING',
    configVarsPrefix: 'SECURE',
  }
  const clock = createFakeClock()
  const releaseRight = createReleaseRight(clock.now)
  return { platform: createPlatform(callTo(url), options, releaseRight), received, clock }
}

describe('reading the config', () => {
  test.each([
    ['by its full name', [{ name: 'SECURE_KEY', value: VALUE }], VALUE],
    ['by its suffix', [{ name: 'KEY', value: VALUE }], VALUE],
    ['among others', [{ name: 'OTHER', value: 'x' }, null, 7, { name: 'SECURE_KEY', value: VALUE }], VALUE],
    ['that is not set', [], null],
    ['that is null', [{ name: 'SECURE_KEY', value: null }], null],
    ['in lower case', [{ name: 'secure_key', value: VALUE }], VALUE],
    ['under the name of an attachment', [{ name: 'SERVICE_ONE_SECURE_KEY', value: VALUE }], VALUE],
    [
      'that could be one of two, of unknown names',
      [
        { name: 'A', value: VALUE },
        { name: 'B', value: OLD },
      ],
      null,
    ],
    ['in an object by names', { SECURE_KEY: VALUE, OTHER: 'x' }, VALUE],
    ['in a list under config', { config: [{ name: 'SECURE_KEY', value: VALUE }] }, VALUE],
  ])('finds the value %s', async (_how, body, value) => {
    const { platform } = await startPlatform(json(body))
    expect(await platform.readConfig(ACCESS)).toMatchObject({ ok: true, value: { pair: value } })
  })

  test('finds the keyring beside the pair', async () => {
    const { platform } = await startPlatform(
      json([
        { name: 'SECURE_KEYRING', value: '{}' },
        { name: 'SECURE_KEY', value: VALUE },
      ]),
    )
    expect(await platform.readConfig(ACCESS)).toEqual({ ok: true, value: { pair: VALUE, keyring: '{}' } })
  })

  test.each([
    [{ ok: true }],
    [{ message: 'no' }],
    [null],
    ['text'],
    [7],
    // In these the config var may well be set.
    [[{ SECURE_KEY: VALUE }]],
    [[{ key: 'SECURE_KEY', value: VALUE }]],
    [[{ name: 'SECURE_KEY', value: 7 }]],
    [
      [
        { name: 'SECURE_KEY', value: { text: VALUE } },
        { name: 'SECURE_KEYRING', value: '{}' },
      ],
    ],
  ])('takes %o for no answer, and not for a config var that is gone', async (body) => {
    const { platform } = await startPlatform(json(body))
    expect(await platform.readConfig(ACCESS)).toMatchObject({ ok: false, failure: { kind: 'unavailable' } })
  })

  test('asks for the resource with its own token, in version 3 of the API', async () => {
    const { platform, received } = await startPlatform(json([]))
    await platform.readConfig(ACCESS)
    expect(received[0]).toMatchObject({
      method: 'GET',
      url: `/addons/${RESOURCE}/config`,
      headers: { accept: 'application/vnd.heroku+json; version=3', authorization: 'Bearer HRKU-token' },
      body: '',
    })
  })
})

describe('writing the config', () => {
  test('sends both vars by their manifest names, and succeeds when the answer holds what was sent', async () => {
    const { platform, received } = await startPlatform(json([{ name: 'SECURE_KEY', value: VALUE }]))
    expect(await platform.writeConfig(ACCESS, VARS)).toEqual({ ok: true, value: undefined })
    expect(received[0]).toMatchObject({ method: 'PATCH', url: `/addons/${RESOURCE}/config` })
    expect(received[0]?.headers).toMatchObject({ 'content-type': 'application/json' })
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({
      config: [
        { name: 'SECURE_KEY', value: VALUE },
        { name: 'SECURE_KEYRING', value: VARS.keyring },
      ],
    })
  })

  test.each([
    ['names the variable by its suffix', [{ name: 'KEY', value: VALUE }]],
    ['names it by a name that is unknown', [{ name: 'X', value: VALUE }]],
    ['is an object of values', { SECURE_KEY: VALUE }],
    ['is a list of objects of values', [{ SECURE_KEY: VALUE }]],
    ['calls the names otherwise', { data: [{ key: 'SECURE_KEY', value: VALUE }] }],
    ['holds it among others', [{ name: 'A', value: OLD }, null, { name: 'SECURE_KEY', value: VALUE }]],
  ])('succeeds also when the answer %s', async (_how, body) => {
    const { platform } = await startPlatform(json(body))
    expect((await platform.writeConfig(ACCESS, VARS)).ok).toBe(true)
  })

  test.each([
    ['another value', [{ name: 'SECURE_KEY', value: OLD }]],
    ['no value', [{ name: 'SECURE_KEY', value: null }]],
    ['nothing', []],
  ])('is a mismatch when the answer holds %s', async (_what, body) => {
    const { platform } = await startPlatform(json(body))
    const result = await platform.writeConfig(ACCESS, VARS)
    expect(result).toMatchObject({ ok: false, failure: { kind: 'mismatch' } })
    expect(JSON.stringify(result)).not.toContain('B'.repeat(64))
  })

  test('may have been applied when the answer is no list', async () => {
    const { platform } = await startPlatform(json({ ok: true }))
    expect(await platform.writeConfig(ACCESS, VARS)).toMatchObject({ failure: { kind: 'unavailable' } })
  })
})

describe('listing', () => {
  test('attachments by the id of their app; what has none is passed over', async () => {
    const { platform, received } = await startPlatform(
      json(
        [
          { name: 'SECURE', app: { id: 'app-1', name: 'service-1' }, created_at: '2026-03-03T12:00:00Z' },
          { name: 'SERVICE_ONE_SECURE', app: { id: 'app-2', name: 'service-2' }, created_at: 'yesterday' },
          { name: 'BROKEN', app: null },
          null,
        ],
        206,
      ),
    )
    const createdAt = new Date('2026-03-03T12:00:00Z')
    expect(await platform.listAttachments(ACCESS)).toEqual({
      ok: true,
      value: [
        { appId: 'app-1', appName: 'service-1', attachmentName: 'SECURE', createdAt, addonName: null },
        {
          appId: 'app-2',
          appName: 'service-2',
          attachmentName: 'SERVICE_ONE_SECURE',
          createdAt: null,
          addonName: null,
        },
      ],
    })
    expect(received[0]).toMatchObject({
      url: `/addons/${RESOURCE}/addon-attachments`,
      headers: { range: 'id ..; max=1000' },
    })
  })

  const RELEASES = [
    {
      version: 12,
      status: 'succeeded',
      created_at: '2026-03-03T12:00:00Z',
      description: 'Update SECURE by securekey',
      user: { email: 'securekey@addons.heroku.com' },
    },
    {
      version: '11',
      status: 'failed',
      created_at: '2026-03-02T12:00:00Z',
      description: 'x'.repeat(9_000),
      user: { email: 'dev@example.com' },
    },
    { version: 10, status: 'succeeded', created_at: null },
    { version: 'newest', status: 'succeeded', created_at: '2026-03-02T12:00:00Z' },
  ]

  test("releases newest first, and which of them are the add-on's own; what has no number or date is passed over", async () => {
    const { platform, received } = await startPlatform(json(RELEASES))
    const result = await platform.listReleases(ACCESS, 'app/1', 20)
    expect(result).toEqual({
      ok: true,
      value: {
        releases: [
          {
            version: 12,
            status: 'succeeded',
            createdAt: new Date('2026-03-03T12:00:00Z'),
            description: 'Update SECURE by securekey',
            byAddon: true,
          },
          {
            version: 11,
            status: 'failed',
            createdAt: new Date('2026-03-02T12:00:00Z'),
            description: 'x'.repeat(200),
            byAddon: false,
          },
        ],
        complete: true,
      },
    })
    expect(received[0]?.url).toBe('/apps/app%2F1/releases')
    expect(received[0]?.headers.range).toBe('version ..; max=20, order=desc')
  })

  test('says that there may be more releases where it gets as many as it asked for', async () => {
    const { platform } = await startPlatform(json(RELEASES))
    expect(await platform.listReleases(ACCESS, 'app', 4)).toMatchObject({ value: { complete: false } })
  })

  describe('releases to a partner without the right', () => {
    const of = (resource: number) => ({ ...ACCESS, resourceId: `resource-${resource}` })

    test.each([403, 404])(
      'is refused by %s, and after three resources one call an hour is made',
      async (status) => {
        const { platform, received, clock } = await startPlatform(json({ id: 'forbidden' }, status))
        for (let resource = 1; resource <= 9; resource += 1) {
          const result = await platform.listReleases(of(resource), 'app', 20)
          expect(result).toMatchObject({ failure: { kind: 'refused' } })
        }
        expect(received).toHaveLength(3)
        expect(platform.showsReleases()).toBe(false)

        clock.advance(3_600_000)
        expect(platform.showsReleases()).toBe(true)
        for (let look = 0; look < 5; look += 1) await platform.listReleases(of(1), 'app', 20)
        expect(received).toHaveLength(4)
      },
    )

    test('is not what a single resource is taken for that is refused again and again', async () => {
      const { platform, received } = await startPlatform(json({ id: 'not_found' }, 404))
      for (let look = 0; look < 5; look += 1) await platform.listReleases(of(1), 'app', 20)
      expect(received).toHaveLength(5)
      expect(platform.showsReleases()).toBe(true)
    })
  })

  test.each(['listAttachments', 'listReleases'] as const)(
    '%s takes what is no list for no answer',
    async (list) => {
      const { platform } = await startPlatform(json({ id: 'not_a_list' }))
      expect(await platform[list](ACCESS, 'app', 20)).toMatchObject({ failure: { kind: 'unavailable' } })
    },
  )
})

describe('a write whose connection is reset before an answer', () => {
  /** Heroku as it stands behind an edge that resets connections; `applied` says what it has taken. */
  async function startBehindEdge(resets: 'before' | 'after' | 'always') {
    let held = [{ name: 'SECURE_KEY', value: OLD }]
    let patches = 0
    const { platform, received } = await startPlatform((response, { method, body }) => {
      if (method === 'PATCH') {
        patches += 1
        const cut = patches === 1 || resets === 'always'
        if (!cut || resets === 'after') held = JSON.parse(body).config
        if (cut) return void response.destroy()
      }
      json(held)(response, { method, url: '', headers: {}, body })
    })
    return { platform, methods: () => received.map(({ method }) => method) }
  }

  test('is read back, and not sent again where it has arrived', async () => {
    const { platform, methods } = await startBehindEdge('after')
    expect(await platform.writeConfig(ACCESS, VARS)).toEqual({ ok: true, value: undefined })
    expect(methods()).toEqual(['PATCH', 'GET'])
  })

  test('is read back, and sent again at once where it has not', async () => {
    const { platform, methods } = await startBehindEdge('before')
    expect(await platform.writeConfig(ACCESS, VARS)).toEqual({ ok: true, value: undefined })
    expect(methods()).toEqual(['PATCH', 'GET', 'PATCH'])
  })

  test('is sent again where the pair was there before and the keyring announces another key', async () => {
    const { platform, methods } = await startBehindEdge('before')
    expect(await platform.writeConfig(ACCESS, { pair: OLD, keyring: ANNOUNCING })).toMatchObject({ ok: true })
    expect(methods()).toEqual(['PATCH', 'GET', 'PATCH'])
  })

  test('is not sent again where such a keyring has arrived', async () => {
    const { platform, methods } = await startBehindEdge('after')
    expect(await platform.writeConfig(ACCESS, { pair: OLD, keyring: ANNOUNCING })).toMatchObject({ ok: true })
    expect(methods()).toEqual(['PATCH', 'GET'])
  })

  test('is sent twice at most', async () => {
    const { platform, methods } = await startBehindEdge('always')
    expect(await platform.writeConfig(ACCESS, VARS)).toMatchObject({
      ok: false,
      failure: { kind: 'unavailable', reset: true },
    })
    expect(methods()).toEqual(['PATCH', 'GET', 'PATCH'])
  })
})
