import { sql } from 'kysely'
import type { DekColumn, WrappedDek } from '../domain/wrapped-dek.ts'
import type { Db } from './database.ts'

/** What a customer's own key wraps is that customer's: no key of SEALING_KEYS has anything to do with it. */
const OURS = {
  wrapped_dek: sql<boolean>`not starts_with(kek_id, 'arn:')`,
  notice_dek: sql<boolean>`true`,
}

/** The columns beside each. */
const BESIDE = {
  wrapped_dek: { kek: 'kek_id', former: 'former_kek_id' },
  notice_dek: { kek: 'notice_kek_id', former: 'former_notice_kek_id' },
} as const

/**
 * The data keys of live resources that keys of SEALING_KEYS wrap, in the order of their ids, from behind `after` on: the
 * first, or the second ones for notices. With `touchedByOther` only those that another KEK than this one wraps, or has ever
 * wrapped.
 */
export async function listWrappedDeks(
  db: Db,
  page: { limit: number; column?: DekColumn; after?: string; touchedByOther?: string },
): Promise<{ resourceId: string; dek: WrappedDek }[]> {
  const { limit, column = 'wrapped_dek', after, touchedByOther } = page
  const { kek } = BESIDE[column]
  const rows = await db
    .selectFrom('resources')
    .select((eb) => ['id', eb.ref(kek).as('kek'), eb.ref(column).as('wrapped')])
    .where(column, 'is not', null)
    .where(OURS[column])
    .$if(after !== undefined, (q) => q.where('id', '>', after ?? ''))
    .$if(touchedByOther !== undefined, (q) => q.where(isTouchedByOther(column, touchedByOther ?? '')))
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.flatMap(({ id, kek: kekId, wrapped }) => {
    return kekId === null || wrapped === null ? [] : [{ resourceId: id, dek: { kekId, wrapped } }]
  })
}

/** How many there are of those, the second ones among them. */
export async function countTouchedByOther(db: Db, kekId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from resources
     where (wrapped_dek is not null and ${OURS.wrapped_dek} and ${isTouchedByOther('wrapped_dek', kekId)})
        or (notice_dek is not null and ${isTouchedByOther('notice_dek', kekId)})`.execute(db)
  return rows[0]?.count ?? 0
}

function isTouchedByOther(column: DekColumn, kekId: string) {
  const { kek, former } = BESIDE[column]
  return sql<boolean>`(${sql.ref(kek)} <> ${kekId} or ${sql.ref(former)} is not null)`
}

/** Swaps a wrapped data key, unless it was changed or shredded meanwhile: then false. */
export async function replaceWrappedDek(
  db: Db,
  at: { resourceId: string; column: DekColumn },
  old: WrappedDek,
  fresh: WrappedDek,
): Promise<boolean> {
  const { kek, former } = BESIDE[at.column]
  const row = await db
    .updateTable('resources')
    .set({ [kek]: fresh.kekId, [former]: old.kekId, [at.column]: fresh.wrapped })
    .where('id', '=', at.resourceId)
    .where(at.column, '=', old.wrapped)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** How many there are, or how many another key of SEALING_KEYS wraps than that of this id. */
export async function countWrappedDeks(db: Db, { notBy }: { notBy?: string } = {}): Promise<number> {
  const count = async (column: DekColumn) => {
    const row = await db
      .selectFrom('resources')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where(column, 'is not', null)
      .where(OURS[column])
      .$if(notBy !== undefined, (query) => query.where(BESIDE[column].kek, '<>', notBy ?? ''))
      .executeTakeFirstOrThrow()
    return Number(row.count)
  }
  return (await count('wrapped_dek')) + (await count('notice_dek'))
}

/** Wrapped data keys of other live resources, under one KEK if it is given, else under ours, from `from` on round about. */
export async function findWrappedDeks(
  db: Db,
  request: { kekId?: string; from: string; except: string; limit: number },
): Promise<{ resourceId: string; dek: WrappedDek }[]> {
  const { kekId, from, except, limit } = request
  const part = (side: '>=' | '<') =>
    db
      .selectFrom('resources')
      .select(['id', 'kek_id', 'wrapped_dek'])
      .where('kek_id', kekId === undefined ? 'is not' : '=', kekId ?? null)
      .$if(kekId === undefined, (query) => query.where(OURS.wrapped_dek))
      .where('id', side, from)
      .where('id', '<>', except)
      .orderBy('id')
      .limit(limit)
      .execute()
  const after = await part('>=')
  const rows = after.length < limit ? [...after, ...(await part('<'))] : after
  return rows.slice(0, limit).flatMap(({ id, kek_id: kek, wrapped_dek: wrapped }) => {
    return kek && wrapped ? [{ resourceId: id, dek: { kekId: kek, wrapped } }] : []
  })
}
