import { expect, test } from 'vitest'
import { BY_PERSON } from '../../src/domain/schedule.ts'
import { retryAll } from '../../src/flows/operations/retry-all.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { countUnfinished } from '../../src/store/unfinished.ts'
import { startHarness } from '../support/harness.ts'
import { kindsOf, provisionRequest, provisionResource, stateOf, uuid } from '../support/resource.ts'

const actor = { type: 'operator' } as const

/** Stuck resources: `missing` of them because Heroku does not know them, the others because it refuses. */
async function startStuck(count: number, missing: number) {
  const h = await startHarness()
  for (let number = 1; number <= count; number += 1) {
    await provisionResource(h.deps, provisionRequest({ resourceId: uuid(number) }))
    const kind = number <= missing ? 'missing' : 'refused'
    const failure = [{ at: h.clock.now().toISOString(), kind, detail: 'no' }]
    const now = h.clock.now()
    await h.deps.db
      .updateTable('keysets')
      .set({ reason: 'scheduled', due_at: now, opened_at: now, stuck_since: now })
      .set({ attempts: 12, failures: JSON.stringify(failure), wake_at: new Date(now.getTime() + 86_400_000) })
      .where('resource_id', '=', uuid(number))
      .execute()
  }
  return h
}

const never = new AbortController().signal

test('all that are stuck are resumed, however many, and go before what is merely due', async () => {
  const h = await startStuck(130, 0)
  let done = 0
  const did = () => {
    done += 1
  }
  expect(await retryAll(h.deps, { actor, signal: never, did })).toEqual({ resumed: 130, left: 0 })
  expect(done).toBe(130)
  const { rotation, attempts, wakeAt } = await stateOf(h.deps, uuid(130))
  expect([rotation?.stuckSince, attempts, wakeAt]).toEqual([null, 0, BY_PERSON])
  expect(await kindsOf(h.deps, uuid(7))).toContain('rotation-resumed')
  expect(await retryAll(h.deps, { actor, signal: never, did })).toEqual({ resumed: 0, left: 0 })
})

test('those of one cause are resumed alone', async () => {
  const h = await startStuck(5, 2)
  const request = { actor, because: 'missing', signal: never, did: () => {} } as const
  expect(await retryAll(h.deps, request)).toEqual({ resumed: 2, left: 0 })
  expect(await countUnfinished(h.deps.db, { stuck: true })).toEqual([{ because: 'refused', count: 3 }])
})

test('it can be stopped at any one and repeated; each is resumed once', async () => {
  const h = await startStuck(7, 0)
  const stopping = new AbortController()
  let done = 0
  const did = () => {
    done += 1
    if (done === 3) stopping.abort()
  }
  expect(await retryAll(h.deps, { actor, signal: stopping.signal, did })).toEqual({ resumed: 3, left: 4 })
  expect(await retryAll(h.deps, { actor, signal: never, did })).toEqual({ resumed: 4, left: 0 })
  for (let number = 1; number <= 7; number += 1) {
    const resumed = (await kindsOf(h.deps, uuid(number))).filter((kind) => kind === 'rotation-resumed')
    expect(resumed).toHaveLength(1)
  }
})

test('one that is deprovisioned after the batch was read stops no other', async () => {
  const h = await startStuck(40, 0)
  let removing: Promise<void> | undefined
  const did = () => {
    removing ??= deprovision(h.deps, { resourceId: uuid(40) })
  }
  expect(await retryAll(h.deps, { actor, signal: never, did })).toEqual({ resumed: 39, left: 0 })
  await removing
})
