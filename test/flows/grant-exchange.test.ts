import { describe, expect, onTestFinished, test } from 'vitest'
import { ADDON } from '../../src/config.ts'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { claimDueGrants, exchangeGrant } from '../../src/flows/grants/exchange-grants.ts'
import { createGrantFinish } from '../../src/flows/grants/finish-grant.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/logger.ts'
import { callsBesideNotices, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, type Harness, MINUTE, PASSWORD, SECOND, SSO_SALT, startHarness } from '../support/harness.ts'
import {
  endedRotations,
  historyOf,
  kindsOf,
  provisionRequest,
  provisionResource,
  stateOf,
  tokenCalls,
  uuid,
} from '../support/resource.ts'

/**
 * A service whose web process dies as soon as it has begun the exchange. The claim that it leaves behind is the same
 * as after a kill: nothing is written once the call to Heroku is due.
 */
async function startWithDyingWeb(): Promise<Harness> {
  const h = await startHarness()
  const die = async () => {
    throw new Error('the process died')
  }
  const deps: Deps = { ...h.deps, identity: { exchangeGrant: die, refresh: die } }
  const app = await createApp(deps, {
    credentials: { username: ADDON.id, password: PASSWORD },
    dashboard: { ssoSalt: SSO_SALT, secureCookies: false },
    logger: createLogger({ level: 'silent', process: 'test' }),
    readiness: { troubles: async () => [], mayProvision: async () => true },
  })
  h.heroku.setAddonUrl(await app.listen({ host: '127.0.0.1', port: 0 }))
  onTestFinished(() => app.close())
  return h
}

const OPERATOR = { type: 'operator' } as const

async function createAddon(h: Harness, more: { grant?: 'null' } = {}) {
  await h.heroku.customer.createApp('service-1')
  return await h.heroku.customer.createAddon({ app: 'service-1', plan: 'fortnightly', ...more })
}

const grantOf = (deps: Deps) => deps.db.selectFrom('oauth_grants').selectAll().executeTakeFirstOrThrow()
/** The web process has begun the exchange, and it came to nothing. */
const grantTried = (h: Harness) =>
  expect.poll(() => h.logLines.join()).toMatch(/grant exchange (failed|interrupted)/)

/** Exchanges what is due, and returns how many grants that were. */
async function exchangeDue(deps: Deps): Promise<number> {
  const finish = createGrantFinish(deps)
  const grants = await claimDueGrants(deps, 20)
  await Promise.all(grants.map((grant) => exchangeGrant(deps, finish, grant)))
  return grants.length
}

/** Lets time pass in steps of ten seconds, with a tick after each. */
async function tickFor(h: Harness, ms: number, worker = h.worker()): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10 * SECOND) {
    h.clock.advance(10 * SECOND)
    await worker.tick()
  }
}

describe('a grant', () => {
  test('is exchanged at once after the answer, and its code is erased', async () => {
    const { deps, addon } = await startWithAddon()
    expect(await historyOf(deps, addon.id)).toMatchObject([
      { kind: 'provisioned' },
      { kind: 'grant-exchanged', actor: { type: 'worker' } },
    ])
    expect(await grantOf(deps)).toMatchObject({ state: 'exchanged', sealed_code: null })
  })

  test('whose process died between answer and exchange is exchanged by another within five minutes', async () => {
    const h = await startWithDyingWeb()
    const addon = await createAddon(h)
    await grantTried(h)
    await tickFor(h, 90 * SECOND)
    expect(await kindsOf(h.deps, addon.id)).toEqual(['provisioned', 'grant-exchanged'])
    expect(tokenCalls(h, 'authorization_code')).toHaveLength(1)

    h.clock.advance(14 * DAY)
    expect(await h.worker().tick()).toMatchObject({ promoted: 1 })
  })

  test('whose exchange fails is tried again until it succeeds', async () => {
    const h = await startHarness()
    const match = { grantType: 'authorization_code' }
    h.heroku.faults.add({ match, kind: 'status', status: 503, times: 2 })
    h.heroku.faults.add({ match, kind: 'cut' })
    h.heroku.faults.add({ match, kind: 'status', status: 429, retryAfter: 1 })
    const addon = await createAddon(h)
    await grantTried(h)
    await tickFor(h, 2 * MINUTE)
    expect(await kindsOf(h.deps, addon.id)).toEqual(['provisioned', 'grant-exchanged'])
    expect(tokenCalls(h, 'authorization_code')).toHaveLength(5)
  })

  test('that was not exchanged within its five minutes is lost: its code is erased and nobody tries again', async () => {
    const h = await startHarness()
    h.heroku.faults.add({
      match: { grantType: 'authorization_code' },
      kind: 'status',
      status: 422,
      times: 999,
    })
    const addon = await createAddon(h)
    await grantTried(h)
    await tickFor(h, 5 * MINUTE)
    expect(await kindsOf(h.deps, addon.id)).toEqual(['provisioned', 'grant-lost'])
    expect(await grantOf(h.deps)).toMatchObject({ state: 'lost', sealed_code: null, wake_at: null })
    expect(h.logLines.filter((line) => line.includes('"grant lost"'))).toHaveLength(1)
    const tried = tokenCalls(h, 'authorization_code').length
    expect(tried).toBeGreaterThan(20)

    await tickFor(h, 5 * MINUTE)
    expect(tokenCalls(h, 'authorization_code')).toHaveLength(tried)
  })

  test('is exchanged once although two workers look at the same moment', async () => {
    const h = await startWithDyingWeb()
    await createAddon(h)
    await grantTried(h)
    h.clock.advance(MINUTE)
    const other = await h.anotherProcess()
    const counts = await Promise.all([exchangeDue(h.deps), exchangeDue(other), exchangeDue(h.deps)])
    expect(counts.toSorted()).toEqual([0, 0, 1])
    expect(tokenCalls(h, 'authorization_code')).toHaveLength(1)
  })

  test('of a resource that is deprovisioned during the exchange leaves no tokens', async () => {
    const h = await startHarness()
    h.heroku.faults.add({ match: { grantType: 'authorization_code' }, kind: 'latency', ms: 150 })
    const addon = await createAddon(h)
    await expect.poll(() => tokenCalls(h, 'authorization_code')).toHaveLength(1)
    await h.heroku.customer.destroy({ addon: addon.name })
    // Closing waits for the exchange that is still under way.
    await h.app.close()
    expect(await h.deps.db.selectFrom('oauth_tokens').selectAll().execute()).toEqual([])
    expect(await h.deps.db.selectFrom('oauth_grants').selectAll().execute()).toEqual([])
    expect(await kindsOf(h.deps, addon.id)).toEqual(['provisioned', 'deprovisioned'])
  })

  test('that cannot be opened hinders no other', async () => {
    const h = await startWithDyingWeb()
    const addon = await createAddon(h)
    await grantTried(h)
    const grant = { code: 'code', expiresAt: new Date(h.clock.now().getTime() + 5 * MINUTE) }
    await provisionResource(h.deps, provisionRequest({ resourceId: uuid(1), grant }))
    await h.deps.db
      .updateTable('oauth_grants')
      .set({ sealed_code: Buffer.from('x') })
      .where('resource_id', '=', uuid(1))
      .execute()
    await tickFor(h, 90 * SECOND)
    expect(await kindsOf(h.deps, addon.id)).toContain('grant-exchanged')
    expect(await kindsOf(h.deps, uuid(1))).not.toContain('grant-lost')
  })

  test('that cannot be opened is given up when its five minutes are over, and nobody is asked for it', async () => {
    const h = await startHarness()
    const grant = { code: 'code', expiresAt: new Date(h.clock.now().getTime() + 5 * MINUTE) }
    await provisionResource(h.deps, provisionRequest({ resourceId: uuid(1), grant }))
    await h.deps.db
      .updateTable('oauth_grants')
      .set({ sealed_code: Buffer.from('x') })
      .execute()
    await tickFor(h, 6 * MINUTE)
    expect(await kindsOf(h.deps, uuid(1))).toEqual(['provisioned', 'grant-lost'])
    expect(await grantOf(h.deps)).toMatchObject({ state: 'lost', sealed_code: null, wake_at: null })
    expect(tokenCalls(h, 'authorization_code')).toEqual([])
  })
})

