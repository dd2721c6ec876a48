import { describe, expect, test } from 'vitest'
import { SCOPES } from '../../src/domain/api-token.ts'
import { askedOnce } from '../../src/domain/asked-once.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { endSessions } from '../../src/flows/dashboard/sessions.ts'
import { endTokens } from '../../src/flows/tokens/tokens.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { pushes } from '../support/addon.ts'
import { kmsEnvironment } from '../support/fake-kms.ts'
import { HOUR } from '../support/harness.ts'
import { kindsOf, stateOf } from '../support/resource.ts'
import { type ApiHarness, startApi } from './support/api.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { ANN, tokenOf } from './support/token.ts'

test('one Idempotency-Key in two processes at once opens one rotation, and both are told the same', async () => {
  const h = await startApi()
  const processes = [h.deps, await h.anotherProcess(), await h.anotherProcess()]
  const once = askedOnce({ tokenId: 'x', operation: 'rotate', key: 'a', body: {} })
  const asked = Array.from({ length: 12 }, (_, index) => {
    const deps = processes[index % 3] ?? h.deps
    return requestRotation(deps, { resourceId: h.addon.id, actor: ANN, once })
  })
  const outcomes = await Promise.all(asked)
  expect(outcomes.filter(({ outcome }) => outcome === 'requested')).toHaveLength(1)
  expect(outcomes.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(11)
  const { rotation } = await stateOf(h.deps, h.addon.id)
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ rotation: { reason: 'manual', openedAt: rotation?.openedAt } })
  }
})

test('a rotation and a revoke by the API at once leave one pair, which is the revoke’s', async () => {
  const h = await startApi()
  const call = await h.callerWith('rotate', 'revoke')
  const before = await stateOf(h.deps, h.addon.id)
  await Promise.all([
    call('POST', '/rotations'),
    call('POST', '/revocations', { body: { confirm: h.addon.name } }),
    call('POST', '/rotations'),
  ])
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(1)
  const after = await stateOf(h.deps, h.addon.id)
  expect(after.publishedReason).toBe('revoke')
  expect(after.keyset.revokedTo).toBeGreaterThanOrEqual(before.lastVersion)
  expect(after.rotation).toBeNull()
})

test('keys that are read while they are revoked are told as handed out before the revoke, or are not handed out', async () => {
  const h = await startApi()
  const readers = await Promise.all(Array.from({ length: 4 }, () => h.callerWith('keyring')))
  const [answers] = await Promise.all([
    Promise.all(readers.map((call) => call('GET', '/keyring'))),
    revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN }),
  ])
  const kinds = await kindsOf(h.deps, h.addon.id)
  const got = answers.filter(({ status }) => status === 200)
  expect(kinds.filter((kind) => kind === 'keys-read')).toHaveLength(got.length)
  expect(kinds.lastIndexOf('keys-read')).toBeLessThan(kinds.indexOf('keys-revoked'))
  for (const { status } of answers) expect([200, 401, 503]).toContain(status)
})

test('a token that is ended while many requests use it is of no use to any that begins later', async () => {
  const h = await startApi()
  const { text, id } = await tokenOf(h, ['read'])
  const call = h.caller(text)
  const early = Promise.all(Array.from({ length: 10 }, () => call('GET', '/rotations')))
  await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN, id })
  expect((await call('GET', '/rotations')).status).toBe(401)
  for (const { status } of await early) expect([200, 401]).toContain(status)
})

test('keys that are revoked between the look at them and their lock are not handed out', async () => {
  const h = await startApi()
  const call = await h.callerWith('keyring')
  const held = await holdKeyset(h.deps.db, h.addon.id)
  const revoking = revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN, keepTokens: true })
  await untilSomeWait(h.deps.db, 1)
  const reading = call('GET', '/keyring')
  await untilSomeWait(h.deps.db, 2)
  held.release()
  await revoking
  expect((await reading).status).toBe(503)
  expect(await kindsOf(h.deps, h.addon.id)).not.toContain('keys-read')
})

describe('what ends while its request waits for the add-on', () => {
  const requests = [
    ['POST', '/rotations', {}],
    ['POST', '/revocations', { confirm: 'ID' }],
    ['POST', '/pause', { reason: 'x' }],
    ['POST', '/resume', {}],
    ['PUT', '/next', { announced: true }],
    ['PUT', '/grace', { grace_period: '48h' }],
    ['GET', '/keyring', undefined],
  ] as const

  const bearers = {
    async 'a token'(h: ApiHarness) {
      const { text, id } = await tokenOf(h, SCOPES)
      return { text, end: () => endTokens(h.deps, { resourceId: h.addon.id, actor: ANN, id }) }
    },
    async 'the command line'(h: ApiHarness) {
      const { token: text } = await signedOnByCommandLine(h)
      return { text, end: () => endSessions(h.deps, { resourceId: h.addon.id, actor: ANN }) }
    },
  }
  const ofPersons = [
    ['POST', '/tokens', { name: 'x', scopes: ['read'] }],
    ['POST', '/fork-codes', {}],
    ['DELETE', '/tokens', undefined],
    ['DELETE', '/sessions', undefined],
    ['POST', '/access/known', { until: '2026-03-03T12:00:00Z' }],
  ] as const
  const ways = [
    ...requests.map((request) => ['a token', ...request] as const),
    ...[...requests, ...ofPersons].map((request) => ['the command line', ...request] as const),
  ]

  test.each(ways)('changes and reads no key: %s, %s %s', async (bearer, method, path, body) => {
    const h = await startApi({ env: kmsEnvironment('http://127.0.0.1:1') })
    const { text, end } = await bearers[bearer](h)
    await tokenOf(h, ['read'])
    const before = await stateOf(h.deps, h.addon.id)
    const held = await holdKeyset(h.deps.db, h.addon.id)
    const ending = end()
    await untilSomeWait(h.deps.db, 1)
    const sent = JSON.stringify(body)?.replace('ID', h.addon.id)
    const asked = h.caller(text)(method, path, sent === undefined ? {} : { body: sent })
    await untilSomeWait(h.deps.db, 2)
    held.release()
    await ending
    const { status, text: refusal } = await asked
    const wrong = await h.caller('wrong')('GET', '/resource')
    expect([status, refusal]).toEqual([401, wrong.text])
    expect(await stateOf(h.deps, h.addon.id)).toEqual(before)
    expect((await kindsOf(h.deps, h.addon.id)).at(-1)).toMatch(/^(tokens|sessions)-ended$/)
  })
})

test.each([
  ['a token', async (h: ApiHarness) => (await tokenOf(h, ['rotate'], { lifeMs: HOUR })).text],
  ['the command line', async (h: ApiHarness) => (await signedOnByCommandLine(h)).token],
])('what expires while its request waits for the add-on rotates nothing: %s', async (_what, textOf) => {
  const h = await startApi()
  const text = await textOf(h)
  const held = await holdKeyset(h.deps.db, h.addon.id)
  const asked = h.caller(text)('POST', '/rotations')
  await untilSomeWait(h.deps.db, 1)
  h.clock.advance(HOUR)
  held.release()
  expect((await asked).status).toBe(401)
  expect((await stateOf(h.deps, h.addon.id)).rotation).toBeNull()
})
