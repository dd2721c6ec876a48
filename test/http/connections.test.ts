import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startHarness } from '../support/harness.ts'
import { sharedHarness } from '../support/shared-harness.ts'

const harness = sharedHarness()
/** Heroku's router keeps an idle connection so long (HTTP Routing), and gives up on a provision request after the other. */
const ROUTER_KEEPS_MS = 90_000
const HEROKU_WAITS_MS = 25_000

test('an idle connection is kept for longer than the router keeps it, so no request goes out on a closed one', () => {
  expect(harness().app.server.keepAliveTimeout).toBeGreaterThan(ROUTER_KEEPS_MS)
})

test('a request that has not come in whole is ended before Heroku gives up on it, its headers too', () => {
  const { requestTimeout, headersTimeout } = harness().app.server
  for (const ms of [requestTimeout, headersTimeout]) {
    expect(ms).toBeGreaterThan(0)
    expect(ms).toBeLessThan(HEROKU_WAITS_MS)
  }
})

test('a request that was on its way as a shutdown began is answered like any other', async () => {
  const { app, url } = await startHarness()
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write('GET /healthz HTTP/1.1\r\n')
  // Another connection has come through since, so the first one's beginning has been read.
  await fetch(`${url}/healthz`)
  const closed = app.close()
  socket.write('Host: x\r\n\r\n')
  const answer = await text(socket)
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer).toContain('cache-control: no-store')
  await closed
})
