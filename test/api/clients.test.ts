import { expect, test } from 'vitest'
import { endSessions } from '../../src/flows/dashboard/sessions.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { keysOn } from '../support/addon.ts'
import { historyOf, kindsOf } from '../support/resource.ts'
import { type ApiAnswer, startApi } from './support/api.ts'
import { ask, clientOf } from './support/client.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { ANN } from './support/token.ts'

const problem = ({ status, body }: ApiAnswer) => [status, String(body.type).split(':').at(-1)]

async function startWithPerson() {
  const h = await startApi()
  const { token } = await signedOnByCommandLine(h, { userId: 'ann', email: 'ann@example.com' })
  return { ...h, call: h.caller(token) }
}

test('a person enrols a client, whose secret is told once, sees what it does, and ends it', async () => {
  const h = await startWithPerson()
  const made = await h.call('POST', '/clients', { body: { name: ' till\u0007 ' } })
  const nothingYet = { last_used_at: null, last_kid: null, asked_since: null, alarm_at: null }
  const id = expect.stringMatching(/^[0-9a-f]{16}$/)
  const shown = { id, name: 'till', made_by: 'ann@example.com', made_at: h.clock.now().toISOString() }
  expect([made.status, made.body]).toEqual([
    201,
    { secret: expect.stringMatching(/^sk_client_/), ...shown, ...nothingYet },
  ])
  const { secret, id: clientId } = made.body as { secret: string; id: string }
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'client-enrolled',
    actor: { type: 'person', email: 'ann@example.com', commandLine: expect.any(String) },
    details: { client: clientId, name: 'till' },
  })
  expect((await ask(h, { key: keysOn(h).first, secret })).problem).toBe('hand-over-off')
  expect((await h.call('PUT', '/hand-over', { body: { enabled: true } })).body).toEqual({
    changed: true,
    enabled: true,
  })
  expect((await h.call('PUT', '/hand-over', { body: { enabled: true } })).body).toEqual({
    changed: false,
    enabled: true,
  })
  expect((await ask(h, { key: keysOn(h).first, secret })).status).toBe(200)
  const { body, text } = await h.call('GET', '/clients')
  const at = h.clock.now().toISOString()
  expect(body.clients).toMatchObject([
    {
      ...shown,
      last_used_at: at,
      last_kid: expect.stringMatching(/^[0-9a-f]{8}$/),
      asked_since: at,
      alarm_at: null,
    },
  ])
  expect(text).not.toContain(secret.slice(28))
  expect((await h.call('DELETE', `/clients/${clientId}`)).body).toEqual({ ended: 1 })
  expect(problem(await h.call('DELETE', `/clients/${clientId}`))).toEqual([404, 'not-found'])
  expect((await ask(h, { key: keysOn(h).first, secret })).problem).toBe('not-authenticated')
  await clientOf(h)
  await clientOf(h)
  expect((await h.call('DELETE', '/clients')).body).toEqual({ ended: 2 })
  expect((await h.call('GET', '/clients')).body).toEqual({ clients: [] })
})

test('a client without a name, and one more than a hundred, are refused', async () => {
  const h = await startWithPerson()
  expect(problem(await h.call('POST', '/clients', { body: { name: '\u200b' } }))).toEqual([
    422,
    'invalid-option',
  ])
  for (let made = 0; made < 100; made += 1) await clientOf(h)
  expect(problem(await h.call('POST', '/clients', { body: { name: 'x' } }))).toEqual([409, 'too-many'])
})

test('no API token enrols a client or switches the hand-over; one that may look sees the switch', async () => {
  const h = await startWithPerson()
  const call = await h.callerWith('read', 'rotate', 'revoke', 'keyring')
  const asked = [
    await call('GET', '/clients'),
    await call('POST', '/clients', { body: { name: 'x' } }),
    await call('DELETE', '/clients'),
    await call('PUT', '/hand-over', { body: { enabled: true } }),
  ]
  for (const answer of asked) expect(problem(answer)).toEqual([403, 'person-required'])
  expect((await call('GET', '/hand-over')).body).toEqual({ enabled: false })
  expect(problem(await (await h.callerWith('keyring'))('GET', '/hand-over'))).toEqual([403, 'scope-missing'])
  // What a client has opens no other route.
  const { text } = await clientOf(h)
  for (const [method, path] of [
    ['GET', '/resource'],
    ['GET', '/keyring'],
    ['GET', '/hand-over'],
  ] as const) {
    expect((await h.caller(text)(method, path)).status).toBe(401)
  }
})

test.each([
  ['POST', '/clients', { name: 'thief' }],
  ['DELETE', '/clients', undefined],
  ['PUT', '/hand-over', { enabled: true }],
] as const)('a person whose session ends meanwhile changes nothing: %s %s', async (method, path, body) => {
  const h = await startWithPerson()
  await clientOf(h)
  const held = await holdKeyset(h.deps.db, h.addon.id)
  const ending = endSessions(h.deps, { resourceId: h.addon.id, actor: ANN })
  await untilSomeWait(h.deps.db, 1)
  const asked = h.call(method, path, body === undefined ? {} : { body })
  await untilSomeWait(h.deps.db, 2)
  held.release()
  await ending
  expect((await asked).status).toBe(401)
  expect((await kindsOf(h.deps, h.addon.id)).at(-1)).toBe('sessions-ended')
})
