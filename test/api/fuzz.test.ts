import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SCOPES } from '../../src/domain/api-token.ts'
import { createPrivateLink } from '../../src/flows/private-link/create-link.ts'
import { endTokens } from '../../src/flows/tokens/tokens.ts'
import { LINKS_ON } from '../http/support/private-link.ts'
import { findLeaks, sealedSecrets } from '../support/leaks.ts'
import { expectDescribed, operationsOf, startApi } from './support/api.ts'
import { clientOf } from './support/client.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { ANN, tokenOf } from './support/token.ts'

const UNGUESSED = [
  ...['getKeyring', 'getRotation', 'endToken', 'endSession', 'endClient', 'handOver'],
  ...['addFreeze', 'removeFreeze'],
  ...[
    'removeWebhook',
    'replaceWebhookSecret',
    'listWebhookDeliveries',
    'testWebhook',
    'resendWebhookDelivery',
  ],
  // Destroyed by then: the path of the link itself comes first.
  ...['addPrivateLinkAccounts', 'removePrivateLinkAccounts'],
  ...['addMailAddress', 'retryMailAddress', 'removeMailAddress'],
]
const RUNS = 60
const TAKEN: Readonly<Record<string, unknown>> = {
  even_if_too_soon: true,
  announced: true,
  log: true,
  enabled: true,
  scopes: ['read'],
  life: '30d',
  keep_tokens: true,
  reason: 'audit',
  until: '2026-03-09T12:00:00Z',
  grace_period: '48h',
  token_life: '30d',
  url: 'https://hooks.example.com/securekey',
  window: 'tue-thu 09:00-12:00 Europe/Berlin',
  sha256: 'a'.repeat(64),
  kid: '00000000',
  signs_with: '00000000',
  app: 'service-1',
  process: 'web.1',
  version: 2,
  allowed_accounts: ['123456789101'],
  counts: [{ kid: '00000000', good: 1, bad: 0 }],
}

/** Values that a field takes, those that mean something elsewhere, and any others. */
const value = (field: string, name: string) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<unknown>(TAKEN[field] ?? name) },
    fc.constantFrom<unknown>(
      ...['48h', 'period', '2h', '9999999d', '', ' ', '\u0000', '\ud800', name, '00000000', 'a'.repeat(64)],
      ...[
        '2026-03-09T12:00:00Z',
        '2026-02-31T00:00:00Z',
        '9999-12-31T23:59:59Z',
        '2026-06-30T23:59:60+14:00',
      ],
      ...[true, false, null, 0, -1, 1e308, [], {}, ['x']],
    ),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.jsonValue({ maxDepth: 2 }),
  )

