import { expect, test } from 'vitest'
import { deprovision } from '../../src/flows/deprovision.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { provision } from '../../src/flows/provision.ts'
import { rewrapDeks } from '../../src/flows/rewrap-deks.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing, type Sealing } from '../../src/sealing/sealing.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { startHarness } from '../support/harness.ts'
import { provisionRequest, uuid } from '../support/resource.ts'

async function sealingWith(...ids: string[]): Promise<Sealing> {
  const keks = ids.map((id) => createLocalKek(id, Uint8Array.from(seededBytes(`kek ${id}`)(32))))
  return createSealing(await Promise.all(keks), seededBytes('sealing'))
}

/** A service that knows the KEK `old` alone, with `count` resources, and the value that each was given. */
async function startWithResources(count: number) {
  const { deps } = await startHarness()
  const old: Deps = { ...deps, sealing: await sealingWith('old') }
  const values: string[] = []
  for (let number = 1; number <= count; number += 1) {
    const { config } = await provision(old, provisionRequest({ resourceId: uuid(number) }))
    values.push(config.SECURE_KEY ?? '')
  }
  return { deps: old, values }
}

/** What a repeated provision request is answered with: it opens both keys of each resource. */
async function valuesWith(deps: Deps, sealing: Sealing, count: number): Promise<string[]> {
  const answers: string[] = []
  for (let number = 1; number <= count; number += 1) {
    const answer = await provision({ ...deps, sealing }, provisionRequest({ resourceId: uuid(number) }))
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
  expect(await rewrapDeks({ ...deps, sealing: await sealingWith('new', 'old') })).toEqual({
    rewrapped: 3,
    unreadable: 0,
  })

  expect(await valuesWith(deps, await sealingWith('new'), 3)).toEqual(values)
  await expect(valuesWith(deps, await sealingWith('old'), 3)).rejects.toThrow()
})

test('a rewrap that was interrupted is taken up where it stopped, and a finished one does nothing more', async () => {
  const { deps, values } = await startWithResources(5)
  const both = await sealingWith('new', 'old')
  await expect(rewrapDeks({ ...deps, sealing: interruptedAfter(both, 2) })).rejects.toThrow('interrupted')
  expect(await valuesWith(deps, both, 5)).toEqual(values)

  expect(await rewrapDeks({ ...deps, sealing: both })).toEqual({ rewrapped: 3, unreadable: 0 })
  expect(await rewrapDeks({ ...deps, sealing: both })).toEqual({ rewrapped: 0, unreadable: 0 })
  expect(await valuesWith(deps, await sealingWith('new'), 5)).toEqual(values)
})

test('more data keys than one batch holds are all rewrapped', async () => {
  const { deps } = await startWithResources(1)
  // Only the wrapped data keys matter here, so rows are copied and sealed for their new ids.
  const old = await sealingWith('old')
  const rows = await Promise.all(
    Array.from({ length: 450 }, async (_, index) => ({
      id: uuid(1_000 + index),
      state: 'provisioned' as const,
      plan: 'daily',
      rotation_period_seconds: 86_400,
      wrapped_dek: (await old.forNewResource(uuid(1_000 + index))).wrappedDek,
      created_at: deps.now(),
    })),
  )
  await deps.db.insertInto('resources').values(rows).execute()
  expect(await rewrapDeks({ ...deps, sealing: await sealingWith('new', 'old') })).toEqual({
    rewrapped: 451,
    unreadable: 0,
  })
})

test('two rewraps at the same time change each data key once', async () => {
  const { deps, values } = await startWithResources(8)
  const both = await sealingWith('new', 'old')
  const counts = await Promise.all([1, 2].map(() => rewrapDeks({ ...deps, sealing: both })))
  expect(counts.reduce((sum, { rewrapped }) => sum + rewrapped, 0)).toBe(8)
  expect(await valuesWith(deps, await sealingWith('new'), 8)).toEqual(values)
})

test('a resource that is deprovisioned while its data key is rewrapped stays without one', async () => {
  const { deps } = await startWithResources(1)
  const both = await sealingWith('new', 'old')
  const sealing: Sealing = {
    ...both,
    async rewrap(resourceId, wrapped) {
      await deprovision(deps, { resourceId })
      return await both.rewrap(resourceId, wrapped)
    },
  }
  expect(await rewrapDeks({ ...deps, sealing })).toEqual({ rewrapped: 0, unreadable: 0 })
  const row = await deps.db.selectFrom('resources').select('wrapped_dek').executeTakeFirstOrThrow()
  expect(row.wrapped_dek).toBeNull()
})

test('a data key whose KEK is not listed any more is counted and left alone, and the rest is rewrapped', async () => {
  const { deps, values } = await startWithResources(3)
  const stranger = await sealingWith('lost')
  const { wrappedDek } = await stranger.forNewResource(uuid(1))
  await deps.db.updateTable('resources').set({ wrapped_dek: wrappedDek }).where('id', '=', uuid(1)).execute()
  expect(await rewrapDeks({ ...deps, sealing: await sealingWith('new', 'old') })).toEqual({
    rewrapped: values.length - 1,
    unreadable: 1,
  })
})
