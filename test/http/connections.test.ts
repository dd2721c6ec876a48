import { expect, test } from 'vitest'
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
