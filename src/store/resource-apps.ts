import { sql } from 'kysely'
import type { AppInUse } from '../domain/turn.ts'
import { CLAIMED_AT } from './claims.ts'
import { boolean } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { ask } from './group-statement.ts'
import { interval } from './intervals.ts'

/** An app that an add-on is attached to, by its id at Heroku and its present name. */
export type KnownApp = { id: string; name: string }

/** Of an add-on on more apps than this so many are known. */
const MOST_APPS = 50
/** The date beside an app is written again after so long. */
const NOTED_EVERY_MS = 86_400_000
/** Longer than the longest usual period, so that what each rotation reads stays known. */
const KNOWN_FOR_DAYS = 35

/** Beside a claim, with `JOINED_APPS`: whether its apps are known, and whether another add-on is on one of them. */
export const APPS_ASKED = {
  apps_known: ask(boolean, 'coalesce(apps.known, false)'),
  shares_apps: ask(boolean, 'coalesce(apps.shared, false)'),
}

/** For the select behind `claimDueRows`, whose rows are `k`: two looks into indexes for each. */
export const JOINED_APPS = `
  left join lateral (
    select max(a.seen_at) > ${CLAIMED_AT} - interval '${KNOWN_FOR_DAYS} days' as known,
           bool_or(exists (
             select from resource_apps b where b.app_id = a.app_id and b.resource_id <> a.resource_id
           )) as shared
      from resource_apps a where a.resource_id = k.resource_id
  ) apps on true`

/**
 * Keeps the apps that Heroku has told for an add-on, in the place of those known before. True: they are others than those.
 * Nothing is written where they are known of late.
 */
export async function noteApps(db: Db, resourceId: string, told: readonly KnownApp[]): Promise<boolean> {
  const byId = new Map(told.map((app) => [app.id, app]))
  const apps = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MOST_APPS)
  const { rows: known } = await sql<{ id: string; name: string; dated: boolean }>`
    select app_id as id, name, seen_at > service_now() - ${interval(NOTED_EVERY_MS)} as dated
      from resource_apps where resource_id = ${resourceId}
  `.execute(db)
  const isChanged = known.length !== apps.length || known.some(({ id }) => !byId.has(id))
  const isDated = known.every(({ id, name, dated }) => dated && name === byId.get(id)?.name)
  if (isChanged || !isDated) await writeApps(db, resourceId, apps)
  return isChanged
}

/** The names of apps of an add-on, at most `limit`. */
export async function findAppNames(db: Db, resourceId: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('resource_apps')
    .select('name')
    .where('resource_id', '=', resourceId)
    .orderBy('name')
    .limit(limit)
    .execute()
  return rows.map(({ name }) => name)
}

async function writeApps(db: Db, resourceId: string, apps: readonly KnownApp[]): Promise<void> {
  await db.transaction().execute(async (trx) => {
    // The lock keeps the resource, and its apps are written one list after another.
    const { rows } = await sql`
      select from keysets where resource_id = ${resourceId} for key share
    `.execute(trx)
    if (rows.length === 0) return
    await sql`select pg_advisory_xact_lock(hashtextextended(${`apps of ${resourceId}`}, 0))`.execute(trx)
    const ids = apps.map(({ id }) => id)
    await sql`
      delete from resource_apps where resource_id = ${resourceId} and app_id <> all (${ids}::uuid[])
    `.execute(trx)
    await sql`
      insert into resource_apps (resource_id, app_id, name, seen_at)
      select ${resourceId}, a.id, a.name, service_now()
        from unnest(${ids}::uuid[], ${apps.map(({ name }) => name)}::text[]) as a (id, name)
      on conflict (resource_id, app_id) do update set name = excluded.name, seen_at = excluded.seen_at
    `.execute(trx)
  })
}

/**
 * Waits until nobody else asks for a turn on the apps of an add-on, and keeps others from it until the transaction ends.
 * Everybody takes these locks in one order, and before any lock of a row.
 */
export async function lockAppsOf(trx: Trx, resourceId: string): Promise<void> {
  await sql`
    select pg_advisory_xact_lock(lock)
      from (
        select hashtextextended('restarts of ' || app_id, 0) as lock
          from resource_apps where resource_id = ${resourceId} order by 1
      ) as locks
  `.execute(trx)
}

/** A person has asked for a rotation, and nothing is in its way: it restarts the apps in these seconds. */
const GOES_AT_ONCE = sql<boolean>`(
  (k.reason in ('manual', 'revoke') or k.pressed) and k.attempts = 0 and k.held_back is null
  and (k.wake_at <= service_now() or k.claimed_until > service_now())
)`

/** What other add-ons do to the apps of this one, app by app. Its own turns and restarts are not among it. */
export async function listAppsInUse(trx: Trx, resourceId: string, now: Date): Promise<AppInUse[]> {
  const { rows } = await sql<AppInUse>`
    select min(b.name) as app,
           greatest(
             max(k.pushed_at),
             max((p.published->'sent'->>-1)::timestamptz),
             max(t.at) filter (where t.at <= ${now}),
             max(${now}::timestamptz) filter (where ${GOES_AT_ONCE})
           ) as "restartedAt",
           max(t.at) filter (where t.at > ${now}) as "awaitedAt"
      from resource_apps a
      join resource_apps b on b.app_id = a.app_id and b.resource_id <> a.resource_id
      join keysets k on k.resource_id = b.resource_id
      left join private_links p on p.resource_id = b.resource_id
     cross join lateral (select (k.turn->>'at')::timestamptz as at) as t
     where a.resource_id = ${resourceId}
     group by a.app_id
  `.execute(trx)
  return rows
}
