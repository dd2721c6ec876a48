import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Deps } from '../../src/flows/deps.ts'
import { requireKnownKeks } from '../../src/flows/operations/known-keks.ts'
import { rewrapDeks } from '../../src/flows/operations/rewrap-deks.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createMacs } from '../../src/sealing/macs.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { startHarness } from '../support/harness.ts'
import { provisionRequest, provisionResource, uuid } from '../support/resource.ts'

/** A process with these KEKs: `k2` is a key, `k2=x` another one of the same name. */
function processWith(deps: Deps, ...names: string[]): Deps {
  const keks = names.map((name) => {
    return createLocalKek(name.replace(/=.*/, ''), Uint8Array.from(seededBytes(`kek ${name}`)(32)))
  })
  return { ...deps, sealing: createSealing(keks, seededBytes('sealing')), macs: createMacs(keks) }
}

/** A service with one add-on under `k1`. */
async function startUnderK1() {
  const { deps } = await startHarness()
  const process = processWith(deps, 'k1')
  await requireKnownKeks(process)
  await provisionResource(process, provisionRequest())
  return process
}

const WRONG = { code: 'wrong-sealing-keys' }

test('a key is known from its first use on: the same one passes, in any place of the list', async () => {
  const deps = await startUnderK1()
  await requireKnownKeks(processWith(deps, 'k1'))
  await requireKnownKeks(processWith(deps, 'k1', 'k2'))
  await requireKnownKeks(processWith(deps, 'k2', 'k1'))
})

test('another key under a name that was used before is refused, and the name is told', async () => {
  const deps = await startUnderK1()
  const wrong = processWith(deps, 'k1=other', 'k2')
  await expect(requireKnownKeks(wrong)).rejects.toMatchObject(WRONG)
  await expect(requireKnownKeks(wrong)).rejects.toThrow(/"k1" is another key/)
})

test('a list without a key that stored secrets need is refused, and the name is told', async () => {
  const deps = await startUnderK1()
  await expect(requireKnownKeks(processWith(deps, 'k2'))).rejects.toThrow(/"k1" is not listed/)
  await rewrapDeks(processWith(deps, 'k2', 'k1'))
  await requireKnownKeks(processWith(deps, 'k2'))
})

test('all that is wrong is told at once', async () => {
  const deps = await startUnderK1()
  const both = processWith(deps, 'k2', 'k1')
  await requireKnownKeks(both)
  await provisionResource(both, provisionRequest({ resourceId: uuid(2) }))
  await expect(requireKnownKeks(processWith(deps, 'k2=other'))).rejects.toThrow(
    /"k2" is another key.*; "k1" is not listed/,
  )
})

test('of two processes that bring different keys of one new name, the second is refused, however close they are', async () => {
  const deps = await startUnderK1()
  const [, value] = await processWith(deps, 'k1', 'k2=a').macs.checkValues()
  let second: Promise<unknown> | undefined
  await deps.db.transaction().execute(async (trx) => {
    const row = { id: 'k2', check_value: value?.checkValue ?? Buffer.alloc(32), first_used_at: deps.now() }
    await trx.insertInto('keks').values(row).execute()
    // It has looked, and found no such name, before the first one is through.
    second = requireKnownKeks(processWith(deps, 'k1', 'k2=b')).catch((error: unknown) => error)
    await expect.poll(() => waiting(deps)).toBe(1)
  })
  expect(await second).toMatchObject(WRONG)
})

/** How many statements of this database wait for another transaction. */
async function waiting({ db }: Deps): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
  return rows[0]?.count ?? 0
}

test('what is stored of a key gives nothing of it away, and differs for each', async () => {
  const { deps } = await startHarness()
  await requireKnownKeks(processWith(deps, 'k1', 'k2'))
  const rows = await deps.db.selectFrom('keks').selectAll().orderBy('id').execute()
  expect(rows.map(({ id }) => id)).toEqual(['k1', 'k2'])
  const secrets = ['k1', 'k2'].map((name) => seededBytes(`kek ${name}`)(32).toString('hex'))
  for (const { check_value: value } of rows) expect(secrets).not.toContain(value.toString('hex'))
  expect(rows[0]?.check_value.equals(rows[1]?.check_value ?? Buffer.alloc(0))).toBe(false)
})

test('a rewrap by another key of the primary’s name says that it opens nothing, and changes nothing', async () => {
  const deps = await startUnderK1()
  const before = await deps.db.selectFrom('resources').select('wrapped_dek').executeTakeFirstOrThrow()
  const wrong = processWith(deps, 'k1=other')
  await expect(requireKnownKeks(wrong)).rejects.toMatchObject(WRONG)
  expect(await rewrapDeks(wrong)).toEqual({ rewrapped: 0, unreadable: 1 })
  expect(await deps.db.selectFrom('resources').select('wrapped_dek').executeTakeFirstOrThrow()).toEqual(
    before,
  )
})
