import { sql } from 'kysely'
import type { WrappedDek } from '../domain/wrapped-dek.ts'
import type { Db } from './database.ts'

/** What a customer's own key wraps is that customer's: no key of SEALING_KEYS has anything to do with it. */
const OURS = sql<boolean>`not starts_with(kek_id, 'arn:')`

/**
 * The data keys of live resources that keys of SEALING_KEYS wrap, in the order of their ids, from behind `after` on. With
 * `touchedByOther` only those that another KEK than this one wraps, or has ever wrapped.
 */
export async function listWrappedDeks(
  db: Db,
  page: { limit: number; after?: string; touchedByOther?: string },
): Promise<{ resourceId: string; dek: WrappedDek }[]> {
  const { limit, after, touchedByOther } = page
  const rows = await db
    .selectFrom('resources')
    .select(['id', 'kek_id', 'wrapped_dek'])
    .where('wrapped_dek', 'is not', null)
    .where(OURS)
    .$if(after !== undefined, (q) => q.where('id', '>', after ?? ''))
    .$if(touchedByOther !== undefined, (q) => q.where(isTouchedByOther(touchedByOther ?? '')))
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.flatMap(({ id, kek_id: kekId, wrapped_dek: wrapped }) => {
    return kekId === null || wrapped === null ? [] : [{ resourceId: id, dek: { kekId, wrapped } }]
  })
}

/** How many there are of those. */
export async function countTouchedByOther(db: Db, kekId: string): Promise<number> {
  const row = await db
    .selectFrom('resources')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('wrapped_dek', 'is not', null)
    .where(OURS)
    .where(isTouchedByOther(kekId))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

function isTouchedByOther(kekId: string) {
  return sql<boolean>`(kek_id <> ${kekId} or former_kek_id is not null)`
}

/** Swaps a wrapped data key, unless it was changed or shredded meanwhile: then false. */
export async function replaceWrappedDek(
  db: Db,
  id: string,
  old: WrappedDek,
  fresh: WrappedDek,
): Promise<boolean> {
  const row = await db
    .updateTable('resources')
    .set({ kek_id: fresh.kekId, former_kek_id: old.kekId, wrapped_dek: fresh.wrapped })
    .where('id', '=', id)
    .where('wrapped_dek', '=', old.wrapped)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** How many there are, or how many another key of SEALING_KEYS wraps than that of this id. */
export async function countWrappedDeks(db: Db, { notBy }: { notBy?: string } = {}): Promise<number> {
  const { count } = await db
    .selectFrom('resources')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('wrapped_dek', 'is not', null)
    .where(OURS)
    .$if(notBy !== undefined, (query) => query.where('kek_id', '<>', notBy ?? ''))
    .executeTakeFirstOrThrow()
  return Number(count)
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
      .$if(kekId === undefined, (query) => query.where(OURS))
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
