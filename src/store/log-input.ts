import type { WrappedDek } from '../domain/wrapped-dek.ts'
import type { Db } from './database.ts'
import { dekOf, ownKeyState } from './dek-row.ts'

/** Where the log of the owning app is written to, sealed under the data key beside it; null: Heroku never told. */
export type LogInput = { dek: WrappedDek; sealed: Buffer | null }

/** The log address of a live resource; undefined: it is gone. */
export async function findLogInput(db: Db, resourceId: string): Promise<LogInput | undefined> {
  const row = await db
    .selectFrom('resources')
    .select(['kek_id', 'wrapped_dek', 'sealed_log_input_url'])
    .select(ownKeyState)
    .where('id', '=', resourceId)
    .executeTakeFirst()
  if (!row?.kek_id || !row.wrapped_dek) return undefined
  return { dek: dekOf(row.kek_id, row.wrapped_dek, row.own_key_state), sealed: row.sealed_log_input_url }
}

/** Keeps another log address, unless all of the resource was sealed anew since. */
export async function replaceLogInput(
  db: Db,
  resourceId: string,
  { dek, sealed }: { dek: WrappedDek; sealed: Buffer },
): Promise<void> {
  await db
    .updateTable('resources')
    .set({ sealed_log_input_url: sealed })
    .where('id', '=', resourceId)
    .where('wrapped_dek', '=', dek.wrapped)
    .execute()
}
