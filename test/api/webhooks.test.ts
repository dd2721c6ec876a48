import { expect, test } from 'vitest'
import { endSessions } from '../../src/flows/dashboard/sessions.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { startReceiver } from '../notices/support/receiver.ts'
import { webhookOf } from '../notices/support/webhook.ts'
import { SECOND } from '../support/harness.ts'
import { kindsOf, provisionRequest, provisionResource, uuid } from '../support/resource.ts'
import { type ApiAnswer, startApi } from './support/api.ts'
import { signedOnByCommandLine } from './support/command-line.ts'

const problem = ({ status, body }: ApiAnswer) => [status, String(body.type).split(':').at(-1)]
const NOWHERE = `wh_${'a'.repeat(16)}`

async function startWithPerson() {
  const h = await startApi()
  const { token } = await signedOnByCommandLine(h, { userId: 'ann', email: 'ann@example.com' })
  return { ...h, call: h.caller(token) }
}

test('a person adds a webhook, whose secret is told once, tests it, replaces the secret, sends again, and removes it', async () => {
  const h = await startWithPerson()
  const receiver = await startReceiver(503)
  const body = { name: ' alerts\u0007 ', url: `${receiver.url}?token=receivers-own` }
  const made = await h.call('POST', '/webhooks', { body })
  const shown = {
    id: expect.stringMatching(/^wh_[0-9a-f]{16}$/),
    name: 'alerts',
    url: `${receiver.url}?…`,
    added_by: 'ann@example.com',
    added_at: h.clock.now().toISOString(),
    off_since: null,
  }
  expect([made.status, made.body]).toEqual([201, { secret: expect.stringMatching(/^whsec_/), ...shown }])
  const { id, secret } = made.body as { id: string; secret: string }

  const tested = await h.call('POST', `/webhooks/${id}/test`)
  expect(tested.body).toEqual({
    switched_on: false,
    delivery: {
      id: expect.stringMatching(/^whd_/),
      at: h.clock.now().toISOString(),
      cause: 'test',
      notice_id: receiver.posts[0]?.headers['webhook-id'],
      kind: 'test',
      told: false,
      status: 503,
      ms: 0,
      words: 'answered 503',
    },
  })
  const soon = await h.call('POST', `/webhooks/${id}/test`)
  expect([problem(soon), soon.headers.get('retry-after')]).toEqual([[429, 'too-many-requests'], '5'])

  const replaced = await h.call('POST', `/webhooks/${id}/rotate-secret`)
  expect(replaced.body).toMatchObject({
    secret: expect.stringMatching(/^whsec_/),
    former_until: expect.any(String),
  })
  expect(replaced.body.secret).not.toBe(secret)

  h.clock.advance(5 * SECOND)
  const { delivery } = tested.body as { delivery: { id: string } }
  const again = await h.call('POST', `/webhooks/${id}/deliveries/${delivery.id}/resend`)
  expect(again.body).toMatchObject({ delivery: { cause: 'resend', status: 503 } })
  expect((await h.call('GET', `/webhooks/${id}/deliveries`)).body).toMatchObject({
    deliveries: [{ cause: 'resend' }, { cause: 'test' }],
  })

  const list = await h.call('GET', '/webhooks')
  expect(list.body).toEqual({ webhooks: [shown] })
  for (const text of [secret, 'receivers-own', String(replaced.body.secret)]) {
    expect(list.text).not.toContain(text)
    expect(h.logLines.join('')).not.toContain(text)
  }
  expect((await h.call('DELETE', `/webhooks/${id}`)).body).toEqual(shown)
  expect((await h.call('GET', '/webhooks')).body).toEqual({ webhooks: [] })
})