/** A body: some fields of the schema with any values, any JSON, or no JSON at all. */
function bodyOf(schema: Record<string, unknown> | undefined, name: string): fc.Arbitrary<string | undefined> {
  const fields = Object.keys((schema?.properties as object | undefined) ?? {})
  const shaped = fc.record(Object.fromEntries(fields.map((field) => [field, value(field, name)])), {
    requiredKeys: [],
  })
  return fc.oneof(
    { weight: 6, arbitrary: shaped.map((body) => JSON.stringify(body)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(undefined, '{"__proto__":{}}', '{"constructor":{"prototype":{}}}'),
    },
  )
}

/** A header that any client can send. */
const header = fc.oneof(
  fc.constant(undefined),
  fc.string({ unit: 'grapheme-ascii', maxLength: 220 }),
  fc.constantFrom('*', '"x", W/"y"', ',,,', 'a'),
)

const word = fc.oneof(
  fc.constantFrom(
    'manual-20260303T120000000Z',
    'revoke-99999999T999999999Z',
    '..',
    '%00',
    '1',
    '9'.repeat(9),
    '-1',
  ),
  fc.string({ unit: 'binary', maxLength: 130 }),
)

test('no request to any route brings a 5xx or an answer that is not described, and none leaks a key', async () => {
  const h = await startApi({ plan: 'private-fortnightly', env: LINKS_ON })
  const wish = { resourceId: h.addon.id, actor: ANN, accounts: TAKEN.allowed_accounts }
  await createPrivateLink(h.deps, wish)
  const name = h.addon.name
  const secrets = await sealedSecrets(h.deps)
  const counts: Record<string, number> = {}
  let from = 0
  for (const { path, method, operation } of operationsOf(h.document)) {
    const asks = operation.operationId === 'handOver'
    // There are more routes than an add-on may have tokens for.
    await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN })
    const good = asks ? (await clientOf(h)).text : (await tokenOf(h, [...SCOPES])).text
    const narrow = (await tokenOf(h, ['read'])).text
    const schema = operation.requestBody?.content['application/json']?.schema
    const signsOn = operation.operationId === 'signOn'
    const person = (await signedOnByCommandLine(h, { userId: operation.operationId })).token
    const body = bodyOf(method === 'GET' ? undefined : schema, name)
    const form = fc.nat().map((n) => {
      return JSON.stringify(h.heroku.customer.ssoForm({ addon: h.addon.id, userId: `user-${n}` }).fields)
    })
    const paged = operation.parameters?.some(({ name: parameter }) => parameter === 'before') ?? false
    const request = fc.record({
      token: fc.constantFrom(...Array(4).fill(good), ...Array(4).fill(person), narrow, `${good}x`, ''),
      // Without an id it is the address of the list.
      id: word.filter((text) => !/^\.{0,2}$/.test(text)),
      // Where it is not described it is refused, and would hide all else.
      before: paged ? fc.option(word, { nil: undefined }) : fc.constantFrom(...Array(9).fill(undefined), '1'),
      key: header,
      type: fc.constantFrom(
        ...Array(8).fill('application/json'),
        'text/plain',
        'application/json; charset=x',
        'x',
      ),
      body: signsOn ? fc.oneof(body, form) : body,
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ token, id, before, key, type, body }) => {
        from += 1
        const query = before === undefined ? '' : `?before=${encode(before)}`
        const answer = await h.app.inject({
          method: method as 'GET',
          url: `${path.replaceAll(/\{(id|delivery)\}/g, encode(id))}${query}`,
          remoteAddress: `10.0.${Math.trunc(from / 250)}.${from % 250}`,
          headers: {
            authorization: `Bearer ${token}`,
            ...(method !== 'GET' && body !== undefined && { 'content-type': type }),
            ...(key !== undefined && { 'idempotency-key': key, 'if-none-match': key }),
            ...(signsOn && { accept: 'application/json' }),
          },
          ...(method !== 'GET' && body !== undefined && { payload: body }),
        })
        const { statusCode: status, body: text } = answer
        const type_ = String(answer.headers['content-type'] ?? '')
        expectDescribed(h.document, operation, { status, type: status === 304 ? '' : type_, text })
        if (status >= 500)
          expect([status, answer.json().type]).toEqual([503, 'urn:securekey:problem:keys-revoked'])
        if (operation.operationId !== 'getKeyring') {
          expect(findLeaks(secrets, [{ from: operation.operationId, text }])).toEqual([])
        }
        const about = `${operation.operationId} ${Math.trunc(status / 100)}xx`
        counts[about] = 1 + (counts[about] ?? 0)
      }),
      { numRuns: RUNS, seed: 20260303 },
    )
  }
  // Each was both served and refused, or the requests were not worth much.
  for (const { operation } of operationsOf(h.document)) {
    expect(counts[`${operation.operationId} 4xx`] ?? 0, operation.operationId).toBeGreaterThan(3)
    // Of those that are left out each has tests of its own: what is fetched by a secret or an id is not guessed.
    if (!UNGUESSED.includes(operation.operationId)) {
      expect(counts[`${operation.operationId} 2xx`] ?? 0, operation.operationId).toBeGreaterThan(0)
    }
  }
}, 240_000)

/** As it may stand in an address; what is no text at all is left out. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
