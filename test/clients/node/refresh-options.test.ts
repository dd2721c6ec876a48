import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type KeyringOptions, keyring } from '../../../clients/node/src/index.ts'
import { TOKEN } from './support/live.ts'
import { keyText, PAIR, thrown } from './support/rings.ts'

const URL_OF = 'https://securekey.example.com/v1'

/** What a ring with these options asks first; it gets no answer. */
function firstRequest(options: KeyringOptions) {
  const asked: { url: string; token: string }[] = []
  const fetch = (url: string, { headers }: RequestInit) => {
    asked.push({ url, token: new Headers(headers).get('authorization')?.replace('Bearer ', '') ?? '' })
    return new Promise<Response>(() => {})
  }
  const refresh = typeof options.refresh === 'object' ? options.refresh : {}
  const ring = keyring({ value: PAIR, ...options, refresh: { ...refresh, fetch } })
  ring.close()
  return asked
}
const startWith = (options: KeyringOptions) => thrown(() => keyring({ value: PAIR, ...options }).close())

describe('where a ring asks', () => {
  test('is what the environment says, under the name of its variable', () => {
    const env = { SERVICE_ONE_SECURE_KEY_URL: URL_OF, SERVICE_ONE_SECURE_KEY_TOKEN: TOKEN }
    expect(firstRequest({ var: 'SERVICE_ONE_SECURE_KEY', env })).toEqual([
      { url: `${URL_OF}/keyring`, token: TOKEN },
    ])
  })

  test('is what an option says, before the environment', () => {
    const env = { SECURE_KEY_URL: 'https://other.example.com/v1', SECURE_KEY_TOKEN: 'sk_api_other' }
    expect(firstRequest({ env, refresh: { url: `${URL_OF}/`, token: TOKEN } })).toEqual([
      { url: `${URL_OF}/keyring`, token: TOKEN },
    ])
  })

  test.each([
    'https://securekey.example.com:8443/v1',
    'https://[2001:db8::1]/v1',
    'https://example.com/a/b~c/v1',
    'http://localhost:5000/v1',
    'http://127.0.0.1/v1',
    'http://[::1]:5000/v1/',
  ])('may be %s', (url) => {
    expect(firstRequest({ refresh: { url, token: TOKEN } })).toHaveLength(1)
  })
})

describe('a process does not start', () => {
  test.each([
    'http://securekey.example.com/v1',
    'http://127.0.0.1.example.com/v1',
    'http://localhost@evil.example.com/v1',
    'https://user:secret@example.com/v1',
    'https://example.com/v1?x=1',
    'https://example.com/v1#x',
    'https://example.com/v1//',
    'https://example.com',
    'https://example.com/v2',
    'https://example.com/v1\n',
    ' https://example.com/v1',
    'https://exämple.com/v1',
    'https://example.com:99999/v1',
    'ftp://example.com/v1',
    'https:///v1',
    '/v1',
    'x',
  ])('with the address %j', (url) => {
    expect(startWith({ refresh: { url, token: TOKEN } })).toMatchObject({
      code: 'bad-url',
      place: 'refresh.url',
    })
    expect(startWith({ refresh: true, env: { SECURE_KEY_URL: url, SECURE_KEY_TOKEN: TOKEN } })).toMatchObject(
      {
        code: 'bad-url',
        variable: 'SECURE_KEY_URL',
      },
    )
  })

  test.each([`${TOKEN} `, 'sk_', 'api_x', keyText(5), 'sk_a b', 'sk_\u00e9', `sk_${'x'.repeat(201)}`])(
    'with the token %j, which it does not show',
    (token) => {
      const error = startWith({ refresh: { url: URL_OF, token } })
      expect(error).toMatchObject({ code: 'bad-token', place: 'refresh.token' })
      expect(inspect(error)).not.toContain(token)
    },
  )

  test.each<[KeyringOptions, object]>([
    [
      { refresh: true, env: {} },
      { code: 'missing', variable: 'SECURE_KEY_URL' },
    ],
    [
      { refresh: true, env: { SECURE_KEY_URL: 'x' } },
      { code: 'missing', variable: 'SECURE_KEY_TOKEN' },
    ],
    [{ refresh: { url: '', token: TOKEN } }, { code: 'missing', place: 'refresh.url' }],
    [{ refresh: { url: URL_OF, token: TOKEN, app: '' } }, { code: 'bad-option', place: 'refresh.app' }],
    [{ refresh: { url: URL_OF, token: TOKEN, app: 'é' } }, { code: 'bad-option', place: 'refresh.app' }],
    [{ refresh: { url: URL_OF, token: TOKEN, process: 'x'.repeat(65) } }, { place: 'refresh.process' }],
    [{ refresh: { url: URL_OF, token: TOKEN, telemetry: 1 as never } }, { place: 'refresh.telemetry' }],
    [{ refresh: { url: URL_OF, token: TOKEN, fetch: 1 as never } }, { place: 'refresh.fetch' }],
    [{ refresh: { adress: URL_OF } as never }, { code: 'bad-option', place: 'adress' }],
    [{ refresh: 'yes' as never }, { code: 'bad-option', place: 'refresh' }],
    [{ refresh: null as never }, { code: 'bad-option', place: 'refresh' }],
    [
      { refresh: true, value: undefined, env: {} },
      { code: 'missing', variable: 'SECURE_KEY' },
    ],
  ])('with %j', (options, error) => {
    expect(startWith(options)).toMatchObject(error)
  })
})

test('a process of which nothing but the pick-up is left ends', async () => {
  const { surroundings } = await import('../../../clients/node/src/surroundings.ts')
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const cancel = surroundings.setTimer(() => {}, 3_600_000)
  expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBe(before)
  cancel()
})
