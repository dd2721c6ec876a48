import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { HerokuResult } from '../../src/domain/heroku-failure.ts'
import { type Answer, callTo, json, startTinyServer } from './support/tiny-server.ts'

const GET = { method: 'GET', path: '/addons/1/config', headers: {} } as const

const OUT_OF_TIME = 'no answer: TimeoutError'

function failureOf(result: HerokuResult<unknown>) {
  if (result.ok) throw new Error('the call succeeded')
  return result.failure
}

async function callAnswered(answer: Answer, setup: Parameters<typeof callTo>[1] = {}) {
  const { url } = await startTinyServer(answer)
  return callTo(url, setup)
}

describe('an answer', () => {
  test.each([200, 201, 202, 206])('with status %i is a success, its JSON the value', async (status) => {
    const call = await callAnswered(json([{ name: 'SECURE_KEY' }], status))
    expect(await call(GET)).toEqual({ ok: true, value: [{ name: 'SECURE_KEY' }] })
  })

  test.each([
    [400, 'refused'],
    [401, 'unauthorized'],
    [402, 'refused'],
    [403, 'refused'],
    [404, 'missing'],
    [406, 'refused'],
    [410, 'missing'],
    [422, 'refused'],
    [429, 'rate-limited'],
    [500, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ])('with status %i is the failure %s', async (status, kind) => {
    const call = await callAnswered(json({ id: 'x', message: 'x' }, status))
    expect(failureOf(await call(GET))).toMatchObject({ kind, status, detail: `Heroku answered ${status}` })
  })

  test('with an error status need not be JSON: a suspended account is answered in another format', async () => {
    const call = await callAnswered((response) => response.writeHead(403).end('<h1>suspended</h1>'))
    expect(failureOf(await call(GET))).toMatchObject({ kind: 'refused', status: 403 })
  })

  test.each([301, 302, 303, 307, 308])(
    'with redirect %i is not followed, so no token goes elsewhere',
    async (status) => {
      const elsewhere = await startTinyServer(json([]))
      const call = await callAnswered((response) =>
        response.writeHead(status, { location: elsewhere.url }).end(),
      )
      expect(failureOf(await call(GET))).toMatchObject({ kind: 'unavailable', status })
      expect(elsewhere.received).toEqual([])
    },
  )
})

describe('what is no answer may have been applied, so it is `unavailable`:', () => {
  test.each<[string, Answer]>([
    ['a connection cut before the answer', (response) => response.destroy()],
    [
      'an answer that ends before its length',
      (response) => {
        response.writeHead(200, { 'content-length': 100 })
        response.write('[{"name":"SECURE_KEY"', () => response.destroy())
      },
    ],
    ['a body that is not JSON', (response) => response.writeHead(200).end('<html>Application Error</html>')],
    ['an empty body', (response) => response.writeHead(200).end()],
    ['a 204', (response) => response.writeHead(204).end()],
    ['a body of two megabytes', json('A'.repeat(2_000_000))],
    [
      'a body of unknown length that never ends',
      (response) => {
        const more = () => {
          if (!response.destroyed) response.write('A'.repeat(100_000), more)
        }
        more()
      },
    ],
  ])('%s', async (_what, answer) => {
    const call = await callAnswered(answer)
    expect(failureOf(await call(GET)).kind).toBe('unavailable')
  })

  test('silence, after the time limit', async () => {
    const call = await callAnswered(() => {}, { callTimeoutMs: 100 })
    expect(failureOf(await call(GET))).toEqual({ kind: 'unavailable', detail: OUT_OF_TIME })
  })

  test('a body that trickles past the time limit', async () => {
    const call = await callAnswered((response) => response.writeHead(200).write('['), { callTimeoutMs: 100 })
    expect(failureOf(await call(GET))).toEqual({ kind: 'unavailable', detail: OUT_OF_TIME })
  })

  test('a port at which nobody listens', async () => {
    const call = callTo('http://127.0.0.1:1')
    expect(failureOf(await call(GET))).toEqual({
      kind: 'unavailable',
      detail: 'no answer: Error ECONNREFUSED',
    })
  })

  test('a server that does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    expect(failureOf(await callTo(`http://127.0.0.1:${port}`)(GET)).kind).toBe('unavailable')
  })

  test('a call that its caller gives up', async () => {
    const giveUp = new AbortController()
    const call = await callAnswered(() => giveUp.abort())
    expect(failureOf(await call({ ...GET, signal: giveUp.signal })).kind).toBe('unavailable')
  })

  test('a call that its caller had given up before it began, which is never sent', async () => {
    const { url, received } = await startTinyServer(json([]))
    const result = await callTo(url)({ ...GET, signal: AbortSignal.abort() })
    expect(failureOf(result).kind).toBe('unavailable')
    expect(received).toEqual([])
  })
})

