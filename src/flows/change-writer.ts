import DataLoader from 'dataloader'
import { type Change, writeChanges } from '../store/changes.ts'
import type { Deps } from './deps.ts'
import { groupOrEach } from './group-or-each.ts'

/** Writes a change together with those of others. False: somebody has changed the resource since it was read. */
export type WriteChange = (change: Change) => Promise<boolean>

const LARGEST_GROUP = 500

/**
 * Gathers changes for `gatherMs`, and for as long as the ones before are being written, and writes them in one
 * transaction: the faster they come, the fewer statements each costs. One that is lost with the process was never
 * written, and its claim comes back.
 */
export function createChangeWriter(deps: Pick<Deps, 'db' | 'now'>, gatherMs: number): WriteChange {
  let writing: Promise<unknown> = Promise.resolve()
  const loader = new DataLoader(
    (group: readonly Change[]) => {
      const written = groupOrEach(group, async (changes) => {
        const done = await deps.db.transaction().execute((trx) => writeChanges(trx, changes, deps.now()))
        return changes.map((change) => done.has(change))
      })
      writing = written.catch(() => undefined)
      return written
    },
    {
      cache: false,
      maxBatchSize: LARGEST_GROUP,
      batchScheduleFn: (flush) => {
        const whenFree = () => void writing.then(flush)
        if (gatherMs > 0) setTimeout(whenFree, gatherMs)
        else setImmediate(whenFree)
      },
    },
  )
  return (change) => loader.load(change)
}
