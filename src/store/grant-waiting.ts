import type { Db } from './database.ts'

/** Whether the grant code of a resource is still to be exchanged, so that tokens may come. */
export async function isGrantWaiting(db: Db, resourceId: string): Promise<boolean> {
  const row = await db
    .selectFrom('oauth_grants')
    .select('resource_id')
    .where('resource_id', '=', resourceId)
    .where('state', '=', 'waiting')
    .executeTakeFirst()
  return row !== undefined
}
