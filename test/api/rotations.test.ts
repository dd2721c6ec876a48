import { describe, expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { keysOn, pushes } from '../support/addon.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { endedRotations, historyOf, kindsOf } from '../support/resource.ts'
import { type ApiAnswer, type ApiHarness, sharedApi, startApi } from './support/api.ts'
import { ANN, tokenOf } from './support/token.ts'

type Accepted = { outcome: string; rotation: { id: string; status: string } }
const accepted = (answer: ApiAnswer) => {
  expect(answer.status).toBe(202)
  return answer.body as Accepted
}
const withKey = (key: string, body: object = {}) => ({ body, headers: { 'idempotency-key': key } })
/** For requests that are refused. */
const shared = sharedApi()
const requests = async (h: ApiHarness) =>
  (await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'rotation-requested').length

describe('a rotation by the API', () => {
  test('is the one that a person asks for, and is followed to its end', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    const before = keysOn(h)
    const { outcome, rotation } = accepted(await call('POST', '/rotations'))
    expect(outcome).toBe('requested')
    const follow = async () => (await call('GET', `/rotations/${rotation.id}`)).body
    expect(await follow()).toMatchObject({ status: 'under-way', reason: 'manual', asked_by: 'token' })
    await h.worker1.tick()
    expect(keysOn(h).second).toBe(before.first)
    expect(await follow()).toMatchObject({ id: rotation.id, status: 'done', version: 3, attempts: 1 })
    expect((await historyOf(h.deps, h.addon.id)).slice(-2)).toMatchObject([
      { kind: 'rotation-requested', actor: { type: 'token', name: 'ci', address: '127.0.0.1' } },
      { kind: 'rotated', actor: { type: 'token', name: 'ci' } },
    ])
  })

  test('that is under way already is joined', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN })
    const first = accepted(await call('POST', '/rotations'))
    expect(first).toMatchObject({ outcome: 'joined', rotation: { asked_by: 'person' } })
    expect(await requests(h)).toBe(1)
  })

  test('too soon after another says when it is possible, and goes ahead if it is told to', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    await call('POST', '/rotations')
    await h.worker1.tick()
    const allowed_at = new Date(h.clock.now().getTime() + 2 * HOUR).toISOString()
    h.clock.advance(SECOND)
    expect(await call('POST', '/rotations')).toMatchObject({
      status: 409,
      body: { type: 'urn:securekey:problem:too-soon', allowed_at },
    })
    const { outcome } = accepted(await call('POST', '/rotations', { body: { even_if_too_soon: true } }))
    expect(outcome).toBe('requested')
  })

  test('is held back for an app that signs with the key that would leave, and tells which', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    await call('POST', '/rotations')
    await h.worker1.tick()
    await h.heroku.customer.rollback('service-1', 2)
    h.clock.advance(3 * HOUR)
    const { rotation } = accepted(await call('POST', '/rotations'))
    await h.worker1.tick()
    expect((await call('GET', `/rotations/${rotation.id}`)).body).toMatchObject({
      status: 'held-back',
      held_back: { apps: ['service-1'] },
    })
    expect(await call('POST', '/rotations')).toMatchObject({
      status: 409,
      body: { type: 'urn:securekey:problem:held-back', apps: ['service-1'] },
    })
  })

  test('that a revoke replaced is told as superseded', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate', 'revoke')
    const { rotation } = accepted(await call('POST', '/rotations'))
    await call('POST', '/revocations', { body: { confirm: h.addon.id } })
    expect((await call('GET', `/rotations/${rotation.id}`)).body.status).toBe('superseded')
  })

  test.each(['x', 'manual-20260303T120000001Z', 'manual-20260231T120000000Z', `${'9'.repeat(60)}`])(
    'of an id that there is not is not found: %s',
    async (id) => {
      const call = await (await shared()).callerWith('read')
      expect(await call('GET', `/rotations/${id}`)).toMatchObject({
        status: 404,
        body: { type: 'urn:securekey:problem:not-found' },
      })
    },
  )

  test('stands in the list, the one under way first, every one once over all pages', async () => {
    const h = await startApi()
    const call = await h.callerWith('read', 'rotate')
    for (let rotation = 0; rotation < 26; rotation += 1) {
      await call('POST', '/rotations', { body: { even_if_too_soon: true } })
      await h.worker1.tick()
      h.clock.advance(MINUTE)
    }
    await call('POST', '/rotations', { body: { even_if_too_soon: true } })
    const first = (await call('GET', '/rotations')).body as {
      rotations: { id: string; status: string }[]
      next: number
    }
    const last = (await call('GET', `/rotations?before=${first.next}`)).body as typeof first
    expect(first.rotations.map(({ status }) => status)).toEqual(['under-way', ...Array(25).fill('done')])
    expect(last.rotations).toHaveLength(1)
    expect(last.next).toBeNull()
    expect(new Set([...first.rotations, ...last.rotations].map(({ id }) => id)).size).toBe(27)
  })
})

