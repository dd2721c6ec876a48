import { describe, expect, test } from 'vitest'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { fetchLegacyGrants } from '../../src/flows/operations/legacy-grants.ts'
import { createApp } from '../../src/http/app.ts'
import { countTokens } from '../../src/store/legacy-resources.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { callsTo, keysOn, pushes } from '../support/addon.ts'
import { createBrowser } from '../support/browser.ts'
import { DAY, type Harness, MINUTE, PASSWORD, SECOND, SSO_SALT, startHarness } from '../support/harness.ts'
import { addLegacyAddon, legacyPushes, overLegacyApi } from '../support/legacy.ts'
import { kindsOf, stateOf } from '../support/resource.ts'
import { withdrawOwnKey } from '../support/withdrawn-key.ts'

/** The service over the legacy API, ready for the move. */
async function startBeforeMove(legacyIds: 'uuid' | 'app', legacyGrants = true): Promise<Harness> {
  return await startHarness(overLegacyApi({ legacyIds, legacyGrants }))
}

/** The move itself: Heroku takes a manifest of version 3, and the service is started anew with that. */
async function move(h: Harness) {
  h.heroku.setPartnerApi('v3')
  const deps = await h.anotherProcess({ PARTNER_API: 'v3' })
  const worker = createWorker(deps, { concurrency: 20, claimLimit: 100, clockOffsetMs: async () => 0 })
  return { deps, worker }
}

async function fetched(h: Harness) {
  const result = await fetchLegacyGrants(h.deps)
  if (!result.ok) throw new Error(result.failure.detail)
  return result.value
}

describe.each(['uuid', 'app'] as const)(
  'the move of add-ons that the legacy API named by %s',
  (legacyIds) => {
    test('loses no rotation, no key and no promise: docs/legacy-api.md, step by step', async () => {
      const h = await startBeforeMove(legacyIds)
      const addon = await addLegacyAddon(h)
      h.clock.advance(14 * DAY)
      await h.worker().tick()
      expect(legacyPushes(h, addon)).toHaveLength(1)
      const before = keysOn(h, addon.app)

      // Step 2: grants, exchanged while the legacy API is still in use.
      expect(await countTokens(h.deps.db)).toEqual({ live: 1, withoutTokens: 1 })
      expect(await fetched(h)).toEqual({ stored: 1, unknown: [], closed: [], failed: [] })
      await h.worker().tick()
      expect(await countTokens(h.deps.db)).toEqual({ live: 1, withoutTokens: 0 })
      expect(await kindsOf(h.deps, addon.resourceId)).toContain('grant-exchanged')
      expect(await fetched(h)).toEqual({ stored: 0, unknown: [], closed: [], failed: [] })

      // Step 4: version 3.
      const { deps, worker } = await move(h)
      h.clock.advance(14 * DAY)
      expect(await worker.tick()).toMatchObject({ promoted: 1, failed: 0 })
      const after = keysOn(h, addon.app)
      expect(after.second).toBe(before.first)
      expect(pushes(h)).toEqual([`${after.first},${after.second}`])
      expect(legacyPushes(h, addon)).toHaveLength(1)
      // Heroku knows it by its own id there.
      expect(callsTo(h, 'PATCH', `/addons/${addon.id}/config`)).toHaveLength(1)
      expect((await stateOf(deps, addon.resourceId)).rotation).toBeNull()
    })

    test('leaves sign-ons, plan changes and deletions where they were', async () => {
      const h = await startBeforeMove(legacyIds)
      const addon = await addLegacyAddon(h)
      await fetched(h)
      await h.worker().tick()
      const { deps } = await move(h)
      const app = await createApp(deps, {
        credentials: { username: 'securekey', password: PASSWORD },
        dashboard: { ssoSalt: SSO_SALT, secureCookies: false },
        logger: h.app.log,
        readiness: { troubles: async () => [], mayProvision: async () => true },
      })
      try {
        const url = await app.listen({ host: '127.0.0.1', port: 0 })
        h.heroku.setAddonUrl(url)
        const { fields } = h.heroku.customer.ssoForm({ addon: addon.name })
        const signedOn = await createBrowser({ url }).post('/sso/login', fields)
        expect([signedOn.status, signedOn.location]).toEqual([302, `/dashboard/${addon.resourceId}`])
        await h.heroku.customer.changePlan({ addon: addon.name, plan: 'weekly' })
        await h.heroku.customer.destroy({ addon: addon.name })
      } finally {
        await app.close()
      }
      expect(await kindsOf(deps, addon.resourceId)).toEqual(
        expect.arrayContaining(['signed-in', 'plan-changed', 'deprovisioned']),
      )
    })
  },
)

