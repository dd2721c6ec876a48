import { sql } from 'kysely'
import type { AuditEvent } from '../domain/audit.ts'
import type { Db } from './database.ts'

/** Appends to the audit trail. Call it in the transaction that makes the change, so that neither exists alone. */
export async function insertAuditEvents(db: Db, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return
  await sql`
    /* prepared: insert-audit-events */
    insert into audit_events (resource_id, at, actor, action, version, fingerprint, details)
    select * from unnest(
      ${events.map((e) => e.resourceId)}::uuid[], ${events.map((e) => e.at)}::timestamptz[],
      ${events.map((e) => JSON.stringify(e.actor))}::jsonb[], ${events.map((e) => e.action)}::text[],
      ${events.map((e) => e.version ?? null)}::integer[], ${events.map((e) => e.fingerprint ?? null)}::text[],
      ${events.map((e) => JSON.stringify(e.details ?? {}))}::jsonb[]
    )
  `.execute(db)
}

/** The trail of one resource, newest first, `limit` rows below the row id `before`. */
export async function listAuditEvents(
  db: Db,
  resourceId: string,
  page: { limit: number; before?: string },
): Promise<(AuditEvent & { id: string })[]> {
  const rows = await db
    .selectFrom('audit_events')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .$if(page.before !== undefined, (q) => q.where('id', '<', page.before ?? ''))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    resourceId: row.resource_id,
    at: row.at,
    actor: row.actor,
    action: row.action as AuditEvent['action'],
    ...(row.version === null ? {} : { version: row.version }),
    ...(row.fingerprint === null ? {} : { fingerprint: row.fingerprint }),
    details: row.details,
  }))
}