const READ = (resourceId: string) => ({ ...GET, about: { resourceId, operation: 'read' } }) as const

describe('a connection that is reset before an answer', () => {
  /** A server that cuts the first so many requests. */
  async function cuttingFirst(times: number) {
    let left = times
    return await startTinyServer((response, request) => {
      left -= 1
      if (left >= 0) response.destroy()
      else json([])(response, request)
    })
  }

  test.each(['GET', 'POST'] as const)(
    'is used anew at once for a %s, and that is no failure',
    async (method) => {
      const failures: string[] = []
      const { url, received } = await cuttingFirst(1)
      const call = callTo(url, {
        judge: { failed: async (_operation, _id, { detail }) => void failures.push(detail) },
      })
      expect(await call({ ...READ('one'), method })).toEqual({ ok: true, value: [] })
      expect([received.length, failures]).toEqual([2, []])
    },
  )

  test('does not come alone: whatever was open then is not used again', async () => {
    const born = new WeakMap<object, number>()
    let round = 0
    let resets = 0
    const { url } = await startTinyServer((response, request) => {
      const { socket } = response.req
      if (!born.has(socket)) born.set(socket, round)
      if (born.get(socket) === round) return setTimeout(() => json([])(response, request), 20)
      resets += 1
      return socket.resetAndDestroy()
    })
    const call = callTo(url, { connections: 50 })
    const together = async (count: number) => {
      const results = await Promise.all(Array.from({ length: count }, () => call(GET)))
      return results.filter(({ ok }) => !ok).length
    }
    for (const calls of [50, 20, 5, 49]) {
      expect(await together(50)).toBe(0)
      round += 1
      resets = 0
      expect([await together(calls), resets]).toEqual([0, calls])
    }
  })

  test('twice is a failure, and is told as a reset', async () => {
    const { url, received } = await cuttingFirst(2)
    expect(failureOf(await callTo(url)(GET))).toMatchObject({ kind: 'unavailable', reset: true })
    expect(received).toHaveLength(2)
  })

  test('is not taken for one once an answer has begun, nor is silence', async () => {
    const begun = await callAnswered((response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('[', () => response.destroy())
    })
    expect(failureOf(await begun(GET)).reset).toBeUndefined()
    const silent = await startTinyServer(() => {})
    expect(failureOf(await callTo(silent.url, { callTimeoutMs: 100 })(GET)).reset).toBeUndefined()
    expect(silent.received).toHaveLength(1)
  })

  test('never sends a write again: whoever writes reads first', async () => {
    const { url, received } = await cuttingFirst(1)
    expect(failureOf(await callTo(url)({ ...GET, method: 'PATCH' }))).toMatchObject({ reset: true })
    expect(received).toHaveLength(1)
  })
})

