import DataLoader from 'dataloader'
import { insertResources, type NewResource } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import { groupOrEach } from '../group-or-each.ts'

/** Stores a new resource. False: one of that id exists. */
export type InsertResource = (resource: NewResource) => Promise<boolean>

const LARGEST_GROUP = 100
/** With one the database would wait for the process between two of them; with more there is less to share. */
const STATEMENTS_AT_A_TIME = 2

/**
 * Stores resources: what comes while others are being written shares the next statement. A request that comes alone is
 * written at once.
 */
export function createResourceInsert(deps: Pick<Deps, 'db' | 'now'>): InsertResource {
  let writing = 0
  const waiting: (() => void)[] = []
  const loader = new DataLoader(
    async (group: readonly NewResource[]) => {
      writing += 1
      try {
        return await insertGroup(deps, group)
      } finally {
        writing -= 1
        waiting.shift()?.()
      }
    },
    {
      cache: false,
      maxBatchSize: LARGEST_GROUP,
      batchScheduleFn: (flush) => {
        if (writing < STATEMENTS_AT_A_TIME) setImmediate(flush)
        else waiting.push(flush)
      },
    },
  )
  return (resource) => loader.load(resource)
}

async function insertGroup(
  deps: Pick<Deps, 'db' | 'now'>,
  group: readonly NewResource[],
): Promise<(boolean | Error)[]> {
  // Of requests with one id the first is stored; the others find it.
  const first = new Map(
    group.map((resource) => [resource.id, resource]).toReversed() as [string, NewResource][],
  )
  const distinct = group.filter((resource) => first.get(resource.id) === resource)
  const results = await groupOrEach(distinct, async (resources) => {
    const inserted = await insertResources(deps.db, resources, deps.now())
    return resources.map(({ id }) => inserted.has(id))
  })
  const resultOf = new Map(distinct.map((resource, index) => [resource, results[index] ?? false]))
  return group.map((resource) => resultOf.get(resource) ?? false)
}
