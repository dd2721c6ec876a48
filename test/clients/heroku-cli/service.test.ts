import { expect, test } from 'vitest'
import { sendWithin } from '../../../clients/heroku-cli/src/service/request.ts'
import { createService } from '../../../clients/heroku-cli/src/service/service.ts'
import { recordingServer, sendJson } from './support/recording-server.ts'
import { stillSurroundings } from './support/still-surroundings.ts'

/** A service that gives these answers in turn, the last one for ever, and how often somebody signed on. */
async function answering(...answers: [status: number, body: unknown, headers?: Record<string, string>][]) {
  const { url, requests } = await recordingServer((_request, response) => {
    const [status, body, headers] = answers[Math.min(requests.length, answers.length) - 1] ?? [500, {}]
    sendJson(response, status, body, headers)
  })
  const surroundings = stillSurroundings()
  let signOns = 0
  const service = createService({
    send: sendWithin(2_000),
    userAgent: 'x',
    surroundings,
    signOn: async () => {
      signOns += 1
      return {
        token: `token-${signOns}`,
        expiresAt: surroundings.now(),
        api: `${url}/v1`,
        resource: { id: 'id', name: null },
        email: null,
        scopes: [],
      }
    },
  })
  return { service, requests, surroundings, signOns: () => signOns }
}

const PROBLEM = { type: 'urn:securekey:problem:not-now', title: 'Not possible right now', status: 503 }

test('somebody signs on once, at the first request, and the token goes along', async () => {
  const { service, requests, signOns } = await answering([200, { a: 1 }])
  expect(signOns()).toBe(0)
  expect(await service.ask('GET', '/resource')).toEqual({ a: 1 })
  await service.ask('POST', '/rotations', { body: { b: 2 }, idempotencyKey: 'k' })
  expect(signOns()).toBe(1)
  expect(
    requests.map(({ method, path, body, headers }) => [method, path, body, headers.authorization]),
  ).toEqual([
    ['GET', '/v1/resource', '', 'Bearer token-1'],
    ['POST', '/v1/rotations', '{"b":2}', 'Bearer token-1'],
  ])
  expect(requests[1]?.headers['idempotency-key']).toBe('k')
})

test('a token that has ended is replaced once; a second refusal is told', async () => {
  const refusal = {
    type: 'urn:securekey:problem:unauthenticated',
    title: 'The token is not right',
    status: 401,
  }
  const once = await answering([401, refusal], [200, { ok: true }])
  expect(await once.service.ask('GET', '/resource')).toEqual({ ok: true })
  expect(once.requests.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer token-1',
    'Bearer token-2',
  ])
  const always = await answering([401, refusal])
  await expect(always.service.ask('GET', '/resource')).rejects.toThrow('The token is not right.')
  expect(always.requests).toHaveLength(2)
})

test('Retry-After is obeyed three times and no more', async () => {
  const { service, requests, surroundings } = await answering([503, PROBLEM, { 'retry-after': '7' }])
  await expect(service.ask('GET', '/resource')).rejects.toThrow(
    'Not possible right now. Try again in 7 seconds.',
  )
  expect(surroundings.slept).toEqual([7_000, 7_000, 7_000])
  expect(requests).toHaveLength(4)
})

test('what is sent once is not waited for: its refusal says for how long to wait', async () => {
  const { service, requests, surroundings } = await answering([429, PROBLEM, { 'retry-after': '60' }])
  await expect(service.ask('GET', '/resource', { once: true })).rejects.toMatchObject({ waitMs: 60_000 })
  expect(surroundings.slept).toEqual([])
  expect(requests).toHaveLength(1)
})

test('a sign-on that failed is not kept: the next request signs on anew', async () => {
  const { url } = await recordingServer((_request, response) => sendJson(response, 200, { ok: true }))
  const surroundings = stillSurroundings()
  const resource = { id: 'id', name: null }
  const signedOn = { token: 't', expiresAt: surroundings.now(), api: url, resource, email: null, scopes: [] }
  const signOns = [
    () => Promise.reject(new Error('service.example cannot be reached.')),
    () => Promise.resolve(signedOn),
  ]
  const service = createService({
    send: sendWithin(2_000),
    userAgent: 'x',
    surroundings,
    signOn: async () => (await signOns.shift()?.()) ?? signedOn,
  })
  await expect(service.ask('GET', '/resource')).rejects.toThrow('cannot be reached')
  expect(await service.ask('GET', '/resource')).toEqual({ ok: true })
})

test('a Retry-After that is a date is obeyed, and one that is over is waited for a second', async () => {
  const dated = await answering(
    [429, PROBLEM, { 'retry-after': 'Tue, 10 Mar 2026 12:00:30 GMT' }],
    [429, PROBLEM, { 'retry-after': 'Tue, 10 Mar 2026 11:00:00 GMT' }],
    [200, {}],
  )
  await dated.service.ask('GET', '/resource')
  expect(dated.surroundings.slept).toEqual([30_000, 1_000])
})

test.each([
  [
    'a minute is too long to wait in silence',
    [429, PROBLEM, { 'retry-after': '61' }],
    /Try again in 61 seconds/,
  ],
  ['without Retry-After nothing is asked again', [503, PROBLEM], /^Not possible right now\.$/],
  ['one that is nonsense is none', [503, PROBLEM, { 'retry-after': 'soon' }], /^Not possible right now\.$/],
  [
    'only 429 and 503 say when to come back',
    [500, PROBLEM, { 'retry-after': '1' }],
    /^Not possible right now\.$/,
  ],
] as const)('%s', async (_title, answer, words) => {
  const { service, requests } = await answering([...answer])
  await expect(service.ask('GET', '/resource')).rejects.toThrow(words)
  expect(requests).toHaveLength(1)
})

test('a refusal names its dates and apps', async () => {
  const { service } = await answering([
    409,
    {
      type: 'urn:securekey:problem:held-back',
      title: 'Apps still sign with the previous key',
      status: 409,
      apps: ['service-1', 'service-2'],
      until: '2026-03-11T12:00:00.000Z',
    },
  ])
  const error = await service.ask('POST', '/rotations', { body: {} }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({
    problem: 'held-back',
    status: 409,
    message:
      'Apps still sign with the previous key. Waiting for service-1 and service-2. It goes ahead by itself at 2026-03-11 12:00 UTC (in 24 hours).',
  })
})

test('an answer that is no JSON is told by its status', async () => {
  const { url } = await recordingServer((_request, response) => response.writeHead(502).end('<html>'))
  const answer = await sendWithin(2_000)({ method: 'GET', url: new URL(url), headers: {} })
  expect(answer).toEqual({ status: 502, body: undefined, retryAfter: null })
  const { service } = await answering([418, 'tea'])
  await expect(service.ask('GET', '/resource')).rejects.toThrow(
    'The service of the add-on answered with 418.',
  )
})
