import { type Selectable, sql } from 'kysely'
import type { AddonOptions } from '../domain/addon-options.ts'
import type { GracePeriod } from '../domain/grace.ts'
import type { HerokuAddress } from '../domain/heroku-address.ts'
import type { HistoryEvent } from '../domain/history.ts'
import { isOwnKey } from '../domain/own-key-arn.ts'
import type { OwnKeyState } from '../domain/own-key-watch.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import type { WrappedDek } from '../domain/wrapped-dek.ts'
import { span } from './columns.ts'
import type { Db } from './database.ts'
import { dekWithNoticesOf, ownKeyState } from './dek-row.ts'
import { askAll, given, runPrepared } from './group-statement.ts'
import { historyRow } from './history.ts'
import { gracePeriodOf, graceSecondsOf, msOf, secondsOf } from './intervals.ts'
import { NEW_CURSOR, type NewTarget, newCursorRows } from './new-cursors.ts'
import { FIRST_GRANT_FENCE, type NewGrant } from './oauth-grants.ts'
import { type Schema, TABLES } from './schema.ts'
import { keyRow, type NewKey } from './sealed-keys.ts'
import { STATE, stateRow } from './state-row.ts'

/** A resource as the flows see it. Its data key is null once it is deprovisioned. */
export type Resource = {
  id: string
  state: 'provisioned' | 'deprovisioned'
  name: string | null
  /** Its name before `renamedAt`, where it was ever renamed. */
  formerName: string | null
  renamedAt: Date | null
  plan: string
  region: string | null
  periodMs: number
  grace: GracePeriod
  dek: WrappedDek | null
  handsOver: boolean
  address: HerokuAddress
  createdAt: Date
  missingSince: Date | null
}

/** Everything that a provision request brings. */
export type NewResource = Pick<Resource, 'id' | 'name' | 'plan' | 'region'> & {
  periodMs: number
  options: AddonOptions
  dek: WrappedDek
  sealedLogInputUrl: Buffer | null
  /** How the legacy API calls it and where; left out where that did not make it. */
  legacy?: { herokuId: string | null; callbackPath: string } | undefined
  keys: readonly NewKey[]
  grant: NewGrant | null
  state: ResourceState
  /** Who is told notices of it from the start, and when each is first looked at. */
  targets: readonly NewTarget[]
  /** What its history begins with. */
  events: readonly HistoryEvent[]
}

const { resources, keysets, sealed_keys, oauth_grants, history, own_keys } = TABLES
const {
  former_kek_id: _formerKek,
  former_notice_kek_id: _formerNoticeKek,
  missing_since: _missing,
  repeat_told_at: _repeat,
  own_key_told: _ownKeyTold,
  hands_over: _handsOver,
  addon_uuid: _addon,
  deprovisioned_at: _end,
  former_name: _former,
  renamed_at: _renamed,
  ...resourceColumns
} = resources
const { wake_at: _wake, claimed_until: _claim, ...grantColumns } = oauth_grants

const names = (columns: object) => sql.raw(Object.keys(columns).join(', '))
const namesOf = (alias: string, columns: object) =>
  sql.raw(
    Object.keys(columns)
      .map((name) => `${alias}.${name}`)
      .join(', '),
  )

/**
 * Stores resources with their keys, grants and first history rows by one statement: one round trip, all or nothing.
 * Returns the ids of those that were stored. The others exist, or another request is just storing them. No id may stand
 * twice in a group.
 */
export async function insertResources(
  db: Db,
  unordered: readonly NewResource[],
  now: Date,
): Promise<Set<string>> {
  if (unordered.length === 0) return new Set()
  // An insert waits for another of the same id, and repeated requests may be in two groups at a time.
  const group = unordered.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const keyset = { resource_id: keysets.resource_id, last_seq: keysets.last_seq, ...STATE }
  const grants = group.flatMap(({ id, grant }) => (grant ? [grantRow(id, grant)] : []))
  const rows = await runPrepared(
    db,
    'insert-resources',
    askAll(resources, 'resource', ['id']),
    (list) => sql`
    with resource as (
      insert into resources (${names(resourceColumns)})
      select ${names(resourceColumns)} from ${given(
        resourceColumns,
        group.map((each) => resourceRow(each, now)),
      )}
      on conflict (id) do nothing
      returning id
    ), keyset as (
      insert into keysets (${names(keyset)})
      select ${namesOf('v', keyset)}
        from ${given(keyset, group.map(keysetRow))} join resource on resource.id = v.resource_id
    ), keys as (
      insert into sealed_keys (${names(sealed_keys)})
      select ${namesOf('v', sealed_keys)}
        from ${given(
          sealed_keys,
          group.flatMap(({ keys }) => keys.map((key) => keyRow(key, now))),
        )}
        join resource on resource.id = v.resource_id
    ), grants as (
      insert into oauth_grants (${names(grantColumns)}, wake_at, claimed_until)
      select ${namesOf('v', grantColumns)}, now.at + v.head_start, now.at + v.head_start
        from ${given({ ...grantColumns, head_start: span }, grants)}
        join resource on resource.id = v.resource_id
        cross join (select service_now() as at offset 0) as now
    ), events as (
      insert into history (${names(history)})
      select ${namesOf('v', history)}
        from ${given(
          history,
          group.flatMap(({ id, events }) =>
            events.map((event, index) => historyRow({ resourceId: id, seq: index + 1, event })),
          ),
        )}
        join resource on resource.id = v.resource_id
    ), targets as (
      insert into notice_cursors (${names(NEW_CURSOR)})
      select ${namesOf('v', NEW_CURSOR)}
        from ${given(NEW_CURSOR, group.flatMap(newCursorRows))}
        join resource on resource.id = v.resource_id
    ), own as (
      insert into own_keys (arn, since, wake_at)
      select distinct v.arn, now.at, now.at
        from ${given({ resource_id: keysets.resource_id, arn: own_keys.arn }, group.flatMap(ownKeyRows))}
        join resource on resource.id = v.resource_id
        cross join (select service_now() as at offset 0) as now
       order by v.arn
      on conflict (arn) do update set wake_at = least(own_keys.wake_at, excluded.wake_at)
    )
    select ${list} from resource`,
  )
  return new Set(rows.map(({ id }) => id))
}

