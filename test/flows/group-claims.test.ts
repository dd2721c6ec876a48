import { expect, test } from 'vitest'
import { createGroupClaims } from '../../src/flows/group.ts'
import { inMs, NOW, startStore, storeManyResources } from '../store/support/start-store.ts'
import { uuid } from '../support/resource.ts'

const SECOND = 1_000

/** Claims of one worker whose clock the test sets; each answers the numbers of the resources it got. */
async function startClaims(wakeAt: (number: number) => Date) {
  const { db } = await startStore()
  await storeManyResources(db, 6, wakeAt)
  let now = NOW
  const claimGroup = createGroupClaims({ db, now: () => now })
  return {
    claim: async (limit: number) => {
      const claims = (await claimGroup(limit))?.claims ?? []
      return claims.map(({ resourceId }) => [1, 2, 3, 4, 5, 6].find((number) => uuid(number) === resourceId))
    },
    setNow: (ms: number) => {
      now = inMs(ms)
    },
    makeDue: (number: number, at: Date) =>
      db.updateTable('schedule').set({ wake_at: at }).where('resource_id', '=', uuid(number)).execute(),
  }
}

const minutesAgo = (minutes: number) => inMs(-minutes * 60 * SECOND)

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
