import type { HerokuAccess } from '../domain/health-state.ts'
import type { Db } from './database.ts'
import { isGrantWaiting } from './oauth-grants.ts'

/** Whether Heroku can be called for a resource. Without a refresh token it soon cannot. */
export async function findHerokuAccess(db: Db, resourceId: string): Promise<HerokuAccess> {
  const token = await db
    .selectFrom('oauth_tokens')
    .select('resource_id')
    .where('resource_id', '=', resourceId)
    .where('sealed_refresh_token', 'is not', null)
    .executeTakeFirst()
  if (token) return 'given'
  return (await isGrantWaiting(db, resourceId)) ? 'waiting' : 'none'
}
