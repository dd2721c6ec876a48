import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startHarness } from '../support/harness.ts'
import { exchange, knock, requestText, statusesIn } from '../support/private-side.ts'
import { ENDPOINT, headerOf, LOCAL_HEADER, rawHeader } from '../support/proxy-header.ts'
import { sharedHarness } from '../support/shared-harness.ts'

// A minute: what is closed without a word was not just late.
const LIMITS = { headerMs: 60_000, mostOfEndpoint: 3 }
const harness = sharedHarness({ privateLimits: LIMITS })
let port: Promise<number> | undefined
const privatePort = () => {
  port ??= harness().listenPrivately()
  return port
}
const CLOSE = { connection: 'close' }

test('a health check of the load balancer is told how the process is', async () => {
  for (const path of ['/healthz', '/readyz']) {
    const answer = await exchange(await privatePort(), LOCAL_HEADER, requestText(path, CLOSE))
    expect(statusesIn(answer), path).toEqual([200])
  }
})

test('a health check that only connects and leaves is no trouble', async () => {
  const socket = await knock(await privatePort())
  socket.end()
  await once(socket, 'close')
  expect(await exchange(await privatePort(), LOCAL_HEADER, requestText('/healthz', CLOSE))).toContain('200')
})

test('nothing but the API is there, and of the health of the process nothing is told through an endpoint', async () => {
  const asked: [Buffer, string][] = [
    '/',
    '/dashboard',
    '/sso/login',
    '/heroku/resources',
    '/heroku/resources/x/sso',
  ].flatMap((path) => [LOCAL_HEADER, headerOf()].map((header): [Buffer, string] => [header, path]))
  for (const path of [
    '/healthz',
    '/readyz',
    '//healthz',
    '/mail/confirm',
    '/private-link/v0/databases/x',
    '/v1',
  ]) {
    asked.push([headerOf(), path])
  }
  for (const [header, path] of asked) {
    for (const method of ['GET', 'POST', 'PUT']) {
      const answer = await exchange(await privatePort(), header, requestText(path, CLOSE, method))
      expect(statusesIn(answer), `${method} ${path}`).toEqual([404])
    }
  }
})

test.each([
  ['a request', requestText('/healthz')],
  ['a header of version 1', 'PROXY TCP4 10.0.0.5 10.9.9.9 51442 443\r\n'],
  ['a header that was changed on its way', Buffer.from(headerOf()).fill(0x0b, 16, 17)],
  ['a datagram', rawHeader({ transport: 0x12 })],
  ['zeros', Buffer.alloc(100)],
])('a connection that begins with %s is closed without a word', async (_what, bytes) => {
  expect(await exchange(await privatePort(), bytes, requestText('/healthz'))).toBe('')
})

test('a connection that says nothing, or not all of its header in time, is closed', async () => {
  const h = await startHarness({ privateLimits: { headerMs: 150 } })
  const at = await h.listenPrivately()
  expect(await exchange(at)).toBe('')
  expect(await exchange(at, headerOf().subarray(0, -1))).toBe('')
  expect(h.logLines.filter((line) => line.includes('"because":"late"'))).toHaveLength(2)
})

test('a header may come byte by byte, and together with the first requests', async () => {
  const both = Buffer.concat([LOCAL_HEADER, Buffer.from(requestText('/healthz', CLOSE))])
  expect(statusesIn(await exchange(await privatePort(), both))).toEqual([200])
  const bytes = [...both].map((byte) => Buffer.from([byte]))
  expect(statusesIn(await exchange(await privatePort(), ...bytes))).toEqual([200])
  const many = `${requestText('/healthz').repeat(5)}${requestText('/healthz', CLOSE)}`
  const answers = await exchange(await privatePort(), Buffer.concat([LOCAL_HEADER, Buffer.from(many)]))
  expect(statusesIn(answers)).toEqual([200, 200, 200, 200, 200, 200])
  for (const cut of [17, LOCAL_HEADER.length + 10]) {
    const answer = await exchange(await privatePort(), both.subarray(0, cut), both.subarray(cut))
    expect(statusesIn(answer)).toEqual([200])
  }
})

