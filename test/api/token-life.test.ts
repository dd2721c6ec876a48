import { expect, test } from 'vitest'
import { DAY, HOUR } from '../support/harness.ts'
import { historyOf, stateOf } from '../support/resource.ts'
import { sharedApi, startApi } from './support/api.ts'

/** For requests that are refused. */
const shared = sharedApi()

test('a life is stated, told in the policy and in good_for, and each key with its end', async () => {
  const h = await startApi({ plan: 'weekly' })
  const call = await h.callerWith('read', 'rotate', 'keyring')
  expect((await call('GET', '/resource')).body).toMatchObject({ policy: { token_life: 'off' } })
  const { status, body } = await call('PUT', '/token-life', { body: { token_life: '30d' } })
  expect([status, body]).toMatchObject([
    200,
    { changed: true, policy: { token_life: '30d', good_for: 30 * 86_400 } },
  ])
  expect((await call('PUT', '/token-life', { body: { token_life: '4w' } })).status).toBe(409)
  expect((await call('PUT', '/token-life', { body: { token_life: '30d' } })).body.changed).toBe(false)
  for (let served = 0; served < 3; served += 1) {
    h.clock.advance(7 * DAY)
    await h.worker1.tick()
  }
  const { keyset } = await stateOf(h.deps, h.addon.id)
  const { keys, would_log_out } = (await call('GET', '/resource')).body as never as {
    keys: { version: number; use: string; accepted_until: string | null }[]
    would_log_out: unknown
  }
  const ends = keys.filter(({ use }) => use === 'verify').map((key) => [key.version, key.accepted_until])
  const kept = [...(keyset.second.filler ? [] : [keyset.second]), ...keyset.older]
  expect(ends).toEqual(kept.map(({ version, until }) => [version, until.toISOString()]))
  expect(would_log_out).toBeNull()
  // The same in the hand-out of keys, whose tag changes with it.
  const { body: ring, headers } = await call('GET', '/keyring')
  expect(ring).toMatchObject({ good_for: 30 * 86_400 })
  expect((ring.keys as unknown[]).length).toBe(1 + kept.length)
  await call('PUT', '/token-life', { body: { token_life: '40d' } })
  const match = { 'if-none-match': headers.get('etag') ?? '' }
  expect((await call('GET', '/keyring', { headers: match })).status).toBe(200)
})

test('what ends keys that are needed is refused with the keys and dates, and done with the confirm of that refusal', async () => {
  const h = await startApi({ plan: 'daily', tokenLife: '7d' })
  const call = await h.callerWith('read', 'rotate')
  for (let served = 0; served < 7; served += 1) {
    h.clock.advance(DAY)
    await h.worker1.tick()
  }
  h.clock.advance(3 * HOUR)
  const rotate = (body: object) =>
    call('POST', '/rotations', { body, headers: { 'idempotency-key': `key-${JSON.stringify(body).length}` } })
  const asked = await rotate({})
  expect([asked.status, asked.body.type]).toEqual([409, 'urn:securekey:problem:ends-early'])
  const { older } = (await stateOf(h.deps, h.addon.id)).keyset
  const { confirm, ends } = asked.body as { confirm: string; ends: object[] }
  expect(ends).toEqual([
    { kid: confirm, from: h.clock.now().toISOString(), instead: older.at(-1)?.until.toISOString() },
  ])
  expect(asked.body.detail).toContain(`"confirm": "${confirm}"`)
  expect((await rotate({ confirm: 'deadbeef' })).status).toBe(409)
  expect((await historyOf(h.deps, h.addon.id)).map(({ kind }) => kind)).not.toContain('rotation-requested')
  expect((await rotate({ confirm })).status).toBe(202)

  const shorter = await call('PUT', '/token-life', { body: { token_life: 'off' } })
  expect(shorter.body.type).toBe('urn:securekey:problem:ends-early')
  const again = { token_life: 'off', confirm: shorter.body.confirm }
  expect((await call('PUT', '/token-life', { body: again })).body).toMatchObject({ changed: true })
})

test.each([
  ['token_life', 'soon', 'The token life must be a duration such as 30d or 36h'],
  ['token_life', '200d', 'A token life of 200d needs 16 keys when they rotate every 14d'],
])('%s "%s" is refused with a sentence', async (field, value, words) => {
  const call = await (await shared()).callerWith('rotate')
  const { status, body } = await call('PUT', '/token-life', { body: { [field]: value } })
  expect([status, String(body.detail)]).toEqual([422, expect.stringContaining(words)])
})

test('a token that may only read states no life', async () => {
  const call = await (await shared()).callerWith('read')
  expect((await call('PUT', '/token-life', { body: { token_life: '30d' } })).status).toBe(403)
})
