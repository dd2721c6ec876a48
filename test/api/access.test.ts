import { expect, test } from 'vitest'
import { fingerprintOf, keyDigest } from '../../src/domain/key.ts'
import { MANY, SETTLED_DAYS } from '../../src/domain/usual-access.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { keysOn } from '../support/addon.ts'
import { DAY } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'
import { type ApiHarness, startApi } from './support/api.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { ANN, tokenOf } from './support/token.ts'

const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
const unusualOf = async (h: ApiHarness) =>
  (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'unusual-access')

test('a token that is used from another network than for seven days is told of, and listed with both', async () => {
  const h = await startApi()
  const { id, text } = await tokenOf(h, ['read', 'keyring'])
  const call = h.caller(text)
  for (let day = 0; day <= SETTLED_DAYS; day += 1) {
    await call('GET', '/resource', from('203.0.113.9'))
    h.clock.advance(DAY)
  }
  expect(await unusualOf(h)).toEqual([])
  await call('GET', '/keyring', from('2001:db8:7::1'))
  expect((await call('GET', '/access', from('2001:db8:7::2'))).body).toMatchObject({
    accessors: [
      {
        kind: 'token',
        id,
        who: 'The token “ci”',
        keys_at: h.clock.now().toISOString(),
        networks: [{ network: '2001:db8:7::/48' }, { network: '203.0.113.0/24' }],
      },
    ],
    unusual: [
      {
        because: 'program-elsewhere',
        why: 'The token “ci” was used from 2001:db8:7::/48. For days it was used from 203.0.113.0/24 alone.',
        known_at: null,
      },
    ],
  })
  expect(await unusualOf(h)).toHaveLength(1)
  const health = (await call('GET', '/resource')).body.health
  expect(health).toMatchObject({ state: 'unusual-access', heading: 'Unusual access' })
})

test('unusual access is marked as known by a person, and by no token', async () => {
  const h = await startApi()
  const ann = h.caller((await signedOnByCommandLine(h)).token)
  await ann('GET', '/keyring')
  const bob = { userId: 'bob', email: 'bob@example.com' }
  await h.caller((await signedOnByCommandLine(h, bob)).token)('GET', '/keyring')
  const body = { until: h.clock.now().toISOString() }
  const token = await h.callerWith('read', 'rotate', 'revoke', 'keyring')
  expect(await token('POST', '/access/known', { body })).toMatchObject({ status: 403 })
  expect(await ann('POST', '/access/known', { body: { until: 'now' } })).toMatchObject({ status: 400 })
  expect((await ann('POST', '/access/known', { body })).body).toEqual({ known: 1 })
  expect((await ann('GET', '/access')).body).toMatchObject({
    unusual: [
      {
        because: 'new-person',
        why: 'bob@example.com read the keys for the first time, from 127.0.0.0/24.',
        known_at: body.until,
      },
    ],
  })
})

test('ten questions within an hour about a revoked key are told, and those about others are not', async () => {
  const h = await startApi()
  const { first } = keysOn(h)
  const kid = fingerprintOf(keyDigest(first))
  const call = await h.callerWith('read')
  const ask = () => call('POST', '/verifications', { body: { kid } })
  for (let asked = 0; asked < 2 * MANY; asked += 1) await ask()
  expect(await unusualOf(h)).toEqual([])
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN })
  for (let asked = 0; asked < 2 * MANY; asked += 1) {
    expect((await ask()).body).toMatchObject({ outcome: 'revoked' })
  }
  expect(await unusualOf(h)).toMatchObject([
    {
      actor: { type: 'token', name: 'ci' },
      details: {
        because: 'revoked-key-asked',
        count: MANY,
        why: 'Within an hour it was asked 10 times what a revoked key is, the last time by the token “ci”. Somebody may still use what that key signed.',
      },
    },
  ])
})
