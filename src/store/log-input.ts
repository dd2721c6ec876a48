import type { WrappedDek } from '../domain/wrapped-dek.ts'
import type { Db } from './database.ts'
import { dekWithNoticesOf, ownKeyState } from './dek-row.ts'

/** Where the log of the owning app is written to, sealed as its data key beside it says; null: Heroku never told. */
export type LogInput = { dek: WrappedDek; sealed: Buffer | null }

/** The log address of a live resource; undefined: it is gone. */
export async function findLogInput(db: Db, resourceId: string): Promise<LogInput | undefined> {
  const row = await db
    .selectFrom('resources')
    .select(['kek_id', 'wrapped_dek', 'notice_kek_id', 'notice_dek', 'sealed_log_input_url'])
    .select(ownKeyState)
    .where('id', '=', resourceId)
    .executeTakeFirst()
  const dek = row && dekWithNoticesOf(row)
  return dek ? { dek, sealed: row.sealed_log_input_url } : undefined
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
    .where('notice_dek', 'is not distinct from', dek.notices?.wrapped ?? null)
    .execute()
}
