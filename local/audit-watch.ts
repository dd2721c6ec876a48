import type { AuditEvent } from '../src/domain/audit.ts'
import { listAuditEvents } from '../src/store/audit-events.ts'
import type { Db } from '../src/store/database.ts'

/** What was added to the audit trails of some resources since it was last asked. */
export type AuditWatch = {
  /** Takes the rows that are there as known: `next` does not answer them. */
  takeAsKnown: (resourceIds: readonly string[]) => Promise<void>
  /** The new rows, oldest first per resource. */
  next: (resourceIds: readonly string[]) => Promise<AuditEvent[]>
}

/** More than this many rows in one round would be a flood: the oldest of them are left out. */
const MOST_ROWS = 50

/** Watches through the store's own function, as any reader of the audit trail would. */
export function watchAudit(db: Db): AuditWatch {
  const seen = new Map<string, bigint>()

  async function newRows(resourceId: string): Promise<AuditEvent[]> {
    const last = seen.get(resourceId) ?? 0n
    const rows = await listAuditEvents(db, resourceId, { limit: MOST_ROWS })
    const fresh = rows.filter((row) => BigInt(row.id) > last)
    const newest = fresh[0]
    if (newest) seen.set(resourceId, BigInt(newest.id))
    return fresh.toReversed()
  }

  return {
    async takeAsKnown(resourceIds) {
      for (const id of resourceIds) await newRows(id)
    },
    async next(resourceIds) {
      const rows: AuditEvent[] = []
      for (const id of resourceIds) rows.push(...(await newRows(id)))
      return rows
    },
  }
}
