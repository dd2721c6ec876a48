import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Db } from '../../../src/store/database.ts'

/** Resolves when so many statements wait for a lock that somebody else holds. */
export async function whenWaiting(db: Db, statements = 1): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await sql<{ count: number }>`
        select count(*)::integer as count from pg_stat_activity
         where wait_event_type = 'Lock' and datname = current_database()`.execute(db)
      return rows[0]?.count
    })
    .toBeGreaterThanOrEqual(statements)
}