describe('a request with an Idempotency-Key', () => {
  test('is served once, also when it comes again after the rotation has ended', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    const first = accepted(await call('POST', '/rotations', withKey('a')))
    expect(accepted(await call('POST', '/rotations', withKey('a')))).toEqual({
      ...first,
      outcome: 'repeated',
    })
    await h.worker1.tick()
    h.clock.advance(3 * HOUR)
    const again = accepted(await call('POST', '/rotations', withKey('a')))
    expect(again).toMatchObject({ outcome: 'repeated', rotation: { id: first.rotation.id, status: 'done' } })
    expect(await endedRotations(h.deps, h.addon.id)).toHaveLength(1)
    expect(accepted(await call('POST', '/rotations', withKey('b'))).outcome).toBe('requested')
  })

  test('that comes several times at once makes one rotation and one history row', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => call('POST', '/rotations', withKey('a'))),
    )
    const outcomes = answers.map((answer) => accepted(answer).outcome).toSorted()
    expect(outcomes).toEqual([...Array(5).fill('repeated'), 'requested'])
    expect(new Set(answers.map((answer) => accepted(answer).rotation.id)).size).toBe(1)
    expect(await requests(h)).toBe(1)
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(1)
  })

  test('for something else than before is refused', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate', 'revoke')
    await call('POST', '/rotations', withKey('a'))
    const other = await call('POST', '/rotations', withKey('a', { even_if_too_soon: true }))
    expect(other).toMatchObject({ status: 422, body: { type: 'urn:securekey:problem:key-reused' } })
    const revoked = await call('POST', '/revocations', withKey('a', { confirm: h.addon.name }))
    expect(accepted(revoked).outcome).toBe('requested')
  })

  test('is the same in whatever order its fields stand', async () => {
    const h = await startApi()
    const call = await h.callerWith('revoke')
    const [name, kept] = [{ confirm: h.addon.name }, { keep_tokens: true }]
    accepted(await call('POST', '/revocations', withKey('a', { ...name, ...kept })))
    const again = await call('POST', '/revocations', withKey('a', { ...kept, ...name }))
    expect(accepted(again).outcome).toBe('repeated')
  })

  test('that was refused before may succeed later', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    await call('POST', '/rotations')
    await h.worker1.tick()
    expect((await call('POST', '/rotations', withKey('a'))).status).toBe(409)
    h.clock.advance(2 * HOUR)
    expect(accepted(await call('POST', '/rotations', withKey('a'))).outcome).toBe('requested')
  })

  test('of another token, or after a day, is another request', async () => {
    const h = await startApi()
    const [ann, bob] = [await h.callerWith('rotate'), await h.callerWith('rotate')]
    await ann('POST', '/rotations', withKey('a'))
    expect(accepted(await bob('POST', '/rotations', withKey('a'))).outcome).toBe('joined')
    await h.worker1.tick()
    h.clock.advance(DAY)
    expect(accepted(await ann('POST', '/rotations', withKey('a'))).outcome).toBe('requested')
    // What is older than a day is forgotten.
    expect(await h.deps.db.selectFrom('asked_once').selectAll().execute()).toHaveLength(1)
  })

  test.each(['', 'two words', 'x'.repeat(201)])(
    'must be a word of 200 signs at the most: "%s"',
    async (key) => {
      const h = await shared()
      const call = await h.callerWith('rotate')
      expect((await call('POST', '/rotations', withKey(key))).status).toBe(400)
      expect(await requests(h)).toBe(0)
    },
  )
})

describe('a revoke by the API', () => {
  test('refuses the old keys from the second of its answer, and brings new ones', async () => {
    const h = await startApi()
    const call = await h.callerWith('read', 'revoke')
    const before = (await call('GET', '/resource')).body.keys as { kid: string }[]
    const { rotation } = accepted(await call('POST', '/revocations', { body: { confirm: h.addon.name } }))
    for (const { kid } of before) {
      expect((await call('POST', '/verifications', { body: { kid } })).body).toMatchObject({
        outcome: 'revoked',
        accepted: false,
        revoked_at: h.clock.now().toISOString(),
      })
    }
    await h.worker1.tick()
    expect((await call('GET', `/rotations/${rotation.id}`)).body).toMatchObject({
      reason: 'revoke',
      status: 'done',
    })
  })

  test('without the name of the add-on does nothing', async () => {
    const h = await startApi()
    const call = await h.callerWith('revoke')
    for (const confirm of ['', 'yes', h.addon.name.slice(1)]) {
      expect((await call('POST', '/revocations', { body: { confirm } })).body.type).toMatch(/name-differs$/)
    }
    expect((await call('POST', '/revocations')).status).toBe(400)
    expect(await kindsOf(h.deps, h.addon.id)).not.toContain('keys-revoked')
  })

  test('that comes again with its key revokes nothing anew', async () => {
    const h = await startApi()
    const call = await h.callerWith('revoke')
    const body = { confirm: h.addon.name }
    await call('POST', '/revocations', withKey('a', body))
    await h.worker1.tick()
    const kept = keysOn(h)
    h.clock.advance(MINUTE)
    expect(accepted(await call('POST', '/revocations', withKey('a', body))).outcome).toBe('repeated')
    await h.worker1.tick()
    expect(keysOn(h)).toEqual(kept)
  })

  test('ends the tokens that may read keys, that of the asker too, unless it keeps them', async () => {
    const h = await startApi()
    const call = await h.callerWith('revoke')
    const reader = h.caller((await tokenOf(h, ['keyring', 'revoke'])).text)
    const body = { confirm: h.addon.name }
    await call('POST', '/revocations', { body: { ...body, keep_tokens: true } })
    expect((await reader('GET', '/keyring')).status).toBe(503)
    await reader('POST', '/revocations', { body })
    expect((await reader('GET', '/keyring')).status).toBe(401)
  })
})
