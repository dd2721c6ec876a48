import { sql } from 'kysely'
import type { Freeze } from '../domain/freezes.ts'
import type { Db } from './database.ts'
import type { StoredFreeze } from './schema.ts'

/** The freezes for all that are not over, as one value: for the select that reads a resource, so that both are of one moment. */
export const FREEZES_FOR_ALL = `(
  select coalesce(jsonb_agg(jsonb_build_object(
           'id', id, 'from', from_at, 'until', until_at, 'zone', zone, 'reason', reason
         ) order by from_at), '[]')
    from freezes_for_all where until_at > (select service_now())
)`

/** The same beside the columns of a row. */
export const freezesForAll = sql<StoredFreeze[]>`${sql.raw(FREEZES_FOR_ALL)}`.as('freezes_for_all')

/** The partner's freezes that are not over, the first to begin first. */
export async function listFreezesForAll(db: Db, now: Date): Promise<Freeze[]> {
  const rows = await db
    .selectFrom('freezes_for_all')
    .selectAll()
    .where('until_at', '>', now)
    .orderBy('from_at')
    .orderBy('id')
    .execute()
  return rows.map(({ id, from_at: from, until_at: until, zone, reason }) => ({
    id,
    from,
    until,
    zone,
    reason,
  }))
}

/** Stores a freeze for all. */
export async function insertFreezeForAll(db: Db, freeze: Freeze, now: Date): Promise<void> {
  const { id, from, until, zone, reason } = freeze
  const row = { id, from_at: from, until_at: until, zone, reason, created_at: now }
  await db.insertInto('freezes_for_all').values(row).execute()
}

/** Removes one, and returns it; undefined: there is none of that id. */
export async function deleteFreezeForAll(db: Db, id: string): Promise<Freeze | undefined> {
  const row = await db.deleteFrom('freezes_for_all').where('id', '=', id).returningAll().executeTakeFirst()
  return row && { id, from: row.from_at, until: row.until_at, zone: row.zone, reason: row.reason }
}
