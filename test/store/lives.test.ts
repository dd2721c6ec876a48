import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findState, type StateWrite, writeStates } from '../../src/store/keysets.ts'
import { anyLife, play } from '../domain/support/life.ts'
import { uuid } from '../support/resource.ts'
import { NOW, startStore, storedState, storeManyResources } from './support/start-store.ts'

/** One moment of a life is written to each resource, so that all of them go into one statement. */
const LONGEST_LIFE = 81

test('every state that a life can come to is taken by the table with all its checks, and read as it was written', async () => {
  const { db } = await startStore()
  await storeManyResources(db, LONGEST_LIFE, () => NOW)
  await fc.assert(
    fc.asyncProperty(anyLife, async (life) => {
      const { moments } = play(life)
      const writes = await Promise.all(
        moments.map(async ({ state }, index): Promise<StateWrite> => {
          const stored = await storedState(db, uuid(index + 1))
          return { ...stored, to: state, by: 'change', events: 0 }
        }),
      )
      const written = await db.transaction().execute((trx) => writeStates(trx, writes))
      expect(written.size).toBe(moments.length)
      for (const [index, { state }] of moments.entries()) {
        expect((await findState(db, uuid(index + 1)))?.state).toEqual(state)
      }
    }),
    { numRuns: 30 },
  )
})
