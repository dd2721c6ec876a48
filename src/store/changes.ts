import type { HistoryEvent } from '../domain/history.ts'
import type { Trx } from './database.ts'
import { insertHistory } from './history.ts'
import { type StateWrite, writeStates } from './keysets.ts'
import { deleteKeys, insertKeys, type NewKey } from './sealed-keys.ts'

/** A change of a live resource: its new state, the keys that come and go with it, and what is told of it. */
export type Change = Omit<StateWrite, 'events'> & {
  keys?: readonly NewKey[]
  erased?: readonly number[]
  events: readonly HistoryEvent[]
}

/**
 * Writes the changes of a group, one per resource: states, keys and history together. A resource whose fence or
 * revision is no longer the one that was read is left as it is. Returns the changes that were written.
 */
export async function writeChanges(trx: Trx, changes: readonly Change[], now: Date): Promise<Set<Change>> {
  const places = await writeStates(
    trx,
    changes.map((change) => ({ ...change, events: change.events.length })),
  )
  const written = changes.filter(({ resourceId, fence }) => places.get(resourceId)?.fence === fence)
  // First those that go: a key that is taken over from Heroku may take the number of one that never got there.
  await deleteKeys(
    trx,
    written.flatMap(({ resourceId, erased = [] }) => erased.map((version) => ({ resourceId, version }))),
  )
  await insertKeys(
    trx,
    written.flatMap(({ keys = [] }) => keys),
    now,
  )
  await insertHistory(
    trx,
    written.flatMap(({ resourceId, events }) => {
      const firstSeq = places.get(resourceId)?.firstSeq ?? 0
      return events.map((event, index) => ({ resourceId, seq: firstSeq + index, event }))
    }),
  )
  return new Set(written)
}
