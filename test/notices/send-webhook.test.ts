import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test, vi } from 'vitest'
import { webhookSecret } from '../../src/domain/notices/webhook-secret.ts'
import { createWebhookSender, type WebhookSenderOptions } from '../../src/notices/webhook/send-webhook.ts'
import { AUTHORITY } from './support/certificates.ts'
import { startReceiver } from './support/receiver.ts'

const SECRET = webhookSecret(Buffer.alloc(32, 1))
const FORMER = webhookSecret(Buffer.alloc(32, 2))
const LIMITS = { resolveMs: 10_000, connectMs: 15_000, allMs: 25_000, restMs: 20 }
/** Where something is not to come at all. */
const SHORT = { limits: { ...LIMITS, resolveMs: 100 } }

const post = (url: string, secrets = [SECRET]) => ({
  url,
  secrets,
  id: '01234567-89ab-cdef-0123-456789abcdef.7',
  // The verifying library has no other clock.
  at: new Date(),
  body: '{"type":"rotation-done","note":"ü"}',
})
const live = () => new AbortController().signal
const noName = async () => {
  throw new Error('no name is to be resolved')
}
const senderOf = (options: Partial<WebhookSenderOptions> = {}) =>
  createWebhookSender({
    resolveName: noName,
    local: true,
    userAgent: 'securekey test',
    steadyMs: () => performance.now(),
    limits: LIMITS,
    ...options,
  })
const namesLeadTo = (...addresses: string[]) => ({ resolveName: async () => addresses })

test('a notice goes out as Standard Webhooks says, and the library of its makers verifies it', async () => {
  const receiver = await startReceiver()
  const answer = await senderOf()(post(`${receiver.url}?token=t`), live())
  expect(answer).toEqual({ status: 204, ms: expect.any(Number), retryAfter: null, location: null })
  const [{ method, url, headers, body } = { headers: {}, body: '' }] = receiver.posts
  expect([method, url]).toEqual(['POST', '/hooks?token=t'])
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'securekey test',
    'webhook-id': post('').id,
    'content-length': String(Buffer.byteLength(body)),
  })
  const read = new Webhook(SECRET).verify(body, headers as Record<string, string>)
  expect(read).toEqual({ type: 'rotation-done', note: 'ü' })
  expect(() => new Webhook(SECRET).verify(`${body} `, headers as Record<string, string>)).toThrow()
})

test('while a secret is replaced both sign, so a receiver that knows only one of them accepts', async () => {
  const receiver = await startReceiver()
  await senderOf()(post(receiver.url, [SECRET, FORMER]), live())
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.posts
  for (const secret of [SECRET, FORMER]) {
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toBeTruthy()
  }
  const other = webhookSecret(Buffer.alloc(32, 3))
  expect(() => new Webhook(other).verify(body, headers as Record<string, string>)).toThrow()
})

test('every notice has a connection of its own', async () => {
  const receiver = await startReceiver()
  const send = senderOf()
  for (let sent = 0; sent < 3; sent += 1) await send(post(receiver.url), live())
  expect(receiver.connections()).toBe(3)
})

test('a receiver that says nothing is left when the time is over', async () => {
  const receiver = await startReceiver(() => undefined)
  const send = senderOf({ limits: { ...LIMITS, allMs: 1_000 } })
  expect(await send(post(receiver.url), live())).toMatchObject({ trouble: 'timed-out' })
  expect(receiver.posts).toHaveLength(1)
})

test('one that drips its answer, or sends it without end, has said its status and is left', async () => {
  const timers: NodeJS.Timeout[] = []
  onTestFinished(() => timers.forEach(clearInterval))
  let flooded = 0
  const dripping = await startReceiver((response) => {
    response.writeHead(200)
    timers.push(setInterval(() => response.write('.'), 5))
  })
  const flooding = await startReceiver((response) => {
    response.writeHead(500)
    const chunk = Buffer.alloc(65_536, 'x')
    const more = () => {
      while (!response.destroyed && response.write(chunk)) flooded += chunk.length
      flooded += chunk.length
    }
    response.on('drain', more)
    more()
  })
  const send = senderOf()
  expect(await send(post(dripping.url), live())).toMatchObject({ status: 200 })
  expect(await send(post(flooding.url), live())).toMatchObject({ status: 500 })
  // What stands in the buffers of two sockets, and no stream.
  expect(flooded).toBeLessThan(8_000_000)
})

test('headers without an end are no answer', async () => {
  const receiver = await startReceiver((response) => {
    response.writeHead(
      200,
      Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`x-${n}`, 'y'.repeat(200)])),
    )
    response.end()
  })
  expect(await senderOf()(post(receiver.url), live())).toMatchObject({ trouble: 'no-answer' })
})

test('one that answers before it has read what it was sent has answered', async () => {
  const receiver = await startReceiver(200, { early: true })
  expect(await senderOf()(post(receiver.url), live())).toMatchObject({ status: 200 })
})

