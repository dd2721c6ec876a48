import { sql } from 'kysely'
import type { FailureKind } from '../domain/heroku-failure.ts'
import type { Db } from './database.ts'
import { freezesForAll } from './freezes-for-all.ts'
import { type StoredState, storedState } from './keysets.ts'

/** Which rotations under way are meant: all, those that are stuck, those whose last failure was of a kind. */
export type UnfinishedFilter = { stuck?: boolean; because?: FailureKind | undefined }

const LAST_FAILURE = sql<FailureKind | null>`failures->-1->>'kind'`

function unfinished(db: Db, { stuck, because }: UnfinishedFilter) {
  return db
    .selectFrom('keysets')
    .where('reason', 'is not', null)
    .$if(stuck === true, (query) => query.where('stuck_since', 'is not', null))
    .$if(because !== undefined, (query) => query.where(LAST_FAILURE, '=', because ?? null))
}

/** Rotations under way, the oldest due date first. */
export async function listUnfinished(
  db: Db,
  { limit, ...filter }: UnfinishedFilter & { limit: number },
): Promise<StoredState[]> {
  const rows = await unfinished(db, filter)
    .selectAll()
    .select(freezesForAll)
    .orderBy('due_at')
    .limit(limit)
    .execute()
  return rows.map(storedState)
}

/** How many there are, by the kind of their last failure; null: none has failed. The most frequent first. */
export async function countUnfinished(
  db: Db,
  filter: UnfinishedFilter,
): Promise<{ because: FailureKind | null; count: number }[]> {
  const rows = await unfinished(db, filter)
    .select([LAST_FAILURE.as('because'), sql<number>`count(*)::int`.as('count')])
    .groupBy(LAST_FAILURE)
    .orderBy('count', 'desc')
    .orderBy('because')
    .execute()
  return rows.map(({ because, count }) => ({ because, count }))
}

/** Ids of stuck resources in batches, by their ids: those behind the id `after`. */
export async function listStuckIds(
  db: Db,
  page: { limit: number; after?: string | undefined; because?: FailureKind | undefined },
): Promise<string[]> {
  const rows = await unfinished(db, { stuck: true, because: page.because })
    .select('resource_id')
    .$if(page.after !== undefined, (query) => query.where('resource_id', '>', page.after ?? ''))
    .orderBy('resource_id')
    .limit(page.limit)
    .execute()
  return rows.map(({ resource_id: id }) => id)
}

const AWAITED_TURN = sql<boolean>`(turn->>'at')::timestamptz > service_now()`

/** What waits for its turn among other add-ons on its apps, the next turn first, and how many there are in all. */
export async function listAwaitedTurns(
  db: Db,
  limit: number,
): Promise<{ turns: { resourceId: string; app: string; at: Date }[]; total: number }> {
  const awaited = db.selectFrom('keysets').where('turn', 'is not', null).where(AWAITED_TURN)
  const at = sql<Date>`(turn->>'at')::timestamptz`
  const rows = await awaited
    .select(['resource_id', at.as('at'), sql<string>`turn->>'app'`.as('app')])
    .orderBy(at)
    .limit(limit)
    .execute()
  const { total } = await awaited.select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow()
  return { turns: rows.map(({ resource_id, ...turn }) => ({ resourceId: resource_id, ...turn })), total }
}