test('an add-on that comes between manifest and restart brings a grant, and needs no other', async () => {
  const h = await startBeforeMove('uuid')
  h.heroku.setPartnerApi('v3')
  const addon = await addLegacyAddon(h)
  h.clock.advance(15 * SECOND)
  await h.worker().tick()
  expect(await countTokens(h.deps.db)).toEqual({ live: 1, withoutTokens: 0 })
  h.clock.advance(14 * DAY)
  await h.worker().tick()
  expect(legacyPushes(h, addon)).toHaveLength(1)
})

test('where Heroku hands out no grants, nothing is stored and each refusal is told', async () => {
  const h = await startBeforeMove('uuid', false)
  const { resourceId } = await addLegacyAddon(h)
  const { stored, failed } = await fetched(h)
  expect(stored).toBe(0)
  expect(failed).toMatchObject([{ resourceId, failure: { kind: 'refused', status: 403 } }])
})

test('an add-on with an id of our own that Heroku does not list is named, and gets none', async () => {
  const h = await startBeforeMove('app')
  const { resourceId } = await addLegacyAddon(h)
  h.heroku.faults.add({ match: { path: '/vendor/apps' }, kind: 'status', status: 200, body: [] as never })
  expect(await fetched(h)).toEqual({ stored: 0, unknown: [resourceId], closed: [], failed: [] })
})

test('an add-on whose customer has withdrawn its key is named, and keeps no other from its grant', async () => {
  const h = await startBeforeMove('uuid')
  const addons = [await addLegacyAddon(h), await addLegacyAddon(h)]
  const [closed = ''] = addons.map(({ resourceId }) => resourceId).sort()
  await withdrawOwnKey(h.deps.db, closed, 'suspended')
  expect(await fetched(h)).toEqual({ stored: 1, unknown: [], closed: [closed], failed: [] })
  // No code is spent on it.
  expect(callsTo(h, 'GET', '/oauth-grant')).toHaveLength(1)
})

test('a grant that was lost is asked for again', async () => {
  const h = await startBeforeMove('uuid')
  await addLegacyAddon(h)
  await fetched(h)
  h.heroku.faults.add({ match: { grantType: 'authorization_code' }, kind: 'status', status: 403, times: 99 })
  for (let minutes = 0; minutes < 7; minutes += 1) {
    await h.worker().tick()
    h.clock.advance(MINUTE)
  }
  expect(await countTokens(h.deps.db)).toEqual({ live: 1, withoutTokens: 1 })
  h.heroku.faults.clear()
  expect(await fetched(h)).toMatchObject({ stored: 1 })
  await h.worker().tick()
  expect(await countTokens(h.deps.db)).toEqual({ live: 1, withoutTokens: 0 })
})

test('a grant is sealed by the data key that is there when it is stored, though a revoke brings another meanwhile', async () => {
  const h = await startBeforeMove('uuid')
  const { resourceId } = await addLegacyAddon(h)
  let revoked = false
  const sealing: typeof h.deps.sealing = {
    ...h.deps.sealing,
    async forResource(id, dek) {
      const sealer = await h.deps.sealing.forResource(id, dek)
      if (!revoked) {
        revoked = true
        await revokeKeys(h.deps, { resourceId, actor: { type: 'operator' } })
      }
      return sealer
    },
  }
  expect(await fetchLegacyGrants({ ...h.deps, sealing })).toMatchObject({ ok: true, value: { stored: 1 } })
  await h.worker().tick()
  expect(await kindsOf(h.deps, resourceId)).toContain('grant-exchanged')
})
