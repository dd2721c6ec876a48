import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Deps } from '../../src/flows/deps.ts'
import { createResourceInsert } from '../../src/flows/provisioning/insert-resource.ts'
import { provision } from '../../src/flows/provisioning/provision.ts'
import { findState } from '../../src/store/keysets.ts'
import { startHarness } from '../support/harness.ts'
import { kindsOf, provisionRequest, uuid } from '../support/resource.ts'
import { whenWaiting } from './support/when-waiting.ts'

/** A service that stores resources in groups, as one web process does. */
async function start() {
  const { deps, anotherProcess } = await startHarness()
  const insert = createResourceInsert(deps)
  const provisionNumber = (number: number, more: Parameters<typeof provisionRequest>[0] = {}) =>
    provision(deps, insert, provisionRequest({ resourceId: uuid(number), ...more }))
  return { deps, anotherProcess, provisionNumber }
}

/** The statements that stored the resources, each by its transaction. */
async function statementsOf({ db }: Deps, numbers: readonly number[]): Promise<(string | undefined)[]> {
  const { rows } = await sql<{
    id: string
    statement: string
  }>`select resource_id as id, xmin as statement from sealed_keys where version = 1`.execute(db)
  return numbers.map((number) => rows.find(({ id }) => id === uuid(number))?.statement)
}

test('requests that come together are stored by one statement', async () => {
  const { deps, provisionNumber } = await start()
  const numbers = [1, 2, 3, 4, 5]
  const outcomes = await Promise.all(numbers.map((number) => provisionNumber(number)))
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(numbers.map(() => 'provisioned'))
  const [first, ...others] = await statementsOf(deps, numbers)
  expect(first).toBeDefined()
  expect(new Set(others)).toEqual(new Set([first]))
})

test('of requests with one id in one group the first is stored, and all get its keys', async () => {
  const { deps, provisionNumber } = await start()
  const outcomes = await Promise.all([1, 2, 1, 1].map((number) => provisionNumber(number)))
  expect(outcomes.map(({ outcome }) => outcome)).toEqual([
    'provisioned',
    'provisioned',
    'already-provisioned',
    'already-provisioned',
  ])
  const [one, two, ...again] = outcomes.map(({ config }) => config.SECURE_KEY)
  expect(again).toEqual([one, one])
  expect(two).not.toBe(one)
  expect(await kindsOf(deps, uuid(1))).toEqual(['provisioned', 'provision-repeated'])
  const [statement, other] = await statementsOf(deps, [1, 2])
  expect(statement).toBe(other)
})

test('one request that Postgres refuses fails alone, and the others of its group are stored', async () => {
  const { deps, provisionNumber } = await start()
  const results = await Promise.allSettled([
    provisionNumber(1),
    // A character that no text in Postgres may hold.
    provisionNumber(2, { name: 'a\0b' }),
    provisionNumber(3),
  ])
  expect(results).toMatchObject([
    { status: 'fulfilled', value: { outcome: 'provisioned' } },
    { status: 'rejected', reason: { code: '22021' } },
    { status: 'fulfilled', value: { outcome: 'provisioned' } },
  ])
  const [one, bad, three] = await statementsOf(deps, [1, 2, 3])
  expect(bad).toBeUndefined()
  expect(one).not.toBe(three)
})

test('requests that come while two statements are under way share the next one', async () => {
  const { deps, anotherProcess, provisionNumber } = await start()
  const other = await anotherProcess()
  const { provisioning } = await other.db.transaction().execute(async (trx) => {
    // Somebody is just storing two of these ids, so each statement has to wait for the end of that.
    for (const number of [1, 2]) {
      const resource = { id: uuid(number), plan: 'daily', rotation_period_seconds: 1, created_at: deps.now() }
      const live = { state: 'deprovisioned', deprovisioned_at: deps.now() } as const
      await trx
        .insertInto('resources')
        .values({ ...resource, ...live })
        .execute()
    }
    const provisioning: Promise<unknown>[] = []
    for (const number of [1, 2]) {
      provisioning.push(provisionNumber(number))
      await whenWaiting(other.db, number)
    }
    for (const number of [3, 4, 5]) {
      provisioning.push(provisionNumber(number))
      // Each in a turn of its own, as requests come.
      await findState(other.db, uuid(number))
    }
    await whenWaiting(other.db, 2)
    expect(await statementsOf(other, [3, 4, 5])).toEqual([undefined, undefined, undefined])
    return { provisioning }
  })
  const results = await Promise.allSettled(provisioning)
  expect(results.slice(0, 2)).toMatchObject([
    { reason: { code: 'resource-gone' } },
    { reason: { code: 'resource-gone' } },
  ])
  expect(results.slice(2)).toMatchObject([3, 4, 5].map(() => ({ value: { outcome: 'provisioned' } })))
  const shared = await statementsOf(deps, [3, 4, 5])
  expect(new Set(shared).size).toBe(1)
})

test('a statement that fails leaves its place to the next ones', async () => {
  const { deps, provisionNumber } = await start()
  await sql`alter table resources rename to hidden`.execute(deps.db)
  for (const number of [1, 2, 3]) await expect(provisionNumber(number)).rejects.toThrow('does not exist')
  await sql`alter table hidden rename to resources`.execute(deps.db)
  const outcomes = await Promise.all([1, 2, 3, 4].map((number) => provisionNumber(number)))
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(outcomes.map(() => 'provisioned'))
})