describe('who is to blame for a failure', () => {
  async function judgedBy(answer: Answer, call: Parameters<ReturnType<typeof callTo>>[0]) {
    const asked: string[] = []
    const to = await callAnswered(answer, {
      judge: {
        async failed(operation) {
          asked.push(operation)
          return 'host'
        },
      },
    })
    return { failure: failureOf(await to(call)), asked }
  }

  test('is asked of the judge, and a failure that is not the resource’s own is tried again soon', async () => {
    const { failure, asked } = await judgedBy(json({}, 503), READ('one'))
    expect(failure).toMatchObject({ kind: 'unavailable', owner: 'host', retryAfterMs: 20_000 })
    expect(asked).toEqual(['read'])
  })

  test('is nobody beside the resource where a token that may be old is refused', async () => {
    const old = await judgedBy(json({}, 401), READ('one'))
    expect([old.failure.owner, old.asked]).toEqual([undefined, []])
    const about = { ...READ('one').about, freshToken: true } as const
    expect((await judgedBy(json({}, 401), { ...READ('one'), about })).failure.owner).toBe('host')
  })

  test('is nobody beside the resource where a refusal is an answer, and is asked where it is none', async () => {
    const mayBeRefused = { ...READ('one'), mayBeRefused: true } as const
    expect((await judgedBy(json({}, 403), mayBeRefused)).failure.owner).toBeUndefined()
    expect((await judgedBy(json({}, 503), mayBeRefused)).failure.owner).toBe('host')
  })

  test('is nobody beside the resource where no rotation needs what was asked for', async () => {
    const mayFail = { ...READ('one'), mayFail: true } as const
    for (const status of [403, 404, 503]) {
      const { failure, asked } = await judgedBy(json({}, status), mayFail)
      expect([failure.owner, asked]).toEqual([undefined, []])
    }
  })

  test.each([
    ['a name that nobody knows', 'http://api.invalid'],
    ['a server without TLS', undefined],
  ])('may be the host for %s', async (_what, baseUrl) => {
    const { url } = await startTinyServer(json([]))
    const asked: string[] = []
    const call = callTo(baseUrl ?? url.replace('http:', 'https:'), {
      judge: { failed: async (_operation, _id, { kind }) => void asked.push(kind) },
    })
    expect(failureOf(await call(READ('one'))).kind).toBe('unavailable')
    expect(asked).toEqual(['unavailable'])
  })
})

describe('a 429', () => {
  test.each([
    ['in seconds', '7', 7_000],
    ['missing', undefined, 60_000],
    ['a date', 'Wed, 21 Oct 2026 07:28:00 GMT', 60_000],
    ['negative', '-5', 60_000],
    ['nothing', '0', 1_000],
    ['longer than an hour', '86400', 3_600_000],
    ['no number at all', 'Infinity', 60_000],
  ])(
    'whose Retry-After is %s makes its token wait so long, and no other',
    async (_what, header, expected) => {
      const waits: number[] = []
      const headers: Record<string, string> = header === undefined ? {} : { 'retry-after': header }
      let refusing = true
      const { url, received } = await startTinyServer((response, request) =>
        (refusing ? json({}, 429, headers) : json([]))(response, request),
      )
      const call = callTo(url, { onRateLimited: async (ms) => void waits.push(ms) })
      expect(failureOf(await call(READ('one'))).retryAfterMs).toBe(expected)
      refusing = false
      expect(failureOf(await call(READ('one')))).toMatchObject({ kind: 'postponed', retryAfterMs: expected })
      expect(await call(READ('two'))).toMatchObject({ ok: true })
      expect(received).toHaveLength(2)
      expect(waits).toEqual([])
    },
  )

  test('to three tokens within a minute makes every process wait, as long as Heroku asks', async () => {
    const waits: number[] = []
    const call = await callAnswered(json({}, 429, { 'retry-after': '90' }), {
      onRateLimited: async (ms) => void waits.push(ms),
    })
    for (const resourceId of ['one', 'two', 'three']) await call(READ(resourceId))
    expect(waits).toEqual([90_000])
  })

  test('is still told when the other processes cannot be told', async () => {
    const call = await callAnswered(json({}, 429), {
      onRateLimited: async () => {
        throw new Error('database gone')
      },
    })
    const failures = []
    for (const id of ['one', 'two', 'three']) failures.push(failureOf(await call(READ(id))).kind)
    expect(failures).toEqual(['rate-limited', 'rate-limited', 'rate-limited'])
  })
})

