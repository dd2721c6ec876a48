import type { Actor, AuditEvent } from '../domain/audit.ts'
import { insertAuditEvents, listAuditEvents } from '../store/audit-events.ts'
import type { Deps } from './deps.ts'

const BATCH = 500
/** More than any add-on makes in its life; past it the file ends, so that no download holds a connection for ever. */
const MOST_ROWS = 200_000

/**
 * The audit trail of a resource, newest first, in batches: no more than one is ever in memory. That it was taken is
 * an event of the trail too, and stands first in the file.
 */
export async function* downloadAudit(
  deps: Deps,
  request: { resourceId: string; actor: Actor; format: 'csv' | 'jsonl' },
): AsyncGenerator<AuditEvent[]> {
  const { resourceId, actor, format } = request
  const details = { format }
  await insertAuditEvents(deps.db, [
    { resourceId, at: deps.now(), actor, action: 'audit-downloaded', details },
  ])
  let before: string | undefined
  for (let rows = 0; rows < MOST_ROWS; rows += BATCH) {
    const batch = await listAuditEvents(deps.db, resourceId, {
      limit: BATCH,
      ...(before === undefined ? {} : { before }),
    })
    if (batch.length > 0) yield batch
    before = batch.at(-1)?.id
    if (batch.length < BATCH) return
  }
}
