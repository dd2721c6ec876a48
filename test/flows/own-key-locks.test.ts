import { expect, onTestFinished, test } from 'vitest'
import { claimDueOwnKeys, lookAtOwnKey } from '../../src/flows/own-keys/look-at-own-key.ts'
import { findOwnKey } from '../../src/store/own-keys.ts'
import { holdKeyset, unlockedOf, untilSomeWait } from '../engine/support/locks.ts'
import { customerKey, kmsEnvironment, startFakeKms } from '../support/fake-kms.ts'
import { DAY, MINUTE, startHarness } from '../support/harness.ts'
import { provisionRequest, provisionResource, uuid } from '../support/resource.ts'

test('a key that works again wakes its add-ons in the order in which everybody locks them', async () => {
  const { kms, url } = await startFakeKms(() => new Date())
  onTestFinished(() => kms.close())
  const h = await startHarness({ env: kmsEnvironment(url) })
  const { arn } = customerKey(kms)
  const options = { 'encryption-key': arn }
  const ids = [uuid(1), uuid(2), uuid(3)]
  // The last is stored first, so whoever walks through the table meets it first.
  for (const resourceId of ids.toReversed()) {
    await provisionResource(h.deps, provisionRequest({ resourceId, plan: 'private-fortnightly', options }))
  }
  h.clock.advance(14 * DAY)
  const now = h.clock.now()
  const later = new Date(now.getTime() + 2 * DAY)
  await h.deps.db.updateTable('keysets').set({ wake_at: later }).execute()
  await h.deps.db
    .updateTable('own_keys')
    .set({ state: 'restoring', since: new Date(now.getTime() - MINUTE), wake_at: now })
    .execute()
  const [claimed] = await claimDueOwnKeys(h.deps, 1)
  if (!claimed) throw new Error('nothing was claimed')
  const [first = '', ...others] = ids
  const held = await holdKeyset(h.deps.db, first)
  const looking = lookAtOwnKey(h.deps, claimed)
  await untilSomeWait(h.deps.db)
  expect(await unlockedOf(h.deps.db, 'keysets', others)).toEqual(others)
  held.release()
  await looking
  expect((await findOwnKey(h.deps.db, arn))?.state).toBe('active')
  const rows = await h.deps.db.selectFrom('keysets').select('wake_at').execute()
  expect(rows.every(({ wake_at: at }) => at !== null && at < later)).toBe(true)
})
