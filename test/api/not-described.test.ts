import { expect, test } from 'vitest'
import { operationsOf, sharedApi } from './support/api.ts'
import { signedOnByCommandLine } from './support/command-line.ts'

const shared = sharedApi()
const WEBHOOK = `wh_${'a'.repeat(16)}`
const IDS: Readonly<Record<string, string>> = {
  '/v1/freezes/{id}': 'a'.repeat(12),
  '/v1/webhooks/{id}': WEBHOOK,
  '/v1/webhooks/{id}/deliveries': WEBHOOK,
}
const BODIES: Readonly<Record<string, unknown>> = {
  '/v1/next': { announced: true },
  '/v1/window': { window: 'any' },
  '/v1/hand-over': { enabled: true },
  '/v1/privatelink/allowed-accounts': { allowed_accounts: ['123456789101'] },
}
const WITH_BODY: readonly string[] = ['PUT', 'PATCH']

test('a query that is not described is refused on every route, and nothing is done', async () => {
  const h = await shared()
  const call = h.caller((await signedOnByCommandLine(h)).token)
  const asked: string[] = []
  for (const { path, method } of operationsOf(h.document)) {
    const body = BODIES[path]
    if (!path.startsWith('/v1') || (method === 'POST' && path !== '/v1/resume')) continue
    if (WITH_BODY.includes(method) && !body) continue
    const name = path.slice('/v1'.length).replace('{id}', IDS[path] ?? 'a'.repeat(16))
    const answer = await call(method, `${name}?dry_run=1`, WITH_BODY.includes(method) ? { body } : {})
    expect([path, answer.status, answer.body.detail]).toEqual([
      path,
      400,
      expect.stringMatching(/^querystring must NOT have additional properties/),
    ])
    asked.push(`${method} ${path}`)
  }
  expect(asked).toEqual(
    expect.arrayContaining([
      'DELETE /v1/tokens',
      'GET /v1/keyring',
      'PUT /v1/next',
      'PATCH /v1/privatelink/allowed-accounts',
    ]),
  )
  // The session that would have ended asks still.
  expect((await call('GET', '/hand-over')).body).toEqual({ enabled: false })
})
