import { expect, test } from 'vitest'
import { askForSignOn } from '../../../clients/heroku-cli/src/heroku/sign-on-form.ts'
import { sendWithin } from '../../../clients/heroku-cli/src/service/request.ts'
import { signOn, signOnOnce } from '../../../clients/heroku-cli/src/service/sign-on.ts'
import { type Recorded, recordingServer, sendJson } from './support/recording-server.ts'
import { stillSurroundings } from './support/still-surroundings.ts'

const ID = '5d1f2c3b-0000-4000-8000-000000000001'
const ADDON = { id: ID, app: 'service-1' }
const PARAMS = { resource_id: ID, timestamp: '1773144000', email: 'ada@example.com' }

/** Heroku, which answers with this form. */
function heroku(form: unknown) {
  const asked: string[] = []
  const get = async (path: string) => {
    asked.push(path)
    return form
  }
  return { asked, get, post: async () => undefined }
}

async function service(change: (origin: string) => Record<string, unknown> = () => ({})) {
  const server = await recordingServer(({ headers }, response) => {
    const origin = `http://${headers.host}`
    sendJson(response, 200, {
      token: 'sk_cli_1_2',
      expires_at: '2026-03-10T12:15:00.000Z',
      api: `${origin}/v1`,
      resource: { id: ID, name: 'securekey-round-1' },
      user: { email: 'ada@example.com' },
      scopes: ['read'],
      ...change(origin),
    })
  })
  return server
}

async function signOnAt(url: string, method: 'get' | 'post' = 'post') {
  const form = await askForSignOn(heroku({ action: `${url}/sso/login`, method, params: PARAMS }), ADDON)
  const surroundings = stillSurroundings()
  return await signOn(form, ID, { send: sendWithin(2_000), userAgent: 'heroku-securekey/0', surroundings })
}

test('Heroku is asked for the form of this add-on, for the app that was named', async () => {
  const asked = heroku({ action: 'https://securekey.example/sso/login', method: 'post', params: PARAMS })
  const form = await askForSignOn(asked, { id: ID, app: 'a/../b' })
  expect(asked.asked).toEqual([`/apps/a%2F..%2Fb/addons/${ID}/sso`])
  expect(form.action.href).toBe('https://securekey.example/sso/login')
})

test.each([
  'http://securekey.example/sso/login',
  'http://127.0.0.1.example/sso/login',
  'https://user:password@securekey.example/sso/login',
  'ftp://127.0.0.1/',
  'javascript:alert(1)',
  'not an address',
  undefined,
])('a signed form is sent to no such address: %s', async (action) => {
  const asked = heroku({ action, method: 'post', params: PARAMS })
  await expect(askForSignOn(asked, ADDON)).rejects.toThrow(/names no https address.*Nothing was sent/)
})

test('the form is posted, with nothing else that could name the user at Heroku', async () => {
  const { url, requests } = await service()
  const signedOn = await signOnAt(url)
  expect(signedOn).toMatchObject({ token: 'sk_cli_1_2', api: `${url}/v1`, email: 'ada@example.com' })
  const [request, ...more] = requests
  expect(more).toEqual([])
  expect(request).toMatchObject({ method: 'POST', path: '/sso/login' })
  expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual(PARAMS)
  expect(request?.headers).toMatchObject({ accept: 'application/json' })
  expect(headerNames(request)).toEqual(EXPECTED_HEADERS)
})

test('where Heroku says get, the fields stand in the address', async () => {
  const { url, requests } = await service()
  await signOnAt(url, 'get')
  const { method, path = '', body } = requests[0] ?? {}
  expect({ method, body }).toEqual({ method: 'GET', body: '' })
  expect(Object.fromEntries(new URL(path, url).searchParams)).toEqual(PARAMS)
})

test('a redirect is not followed', async () => {
  const other = await service()
  const { url } = await recordingServer((_request, response) => {
    response.writeHead(307, { location: `${other.url}/sso/login` }).end()
  })
  await expect(signOnAt(url)).rejects.toThrow(/answered the sign-on with 307/)
  expect(other.requests).toEqual([])
})

test.each([
  ['an API at another place', () => ({ api: 'https://elsewhere.example/v1' }), /at another place/],
  ['an API on another port', () => ({ api: 'http://127.0.0.1:9/v1' }), /at another place/],
  ['another add-on', () => ({ resource: { id: 'another', name: null } }), /another add-on/],
  ['no token', () => ({ token: undefined }), /gave no token/],
  ['a token that is none', () => ({ token: 'a\r\nb' }), /gave no token/],
  ['no date', () => ({ expires_at: 'soon' }), /in a form that this plugin does not know \(expires_at\)/],
])('an answer with %s is refused', async (_what, change, words) => {
  const { url } = await service(change)
  await expect(signOnAt(url)).rejects.toThrow(words)
})

test('a refusal is told in the words of the service, without control characters', async () => {
  const { url } = await recordingServer((_request, response) => {
    const type = 'urn:securekey:problem:unauthenticated'
    sendJson(response, 401, {
      type,
      title: 'The sign-on is not right',
      detail: 'Try\u001b[31m again',
      status: 401,
    })
  })
  await expect(signOnAt(url)).rejects.toThrow('The sign-on is not right. Try [31m again.')
})

test('a form that was used already is replaced by another one a second later, and a third is the last', async () => {
  const refused = {
    type: 'urn:securekey:problem:sign-on-refused',
    title: 'The sign-on is refused',
    status: 401,
  }
  const { url, requests } = await recordingServer((_request, response) => sendJson(response, 401, refused))
  const surroundings = stillSurroundings()
  const asked = heroku({ action: url, method: 'post', params: PARAMS })
  const options = { send: sendWithin(2_000), userAgent: 'x', surroundings }
  await expect(signOnOnce(() => askForSignOn(asked, ADDON), ID, options)).rejects.toThrow('is refused')
  expect(asked.asked).toHaveLength(3)
  expect(requests).toHaveLength(3)
  expect(surroundings.slept).toEqual([1_100, 1_100])
})

test('a service that hangs is given up', async () => {
  const { url } = await recordingServer(() => {})
  const form = await askForSignOn(heroku({ action: url, method: 'post', params: PARAMS }), ADDON)
  const options = { send: sendWithin(50), userAgent: 'x', surroundings: stillSurroundings() }
  await expect(signOn(form, ID, options)).rejects.toThrow(/^127\.0\.0\.1:\d+ does not answer\.$/)
})

test('an answer that never ends is cut off', async () => {
  const { url } = await recordingServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const more = () => response.write(' '.repeat(64 * 1024), () => setImmediate(more))
    more()
  })
  await expect(signOnAt(url)).rejects.toThrow('The answer of the service is too long.')
})

test('what the network says does not quote the address, which may hold the form', async () => {
  const form = await askForSignOn(
    heroku({ action: 'http://127.0.0.1:9/sso', method: 'get', params: PARAMS }),
    ADDON,
  )
  const options = { send: sendWithin(2_000), userAgent: 'x', surroundings: stillSurroundings() }
  const error = await signOn(form, ID, options).catch((caught: unknown) => caught)
  expect(String(error)).toMatch(/127\.0\.0\.1:9 cannot be reached/)
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('timestamp')
})

const EXPECTED_HEADERS = [
  'accept',
  'accept-encoding',
  'accept-language',
  'connection',
  'content-length',
  'content-type',
  'host',
  'sec-fetch-mode',
  'user-agent',
]

function headerNames(request: Recorded | undefined): string[] {
  return Object.keys(request?.headers ?? {}).toSorted()
}
