import { sql } from 'kysely'
import type { Db } from '../../src/store/database.ts'

const ALL = [
  'resources',
  'keysets',
  'resource_apps',
  'sealed_keys',
  'history',
  'oauth_grants',
  'oauth_tokens',
  'installation',
  'sessions',
  'used_sign_on_tokens',
]
/** What makes up one add-on beside its history. */
const OF_ONE = ['resources', 'keysets', 'sealed_keys']

/** Puts back what was backed up. */
export type Backup = { restore: (db: Db) => Promise<void> }

/** All tables as they are now. Its `restore` makes a database their past again. */
export async function backUp(db: Db): Promise<Backup> {
  return await backUpTables(db, ALL)
}

/** What a writer of the database could put back of all add-ons: the rows, their keys and data keys, not the history. */
export async function backUpRows(db: Db, tables = OF_ONE): Promise<Backup> {
  return await backUpTables(db, tables)
}

async function backUpTables(db: Db, tables: readonly string[]): Promise<Backup> {
  const kept = new Map<string, string>()
  for (const table of tables) {
    const { rows } = await sql<{ all: string }>`
      select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text as all from ${sql.table(table)} t`.execute(db)
    kept.set(table, rows[0]?.all ?? '[]')
  }
  return {
    async restore(to) {
      await to.transaction().execute(async (trx) => {
        // As pg_restore does: no trigger and no foreign key is in the way.
        await sql`set local session_replication_role = replica`.execute(trx)
        for (const [table, all] of kept) {
          await sql`delete from ${sql.table(table)}`.execute(trx)
          await sql`
            insert into ${sql.table(table)}
            select * from jsonb_populate_recordset(null::${sql.table(table)}, ${all}::text::jsonb)`.execute(
            trx,
          )
        }
      })
    },
  }
}
