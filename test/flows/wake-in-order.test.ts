import { expect, onTestFinished, test } from 'vitest'
import { freezeAll, unfreezeAll } from '../../src/flows/operations/freeze-all.ts'
import { claimDueOwnKeys, lookAtOwnKey } from '../../src/flows/own-keys/look-at-own-key.ts'
import { findOwnKey } from '../../src/store/own-keys.ts'
import { holdKeyset, unlockedOf, untilSomeWait } from '../engine/support/locks.ts'
import { customerKey, kmsEnvironment, startFakeKms } from '../support/fake-kms.ts'
import { DAY, type Harness, MINUTE, startHarness } from '../support/harness.ts'
import { provisionRequest, provisionResource, uuid } from '../support/resource.ts'

const IDS = [uuid(1), uuid(2), uuid(3)]

/** Add-ons that are due and put off until `later`. The last is stored first, so whoever walks through the table meets it first. */
async function putOff(h: Harness, asked: Parameters<typeof provisionRequest>[0] = {}) {
  for (const resourceId of IDS.toReversed()) {
    await provisionResource(h.deps, provisionRequest({ ...asked, resourceId }))
  }
  h.clock.advance(14 * DAY)
  const later = new Date(h.clock.now().getTime() + 2 * DAY)
  await h.deps.db.updateTable('keysets').set({ wake_at: later }).execute()
  return later
}

/** Whoever wakes all of them waits for the first, and holds none of the others meanwhile. Returns what comes of it. */
async function wakeBehindFirst<T>(
  { deps: { db } }: Harness,
  later: Date,
  wake: () => Promise<T>,
): Promise<T> {
  const [first = '', ...others] = IDS
  const held = await holdKeyset(db, first)
  const waking = wake()
  await untilSomeWait(db)
  expect(await unlockedOf(db, 'keysets', others)).toEqual(others)
  held.release()
  const result = await waking
  const rows = await db.selectFrom('keysets').select('wake_at').execute()
  expect(rows.every(({ wake_at: at }) => at !== null && at < later)).toBe(true)
  return result
}

test('a key that works again wakes its add-ons in the order in which everybody locks them', async () => {
  const { kms, url } = await startFakeKms(() => new Date())
  onTestFinished(() => kms.close())
  const h = await startHarness({ env: kmsEnvironment(url) })
  const { arn } = customerKey(kms)
  const later = await putOff(h, { plan: 'private-fortnightly', options: { 'encryption-key': arn } })
  const now = h.clock.now()
  await h.deps.db
    .updateTable('own_keys')
    .set({ state: 'restoring', since: new Date(now.getTime() - MINUTE), wake_at: now })
    .execute()
  const [claimed] = await claimDueOwnKeys(h.deps, 1)
  if (!claimed) throw new Error('nothing was claimed')
  await wakeBehindFirst(h, later, () => lookAtOwnKey(h.deps, claimed))
  expect((await findOwnKey(h.deps.db, arn))?.state).toBe('active')
})

test('the end of a freeze for all wakes add-ons in the order in which everybody locks them', async () => {
  const h = await startHarness()
  const later = await putOff(h)
  const day = (days: number) => new Date(h.clock.now().getTime() + days * DAY).toISOString().slice(0, 10)
  const freeze = await freezeAll(h.deps, { from: day(0), until: day(5), reason: 'sale', zone: 'UTC' })
  expect(await wakeBehindFirst(h, later, () => unfreezeAll(h.deps, freeze.id))).toMatchObject({ woken: 3 })
})
