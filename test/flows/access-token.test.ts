import { describe, expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { createHerokuSession, type HerokuSession } from '../../src/flows/heroku/heroku-session.ts'
import { loadTokens } from '../../src/store/oauth-tokens.ts'
import { findResource } from '../../src/store/resources.ts'
import { callsTo, type HarnessWithAddon, pushes, startWithAddon } from '../support/addon.ts'
import { CLIENT_SECRET, DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { endedRotations, kindsOf, stateOf, tokenCalls } from '../support/resource.ts'

/** Tokens live 28,799 s from the exchange on. */
const TOKEN_LIFE_MS = 28_799 * SECOND
const PATCH = { method: 'PATCH' }
const REFRESH = { grantType: 'refresh_token' }

/** Rotates by hand now, so that a push is made with the token as it is. */
async function rotateNow(h: HarnessWithAddon) {
  const actor = { type: 'operator' } as const
  await requestRotation(h.deps, { resourceId: h.addon.id, actor, evenIfTooSoon: true })
  return await h.worker1.tick()
}

const pushStatuses = (h: HarnessWithAddon) => callsTo(h, 'PATCH', '/config').map(({ status }) => status)
const refreshes = (h: HarnessWithAddon) => tokenCalls(h, 'refresh_token')

/** A session with the tokens as they are now. */
async function sessionOf(deps: Deps, resourceId: string): Promise<HerokuSession> {
  const resource = await findResource(deps.db, resourceId)
  if (!resource?.dek) throw new Error('the resource has no data key')
  const { dek, address } = resource
  const sealer = await deps.sealing.forResource(resourceId, dek)
  const token = await loadTokens(deps.db, resourceId)
  return createHerokuSession(deps, {
    resourceId,
    name: null,
    address,
    sealer,
    dek,
    token,
    grantWaiting: false,
  })
}

describe('an access token', () => {
  test('that has expired is refreshed before the push, which is never refused', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1, failed: 0 })
    expect(refreshes(h)).toHaveLength(1)
    expect(pushStatuses(h)).toEqual([200])
    expect(await kindsOf(h.deps, h.addon.id)).toContain('access-token-refreshed')
  })

  test('is used as it is while it has more than two minutes to live', async () => {
    const h = await startWithAddon()
    h.clock.advance(TOKEN_LIFE_MS - 2 * MINUTE - SECOND)
    expect(await rotateNow(h)).toMatchObject({ promoted: 1 })
    expect(refreshes(h)).toEqual([])
  })

  test('is refreshed when it has two minutes to live, so that it cannot expire on the way', async () => {
    const h = await startWithAddon()
    h.clock.advance(TOKEN_LIFE_MS - 2 * MINUTE)
    expect(await rotateNow(h)).toMatchObject({ promoted: 1 })
    expect(refreshes(h)).toHaveLength(1)
    expect(pushStatuses(h)).toEqual([200])
  })

  test('that Heroku refuses is refreshed once, and the push succeeds within the same attempt', async () => {
    const h = await startWithAddon()
    h.heroku.revokeToken(h.addon.id)
    expect(await rotateNow(h)).toMatchObject({ promoted: 1, failed: 0 })
    expect(pushStatuses(h)).toEqual([401, 200])
    expect(refreshes(h)).toHaveLength(1)
    const [rotated, ...others] = await endedRotations(h.deps, h.addon.id)
    expect(rotated).toMatchObject({ kind: 'rotated', attempts: 1 })
    expect([rotated?.failures, others]).toEqual([undefined, []])
  })

  test('that Heroku refuses even when it is fresh is not refreshed again and again', async () => {
    const h = await startWithAddon()
    h.heroku.faults.add({ match: PATCH, kind: 'status', status: 401, times: 9 })
    expect(await rotateNow(h)).toMatchObject({ promoted: 0, failed: 1 })
    expect(refreshes(h)).toHaveLength(1)
    expect(pushStatuses(h)).toEqual([401, 401])
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      rotation: { stuckSince: null },
      attempts: 1,
      failures: [{ kind: 'unauthorized' }],
    })
  })

  test('of every add-on is refreshed after the credentials were reset in the portal', async () => {
    const h = await startWithAddon()
    await h.heroku.customer.createApp('service-2')
    const other = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'fortnightly' })
    await expect.poll(() => kindsOf(h.deps, other.id)).toContain('grant-exchanged')
    h.heroku.resetOauth()
    const actor = { type: 'operator' } as const
    for (const { id } of [h.addon, other]) await requestRotation(h.deps, { resourceId: id, actor })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 2, failed: 0 })
    expect(refreshes(h)).toHaveLength(2)
  })
})

