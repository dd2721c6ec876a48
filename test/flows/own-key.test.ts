import { expect, onTestFinished, test } from 'vitest'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { requireKnownKeks } from '../../src/flows/operations/known-keks.ts'
import { renewDataKeys } from '../../src/flows/operations/renew-data-keys.ts'
import { rewrapDeks } from '../../src/flows/operations/rewrap-deks.ts'
import { findResource } from '../../src/store/resources.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { customerKey, kmsEnvironment, startFakeKms } from '../support/fake-kms.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { kindsOf, stateOf } from '../support/resource.ts'

/** An app whose add-on is protected by a key of its customer's own, and a process whose cache is empty. */
async function startWithOwnKey() {
  const { kms, url } = await startFakeKms(() => new Date('2026-03-03T12:00:00Z'))
  onTestFinished(() => kms.close())
  const key = customerKey(kms)
  const options = { 'encryption-key': key.arn }
  const h = await startWithAddon({ env: kmsEnvironment(url), plan: 'private-fortnightly', options })
  return { ...h, kms, key, resourceId: h.addon.id }
}

const dekOf = async (h: Awaited<ReturnType<typeof startWithOwnKey>>) =>
  (await findResource(h.deps.db, h.resourceId))?.dek

test('an add-on with a key of its customer’s own rotates like any other', async () => {
  const h = await startWithOwnKey()
  const before = keysOn(h)
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  expect(keysOn(h).second).toBe(before.first)
})

test('while the key is disabled or AWS is away a rotation waits, costs no attempt, and is made when that is over', async () => {
  const h = await startWithOwnKey()
  h.clock.advance(14 * DAY)
  const before = keysOn(h)
  h.key.state = 'Disabled'
  await h.worker1.tick()
  h.clock.advance(2 * MINUTE)
  h.key.state = 'Enabled'
  h.kms.faults.add({ kind: 'throttle', times: 9 })
  await h.worker1.tick()
  expect(await stateOf(h.deps, h.resourceId)).toMatchObject({ attempts: 0, failures: [] })
  expect(keysOn(h)).toEqual(before)
  h.kms.faults.clear()
  // One tick sees that the key works, the next rotates.
  for (let tick = 0; tick < 2; tick += 1) {
    h.clock.advance(2 * MINUTE)
    await h.worker1.tick()
  }
  expect(keysOn(h).second).toBe(before.first)
})

test('a customer’s key that is away keeps no other add-on from rotating', async () => {
  const h = await startWithOwnKey()
  await h.heroku.customer.createApp('service-2')
  const other = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'fortnightly' })
  await expect.poll(() => kindsOf(h.deps, other.id)).toContain('grant-exchanged')
  const before = keysOn(h, 'service-2')
  h.key.state = 'Disabled'
  h.clock.advance(14 * DAY + MINUTE)
  await h.worker1.tick()
  expect(keysOn(h, 'service-2').second).toBe(before.first)
})

test('a revoke makes a new data key under the same customer’s key; without that key nothing is revoked', async () => {
  const h = await startWithOwnKey()
  const actor = { type: 'operator' } as const
  const former = await dekOf(h)
  await revokeKeys(h.deps, { resourceId: h.resourceId, actor })
  const present = await dekOf(h)
  expect(present?.kekId).toBe(h.key.arn)
  expect(present?.wrapped).not.toEqual(former?.wrapped)
  h.key.state = 'Disabled'
  const kinds = await kindsOf(h.deps, h.resourceId)
  await expect(revokeKeys(h.deps, { resourceId: h.resourceId, actor })).rejects.toMatchObject({
    code: 'own-key-unusable',
  })
  expect(await kindsOf(h.deps, h.resourceId)).toEqual(kinds)
})

test('a revoke leaves for the apps while the key may have been disabled by a slip, where its data key is still cached', async () => {
  const h = await startWithOwnKey()
  await h.worker1.tick()
  const before = keysOn(h)
  await revokeKeys(h.deps, { resourceId: h.resourceId, actor: { type: 'operator' } })
  h.key.state = 'Disabled'
  await h.deps.db
    .updateTable('own_keys')
    .set({ state: 'waiting', deadline: new Date(h.clock.now().getTime() + 10 * MINUTE) })
    .execute()
  await h.worker1.tick()
  const present = keysOn(h)
  expect([present.first, present.second]).not.toContain(before.first)
  expect([present.first, present.second]).not.toContain(before.second)
})

test('neither a rewrap nor the start of a process has anything to do with customers’ keys', async () => {
  const h = await startWithOwnKey()
  const before = await dekOf(h)
  h.key.state = 'Disabled'
  const calls = h.kms.calls().length
  expect(await rewrapDeks(h.deps)).toEqual({ rewrapped: 0, unreadable: 0 })
  expect(await renewDataKeys(h.deps)).toMatchObject({ renewed: 0, unreadable: 0, left: 0 })
  await requireKnownKeks(h.deps)
  expect(await dekOf(h)).toEqual(before)
  expect(h.kms.calls()).toHaveLength(calls)
})