test('one that cuts the connection off, and one that is not there, are told apart', async () => {
  const cutting = await startReceiver((response) => response.socket?.resetAndDestroy())
  expect(await senderOf()(post(cutting.url), live())).toMatchObject({ trouble: 'reset' })
  expect(await senderOf()(post('http://127.0.0.1:1/'), live())).toMatchObject({ trouble: 'refused' })
})

test('a redirect is not followed, wherever it leads', async () => {
  const elsewhere = await startReceiver()
  const receiver = await startReceiver((response) =>
    response.writeHead(307, { location: elsewhere.url }).end(),
  )
  const answer = await senderOf()(post(receiver.url), live())
  expect(answer).toMatchObject({ status: 307, location: elsewhere.url })
  expect(elsewhere.connections()).toBe(0)
})

test('a wait that a receiver asks for is passed on', async () => {
  const receiver = await startReceiver((response) => response.writeHead(503, { 'retry-after': '120' }).end())
  expect(await senderOf()(post(receiver.url), live())).toMatchObject({ status: 503, retryAfter: '120' })
})

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '::1',
  '::ffff:127.0.0.1',
  'fd00::1',
  '64:ff9b::7f00:1',
])(
  'no connection is made for a name that leads to %s, nor to one beside a public address',
  async (address) => {
    const receiver = await startReceiver(204, { tls: true })
    for (const addresses of [[address], ['93.184.215.14', address]]) {
      const send = senderOf({ ...namesLeadTo(...addresses), local: false, ca: AUTHORITY })
      const answer = await send(post(`https://hooks.example.com:${receiver.port}/`), live())
      expect(answer).toMatchObject({ trouble: 'not-public' })
    }
    expect(receiver.connections()).toBe(0)
  },
)

test('an address in place of a name is judged too', async () => {
  const receiver = await startReceiver()
  expect(await senderOf({ local: false })(post(receiver.url), live())).toMatchObject({
    trouble: 'not-public',
  })
  expect(await senderOf()(post('http://[::ffff:127.0.0.1]/'), live())).toMatchObject({
    trouble: 'not-public',
  })
  expect(await senderOf()(post('http://169.254.169.254/latest'), live())).toMatchObject({
    trouble: 'not-public',
  })
  expect(receiver.connections()).toBe(0)
})

test('a name server that changes its answer between the check and the connection leads nowhere', async () => {
  const checked = await startReceiver(204, { tls: true })
  let asked = 0
  const resolveName = async () => {
    asked += 1
    return asked === 1 ? ['127.0.0.1'] : ['169.254.169.254']
  }
  const send = senderOf({ resolveName, ca: AUTHORITY })
  const url = `https://hooks.example.com:${checked.port}/`
  expect(await send(post(url), live())).toMatchObject({ status: 204 })
  // Asked once: the connection went to what was judged, by no second look. This name exists nowhere.
  expect([asked, checked.connections()]).toEqual([1, 1])
  expect(await send(post(url), live())).toMatchObject({ trouble: 'not-public' })
})

test('the certificate is asked for the name and its authority, whatever the environment says', async () => {
  const receiver = await startReceiver(204, { tls: true })
  const url = (name: string) => `https://${name}:${receiver.port}/`
  const here = namesLeadTo('127.0.0.1')
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const trusting = senderOf({ ...here, ca: AUTHORITY })
  expect(await trusting(post(url('hooks.example.com')), live())).toMatchObject({ status: 204 })
  expect(await trusting(post(url('other.example.com')), live())).toMatchObject({ trouble: 'tls' })
  expect(await senderOf(here)(post(url('hooks.example.com')), live())).toMatchObject({ trouble: 'tls' })
  expect(receiver.posts).toHaveLength(1)
})

test('no proxy of the environment is used', async () => {
  const [receiver, proxy] = [await startReceiver(), await startReceiver()]
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY']) vi.stubEnv(name, proxy.url)
  vi.stubEnv('NODE_USE_ENV_PROXY', '1')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  expect(await senderOf()(post(receiver.url), live())).toMatchObject({ status: 204 })
  expect(proxy.connections()).toBe(0)
})

test('a name that does not exist, and name servers that say nothing or fail, are told apart', async () => {
  const url = 'https://hooks.example.com/'
  const failing = Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' })
  const silent = async (_name: string, signal: AbortSignal) => {
    const { promise, reject } = Promise.withResolvers<string[]>()
    signal.addEventListener('abort', () => reject(signal.reason))
    return await promise
  }
  const troubles = await Promise.all(
    [namesLeadTo(), { resolveName: () => Promise.reject(failing) }, { resolveName: silent, ...SHORT }].map(
      (options) => senderOf(options)(post(url), live()),
    ),
  )
  expect(troubles).toMatchObject([
    { trouble: 'name-unknown' },
    { trouble: 'name-server' },
    { trouble: 'timed-out' },
  ])
})

test('what is stopped on our side says nothing of the receiver', async () => {
  const stopping = new AbortController()
  const receiver = await startReceiver(() => stopping.abort())
  expect(await senderOf()(post(receiver.url), stopping.signal)).toMatchObject({ trouble: 'stopped' })
})