describe('a token whose call limit is nearly spent', () => {
  const nearlySpent = json([], 200, { 'ratelimit-remaining': '0' })

  test('is not used until Heroku has refilled it, and other tokens are', async () => {
    const clock = { now: new Date('2026-03-03T12:00:00Z') }
    const { url, received } = await startTinyServer(nearlySpent)
    const call = callTo(url, { now: () => clock.now })
    await call(READ('one'))
    expect(failureOf(await call(READ('one')))).toMatchObject({ kind: 'postponed', retryAfterMs: 800 })
    expect((await call(READ('other'))).ok).toBe(true)
    clock.now = new Date(clock.now.getTime() + 800)
    expect((await call(READ('one'))).ok).toBe(true)
    expect(received).toHaveLength(3)
  })

  test('slows every process down before a 429 does, where three are so', async () => {
    const waits: number[] = []
    const call = await callAnswered(nearlySpent, { onRateLimited: async (ms) => void waits.push(ms) })
    for (const resourceId of ['one', 'two', 'three']) await call(READ(resourceId))
    expect(waits).toEqual([16_000])
  })
})

describe('a call that is not sent', () => {
  test('because the budget is spent is held back, and costs Heroku nothing', async () => {
    const { url, received } = await startTinyServer(json([]))
    const result = await callTo(url, { acquire: async () => false })(GET)
    expect(failureOf(result)).toEqual({
      kind: 'held-back',
      detail: 'the call budget is spent',
      retryAfterMs: 5_000,
    })
    expect(received).toEqual([])
  })

  test('because nobody can say whether it may is held back, not thrown', async () => {
    const result = await callTo('http://127.0.0.1:1', {
      acquire: async () => {
        throw new Error('database gone')
      },
    })(GET)
    expect(failureOf(result).kind).toBe('held-back')
  })

  test('because the judge holds it back is not sent either', async () => {
    const { url, received } = await startTinyServer(json([]))
    const call = callTo(url, { judge: { waitMs: () => 15_000 } })
    expect(failureOf(await call(READ('one')))).toMatchObject({ kind: 'held-back', retryAfterMs: 15_000 })
    expect(received).toEqual([])
  })
})

test('a call goes out with its method, path, headers, body and a telling user agent', async () => {
  const { url, received } = await startTinyServer(json([]))
  const headers = { authorization: 'Bearer token', 'content-type': 'application/json' }
  await callTo(url)({ method: 'PATCH', path: '/addons/1/config', headers, body: '{"config":[]}' })
  expect(received).toEqual([
    {
      method: 'PATCH',
      url: '/addons/1/config',
      headers: expect.objectContaining({ ...headers, 'user-agent': 'securekey test' }),
      body: '{"config":[]}',
    },
  ])
})

test("Heroku's request id is kept for the log, unless it is none", async () => {
  const ids = ['0123-abc,def', 'HRKU token in disguise', 'x'.repeat(101)]
  const kept = []
  for (const id of ids) {
    const call = await callAnswered(json({}, 503, { 'request-id': id }))
    kept.push(failureOf(await call(GET)).requestId)
  }
  expect(kept).toEqual(['0123-abc,def', undefined, undefined])
})

test('no failure quotes what was sent or what was answered', async () => {
  const secret = 'HRKU-0123-secret'
  const echo: Answer[] = [
    (response) =>
      response.writeHead(401, secret, { 'x-echo': secret, 'request-id': `id ${secret}` }).end(secret),
    (response) => response.writeHead(200).end(secret),
    (response) => response.writeHead(200, { 'content-length': 999 }).write(secret, () => response.destroy()),
    (response) => response.writeHead(302, { location: `http://127.0.0.1:1/${secret}` }).end(),
  ]
  const told = []
  for (const answer of echo) {
    const call = await callAnswered(answer)
    const headers = { authorization: `Bearer ${secret}` }
    told.push(failureOf(await call({ method: 'PATCH', path: `/${secret}`, headers, body: secret })))
  }
  told.push(failureOf(await callTo(`http://${secret}.invalid:1`)({ ...GET, path: `/${secret}` })))
  expect(told).toHaveLength(5)
  expect(JSON.stringify(told)).not.toContain(secret)
})
