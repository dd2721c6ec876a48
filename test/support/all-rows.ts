import { sql } from 'kysely'
import type { Db } from '../../src/store/database.ts'

/** Every row of every table as JSON text, the way an attacker with a copy of the database reads it. */
export async function allRows(db: Db): Promise<string[]> {
  const { rows: tables } = await sql<{ name: string }>`
    select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'
  `.execute(db)
  const rows = await Promise.all(
    tables.map(({ name }) => sql<{ row: string }>`select t::text as row from ${sql.raw(name)} t`.execute(db)),
  )
  return rows.flatMap((result) => result.rows.map(({ row }) => row))
}
