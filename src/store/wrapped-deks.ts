import type { WrappedDek } from '../domain/wrapped-dek.ts'
import type { Db } from './database.ts'

/** The wrapped data keys of live resources, in the order of their ids, from behind `after` on. */
export async function listWrappedDeks(
  db: Db,
  page: { limit: number; after?: string },
): Promise<{ resourceId: string; dek: WrappedDek }[]> {
  const rows = await db
    .selectFrom('resources')
    .select(['id', 'kek_id', 'wrapped_dek'])
    .where('wrapped_dek', 'is not', null)
    .$if(page.after !== undefined, (q) => q.where('id', '>', page.after ?? ''))
    .orderBy('id')
    .limit(page.limit)
    .execute()
  return rows.flatMap(({ id, kek_id: kekId, wrapped_dek: wrapped }) => {
    return kekId === null || wrapped === null ? [] : [{ resourceId: id, dek: { kekId, wrapped } }]
  })
}

/** Swaps a wrapped data key, unless it was changed or shredded meanwhile: then false. */
export async function replaceWrappedDek(
  db: Db,
  id: string,
  old: WrappedDek,
  fresh: WrappedDek,
): Promise<boolean> {
  const row = await db
    .updateTable('resources')
    .set({ kek_id: fresh.kekId, wrapped_dek: fresh.wrapped })
    .where('id', '=', id)
    .where('wrapped_dek', '=', old.wrapped)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