function resourceRow(resource: NewResource, now: Date) {
  return {
    id: resource.id,
    state: 'provisioned' as const,
    name: resource.name,
    plan: resource.plan,
    region: resource.region,
    rotation_period_seconds: secondsOf(resource.periodMs),
    grace_period_seconds: graceSecondsOf(resource.options.grace),
    kek_id: resource.dek.kekId,
    wrapped_dek: resource.dek.wrapped,
    notice_kek_id: resource.dek.notices?.kekId ?? null,
    notice_dek: resource.dek.notices?.wrapped ?? null,
    sealed_log_input_url: resource.sealedLogInputUrl,
    heroku_id: resource.legacy?.herokuId ?? null,
    callback_path: resource.legacy?.callbackPath ?? null,
    created_at: now,
  }
}

/** A customer's own key is watched from the first add-on on that it protects. */
function ownKeyRows({ id, dek }: NewResource) {
  return isOwnKey(dek.kekId) ? [{ resource_id: id, arn: dek.kekId }] : []
}

function keysetRow({ id, state, events }: NewResource) {
  return { resource_id: id, last_seq: events.length, ...stateRow(state) }
}

function grantRow(resourceId: string, grant: NewGrant) {
  return {
    resource_id: resourceId,
    code_digest: grant.codeDigest,
    expires_at: grant.expiresAt,
    state: 'waiting' as const,
    sealed_code: grant.sealedCode,
    fence: FIRST_GRANT_FENCE,
    head_start: grant.headStartMs,
  }
}

/** The resource of that id, live or deprovisioned. */
export async function findResource(db: Db, id: string): Promise<Resource | undefined> {
  const row = await db
    .selectFrom('resources')
    .selectAll()
    .select(ownKeyState)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && resourceOf(row)
}

/** Puts a resource on another plan. */
export async function setPlan(db: Db, id: string, plan: { name: string; periodMs: number }): Promise<void> {
  await db
    .updateTable('resources')
    .set({ plan: plan.name, rotation_period_seconds: secondsOf(plan.periodMs) })
    .where('id', '=', id)
    .execute()
}

/** Sets the grace period of a resource. The key in the second place has an end of its own, in its state. */
export async function setGrace(db: Db, id: string, grace: GracePeriod): Promise<void> {
  await db
    .updateTable('resources')
    .set({ grace_period_seconds: graceSecondsOf(grace) })
    .where('id', '=', id)
    .execute()
}

/** Notes that Heroku no longer knows the resource, or knows it again (`since: null`). */
export async function setMissingSince(db: Db, id: string, since: Date | null): Promise<void> {
  await db.updateTable('resources').set({ missing_since: since }).where('id', '=', id).execute()
}

function resourceOf(row: Selectable<Schema['resources']> & { own_key_state: OwnKeyState | null }): Resource {
  return {
    id: row.id,
    state: row.state,
    name: row.name,
    formerName: row.former_name,
    renamedAt: row.renamed_at,
    plan: row.plan ?? '', // a tombstone has none, and no period
    region: row.region,
    periodMs: row.rotation_period_seconds === null ? 0 : msOf(row.rotation_period_seconds),
    grace: gracePeriodOf(row.grace_period_seconds),
    dek: dekWithNoticesOf(row),
    handsOver: row.hands_over,
    address: { addonUuid: row.addon_uuid, callbackPath: row.callback_path, since: row.created_at },
    createdAt: row.created_at,
    missingSince: row.missing_since,
  }
}
