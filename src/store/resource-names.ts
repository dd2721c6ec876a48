import type { Db } from './database.ts'

/** The id of the live resource that has this name, else of the one that had it last. */
export async function findResourceIdByName(db: Db, name: string): Promise<string | undefined> {
  const live = db.selectFrom('resources').select('id').where('state', '=', 'provisioned')
  const named = await live.where('name', '=', name).orderBy('created_at', 'desc').executeTakeFirst()
  if (named) return named.id
  const formerly = live.where('former_name', '=', name).orderBy('renamed_at', 'desc')
  return (await formerly.executeTakeFirst())?.id
}

/** The id of the live resource that Heroku knows by this id: its own, but for what the legacy API made. */
export async function findLiveIdAtHeroku(db: Db, herokuId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('resources')
    .select('id')
    .where('state', '=', 'provisioned')
    .where((eb) => eb.or([eb('id', '=', herokuId), eb('addon_uuid', '=', herokuId)]))
    // One that has an id of its own at Heroku is not known there by ours.
    .where((eb) => eb(eb.fn.coalesce('addon_uuid', 'id'), '=', herokuId))
    .executeTakeFirst()
  return row?.id
}

/** Whether a resource has this name, or had it last, or this id. */
export async function isNamed(db: Db, id: string, nameOrId: string): Promise<boolean> {
  if (nameOrId.toLowerCase() === id) return true
  const named = db.selectFrom('resources').select('id').where('id', '=', id)
  const row = await named
    .where((eb) => eb.or([eb('name', '=', nameOrId), eb('former_name', '=', nameOrId)]))
    .executeTakeFirst()
  return row !== undefined
}

/** Gives a resource another name; the one that it had becomes its former one. */
export async function setName(db: Db, id: string, name: string, now: Date): Promise<void> {
  await db
    .updateTable('resources')
    .set((eb) => ({ name, former_name: eb.ref('name'), renamed_at: now }))
    .where('id', '=', id)
    .execute()
}
