import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { createChangeWriter } from '../../src/flows/change-writer.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { makeKey } from '../../src/flows/make-key.ts'
import { createGroupClaims } from '../../src/flows/rotation/group.ts'
import type { Change } from '../../src/store/changes.ts'
import { findState, lockState } from '../../src/store/keysets.ts'
import { findResource } from '../../src/store/resources.ts'
import { findKeys } from '../../src/store/sealed-keys.ts'
import { startHarness } from '../support/harness.ts'
import { historyOf, provisionRequest, provisionResource, uuid } from '../support/resource.ts'
import { whenWaiting } from './support/when-waiting.ts'

/** Resources 1 to `count`, and a change of each as a worker would write it. */
async function start(count: number) {
  const { deps, anotherProcess } = await startHarness()
  for (let number = 1; number <= count; number += 1) {
    await provisionResource(deps, provisionRequest({ resourceId: uuid(number) }))
  }
  return { deps, anotherProcess }
}

/** A third key is stored, as the pending one, and a row says so. */
async function changeOf({ db, sealing, random, now }: Deps, number: number): Promise<Change> {
  const resourceId = uuid(number)
  const stored = await findState(db, resourceId)
  const dek = (await findResource(db, resourceId))?.dek
  if (!stored || !dek) throw new Error('the resource is not live')
  const sealer = await sealing.forResource(resourceId, dek)
  const { key } = makeKey({ random }, sealer, resourceId, 3)
  const keyset = { ...stored.state.keyset, pendingFiller: 3 }
  const event = { at: now(), kind: 'config-gone', actor: { type: 'worker' } } as const
  return {
    ...stored,
    by: 'claim',
    to: { ...stored.state, keyset, lastVersion: 3 },
    keys: [key],
    events: [event],
  }
}

/** The transaction that wrote the row of each resource last. */
async function transactionsOf({ db }: Deps): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select xmin as id from keysets order by resource_id`.execute(db)
  return rows.map(({ id }) => id)
}

const GATHER_MS = 20

describe('changes that come together', () => {
  test.each([0, GATHER_MS])(
    'are written in one transaction (gathered for %i ms), with keys and history',
    async (gatherMs) => {
      const { deps } = await start(3)
      const write = createChangeWriter(deps, gatherMs)
      const changes = await Promise.all([1, 2, 3].map((number) => changeOf(deps, number)))
      expect(await Promise.all(changes.map(write))).toEqual([true, true, true])
      expect(new Set(await transactionsOf(deps)).size).toBe(1)
      for (const number of [1, 2, 3]) {
        expect((await findKeys(deps.db, uuid(number))).map(({ version }) => version)).toEqual([3, 2, 1])
        expect(await historyOf(deps, uuid(number))).toMatchObject([
          { seq: 1, kind: 'provisioned' },
          { seq: 2, kind: 'config-gone' },
        ])
      }
    },
  )

  test('while others are being written share the next transaction', async () => {
    const { deps, anotherProcess } = await start(4)
    const write = createChangeWriter(deps, 0)
    const changes = await Promise.all([1, 2, 3, 4].map((number) => changeOf(deps, number)))
    const [first, ...others] = changes as [Change, ...Change[]]
    const other = await anotherProcess()
    const written = await other.db.transaction().execute(async (trx) => {
      await lockState(trx, uuid(1))
      const writing = [write(first)]
      await whenWaiting(other.db)
      for (const change of others) {
        writing.push(write(change))
        // Each in a turn of its own, as answers of Heroku come.
        await findState(other.db, change.resourceId)
      }
      return { writing }
    })
    expect(await Promise.all(written.writing)).toEqual([true, true, true, true])
    const [ofFirst, ...ofOthers] = await transactionsOf(deps)
    expect(new Set(ofOthers).size).toBe(1)
    expect(ofOthers).not.toContain(ofFirst)
  })

  test('fail alone where one of them is bad', async () => {
    const { deps } = await start(3)
    const write = createChangeWriter(deps, GATHER_MS)
    const [one, bad, three] = await Promise.all([1, 2, 3].map((number) => changeOf(deps, number)))
    if (!one || !bad || !three) throw new Error('there are three')
    // The number of a key that is stored already.
    const keys = (bad.keys ?? []).map((key) => ({ ...key, version: 2 }))
    const results = await Promise.allSettled([write(one), write({ ...bad, keys }), write(three)])
    expect(results).toMatchObject([
      { status: 'fulfilled', value: true },
      { status: 'rejected', reason: { code: '23505' } },
      { status: 'fulfilled', value: true },
    ])
    expect((await findKeys(deps.db, uuid(2))).map(({ version }) => version)).toEqual([2, 1])
    expect(await historyOf(deps, uuid(2))).toHaveLength(1)
    expect(await historyOf(deps, uuid(3))).toHaveLength(2)
  })

  test('are not written where somebody has changed the resource, and say so; the others are', async () => {
    const { deps } = await start(3)
    const write = createChangeWriter(deps, GATHER_MS)
    const [one, two, three] = await Promise.all([1, 2, 3].map((number) => changeOf(deps, number)))
    if (!one || !two || !three) throw new Error('there are three')
    // A person's change, and a claim by another worker.
    await write({ ...one, by: 'change', keys: [] })
    const due = { wake_at: deps.now() }
    await deps.db.updateTable('keysets').set(due).where('resource_id', '=', uuid(2)).execute()
    expect((await createGroupClaims(deps)(1))?.resources).toMatchObject([{ resourceId: uuid(2) }])
    expect(await Promise.all([write(one), write(two), write(three)])).toEqual([false, false, true])
    const left = [1, 2, 3].map(async (number) => [
      (await findKeys(deps.db, uuid(number))).length,
      (await historyOf(deps, uuid(number))).length,
    ])
    expect(await Promise.all(left)).toEqual([
      [2, 2],
      [2, 1],
      [3, 2],
    ])
  })
})

test('a change whose resource was removed is not written, and says so', async () => {
  const { deps } = await start(1)
  const change = await changeOf(deps, 1)
  await deps.db.deleteFrom('keysets').execute()
  expect(await createChangeWriter(deps, 0)(change)).toBe(false)
  expect(await historyOf(deps, uuid(1))).toHaveLength(1)
})

test('trouble that is nobody’s fault is told to all that were written together, and the next ones are written', async () => {
  const { deps } = await start(2)
  const write = createChangeWriter(deps, GATHER_MS)
  const changes = await Promise.all([1, 2].map((number) => changeOf(deps, number)))
  await sql`alter table keysets rename to hidden`.execute(deps.db)
  const results = await Promise.allSettled(changes.map(write))
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await sql`alter table hidden rename to keysets`.execute(deps.db)
  expect(await Promise.all(changes.map(write))).toEqual([true, true])
})
