import type { Db } from './database.ts'

/**
 * Writes down that Heroku ended an add-on that is not known here: its provision request, should it still come or be just
 * being stored, is then answered like that of any other that is gone. Waits for a request that is being stored. False:
 * there is such a row by now.
 */
export async function leaveTombstone(db: Db, id: string, now: Date): Promise<boolean> {
  const row = await db
    .insertInto('resources')
    .values({ id, state: 'deprovisioned', created_at: now, deprovisioned_at: now })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
