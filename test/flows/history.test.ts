import { expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import type { HistoryRow } from '../../src/domain/history.ts'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { historyOf, kindsOf } from '../support/resource.ts'

const PERSON = { type: 'person', userId: 'u', email: 'a@example.com', verified: true, address: null } as const
const PATCH = { method: 'PATCH' }

test('every change of a life leaves its row: who, what, which version by fingerprint, and when', async () => {
  const h = await startWithAddon({ grace: '48h' })
  const request = { resourceId: h.addon.id, actor: PERSON }
  const first = h.heroku.view.configVars('service-1').SECURE_KEY ?? ''
  let seen = 0

  /** The rows since the last look, all of this very moment. */
  async function newRows(): Promise<string[]> {
    const rows = (await historyOf(h.deps, h.addon.id)).slice(seen)
    seen += rows.length
    for (const { at } of rows) expect(at).toEqual(h.clock.now())
    return rows.map(inWords)
  }

  expect(await newRows()).toEqual(['heroku provisioned, key 2, filler 1', 'worker grant-exchanged'])

  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  expect(await newRows()).toEqual(['worker access-token-refreshed', 'worker rotated, key 3, erased 1'])

  h.clock.advance(48 * HOUR)
  await h.worker1.tick()
  expect(await newRows()).toEqual([
    'worker access-token-refreshed',
    'worker filler-published, filler 4, erased 2',
  ])

  await changePlan(h.deps, { resourceId: h.addon.id, plan: 'weekly' })
  expect(await newRows()).toEqual(['heroku plan-changed'])

  await requestRotation(h.deps, request)
  h.heroku.faults.add({ match: PATCH, kind: 'cut', times: 2 })
  await h.worker1.tick()
  expect(await newRows()).toEqual(['person rotation-requested'])

  h.clock.advance(MINUTE)
  h.heroku.faults.add({ match: PATCH, kind: 'status', status: 404, times: 2 })
  await h.worker1.tick()
  expect(await newRows()).toEqual([])
  h.clock.advance(5 * MINUTE)
  await h.worker1.tick()
  expect(await newRows()).toEqual(['worker missing-at-heroku, key 5', 'worker rotation-stuck, key 5'])

  await resumeRotation(h.deps, request)
  await h.worker1.tick()
  expect(await newRows()).toEqual(['person rotation-resumed', 'person rotated, key 5, erased 4'])

  await revokeKeys(h.deps, request)
  expect(await newRows()).toEqual(['person keys-revoked'])
  await h.worker1.tick()
  expect(await newRows()).toEqual(['person rotated, key 6, filler 7, erased 5 3'])

  await h.heroku.customer.destroy({ addon: h.addon.name })
  expect(await newRows()).toEqual(['heroku deprovisioned, erased 7 6'])

  const versions = new Map<string, number>()
  for (const { key, filler } of await historyOf(h.deps, h.addon.id)) {
    for (const named of [key, filler]) if (named) versions.set(named.fingerprint, named.version)
  }
  // As Heroku got them, first and second.
  const pairs = [first, ...pushes(h)].map((pair) => pair.split(',').map(fingerprint))
  expect(pairs.map((pair) => pair.map((print) => versions.get(print)))).toEqual([
    [2, 1],
    [3, 2],
    [3, 4],
    [5, 3],
    [5, 3],
    [5, 3],
    [5, 3],
    [5, 3],
    [6, 7],
  ])
})

/** For example `worker rotated, key 3, erased 1`. */
function inWords({ actor, kind, key, filler, erased }: HistoryRow): string {
  return [
    `${actor.type} ${kind}`,
    key && `key ${key.version}`,
    filler && `filler ${filler.version}`,
    erased && `erased ${erased.join(' ')}`,
  ]
    .filter(Boolean)
    .join(', ')
}

test('a repeated provision request leaves a row, and no more than one a minute', async () => {
  const h = await startWithAddon()
  const repeats = async () =>
    (await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'provision-repeated').length
  for (let n = 0; n < 3; n += 1) await h.heroku.customer.repeatProvision(h.addon.id)
  expect(await repeats()).toBe(1)
  h.clock.advance(MINUTE)
  await h.heroku.customer.repeatProvision(h.addon.id)
  expect(await repeats()).toBe(2)
})

test('what changes nothing leaves no row', async () => {
  const h = await startWithAddon()
  const grace = { until: 'elapsed', ms: 7 * DAY } as const
  await setGracePeriod(h.deps, { resourceId: h.addon.id, actor: PERSON, grace })
  const before = await historyOf(h.deps, h.addon.id)
  await setGracePeriod(h.deps, { resourceId: h.addon.id, actor: PERSON, grace })
  await h.worker1.tick()
  await changePlan(h.deps, { resourceId: h.addon.id, plan: 'fortnightly' })
  await resumeRotation(h.deps, { resourceId: h.addon.id, actor: PERSON })
  await expect(changePlan(h.deps, { resourceId: h.addon.id, plan: 'hourly' })).rejects.toThrow()
  expect(await historyOf(h.deps, h.addon.id)).toEqual(before)
})