describe('a refresh', () => {
  test('is made by one process at a time, and the others look again soon', async () => {
    const h = await startWithAddon()
    h.clock.advance(TOKEN_LIFE_MS)
    h.heroku.faults.add({ match: REFRESH, kind: 'latency', ms: 100 })
    const processes = [h.deps, await h.anotherProcess(), await h.anotherProcess(), await h.anotherProcess()]
    const sessions = await Promise.all(processes.map((deps) => sessionOf(deps, h.addon.id)))
    const results = await Promise.all(sessions.map((session) => session.readConfig()))
    expect(refreshes(h)).toHaveLength(1)
    expect(results.filter(({ ok }) => ok)).toHaveLength(1)
    for (const result of results) {
      if (!result.ok) expect(result.failure).toMatchObject({ kind: 'postponed', retryAfterMs: 3_000 })
    }
  })

  test('by somebody else is seen: who holds the old tokens takes the new ones, and refreshes nothing', async () => {
    const h = await startWithAddon()
    const late = await sessionOf(h.deps, h.addon.id)
    h.clock.advance(TOKEN_LIFE_MS)
    await rotateNow(h)
    expect(refreshes(h)).toHaveLength(1)
    expect(await late.readConfig()).toMatchObject({ ok: true })
    expect(refreshes(h)).toHaveLength(1)
    expect(callsTo(h, 'GET', '/config').map(({ status }) => status)).toEqual([200])
  })

  test('that brings a new refresh token keeps it: the next refresh takes that one', async () => {
    const h = await startWithAddon({ simulator: { refreshTokensRotate: true } })
    for (const round of [1, 2, 3]) {
      h.clock.advance(14 * DAY)
      expect(await h.worker1.tick()).toMatchObject({ promoted: 1, failed: 0 })
      expect(refreshes(h).map(({ status }) => status)).toEqual(Array.from({ length: round }, () => 200))
    }
  })

  test('that brings no refresh token leaves the old one good', async () => {
    const h = await startWithAddon()
    const before = await loadTokens(h.deps.db, h.addon.id)
    const refreshed = { accessToken: 'HRKU-fresh', refreshToken: null, expiresInSeconds: 7_199 }
    const used: string[] = []
    const deps: Deps = {
      ...h.deps,
      identity: { ...h.deps.identity, refresh: async () => ({ ok: true, value: refreshed }) },
      platform: {
        ...h.deps.platform,
        readConfig: async ({ accessToken }) => {
          used.push(accessToken)
          return { ok: true, value: { pair: null, keyring: null } }
        },
      },
    }
    h.clock.advance(TOKEN_LIFE_MS)
    await (await sessionOf(deps, h.addon.id)).readConfig()
    expect(used).toEqual(['HRKU-fresh'])
    expect(await loadTokens(h.deps.db, h.addon.id)).toMatchObject({
      sealedRefreshToken: before?.sealedRefreshToken,
      generation: 2,
      accessExpiresAt: new Date(h.clock.now().getTime() + 7_199 * SECOND),
    })
  })

  test('that fails gives the right to refresh back, so that the retry need not wait for its end', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    h.heroku.faults.add({ match: REFRESH, kind: 'cut', times: 2 })
    expect(await h.worker1.tick()).toMatchObject({ failed: 1 })
    const { refreshing_until } = await h.deps.db
      .selectFrom('oauth_tokens')
      .selectAll()
      .executeTakeFirstOrThrow()
    expect(refreshing_until).toBeNull()
    h.clock.advance(30 * SECOND)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test('that Heroku slows down costs no attempt', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    h.heroku.faults.add({ match: REFRESH, kind: 'status', status: 429, retryAfter: 60 })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, 'held-back': 0 })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ rotation: { stuckSince: null }, attempts: 0 })
    h.clock.advance(2 * MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test.each([
    ['the refresh token is dead', { refreshTokens: true }],
    ['our client secret was changed', { clientSecret: 'another' }],
  ])('that is refused because %s is told apart from a resource that is gone', async (_why, reset) => {
    const h = await startWithAddon()
    h.heroku.resetOauth(reset)
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ failed: 1 })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      rotation: { stuckSince: null },
      attempts: 1,
      failures: [{ kind: 'refresh-refused' }],
    })
    expect(await findResource(h.deps.db, h.addon.id)).toMatchObject({ missingSince: null })
    expect(pushes(h)).toEqual([])
  })

  test('that is refused goes on as soon as our client secret is right again, with the same key', async () => {
    const h = await startWithAddon()
    h.heroku.resetOauth({ clientSecret: 'another' })
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    const { pending } = (await stateOf(h.deps, h.addon.id)).keyset
    expect(pending).not.toBeNull()
    h.heroku.resetOauth({ clientSecret: CLIENT_SECRET })
    h.clock.advance(HOUR)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(await endedRotations(h.deps, h.addon.id)).toMatchObject([
      { kind: 'rotated', key: { version: pending } },
    ])
  })

  test('that is refused for one add-on while others are refreshed ends stuck, and is tried about once a day', async () => {
    const h = await startWithAddon()
    await h.heroku.customer.createApp('service-2')
    const other = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'daily' })
    await expect.poll(() => kindsOf(h.deps, other.id)).toContain('grant-exchanged')
    const match = { grantType: 'refresh_token', addon: h.addon.id }
    h.heroku.faults.add({ match, kind: 'status', status: 403, times: 999 })
    const refused = () => refreshes(h).filter(({ status }) => status === 403).length
    h.clock.advance(14 * DAY)
    for (let hour = 0; hour < 13; hour += 1) {
      await h.worker1.tick()
      h.clock.advance(HOUR)
    }
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      rotation: { stuckSince: expect.any(Date) },
      attempts: 12,
      claimedUntil: null,
    })
    expect(refused()).toBe(12)
    for (let hour = 0; hour < 3 * 24; hour += 1) {
      h.clock.advance(HOUR)
      await h.worker1.tick()
    }
    expect(refused() - 12).toBeGreaterThanOrEqual(3)
    expect(refused() - 12).toBeLessThanOrEqual(4)
    expect(await endedRotations(h.deps, other.id)).not.toEqual([])
  })
})
