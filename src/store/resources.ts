import { type Selectable, sql } from 'kysely'
import type { AuditEvent } from '../domain/audit.ts'
import type { GracePeriod } from '../domain/grace.ts'
import type { Db } from './database.ts'
import { gracePeriodOf, graceSecondsOf, msOf, secondsOf } from './intervals.ts'
import type { NewKey } from './key-versions.ts'
import type { NewGrant } from './oauth-grants.ts'
import type { Schema } from './schema.ts'

/** A resource as the flows see it. `wrappedDek` is null once the resource is deprovisioned. */
export type Resource = {
  id: string
  state: 'provisioned' | 'deprovisioned'
  name: string | null
  plan: string
  periodMs: number
  grace: GracePeriod
  wrappedDek: string | null
  createdAt: Date
  missingSince: Date | null
}

export type NewResource = {
  id: string
  name: string | null
  plan: string
  region: string | null
  periodMs: number
  grace: GracePeriod
  wrappedDek: string
  sealedLogInputUrl: string | null
  keys: readonly NewKey[]
  grant: NewGrant | null
  nextRotationAt: Date
  audit: AuditEvent
}

/**
 * Stores a resource with its keys, grant, schedule and audit row by one statement: one round trip, all or nothing.
 * False: a resource of that id exists (or another request is just storing it), and nothing was written.
 */
export async function insertResource(db: Db, resource: NewResource, now: Date): Promise<boolean> {
  const { keys, grant, audit } = resource
  const { rows } = await sql`
    /* prepared: insert-resource */
    with resource as (
      insert into resources (
        id, state, name, plan, region, rotation_period_seconds, grace_period_seconds,
        wrapped_dek, sealed_log_input_url, created_at
      ) values (
        ${resource.id}, 'provisioned', ${resource.name}, ${resource.plan}, ${resource.region},
        ${secondsOf(resource.periodMs)}, ${graceSecondsOf(resource.grace)},
        ${resource.wrappedDek}, ${resource.sealedLogInputUrl}, ${now}
      )
      on conflict (id) do nothing
      returning id
    ), first_keys as (
      insert into key_versions (
        resource_id, version, stage, filler, fingerprint, sealed_key, digest, created_at, published_at
      )
      select resource.id, v.*, ${now}::timestamptz, ${now}::timestamptz
        from resource, unnest(
          ${keys.map((k) => k.version)}::integer[], ${keys.map((k) => k.stage)}::text[],
          ${keys.map((k) => k.filler)}::boolean[], ${keys.map((k) => k.fingerprint)}::text[],
          ${keys.map((k) => k.sealedKey)}::text[], ${keys.map((k) => k.digest)}::bytea[]
        ) as v
    ), dates as (
      insert into schedule (resource_id, next_rotation_at, wake_at)
      select id, ${resource.nextRotationAt}::timestamptz, ${resource.nextRotationAt}::timestamptz from resource
    ), oauth_grant as (
      insert into oauth_grants (resource_id, sealed_code, code_digest, expires_at, state, wake_at)
      select id, ${grant?.sealedCode ?? null}::text, ${grant?.codeDigest ?? null}::bytea,
             ${grant?.expiresAt ?? null}::timestamptz, 'waiting', ${grant?.wakeAt ?? null}::timestamptz
        from resource where ${grant !== null}::boolean
    ), trail as (
      insert into audit_events (resource_id, at, actor, action, version, fingerprint, details)
      select id, ${audit.at}::timestamptz, ${JSON.stringify(audit.actor)}::jsonb, ${audit.action},
             ${audit.version ?? null}::integer, ${audit.fingerprint ?? null}::text,
             ${JSON.stringify(audit.details ?? {})}::jsonb
        from resource
    )
    select id from resource
  `.execute(db)
  return rows.length === 1
}

/** The resource of that id, live or deprovisioned. */
export async function findResource(db: Db, id: string): Promise<Resource | undefined> {
  const row = await db.selectFrom('resources').selectAll().where('id', '=', id).executeTakeFirst()
  return row && resourceOf(row)
}

/** The id of the live resource that Heroku gave this name when it was provisioned. */
export async function findResourceIdByName(db: Db, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('resources')
    .select('id')
    .where('name', '=', name)
    .where('state', '=', 'provisioned')
    .orderBy('created_at', 'desc')
    .executeTakeFirst()
  return row?.id
}

/** Puts a resource on another plan. */
export async function setPlan(db: Db, id: string, plan: { name: string; periodMs: number }): Promise<void> {
  await db
    .updateTable('resources')
    .set({ plan: plan.name, rotation_period_seconds: secondsOf(plan.periodMs) })
    .where('id', '=', id)
    .execute()
}

/** Sets the grace period of a resource. The key in the second place has an end of its own: see `setGraceEnd`. */
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

/**
 * Ends a resource and shreds it: without its data key, sealed values in old backups stay unreadable too.
 * The rows of its schedule, grant and tokens go; the caller erases the keys and ends an unfinished rotation.
 */
export async function shredResource(db: Db, id: string, now: Date): Promise<void> {
  await db
    .updateTable('resources')
    .set({ state: 'deprovisioned', deprovisioned_at: now, wrapped_dek: null, sealed_log_input_url: null })
    .where('id', '=', id)
    .execute()
  await db.deleteFrom('schedule').where('resource_id', '=', id).execute()
  await db.deleteFrom('oauth_grants').where('resource_id', '=', id).execute()
  await db.deleteFrom('oauth_tokens').where('resource_id', '=', id).execute()
}

function resourceOf(row: Selectable<Schema['resources']>): Resource {
  return {
    id: row.id,
    state: row.state,
    name: row.name,
    plan: row.plan,
    periodMs: msOf(row.rotation_period_seconds),
    grace: gracePeriodOf(row.grace_period_seconds),
    wrappedDek: row.wrapped_dek,
    createdAt: row.created_at,
    missingSince: row.missing_since,
  }
}

/** The wrapped data keys of live resources, in the order of their ids, from behind `after` on. */
export async function listWrappedDeks(
  db: Db,
  page: { limit: number; after?: string },
): Promise<{ resourceId: string; wrappedDek: string }[]> {
  const rows = await db
    .selectFrom('resources')
    .select(['id', 'wrapped_dek'])
    .where('wrapped_dek', 'is not', null)
    .$if(page.after !== undefined, (q) => q.where('id', '>', page.after ?? ''))
    .orderBy('id')
    .limit(page.limit)
    .execute()
  return rows.map((row) => ({ resourceId: row.id, wrappedDek: row.wrapped_dek ?? '' }))
}

/** Swaps a wrapped data key, unless it was changed or shredded meanwhile: then false. */
export async function replaceWrappedDek(db: Db, id: string, old: string, fresh: string): Promise<boolean> {
  const row = await db
    .updateTable('resources')
    .set({ wrapped_dek: fresh })
    .where('id', '=', id)
    .where('wrapped_dek', '=', old)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
