import { expect, test } from 'vitest'
import { readForkCode } from '../../src/flows/fork/fork-codes.ts'
import { kmsEnvironment } from '../support/fake-kms.ts'
import { HOUR } from '../support/harness.ts'
import { historyOf, kindsOf } from '../support/resource.ts'
import { startApi } from './support/api.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { tokenOf } from './support/token.ts'

const WITH_AWS = { env: kmsEnvironment('http://127.0.0.1:1') }

test('a person by the command line makes the code of a fork, for an hour, in the place of the one before; no program does', async () => {
  const h = await startApi(WITH_AWS)
  const { token } = await signedOnByCommandLine(h, { userId: 'ann', email: 'ann@example.com' })
  const make = () => h.caller(token)('POST', '/fork-codes')
  const { status, body } = await make()
  expect(status).toBe(201)
  expect(body).toEqual({
    code: expect.stringMatching(/^sk_fork_[0-9a-f]{16}_[0-9a-z]{58}$/),
    id: expect.stringMatching(/^[0-9a-f]{16}$/),
    expires_at: new Date(h.clock.now().getTime() + HOUR).toISOString(),
    next_rotation_at: '2026-03-17T12:00:00.000Z',
  })
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'fork-code-made',
    actor: { type: 'person', email: 'ann@example.com', commandLine: expect.any(String) },
    details: { code: body.id, expiresAt: body.expires_at },
  })
  expect((await readForkCode(h.deps, String(body.code)))?.resourceId).toBe(h.addon.id)
  const log = h.logLines.join('')
  expect(log).toContain(`"codeId":"${body.id}"`)
  expect(log).not.toContain(String(body.code))
  const { body: second } = await make()
  expect(await readForkCode(h.deps, String(body.code))).toBeUndefined()
  // It opens nothing by itself.
  expect(await h.caller(String(second.code))('GET', '/resource')).toMatchObject({ status: 401 })
  h.clock.advance(HOUR - 1)
  expect(await readForkCode(h.deps, String(second.code))).toBeDefined()
  h.clock.advance(1)
  expect(await readForkCode(h.deps, String(second.code))).toBeUndefined()

  const { text } = await tokenOf(h, ['read', 'rotate', 'revoke', 'keyring'])
  const nobody = await signedOnByCommandLine(h, { tamper: { user_scoped_resource_token: null } })
  for (const bearer of [text, nobody.token]) {
    expect(await h.caller(bearer)('POST', '/fork-codes')).toMatchObject({ status: 403 })
  }
  const codes = (await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'fork-code-made')
  expect(codes).toHaveLength(2)
})

test('whoever writes the table makes no code of his own, and none for another add-on', async () => {
  const h = await startApi(WITH_AWS)
  const { token } = await signedOnByCommandLine(h)
  const { body } = await h.caller(token)('POST', '/fork-codes')
  const code = String(body.code)
  expect(await readForkCode(h.deps, code)).toBeDefined()
  const later = new Date(h.clock.now().getTime() + 2 * HOUR)
  await h.deps.db.updateTable('fork_codes').set({ expires_at: later }).execute()
  expect(await readForkCode(h.deps, code)).toBeUndefined()
})

test('without access to AWS no code is made, since no add-on could take the keys over', async () => {
  const h = await startApi()
  const { token } = await signedOnByCommandLine(h)
  const { status, body } = await h.caller(token)('POST', '/fork-codes')
  expect([status, body.type]).toEqual([409, 'urn:securekey:problem:own-keys-off'])
  expect(await kindsOf(h.deps, h.addon.id)).not.toContain('fork-code-made')
})
