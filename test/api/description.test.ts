import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type ApiDocument, apiPage } from '../../scripts/api-page.ts'
import { SCOPES } from '../../src/domain/api-token.ts'
import { operationsOf, startApi } from './support/api.ts'

test('the description names every route with its scopes, a schema for each answer, and nothing of Heroku’s part', async () => {
  const h = await startApi()
  expect(h.document.openapi).toBe('3.1.0')
  const operations = operationsOf(h.document)
  expect(operations.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /sso/login',
    'GET /v1/resource',
    'GET /v1/rotations',
    'POST /v1/rotations',
    'GET /v1/rotations/{id}',
    'POST /v1/revocations',
    'POST /v1/pause',
    'POST /v1/resume',
    'PUT /v1/next',
    'PUT /v1/grace',
    'PUT /v1/token-life',
    'PUT /v1/window',
    'GET /v1/freezes',
    'POST /v1/freezes',
    'DELETE /v1/freezes/{id}',
    'GET /v1/notices',
    'PUT /v1/notices',
    'GET /v1/history',
    'GET /v1/access',
    'POST /v1/access/known',
    'POST /v1/verifications',
    'GET /v1/keyring',
    'POST /v1/check-ins',
    'GET /v1/clients',
    'POST /v1/clients',
    'DELETE /v1/clients',
    'DELETE /v1/clients/{id}',
    'GET /v1/hand-over',
    'PUT /v1/hand-over',
    'POST /v1/hand-over',
    'GET /v1/mail-addresses',
    'POST /v1/mail-addresses',
    'POST /v1/mail-addresses/{id}/retry',
    'DELETE /v1/mail-addresses/{id}',
    'GET /v1/tokens',
    'POST /v1/tokens',
    'DELETE /v1/tokens',
    'DELETE /v1/tokens/{id}',
    'POST /v1/fork-codes',
    'GET /v1/sessions',
    'DELETE /v1/sessions',
    'DELETE /v1/sessions/{id}',
    'GET /v1/webhooks',
    'POST /v1/webhooks',
    'DELETE /v1/webhooks/{id}',
    'POST /v1/webhooks/{id}/rotate-secret',
    'GET /v1/webhooks/{id}/deliveries',
    'POST /v1/webhooks/{id}/test',
    'POST /v1/webhooks/{id}/deliveries/{delivery}/resend',
    'GET /v1/privatelink',
    'POST /v1/privatelink',
    'DELETE /v1/privatelink',
    'PUT /v1/privatelink/allowed-accounts',
    'PATCH /v1/privatelink/allowed-accounts',
  ])
  for (const { operation } of operations) {
    expect(operation.operationId).toMatch(/^[a-z]+[A-Za-z]+$/)
    for (const { token, person = [] } of operation.security) {
      expect(SCOPES).toEqual(expect.arrayContaining(token ?? person))
    }
    // What a token may do, a person may.
    const [tokens, persons] = (['token', 'person'] as const).map((kind) =>
      operation.security.flatMap((each) => each[kind] ?? []),
    )
    expect(persons).toEqual(tokens)
    for (const [status, { description, content }] of Object.entries(operation.responses)) {
      expect(description, `${operation.operationId} ${status}`).not.toBe('')
      if (!['204', '304'].includes(status)) expect(Object.keys(content ?? {})).toHaveLength(1)
    }
  }
})

test('the page for people says within which limits a field is taken', async () => {
  const h = await startApi()
  const page = apiPage(h.document as unknown as ApiDocument)
  for (const row of [
    '| `reason` | string | yes | 1 to 500 characters. |',
    '| `version` | integer | no | 1 to 2147483647. |',
    '| `id` (path) | string | yes | Of the form `^[0-9a-f]{12}$`. |',
    'The last word of each counts. At most 200 characters. |',
    'They are added up for a day. At most 10 of them. |',
  ]) {
    expect(page).toContain(row)
  }
})

test('docs/api.md says what the description says; `npm run api-page` writes it', async () => {
  const h = await startApi()
  const written = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
  expect(written).toBe(apiPage(h.document as unknown as ApiDocument))
})
