import { expect, test } from 'vitest'
import type { WrappedDek } from '../../src/domain/wrapped-dek.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { rewrapDeks } from '../../src/flows/operations/rewrap-deks.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing, type Sealing } from '../../src/sealing/sealing.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { startHarness } from '../support/harness.ts'
import { provisionRequest, provisionResource, uuid } from '../support/resource.ts'

function sealingWith(...ids: string[]): Sealing {
  const keks = ids.map((id) => createLocalKek(id, Uint8Array.from(seededBytes(`kek ${id}`)(32))))
  return createSealing(keks, seededBytes('sealing'))
}

const columnsOf = ({ kekId, wrapped }: WrappedDek) => ({ kek_id: kekId, wrapped_dek: wrapped })

/** A service that knows the KEK `old` alone, with `count` resources, and the value that each was given. */
async function startWithResources(count: number) {
  const { deps } = await startHarness()
  const old: Deps = { ...deps, sealing: sealingWith('old') }
  const values: string[] = []
  for (let number = 1; number <= count; number += 1) {
    const { config } = await provisionResource(old, provisionRequest({ resourceId: uuid(number) }))
    values.push(config.SECURE_KEY ?? '')
  }
  return { deps: old, values }
}

/** What a repeated provision request is answered with: it opens both keys of each resource. */
async function valuesWith(deps: Deps, sealing: Sealing, count: number): Promise<string[]> {
  const answers: string[] = []
  for (let number = 1; number <= count; number += 1) {
    const answer = await provisionResource(
      { ...deps, sealing },
      provisionRequest({ resourceId: uuid(number) }),
    )
    answers.push(answer.config.SECURE_KEY ?? '')
  }
  return answers
}

/** Sealing that is interrupted when it has rewrapped so many data keys. */
function interruptedAfter(sealing: Sealing, count: number): Sealing {
  let done = 0
  return {
    ...sealing,
    async rewrap(resourceId, wrapped) {
      if (done === count) throw new Error('interrupted')
      done += 1
      return await sealing.rewrap(resourceId, wrapped)
    },
  }
}

test('after a rewrap the new KEK alone opens every key, and the old one opens none', async () => {
  const { deps, values } = await startWithResources(3)
  expect(await rewrapDeks({ ...deps, sealing: sealingWith('new', 'old') })).toEqual({
    rewrapped: 3,
    unreadable: 0,
  })

  expect(await valuesWith(deps, sealingWith('new'), 3)).toEqual(values)
  await expect(valuesWith(deps, sealingWith('old'), 3)).rejects.toThrow()
})

test('a rewrap that was interrupted is taken up where it stopped, and a finished one does nothing more', async () => {
  const { deps, values } = await startWithResources(5)
  const both = sealingWith('new', 'old')
  await expect(rewrapDeks({ ...deps, sealing: interruptedAfter(both, 2) })).rejects.toThrow('interrupted')
  expect(await valuesWith(deps, both, 5)).toEqual(values)

  expect(await rewrapDeks({ ...deps, sealing: both })).toEqual({ rewrapped: 3, unreadable: 0 })
  expect(await rewrapDeks({ ...deps, sealing: both })).toEqual({ rewrapped: 0, unreadable: 0 })
  expect(await valuesWith(deps, sealingWith('new'), 5)).toEqual(values)
})

test('more data keys than one batch holds are all rewrapped', async () => {
  const { deps } = await startWithResources(1)
  // Only the wrapped data keys matter here, so rows are copied and sealed for their new ids.
  const old = sealingWith('old')
  const rows = await Promise.all(
    Array.from({ length: 450 }, async (_, index) => ({
      id: uuid(1_000 + index),
      state: 'provisioned' as const,
      plan: 'daily',
      rotation_period_seconds: 86_400,
      ...columnsOf((await old.forNewResource(uuid(1_000 + index))).dek),
      created_at: deps.now(),
    })),
  )
  await deps.db.insertInto('resources').values(rows).execute()
  expect(await rewrapDeks({ ...deps, sealing: sealingWith('new', 'old') })).toEqual({
    rewrapped: 451,
    unreadable: 0,
  })
})

test('two rewraps at the same time change each data key once', async () => {
  const { deps, values } = await startWithResources(8)
  const both = sealingWith('new', 'old')
  const counts = await Promise.all([1, 2].map(() => rewrapDeks({ ...deps, sealing: both })))
  expect(counts.reduce((sum, { rewrapped }) => sum + rewrapped, 0)).toBe(8)
  expect(await valuesWith(deps, sealingWith('new'), 8)).toEqual(values)
})

test('a resource that is deprovisioned while its data key is rewrapped stays without one', async () => {
  const { deps } = await startWithResources(1)
  const both = sealingWith('new', 'old')
  const sealing: Sealing = {
    ...both,
    async rewrap(place, wrapped) {
      await deprovision(deps, { resourceId: place.resourceId })
      return await both.rewrap(place, wrapped)
    },
  }
  expect(await rewrapDeks({ ...deps, sealing })).toEqual({ rewrapped: 0, unreadable: 0 })
  const row = await deps.db
    .selectFrom('resources')
    .select(['kek_id', 'wrapped_dek'])
    .executeTakeFirstOrThrow()
  expect(row).toEqual({ kek_id: null, wrapped_dek: null })
})

test('a data key whose KEK is not listed any more is counted and left alone, and the rest is rewrapped', async () => {
  const { deps, values } = await startWithResources(3)
  const stranger = sealingWith('lost')
  const { dek } = await stranger.forNewResource(uuid(1))
  await deps.db.updateTable('resources').set(columnsOf(dek)).where('id', '=', uuid(1)).execute()
  expect(await rewrapDeks({ ...deps, sealing: sealingWith('new', 'old') })).toEqual({
    rewrapped: values.length - 1,
    unreadable: 1,
  })
})
