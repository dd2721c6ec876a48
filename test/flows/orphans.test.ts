import { expect, test } from 'vitest'
import { listOrphans, removeOrphan } from '../../src/flows/operations/remove-orphan.ts'
import { findResource } from '../../src/store/resources.ts'
import { findKeys } from '../../src/store/sealed-keys.ts'
import { type HarnessWithAddon, startWithAddon, tickUntilStuck } from '../support/addon.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { historyOf, provisionRequest, provisionResource, uuid } from '../support/resource.ts'
import { withdrawOwnKey } from '../support/withdrawn-key.ts'

const actor = { type: 'operator' } as const
const remove = (h: HarnessWithAddon, resourceId = h.addon.id) => removeOrphan(h.deps, { resourceId, actor })
const list = (h: HarnessWithAddon) => listOrphans(h.deps, { limit: 10 })

/** An add-on that Heroku no longer knows; it forgot to tell. */
async function startMissing(): Promise<HarnessWithAddon> {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  h.heroku.faults.add({ match: { path: '/addons/' }, kind: 'status', status: 404, times: 999 })
  await h.worker1.tick()
  h.clock.advance(5 * MINUTE)
  await h.worker1.tick()
  return h
}

test('an add-on that Heroku has not known for two days is listed, and not before', async () => {
  const h = await startMissing()
  const since = h.clock.now()
  h.clock.advance(2 * DAY - MINUTE)
  expect(await list(h)).toEqual({ orphans: [], total: 0 })
  expect(await remove(h)).toEqual({ outcome: 'no-orphan' })
  h.clock.advance(MINUTE)
  expect(await list(h)).toEqual({
    orphans: [{ resourceId: h.addon.id, name: h.addon.name, plan: 'fortnightly', why: 'missing', since }],
    total: 1,
  })
})

test('one that is removed is erased as by a deprovision, and the history says who did it', async () => {
  const h = await startMissing()
  h.clock.advance(2 * DAY)
  expect(await remove(h)).toEqual({ outcome: 'removed' })
  expect(await findResource(h.deps.db, h.addon.id)).toMatchObject({ state: 'deprovisioned', dek: null })
  expect(await findKeys(h.deps.db, h.addon.id)).toEqual([])
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({ kind: 'deprovisioned', actor })
  expect(await list(h)).toEqual({ orphans: [], total: 0 })
})

test('Heroku is asked once more: what it knows by then is kept, and is no orphan any more', async () => {
  const h = await startMissing()
  h.clock.advance(2 * DAY)
  h.heroku.faults.clear()
  expect(await remove(h)).toEqual({ outcome: 'known-at-heroku' })
  expect(await findResource(h.deps.db, h.addon.id)).toMatchObject({
    state: 'provisioned',
    missingSince: null,
  })
  expect(await list(h)).toEqual({ orphans: [], total: 0 })
})

test('one whose customer has deleted the key that protects it can be removed: nothing opens to ask Heroku by', async () => {
  const h = await startMissing()
  h.clock.advance(2 * DAY)
  await withdrawOwnKey(h.deps.db, h.addon.id, 'lost')
  expect(await remove(h)).toEqual({ outcome: 'removed' })
  expect(await findResource(h.deps.db, h.addon.id)).toMatchObject({ state: 'deprovisioned', dek: null })
})

test('nothing is removed while Heroku cannot be asked', async () => {
  const h = await startMissing()
  h.clock.advance(2 * DAY)
  h.heroku.faults.clear()
  h.heroku.faults.add({ match: { path: '/addons/' }, kind: 'status', status: 503, times: 9 })
  expect(await remove(h)).toMatchObject({ outcome: 'not-asked', failure: { kind: 'unavailable' } })
  expect(await findResource(h.deps.db, h.addon.id)).toMatchObject({ state: 'provisioned' })
})

test('an add-on that never had tokens is listed after two days; a healthy one never is, nor can it be removed', async () => {
  const h = await startWithAddon()
  await provisionResource(h.deps, provisionRequest({ resourceId: uuid(1) }))
  const { createdAt } = (await findResource(h.deps.db, uuid(1))) ?? {}
  h.clock.advance(2 * DAY)
  expect(await list(h)).toMatchObject({
    orphans: [{ resourceId: uuid(1), why: 'no-tokens', since: createdAt }],
    total: 1,
  })
  expect(await remove(h)).toEqual({ outcome: 'no-orphan' })
  expect(await remove(h, uuid(1))).toEqual({ outcome: 'removed' })
})

test('one 404 in a row of days makes no orphan', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await tickUntilStuck(h)
  h.clock.advance(3 * DAY)
  await h.worker1.tick()
  expect(await list(h)).toEqual({ orphans: [], total: 0 })
})
