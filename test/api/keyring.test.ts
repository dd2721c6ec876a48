import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'
import { type ApiHarness, startApi } from './support/api.ts'
import { ANN } from './support/token.ts'

const rotate = async (h: ApiHarness) => {
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await h.worker1.tick()
}
const reads = async (h: ApiHarness) =>
  (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'keys-read')

describe('the keyring', () => {
  test('holds what the config vars at Heroku hold, after each rotation', async () => {
    const h = await startApi()
    const call = await h.callerWith('keyring')
    for (let rotations = 0; rotations < 3; rotations += 1) {
      const { SECURE_KEY, SECURE_KEYRING } = h.heroku.view.configVars('service-1')
      const { body, headers } = await call('GET', '/keyring')
      expect(body).toMatchObject({ secure_key: SECURE_KEY, secure_keyring: SECURE_KEYRING })
      const { keys } = JSON.parse(SECURE_KEYRING ?? '')
      expect(body.keys).toEqual(
        keys.map(({ key: _, ...told }: { key?: string }) => expect.objectContaining(told)),
      )
      expect(headers.get('cache-control')).toBe('no-store')
      // A 24th of a fortnight is more than an hour.
      expect(headers.get('refresh-after')).toBe('3600')
      h.clock.advance(MINUTE)
      await rotate(h)
    }
  })

  test('is handed out once for each tag; a 304 shows no key and leaves no row', async () => {
    const h = await startApi()
    const call = await h.callerWith('keyring')
    const { headers } = await call('GET', '/keyring')
    const etag = headers.get('etag') ?? ''
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const answer = await call('GET', '/keyring', { headers: { 'if-none-match': known } })
      expect([answer.status, answer.text]).toEqual([304, ''])
      expect(answer.headers.get('etag')).toBe(etag)
      expect(answer.headers.get('refresh-after')).toBe('3600')
    }
    expect(await reads(h)).toMatchObject([{ actor: { type: 'token', name: 'ci' }, key: { version: 2 } }])
    await rotate(h)
    const next = await call('GET', '/keyring', { headers: { 'if-none-match': etag } })
    expect(next.status).toBe(200)
    expect(next.headers.get('etag')).not.toBe(etag)
    expect(await reads(h)).toHaveLength(2)
  })

  test('says how long what is signed stays good, and changes when that does', async () => {
    const h = await startApi()
    const call = await h.callerWith('keyring', 'rotate')
    const before = await call('GET', '/keyring')
    expect(before.body.good_for).toBe((7 * DAY) / 1_000)
    await call('PUT', '/grace', { body: { grace_period: '48h' } })
    const known = { headers: { 'if-none-match': before.headers.get('etag') ?? '' } }
    expect((await call('GET', '/keyring', known)).body.good_for).toBe((2 * DAY) / 1_000)
  })

  test('does not change while a new key is on its way', async () => {
    const h = await startApi()
    const call = await h.callerWith('keyring')
    const { headers, body } = await call('GET', '/keyring')
    await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN })
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503 })
    await h.worker1.tick()
    const known = { headers: { 'if-none-match': headers.get('etag') ?? '' } }
    expect((await call('GET', '/keyring', known)).status).toBe(304)
    expect((await call('GET', '/keyring')).body.secure_key).toBe(body.secure_key)
  })

  test('hands out no revoked key, also to whoever has its tag, until the new ones are at Heroku', async () => {
    const h = await startApi()
    const call = await h.callerWith('keyring')
    const before = await call('GET', '/keyring')
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN, keepTokens: true })
    const known = { headers: { 'if-none-match': before.headers.get('etag') ?? '' } }
    for (const request of [{}, known, { headers: { 'if-none-match': '*' } }]) {
      const { status, headers, body } = await call('GET', '/keyring', request)
      expect([status, body.type]).toEqual([503, 'urn:securekey:problem:keys-revoked'])
      expect(headers.get('retry-after')).toBe('10')
    }
    await h.worker1.tick()
    const after = await call('GET', '/keyring', known)
    expect(after.body.secure_key).toBe(h.heroku.view.configVars('service-1').SECURE_KEY)
    expect(after.body.secure_key).not.toBe(before.body.secure_key)
    expect(after.body.keys).toHaveLength(1)
  })

  test('is handed out only when the history can tell of it', async () => {
    const h = await startApi()
    const call = await h.callerWith('keyring')
    await sql`alter table history add constraint untold check (kind <> 'keys-read')`.execute(h.deps.db)
    const { status, text } = await call('GET', '/keyring')
    await sql`alter table history drop constraint untold`.execute(h.deps.db)
    expect(status).toBe(500)
    expect(text).not.toMatch(/[0-9A-F]{64}/)
  })

  test('is not read by a request that has no answer to read', async () => {
    const h = await startApi()
    const call = await h.callerWith('keyring')
    expect((await call('HEAD', '/keyring')).status).toBe(404)
    expect(await reads(h)).toEqual([])
  })
})
