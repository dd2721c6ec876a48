import { NO_LOG_INPUT } from '../domain/notices/notice.ts'
import type { Db } from './database.ts'

/**
 * When notices to a target that a customer chose were first given up, where nothing has arrived there since; null: there is
 * none. An app that has no log is no failure of anybody.
 */
export async function findUndeliveredSince(db: Db, resourceId: string): Promise<Date | null> {
  const row = await db
    .selectFrom('notice_cursors')
    .select('given_up_at')
    .where('resource_id', '=', resourceId)
    .where('target', '<>', 'collaborators')
    .where('given_up_at', 'is not', null)
    // Nor one where something has arrived since: then there is no failure to compare.
    .where('last_failure', '<>', NO_LOG_INPUT)
    .orderBy('given_up_at')
    .limit(1)
    .executeTakeFirst()
  return row?.given_up_at ?? null
}
