import type { Db, Trx } from './database.ts'

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

/**
 * Ends a resource and shreds it: its keys, tokens, grant and data key are erased. Whatever a worker still writes for it
 * finds no row.
 */
export async function shredResource(trx: Trx, id: string, now: Date): Promise<void> {
  await trx
    .updateTable('resources')
    .set({
      state: 'deprovisioned',
      deprovisioned_at: now,
      kek_id: null,
      former_kek_id: null,
      wrapped_dek: null,
      notice_kek_id: null,
      former_notice_kek_id: null,
      notice_dek: null,
      sealed_log_input_url: null,
    })
    .where('id', '=', id)
    .execute()
  // Its sealed keys go with it.
  await trx.deleteFrom('keysets').where('resource_id', '=', id).execute()
  await trx.deleteFrom('oauth_grants').where('resource_id', '=', id).execute()
  await trx.deleteFrom('oauth_tokens').where('resource_id', '=', id).execute()
}