test('a second header, which a client could have written, is no request', async () => {
  const forged = headerOf({ endpoint: 'vpce-0ffffffffffffffff' })
  const answer = await exchange(await privatePort(), LOCAL_HEADER, forged, requestText('/healthz', CLOSE))
  expect(statusesIn(answer)).toEqual([400])
})

test('the address of a client is that of the header, and nothing that stands in its request', async () => {
  const before = harness().logLines.length
  const forged = {
    'x-forwarded-for': '192.0.2.7',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'evil.example.com',
    forwarded: 'for=192.0.2.7',
  }
  const answer = await exchange(
    await privatePort(),
    headerOf({ address: '10.1.2.3' }),
    requestText('/v1/resource', { ...forged, ...CLOSE }),
  )
  expect(answer).toContain('not-this-endpoint')
  const lines = harness().logLines.slice(before).join('')
  expect(lines).toContain(`"address":"10.1.2.3 through endpoint ${ENDPOINT}"`)
  expect(lines).not.toContain('192.0.2.7')
})

test('one endpoint can take no more connections than it may have, and leaves others theirs', async () => {
  const open = await Promise.all(
    Array.from({ length: LIMITS.mostOfEndpoint }, async () => {
      const socket = await knock(await privatePort())
      socket.write(Buffer.concat([headerOf(), Buffer.from(requestText('/nothing'))]))
      await once(socket, 'data')
      return socket
    }),
  )
  expect(await exchange(await privatePort(), headerOf(), requestText('/nothing', CLOSE))).toBe('')
  const other = headerOf({ endpoint: 'vpce-01234567' })
  expect(statusesIn(await exchange(await privatePort(), other, requestText('/nothing', CLOSE)))).toEqual([
    404,
  ])
  for (const socket of open) socket.destroy()
  await expect
    .poll(async () =>
      statusesIn(await exchange(await privatePort(), headerOf(), requestText('/nothing', CLOSE))),
    )
    .toEqual([404])
})

test('connections without a header are taken to a limit, and those with one are none of them', async () => {
  const h = await startHarness({ privateLimits: { mostWithoutHeader: 2, headerMs: 60_000 } })
  const at = await h.listenPrivately()
  const silent = [await knock(at), await knock(at)]
  expect(await exchange(at, LOCAL_HEADER, requestText('/healthz', CLOSE))).toBe('')
  silent[0]?.write(LOCAL_HEADER)
  await expect
    .poll(async () => statusesIn(await exchange(at, LOCAL_HEADER, requestText('/healthz', CLOSE))))
    .toEqual([200])
  for (const socket of silent) socket.destroy()
})

test('a shutdown ends what has not said whose it is and what is idle, and answers what is on its way', async () => {
  const h = await startHarness({ privateLimits: { headerMs: 60_000 } })
  const at = await h.listenPrivately()
  const [silent, idle, asking] = [await knock(at), await knock(at), await knock(at)]
  idle.write(Buffer.concat([LOCAL_HEADER, Buffer.from(requestText('/healthz'))]))
  await once(idle, 'data')
  asking.write(Buffer.concat([LOCAL_HEADER, Buffer.from('GET /healthz HTTP/1.1\r\n')]))
  // Another connection has come through since, so the beginning of that one has been read.
  await exchange(at, LOCAL_HEADER, requestText('/healthz', CLOSE))
  const closed = h.app.close()
  const [ofSilent, ofIdle, answer] = [text(silent), text(idle), text(asking)]
  asking.write('Host: x\r\n\r\n')
  expect(statusesIn(await answer)).toEqual([200])
  expect(await ofSilent).toBe('')
  expect(statusesIn(await ofIdle)).toEqual([])
  await closed
  await expect(knock(at)).rejects.toThrow('ECONNREFUSED')
})
