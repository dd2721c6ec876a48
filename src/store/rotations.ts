import { type Selectable, sql } from 'kysely'
import type { Actor } from '../domain/audit.ts'
import type { RotationReason, RotationState } from '../domain/rotation.ts'
import { anyOf } from './any-of.ts'
import type { Db } from './database.ts'
import type { Schema } from './schema.ts'

export type NewRotation = {
  resourceId: string
  reason: RotationReason
  dueAt: Date
  openedBy: Actor
  pendingVersion: number | null
}

/**
 * Writes the intent to rotate down. At most one rotation per resource is unfinished, and a due date is used once;
 * a row that would break either is not inserted. Answers the ids of those that were, by resource.
 */
export async function openRotations(
  db: Db,
  rotations: readonly NewRotation[],
  now: Date,
): Promise<Map<string, string>> {
  if (rotations.length === 0) return new Map()
  const { rows } = await sql<{ resource_id: string; id: string }>`
    insert into rotations (resource_id, reason, due_at, opened_by, pending_version, state, opened_at)
    select v.*, 'open', ${now}::timestamptz
      from unnest(
             ${rotations.map((r) => r.resourceId)}::uuid[], ${rotations.map((r) => r.reason)}::text[],
             ${rotations.map((r) => r.dueAt)}::timestamptz[],
             ${rotations.map((r) => JSON.stringify(r.openedBy))}::jsonb[],
             ${rotations.map((r) => r.pendingVersion)}::integer[]
           ) as v
        on conflict do nothing
    returning resource_id, id
  `.execute(db)
  return new Map(rows.map((row) => [row.resource_id, row.id]))
}

/** Notes which key version a rotation is about, once it is made. */
export async function setPendingVersions(
  db: Db,
  made: readonly { resourceId: string; rotationId: string; version: number }[],
): Promise<void> {
  if (made.length === 0) return
  await sql`
    update rotations set pending_version = v.version
      from unnest(${made.map((m) => m.rotationId)}::bigint[], ${made.map((m) => m.version)}::integer[])
             as v (id, version)
     where rotations.id = v.id and rotations.resource_id = ${anyOf(made.map((m) => m.resourceId))}
  `.execute(db)
}

/** Closes finished rotations. */
export async function closeRotations(
  db: Db,
  done: readonly { resourceId: string; rotationId: string; publishedAt: Date }[],
  now: Date,
): Promise<void> {
  if (done.length === 0) return
  await sql`
    update rotations set state = 'done', closed_at = ${now}, published_at = v.published_at, attempts = attempts + 1
      from unnest(${done.map((d) => d.rotationId)}::bigint[], ${done.map((d) => d.publishedAt)}::timestamptz[])
             as v (id, published_at)
     where rotations.id = v.id and rotations.resource_id = ${anyOf(done.map((d) => d.resourceId))}
       and rotations.state in ('open', 'stuck')
  `.execute(db)
}

/** Counts a failed attempt and keeps its reason; `stuck` when it was the last one. */
export async function failRotation(
  db: Db,
  rotation: { resourceId: string; id: string },
  failure: { reason: string; state: 'open' | 'stuck' },
): Promise<void> {
  await db
    .updateTable('rotations')
    .set((eb) => ({
      attempts: eb('attempts', '+', 1),
      last_failure: failure.reason,
      state: failure.state,
    }))
    .where('resource_id', '=', rotation.resourceId)
    .where('id', '=', rotation.id)
    .where('state', '=', 'open')
    .execute()
}

/** Ends the unfinished rotation of a resource, if there is one, without a promotion. */
export async function abandonRotation(
  db: Db,
  resourceId: string,
  state: 'superseded' | 'cancelled',
  now: Date,
): Promise<void> {
  await db
    .updateTable('rotations')
    .set({ state, closed_at: now })
    .where('resource_id', '=', resourceId)
    .where('state', 'in', ['open', 'stuck'])
    .execute()
}

/** A rotation as people see it. */
export type RotationRecord = {
  id: string
  resourceId: string
  reason: RotationReason
  state: RotationState
  dueAt: Date
  openedAt: Date
  openedBy: Actor
  pendingVersion: number | null
  attempts: number
  lastFailure: string | null
  publishedAt: Date | null
  closedAt: Date | null
}

/** The rotations of a resource, newest first, `limit` rows below the row id `before`. */
export async function listRotations(
  db: Db,
  resourceId: string,
  page: { limit: number; before?: string },
): Promise<RotationRecord[]> {
  const rows = await db
    .selectFrom('rotations')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .$if(page.before !== undefined, (q) => q.where('id', '<', page.before ?? ''))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute()
  return rows.map(rotationRecord)
}

/** The unfinished rotation of a resource, if there is one. */
export async function unfinishedRotation(db: Db, resourceId: string): Promise<RotationRecord | null> {
  const row = await db
    .selectFrom('rotations')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .where('state', 'in', ['open', 'stuck'])
    .executeTakeFirst()
  return row ? rotationRecord(row) : null
}

/** Unfinished rotations of all resources, the oldest due date first; of one state when it is given. */
export async function listUnfinishedRotations(
  db: Db,
  filter: { limit: number; state?: 'open' | 'stuck' },
): Promise<RotationRecord[]> {
  const rows = await db
    .selectFrom('rotations')
    .selectAll()
    .where('state', 'in', filter.state ? [filter.state] : ['open', 'stuck'])
    .orderBy('due_at')
    .limit(filter.limit)
    .execute()
  return rows.map(rotationRecord)
}

function rotationRecord(row: Selectable<Schema['rotations']>): RotationRecord {
  return {
    id: row.id,
    resourceId: row.resource_id,
    reason: row.reason,
    state: row.state,
    dueAt: row.due_at,
    openedAt: row.opened_at,
    openedBy: row.opened_by,
    pendingVersion: row.pending_version,
    attempts: row.attempts,
    lastFailure: row.last_failure,
    publishedAt: row.published_at,
    closedAt: row.closed_at,
  }
}

/** Makes a stuck rotation an open one again, with a fresh count of attempts. False: none is stuck. */
export async function resumeRotation(db: Db, resourceId: string): Promise<boolean> {
  const row = await db
    .updateTable('rotations')
    .set({ state: 'open', attempts: 0 })
    .where('resource_id', '=', resourceId)
    .where('state', '=', 'stuck')
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
