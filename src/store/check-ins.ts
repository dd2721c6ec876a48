import { sql } from 'kysely'
import { type CheckIn, KEPT_HOURS, type KeyCount } from '../domain/check-in.ts'
import type { Db, Trx } from './database.ts'

/** A resource has so many at the most: dynos that come and go each day leave some behind. */
export const MOST_CHECK_INS = 500

const KEPT_SINCE = sql<Date>`service_now() - make_interval(hours => ${KEPT_HOURS})`

/**
 * Keeps the last word of a process. False: the resource is no more. Whoever is there already is written over, which costs no
 * look at others; with a new one, what is too old and what is too much goes.
 */
export async function saveCheckIn(trx: Trx, resourceId: string, said: Omit<CheckIn, 'at'>): Promise<boolean> {
  const { kid, version } = said
  const [app, process] = [said.app ?? '', said.process ?? '']
  const at = sql<Date>`service_now()`
  const updated = await trx
    .updateTable('check_ins')
    .set({ kid, version, at })
    .where('resource_id', '=', resourceId)
    .where('app', '=', app)
    .where('process', '=', process)
    .returning('kid')
    .executeTakeFirst()
  if (updated) return true
  // The lock keeps the resource until this is written.
  const { rows } = await sql`
    insert into check_ins (resource_id, app, process, kid, version, at)
    select resource_id, ${app}, ${process}, ${kid}, ${version}::integer, service_now()
      from keysets where resource_id = ${resourceId} for key share
    on conflict (resource_id, app, process)
    do update set kid = excluded.kid, version = excluded.version, at = excluded.at
    returning kid
  `.execute(trx)
  if (rows.length === 0) return false
  await sql`
    delete from check_ins
     where resource_id = ${resourceId}
       and (at <= ${KEPT_SINCE} or (app, process) in (
         select app, process from check_ins where resource_id = ${resourceId}
          order by at desc, app, process offset ${MOST_CHECK_INS}
       ))
  `.execute(trx)
  return true
}

/** What the processes of a resource said within a day, the newest first. */
export async function listCheckIns(db: Db, resourceId: string): Promise<CheckIn[]> {
  const rows = await db
    .selectFrom('check_ins')
    .select(['app', 'process', 'kid', 'version', 'at'])
    .where('resource_id', '=', resourceId)
    .where('at', '>', KEPT_SINCE)
    .orderBy('at', 'desc')
    .orderBy('app')
    .orderBy('process')
    .limit(MOST_CHECK_INS)
    .execute()
  return rows.map(({ app, process, ...said }) => ({ ...said, app: app || null, process: process || null }))
}

/** Adds to what was seen of keys in this hour. What is none of the live keys of the resource is left out. */
export async function addSightings(trx: Trx, resourceId: string, counts: readonly KeyCount[]): Promise<void> {
  if (counts.length === 0) return
  await sql`
    insert into key_sightings (resource_id, kid, hour, good, bad)
    select k.resource_id, c.kid, date_trunc('hour', service_now()), c.good, c.bad
      from keysets k
      join sealed_keys s on s.resource_id = k.resource_id
      join jsonb_to_recordset(${JSON.stringify(counts)}::jsonb) as c (kid text, good bigint, bad bigint)
        on c.kid = left(encode(s.digest, 'hex'), 8)
     where k.resource_id = ${resourceId}
       for key share of k
    on conflict (resource_id, kid, hour)
    do update set good = key_sightings.good + excluded.good, bad = key_sightings.bad + excluded.bad
  `.execute(trx)
  await sql`delete from key_sightings where resource_id = ${resourceId} and hour <= ${KEPT_SINCE}`.execute(
    trx,
  )
}

/** What was seen of keys within a day, to the hour. */
export async function sumSightings(db: Db, resourceId: string): Promise<KeyCount[]> {
  const rows = await db
    .selectFrom('key_sightings')
    .select(({ fn }) => ['kid', fn.sum<string>('good').as('good'), fn.sum<string>('bad').as('bad')])
    .where('resource_id', '=', resourceId)
    .where('hour', '>', KEPT_SINCE)
    .groupBy('kid')
    .execute()
  return rows.map(({ kid, good, bad }) => ({ kid, good: Number(good), bad: Number(bad) }))
}
