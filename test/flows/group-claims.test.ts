import { expect, test } from 'vitest'
import { createGroupClaims } from '../../src/flows/rotation/group.ts'
import { MINUTE, SECOND, startHarness } from '../support/harness.ts'
import { provisionRequest, provisionResource, uuid } from '../support/resource.ts'

const NUMBERS = [1, 2, 3, 4, 5, 6]
const START = new Date('2026-03-03T12:00:00Z')
const inMs = (ms: number) => new Date(START.getTime() + ms)
const minutesAgo = (minutes: number) => inMs(-minutes * MINUTE)

/** Claims of one worker whose clock the test sets; each returns the numbers of the resources it got. */
async function startClaims(wakeAt: (number: number) => Date) {
  const { deps } = await startHarness()
  const { db } = deps
  const makeDue = async (number: number, at: Date) => {
    await db.updateTable('keysets').set({ wake_at: at }).where('resource_id', '=', uuid(number)).execute()
  }
  for (const number of NUMBERS) {
    await provisionResource(deps, provisionRequest({ resourceId: uuid(number) }))
    await makeDue(number, wakeAt(number))
  }
  let steadyMs = 0
  const claimGroup = createGroupClaims({ db, steadyMs: () => steadyMs })
  return {
    claim: async (limit: number) => {
      const resources = (await claimGroup(limit))?.resources ?? []
      return resources.map(({ resourceId }) => NUMBERS.find((number) => uuid(number) === resourceId))
    },
    setNow: (ms: number) => {
      steadyMs = ms
    },
    makeDue,
  }
}

test('a worker claims oldest first, each resource once, and says that nothing is due only when nothing is', async () => {
  const { claim } = await startClaims((number) => minutesAgo(10 - number))
  expect((await claim(4)).toSorted()).toEqual([1, 2, 3, 4])
  expect((await claim(4)).toSorted()).toEqual([5, 6])
  expect(await claim(4)).toEqual([])
})

test('a resource that comes due before those already claimed is claimed at once when nothing else is due', async () => {
  const { claim, makeDue } = await startClaims((number) => (number < 6 ? minutesAgo(1) : minutesAgo(-60)))
  expect(await claim(5)).toHaveLength(5)
  await makeDue(6, minutesAgo(30))
  expect(await claim(5)).toEqual([6])
})

test('a resource that comes due before those already claimed waits five seconds for a backlog, not for its end', async () => {
  const { claim, makeDue, setNow } = await startClaims((number) =>
    number < 6 ? minutesAgo(10 - number) : minutesAgo(-60),
  )
  expect(await claim(2)).toHaveLength(2)
  await makeDue(6, minutesAgo(30))
  setNow(4 * SECOND)
  expect(await claim(1)).toEqual([3])
  setNow(5 * SECOND)
  expect(await claim(1)).toEqual([6])
  expect((await claim(5)).toSorted()).toEqual([4, 5])
})