describe('a rotation', () => {
  test('waits without counting attempts while the grant is still to be exchanged', async () => {
    const h = await startWithDyingWeb()
    const addon = await createAddon(h)
    await grantTried(h)
    await h.deps.db
      .updateTable('keysets')
      .set({ wake_at: h.clock.now(), next_rotation_at: h.clock.now() })
      .execute()
    await h.worker().tick()
    expect(await stateOf(h.deps, addon.id)).toMatchObject({
      rotation: { stuckSince: null },
      attempts: 0,
      failures: [],
      claimedUntil: null,
    })

    await tickFor(h, 2 * MINUTE)
    expect(await endedRotations(h.deps, addon.id)).toMatchObject([{ kind: 'rotated', attempts: 1 }])
    expect(pushes(h)).toHaveLength(1)
  })

  test.each(['valid', 'null'] as const)(
    'of a resource whose grant (%s) gave no tokens is stuck at the first attempt, and calls nobody',
    async (kind) => {
      const h = await startHarness()
      h.heroku.faults.add({
        match: { grantType: 'authorization_code' },
        kind: 'status',
        status: 422,
        times: 999,
      })
      const addon = await createAddon(h, kind === 'null' ? { grant: 'null' } : {})
      if (kind === 'valid') await grantTried(h)
      await tickFor(h, 5 * MINUTE)
      const before = callsBesideNotices(h).length

      h.clock.advance(14 * DAY)
      expect(await h.worker().tick()).toMatchObject({ failed: 1 })
      expect(await stateOf(h.deps, addon.id)).toMatchObject({
        rotation: { stuckSince: h.clock.now() },
        attempts: 1,
        failures: [{ kind: 'no-access-token' }],
      })

      h.clock.advance(14 * DAY)
      await h.worker().tick()
      expect(callsBesideNotices(h)).toHaveLength(before)
    },
  )

  test('that is stuck without tokens goes on with the same key once a repeated request brought another code', async () => {
    const h = await startWithDyingWeb()
    const addon = await createAddon(h)
    await grantTried(h)
    // The first request had another code, which was lost.
    const lost = { state: 'lost', sealed_code: null, wake_at: null, code_digest: Buffer.alloc(32) } as const
    await h.deps.db.updateTable('oauth_grants').set(lost).execute()
    await requestRotation(h.deps, { resourceId: addon.id, actor: OPERATOR })
    await h.worker().tick()
    const { rotation, keyset } = await stateOf(h.deps, addon.id)
    expect(rotation?.stuckSince).toEqual(h.clock.now())

    h.heroku.setAddonUrl(h.url)
    await h.heroku.customer.repeatProvision(addon.id)
    await expect.poll(() => kindsOf(h.deps, addon.id)).toContain('grant-exchanged')
    expect(await resumeRotation(h.deps, { resourceId: addon.id, actor: OPERATOR })).toBe(true)
    expect(await h.worker().tick()).toMatchObject({ promoted: 1 })
    expect(await endedRotations(h.deps, addon.id)).toMatchObject([
      { kind: 'rotated', key: { version: keyset.pending }, rotation: { openedAt: rotation?.openedAt } },
    ])
    expect(pushes(h)).toHaveLength(1)
  })
})
