import { type Selectable, sql } from 'kysely'
import type { Db } from './database.ts'
import type { Schema } from './schema.ts'

/** Which Postgres this is, as far as it tells: some of it is refused by managed services, and is null then. */
export type DatabasePlace = {
  systemIdentifier: string | null
  databaseOid: string
  timeline: string | null
  server: string | null
  serverStarted: string
}

/** Which Heroku and which add-on a process was set up for. */
export type ServicePlace = { herokuApi: string; herokuId: string; addonId: string; addonUrl: string }

/**
 * What is written down of the installation. `since`: when the epoch began. `idleMs`: since a worker was last alive. Both
 * are by the clock of the database. `asWritten`: the row stands there as this service wrote it, and was not restored.
 */
export type StoredInstallation = DatabasePlace &
  ServicePlace & { epoch: number; since: Date; idleMs: number; asWritten: boolean }

/** Insufficient privilege; and "recovery is in progress", which a standby says of its log. */
const NOT_TOLD = ['42501', '55000']

/** Asks the database which one it is. */
export async function readPlace(db: Db): Promise<DatabasePlace> {
  const { rows } = await sql<{ oid: string; server: string | null; started: string }>`
    select oid::text as oid, host(inet_server_addr()) || ':' || inet_server_port() as server,
           (pg_postmaster_start_time() at time zone 'utc')::text as started
      from pg_database where datname = current_database()`.execute(db)
  const [row] = rows
  return {
    systemIdentifier: await textIfTold(db, 'select system_identifier::text as text from pg_control_system()'),
    databaseOid: row?.oid ?? '',
    // The timeline of pg_control_checkpoint() lags behind a promotion until the next checkpoint; this does not.
    timeline: await textIfTold(db, 'select left(pg_walfile_name(pg_current_wal_lsn()), 8) as text'),
    server: row?.server ?? null,
    serverStarted: row?.started ?? '',
  }
}

async function textIfTold(db: Db, query: string): Promise<string | null> {
  try {
    const { rows } = await sql<{ text: string | null }>`${sql.raw(query)}`.execute(db)
    return rows[0]?.text ?? null
  } catch (error) {
    if (error instanceof Error && 'code' in error && NOT_TOLD.includes(String(error.code))) return null
    throw error
  }
}

/** What is written down; it is written by whoever looks first. */
export async function findOrMakeInstallation(
  db: Db,
  place: DatabasePlace & ServicePlace,
): Promise<StoredInstallation> {
  const found = await find(db)
  if (found) return found
  await db
    .insertInto('installation')
    .values({
      ...rowOf(place),
      epoch_at: sql<Date>`service_now()`,
      last_seen: sql<Date>`clock_timestamp()`,
      written_by: THIS_TRANSACTION,
    })
    .onConflict((conflict) => conflict.column('only_row').doNothing())
    .execute()
  const made = await find(db)
  if (!made) throw new Error('the installation is not written down')
  return made
}

/** Goes into the row with each write, so that it is that of the row's own `xmin`. */
const THIS_TRANSACTION = sql<string>`pg_current_xact_id()::text::bigint`

async function find(db: Db): Promise<StoredInstallation | undefined> {
  const row = await db
    .selectFrom('installation')
    .selectAll()
    .select(sql<number>`extract(epoch from clock_timestamp() - last_seen)::float8 * 1000`.as('idle_ms'))
    // The low half of the number is what a row keeps of it.
    .select(sql<boolean>`xmin::text::bigint = written_by % 4294967296`.as('as_written'))
    .executeTakeFirst()
  return row && installationOf(row)
}

/**
 * A new epoch at this place, once: of two processes that see the same, one raises it. The number is one that no restore
 * brings back: the seconds since 2026 began, where these are more than one up.
 */
export async function raiseEpoch(
  db: Db,
  seenEpoch: number,
  place: DatabasePlace & ServicePlace,
): Promise<void> {
  await db
    .updateTable('installation')
    .set({
      ...rowOf(place),
      epoch: sql<number>`greatest(
        epoch + 1,
        extract(epoch from clock_timestamp() - timestamptz '2026-01-01 00:00:00Z')::integer
      )`,
      epoch_at: sql<Date>`service_now()`,
      last_seen: sql<Date>`clock_timestamp()`,
      written_by: THIS_TRANSACTION,
    })
    .where('epoch', '=', seenEpoch)
    .execute()
}

/** A worker is alive. */
export async function noteAlive(db: Db): Promise<void> {
  await db
    .updateTable('installation')
    .set({ last_seen: sql<Date>`clock_timestamp()`, written_by: THIS_TRANSACTION })
    .execute()
}

function rowOf(place: DatabasePlace & ServicePlace) {
  return {
    system_identifier: place.systemIdentifier,
    database_oid: place.databaseOid,
    timeline: place.timeline,
    server: place.server,
    server_started: place.serverStarted,
    heroku_api: place.herokuApi,
    heroku_id: place.herokuId,
    addon_id: place.addonId,
    addon_url: place.addonUrl,
  }
}

type Row = Selectable<Schema['installation']> & { idle_ms: number; as_written: boolean }

function installationOf(row: Row): StoredInstallation {
  return {
    systemIdentifier: row.system_identifier,
    databaseOid: row.database_oid,
    timeline: row.timeline,
    server: row.server,
    serverStarted: row.server_started,
    herokuApi: row.heroku_api,
    herokuId: row.heroku_id,
    addonId: row.addon_id,
    addonUrl: row.addon_url,
    epoch: row.epoch,
    since: row.epoch_at,
    idleMs: row.idle_ms,
    asWritten: row.as_written,
  }
}