test('what cannot be taken is refused in words: a URL, a name, one more than five', async () => {
  const h = await startWithPerson()
  const add = (url: string, name = 'x') => h.call('POST', '/webhooks', { body: { name, url } })
  expect(problem(await add('https://169.254.169.254/'))).toEqual([422, 'invalid-option'])
  expect((await add('https://169.254.169.254/')).body.detail).toBe(
    'The URL must hold a name, not an IP address.',
  )
  expect(problem(await add('https://hooks.example.com/', '\u200b'))).toEqual([422, 'invalid-option'])
  for (let added = 0; added < 5; added += 1) await add('https://hooks.example.com/')
  expect(problem(await add('https://hooks.example.com/'))).toEqual([409, 'too-many'])
})

test('no API token adds, changes or tries a webhook; one that may look sees them and their deliveries', async () => {
  const h = await startWithPerson()
  const { id, receiver } = await webhookOf(h)
  const call = await h.callerWith('read', 'rotate', 'revoke', 'keyring')
  const asked = [
    await call('POST', '/webhooks', { body: { name: 'x', url: 'https://hooks.example.com/' } }),
    await call('DELETE', `/webhooks/${id}`),
    await call('POST', `/webhooks/${id}/test`),
    await call('POST', `/webhooks/${id}/rotate-secret`),
    await call('POST', `/webhooks/${id}/deliveries/whd_${'a'.repeat(16)}/resend`),
  ]
  for (const answer of asked) expect(problem(answer)).toEqual([403, 'person-required'])
  expect((await call('GET', '/webhooks')).body).toMatchObject({ webhooks: [{ id }] })
  expect((await call('GET', `/webhooks/${id}/deliveries`)).body).toEqual({ deliveries: [] })
  const rotating = await h.callerWith('rotate')
  for (const path of ['/webhooks', `/webhooks/${id}/deliveries`]) {
    expect(problem(await rotating('GET', path))).toEqual([403, 'scope-missing'])
  }
  expect(receiver.connections()).toBe(0)
})

test('the webhook of another add-on is answered like one that does not exist', async () => {
  const h = await startWithPerson()
  await provisionResource(h.deps, provisionRequest())
  const others = await webhookOf({ ...h, addon: { id: uuid(1) } })
  const delivery = `whd_${'a'.repeat(16)}`
  for (const [method, path] of [
    ['DELETE', ''],
    ['POST', '/test'],
    ['POST', '/rotate-secret'],
    ['GET', '/deliveries'],
    ['POST', `/deliveries/${delivery}/resend`],
  ] as const) {
    const [foreign, unknown] = [
      await h.call(method, `/webhooks/${others.id}${path}`),
      await h.call(method, `/webhooks/${NOWHERE}${path}`),
    ]
    expect(problem(foreign), path).toEqual([404, 'not-found'])
    expect(foreign.text).toBe(unknown.text)
  }
  expect(others.receiver.connections()).toBe(0)
  expect(await kindsOf(h.deps, uuid(1))).toEqual(['provisioned', 'webhook-added'])
})

test.each([
  ['POST', '', { name: 'thief', url: 'https://hooks.example.com/' }],
  ['DELETE', '/{id}', undefined],
  ['POST', '/{id}/rotate-secret', {}],
  ['POST', '/{id}/test', {}],
] as const)(
  'a person whose session ends meanwhile changes and sends nothing: %s /webhooks%s',
  async (method, path, body) => {
    const h = await startWithPerson()
    const { id, receiver } = await webhookOf(h)
    const before = await kindsOf(h.deps, h.addon.id)
    const held = await holdKeyset(h.deps.db, h.addon.id)
    const ending = endSessions(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
    await untilSomeWait(h.deps.db, 1)
    const asked = h.call(method, `/webhooks${path.replace('{id}', id)}`, body ? { body } : {})
    await untilSomeWait(h.deps.db, 2)
    held.release()
    await ending
    expect(problem(await asked)).toEqual([401, 'unauthenticated'])
    expect(await kindsOf(h.deps, h.addon.id)).toEqual([...before, 'sessions-ended'])
    expect(receiver.connections()).toBe(0)
  },
)
