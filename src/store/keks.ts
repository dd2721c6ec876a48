import { sql } from 'kysely'
import type { Db } from './database.ts'

/** A key of SEALING_KEYS by what is stored of it. */
export type StoredKek = { id: string; checkValue: Buffer }

/** All that were ever used here. */
export async function listKeks(db: Db): Promise<StoredKek[]> {
  const rows = await db.selectFrom('keks').select(['id', 'check_value']).execute()
  return rows.map(({ id, check_value: checkValue }) => ({ id, checkValue }))
}

/** Stores what is not stored yet. What is, stays as it is. */
export async function insertKeks(db: Db, keks: readonly StoredKek[], now: Date): Promise<void> {
  if (keks.length === 0) return
  await db
    .insertInto('keks')
    .values(keks.map(({ id, checkValue }) => ({ id, check_value: checkValue, first_used_at: now })))
    .onConflict((oc) => oc.doNothing())
    .execute()
}

/**
 * The ids of keys of SEALING_KEYS by which data keys of live resources are wrapped: one look into an index for each key,
 * however many there are. Customers' own keys are not among them.
 */
export async function listNeededKekIds(db: Db): Promise<string[]> {
  const { rows } = await sql<{ kek_id: string }>`
    with recursive needed as (
      select min(kek_id) as kek_id from resources where kek_id is not null
      union all
      select (select min(r.kek_id) from resources r where r.kek_id > n.kek_id)
        from needed n where n.kek_id is not null
    ), for_notices as (
      select min(notice_kek_id) as kek_id from resources where notice_kek_id is not null
      union all
      select (select min(r.notice_kek_id) from resources r where r.notice_kek_id > n.kek_id)
        from for_notices n where n.kek_id is not null
    )
    select kek_id from needed where kek_id is not null and not starts_with(kek_id, 'arn:')
     union
    select kek_id from for_notices where kek_id is not null`.execute(db)
  return rows.map((row) => row.kek_id)
}
