import { sql } from 'kysely'
import type { Db } from './database.ts'

/** How many resources that Heroku calls by this id have ended. */
export async function countEnded(db: Db, herokuId: string): Promise<number> {
  const { count } = await db
    .selectFrom('resources')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('heroku_id', '=', herokuId)
    .where('state', '=', 'deprovisioned')
    .executeTakeFirstOrThrow()
  return count
}

/** Whether another live resource that Heroku calls by this id has its config vars at the same path. */
export async function isPathTaken(
  db: Db,
  { herokuId, callbackPath, resourceId }: { herokuId: string; callbackPath: string; resourceId: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('resources')
    .select('id')
    .where('heroku_id', '=', herokuId)
    .where('callback_path', '=', callbackPath)
    .where('state', '=', 'provisioned')
    .where('id', '<>', resourceId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The id that a resource has here which is known by another one at Heroku. */
export async function findIdOfAddon(db: Db, addonUuid: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('resources')
    .select('id')
    .where('addon_uuid', '=', addonUuid)
    .executeTakeFirst()
  return row?.id
}

/** A live resource for which no grant was ever exchanged, and none waits. */
export type WithoutTokens = { resourceId: string; name: string | null; addonUuid: string | null }

/** Such resources in the order of their ids, from behind `after` on. */
export async function listWithoutTokens(
  db: Db,
  { after, limit }: { after: string | null; limit: number },
): Promise<WithoutTokens[]> {
  const rows = await withoutTokens(db)
    .select(['r.id', 'r.name', 'r.addon_uuid'])
    .$if(after !== null, (query) => query.where('r.id', '>', after ?? ''))
    .orderBy('r.id')
    .limit(limit)
    .execute()
  return rows.map(({ id, name, addon_uuid: addonUuid }) => ({ resourceId: id, name, addonUuid }))
}

/** How many resources live, and how many of them wait for a grant. */
export async function countTokens(db: Db): Promise<{ live: number; withoutTokens: number }> {
  const count = sql<number>`count(*)::int`.as('count')
  const live = await db
    .selectFrom('resources')
    .select(count)
    .where('state', '=', 'provisioned')
    .executeTakeFirst()
  const without = await withoutTokens(db).select(count).executeTakeFirst()
  return { live: live?.count ?? 0, withoutTokens: without?.count ?? 0 }
}

function withoutTokens(db: Db) {
  return db
    .selectFrom('resources as r')
    .leftJoin('oauth_tokens as t', 't.resource_id', 'r.id')
    .leftJoin('oauth_grants as g', (join) =>
      join.onRef('g.resource_id', '=', 'r.id').on('g.state', '=', 'waiting'),
    )
    .where('r.state', '=', 'provisioned')
    .where('t.resource_id', 'is', null)
    .where('g.resource_id', 'is', null)
}

/** Notes by which id Heroku knows a resource that has another here. */
export async function setAddonUuid(db: Db, id: string, addonUuid: string): Promise<void> {
  await db.updateTable('resources').set({ addon_uuid: addonUuid }).where('id', '=', id).execute()
}
