import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createDispatcher } from '../../src/heroku/dispatcher.ts'
import { createSendRequest } from '../../src/heroku/send-request.ts'
import { createHerokuUsers } from '../../src/heroku/users.ts'

const TOKEN = 'HRKU-01234567-89ab-cdef-0123-456789abcdef'
const ID = '11111111-2222-3333-4444-555555555555'
const NAME = 'securekey-solid-14332'
const ADDON = { id: ID, name: NAME }
/** Of one call, where something is not to come at all. */
const SHORT_MS = 300

type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | 'hang' | 'cut'

/** A server in Heroku's place, which answers by path, and all that it was asked. */
async function serve(answerTo: (path: string, host: string) => Answer) {
  const asked: { path: string; authorization: string; accept: string }[] = []
  function answer(request: IncomingMessage, response: ServerResponse) {
    const { authorization = '', accept = '', host = '' } = request.headers
    asked.push({ path: request.url ?? '', authorization, accept })
    const said = answerTo(request.url ?? '', host)
    if (said === 'hang') return
    if (said === 'cut') return void request.socket.destroy()
    response.writeHead(said.status, said.headers)
    response.end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body ?? {}))
  }
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function start(answerTo: (path: string, host: string) => Answer, limitMs = 15_000) {
  const server = await serve(answerTo)
  const dispatcher = createDispatcher({ connections: 10 })
  onTestFinished(() => dispatcher.close())
  const clock = { ms: 0 }
  const users = createHerokuUsers({
    baseUrl: server.url,
    sendRequest: createSendRequest(dispatcher, limitMs),
    userAgent: 'test',
    steadyMs: () => clock.ms,
  })
  const ask = (toChange = false, addon = NAME) => users.ask({ token: TOKEN, addon, toChange })
  return { ...server, clock, ask }
}

const may = (user: object | null) => ({ verdict: 'may', addonId: ID, user })

test('a look is one call by the name, with the person’s token; the id is what Heroku says', async () => {
  const { ask, asked } = await start(() => ({ status: 200, body: ADDON }))
  expect(await ask()).toEqual(may(null))
  expect(asked).toEqual([
    {
      path: `/addons/${NAME}`,
      authorization: `Bearer ${TOKEN}`,
      accept: 'application/vnd.heroku+json; version=3',
    },
  ])
  expect(await ask(false, ID.toUpperCase())).toEqual(may(null))
})

test.each<[string, unknown]>([
  ['another add-on', { id: ID, name: 'another' }],
  ['an add-on without a name', { id: ID }],
  ['no id', { name: NAME }],
  ['an id that is none', { id: '../apps', name: NAME }],
  ['a list', [ADDON]],
  ['an id that is a list', { id: ['x'], name: NAME }],
])('an answer about anything but what was asked for permits nothing: %s', async (_what, body) => {
  const { ask } = await start(() => ({ status: 200, body }))
  expect(await ask()).toEqual({ verdict: 'unknown' })
  expect(await ask(true)).toEqual({ verdict: 'unknown' })
})

test.each<[Answer, string]>([
  [{ status: 401 }, 'wrong-token'],
  [{ status: 403 }, 'unknown'],
  [{ status: 404 }, 'unknown'],
  [{ status: 429 }, 'not-now'],
  [{ status: 500 }, 'not-now'],
  [{ status: 503 }, 'not-now'],
  [{ status: 206, body: ADDON }, 'not-now'],
  [{ status: 200, body: '<html>maintenance</html>' }, 'not-now'],
  ['cut', 'not-now'],
  ['hang', 'not-now'],
])('Heroku’s answer %j means %s, of one call and no other', async (answer, verdict) => {
  const { ask, asked } = await start(() => answer, answer === 'hang' ? SHORT_MS : undefined)
  expect(await ask(true)).toMatchObject({ verdict })
  expect(asked).toHaveLength(1)
})

test('the token never goes where a redirect points', async () => {
  const elsewhere = await serve(() => ({ status: 200, body: ADDON }))
  const headers = { location: `${elsewhere.url}/addons/${NAME}` }
  for (const status of [301, 302, 307, 308]) {
    const { ask } = await start(() => ({ status, headers }))
    expect(await ask()).toMatchObject({ verdict: 'not-now' })
  }
  expect(elsewhere.asked).toEqual([])
})

test('a change asks whether the token reads the config, and whose it is', async () => {
  const said: Record<string, Answer> = {
    [`/addons/${NAME}`]: { status: 200, body: ADDON },
    [`/addons/${ID}/config`]: { status: 200, body: [{ name: 'SECURE_KEY', value: 'A,B' }] },
    '/account': { status: 200, body: { id: 'ann', email: 'ann@example.com' } },
  }
  const { ask, asked } = await start((path) => said[path] ?? { status: 404 })
  expect(await ask(true)).toEqual(may({ id: 'ann', email: 'ann@example.com' }))
  expect(asked.map(({ path }) => path).toSorted()).toEqual(Object.keys(said).toSorted())
  for (const body of [{}, { id: '' }, { id: 'x'.repeat(65) }, { id: 7 }]) {
    said['/account'] = { status: 200, body }
    expect(await ask(true)).toEqual(may(null))
  }
  said['/account'] = { status: 403 }
  expect(await ask(true)).toEqual(may(null))
  said['/account'] = { status: 200, body: 'no JSON' }
  expect(await ask(true)).toMatchObject({ verdict: 'not-now' })
  said['/account'] = { status: 500 }
  expect(await ask(true)).toMatchObject({ verdict: 'not-now' })
  said[`/addons/${ID}/config`] = { status: 403 }
  said['/account'] = { status: 200, body: { id: 'ann' } }
  expect(await ask(true)).toEqual({ verdict: 'read-only' })
  said[`/addons/${ID}/config`] = { status: 401 }
  expect(await ask(true)).toEqual({ verdict: 'wrong-token' })
})

test('ten at a time and ten a second are asked, after a burst of sixty, and the others are told to come back', async () => {
  const hanging = await start(() => 'hang', SHORT_MS)
  const all = await Promise.all(Array.from({ length: 15 }, () => hanging.ask()))
  expect(hanging.asked).toHaveLength(10)
  expect(all.every(({ verdict }) => verdict === 'not-now')).toBe(true)
  // The others did not wait for a connection: they were told at once.
  const tooMany = { verdict: 'not-now', detail: 'too many ask at the moment' }
  expect(all.slice(10)).toEqual(Array(5).fill(tooMany))

  const { ask, asked, clock } = await start(() => ({ status: 404 }))
  const tried = async (times: number) => {
    const before = asked.length
    for (let tries = 0; tries < times; tries += 1) await ask()
    return asked.length - before
  }
  expect(await tried(70)).toBe(60)
  clock.ms += 1_000
  expect(await tried(20)).toBe(10)
  clock.ms += 3_600_000
  expect(await tried(70)).toBe(60)
})

test.each([
  ['a-name_1', true],
  [ID, true],
  ['', false],
  ['a/b', false],
  ['..', false],
  ['a%2Fb', false],
  ['a?b', false],
  ['a\nb', false],
  ['a\n', false],
  ['ä', false],
  ['-a', false],
  ['a'.repeat(129), false],
])('%j may stand in a path at Heroku: %s', async (text, taken) => {
  const { ask, asked } = await start((path) => ({ status: 200, body: { id: ID, name: path.slice(8) } }))
  expect(await ask(false, text)).toEqual(taken ? may(null) : { verdict: 'unknown' })
  expect(asked).toHaveLength(taken ? 1 : 0)
})
