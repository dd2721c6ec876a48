import { expect, test } from 'vitest'
import { changePlan } from '../../src/flows/change-plan.ts'
import { requestRotation, resumeRotation } from '../../src/flows/request-rotation.ts'
import { revokeKeys } from '../../src/flows/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/set-grace-period.ts'
import { allKeysOf } from '../../src/store/key-versions.ts'
import { startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { auditTrail } from '../support/resource.ts'

const PERSON = { type: 'person', userId: 'u', email: 'a@example.com', verified: true, address: null } as const
const PATCH = { method: 'PATCH' }

test('every change of a life leaves its row: who, what, which version by fingerprint, and when', async () => {
  const h = await startWithAddon({ grace: '48h' })
  const request = { resourceId: h.addon.id, actor: PERSON }
  let seen = 0

  /** The rows since the last look, each as `actor action version`, all of this very moment. */
  async function newRows(): Promise<string[]> {
    const rows = (await auditTrail(h.deps, h.addon.id)).slice(seen)
    seen += rows.length
    for (const { at } of rows) expect(at).toEqual(h.clock.now())
    return rows.map(({ actor, action, version }) => [actor.type, action, version].filter(Boolean).join(' '))
  }

  expect(await newRows()).toEqual(['heroku resource-provisioned 2', 'worker grant-exchanged'])

  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  expect(await newRows()).toEqual([
    'worker key-created 3',
    'worker access-token-refreshed',
    'worker key-retired 1',
    'worker key-promoted 3',
  ])

  h.clock.advance(48 * HOUR)
  await h.worker1.tick()
  expect(await newRows()).toEqual([
    'worker access-token-refreshed',
    'worker filler-created 4',
    'worker filler-published 4',
    'worker key-retired 2',
  ])

  await changePlan(h.deps, { resourceId: h.addon.id, plan: 'weekly' })
  expect(await newRows()).toEqual(['heroku plan-changed'])

  await requestRotation(h.deps, request)
  h.heroku.faults.add({ match: PATCH, kind: 'cut' })
  await h.worker1.tick()
  expect(await newRows()).toEqual([
    'person rotation-requested',
    'worker key-created 5',
    'worker rotation-attempt-failed',
  ])

  h.clock.advance(MINUTE)
  h.heroku.faults.add({ match: PATCH, kind: 'status', status: 404 })
  await h.worker1.tick()
  expect(await newRows()).toEqual([
    'worker rotation-attempt-failed',
    'worker resource-missing-at-heroku',
    'worker rotation-stuck',
  ])

  await resumeRotation(h.deps, request)
  await h.worker1.tick()
  expect(await newRows()).toEqual([
    'person rotation-resumed',
    'worker key-retired 4',
    'worker key-promoted 5',
  ])

  await revokeKeys(h.deps, request)
  expect((await newRows()).toSorted()).toEqual(['person keys-revoked 3', 'person keys-revoked 5'])
  await h.worker1.tick()
  expect((await newRows()).toSorted()).toEqual([
    'worker filler-created 7',
    'worker key-created 6',
    'worker key-promoted 6',
    'worker key-retired 3',
    'worker key-retired 5',
  ])

  await h.heroku.customer.destroy({ addon: h.addon.name })
  expect(await newRows()).toEqual(['heroku resource-deprovisioned'])

  const prints = new Map(
    (await allKeysOf(h.deps.db, h.addon.id)).map((key) => [key.version, key.fingerprint]),
  )
  const aboutKeys = (await auditTrail(h.deps, h.addon.id)).filter(({ version }) => version !== undefined)
  expect(aboutKeys).toHaveLength(17)
  for (const { version, fingerprint } of aboutKeys) expect(fingerprint).toBe(prints.get(version ?? 0))
})

test('what changes nothing leaves no row', async () => {
  const h = await startWithAddon()
  const grace = { until: 'elapsed', ms: 7 * DAY } as const
  await setGracePeriod(h.deps, { resourceId: h.addon.id, actor: PERSON, grace })
  const before = await auditTrail(h.deps, h.addon.id)
  await setGracePeriod(h.deps, { resourceId: h.addon.id, actor: PERSON, grace })
  await h.worker1.tick()
  await h.heroku.customer.repeatProvision(h.addon.id)
  await changePlan(h.deps, { resourceId: h.addon.id, plan: 'fortnightly' })
  await resumeRotation(h.deps, { resourceId: h.addon.id, actor: PERSON })
  await expect(changePlan(h.deps, { resourceId: h.addon.id, plan: 'hourly' })).rejects.toThrow()
  expect(await auditTrail(h.deps, h.addon.id)).toEqual(before)
})
