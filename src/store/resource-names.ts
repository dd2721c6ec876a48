import type { Db } from './database.ts'

/** The id of the live resource that has this name, else of the one that had it last. */
export async function findResourceIdByName(db: Db, name: string): Promise<string | undefined> {
  const live = db.selectFrom('resources').select('id').where('state', '=', 'provisioned')
  const named = await live.where('name', '=', name).orderBy('created_at', 'desc').executeTakeFirst()
  if (named) return named.id
  const formerly = live.where('former_name', '=', name).orderBy('renamed_at', 'desc')
  return (await formerly.executeTakeFirst())?.id
}

/** Gives a resource another name; the one that it had becomes its former one. */
export async function setName(db: Db, id: string, name: string, now: Date): Promise<void> {
  await db
    .updateTable('resources')
    .set((eb) => ({ name, former_name: eb.ref('name'), renamed_at: now }))
    .where('id', '=', id)
    .execute()
}
