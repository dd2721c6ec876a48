import type { Db } from './database.ts'

/** Whether a repeated provision is to be told of: nobody has since `before`. Who asks is the one who tells. */
export async function tellOfRepeat(db: Db, id: string, at: { now: Date; before: Date }): Promise<boolean> {
  const row = await db
    .updateTable('resources')
    .set({ repeat_told_at: at.now })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('repeat_told_at', 'is', null), eb('repeat_told_at', '<=', at.before)]))
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
