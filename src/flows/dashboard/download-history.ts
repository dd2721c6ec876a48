import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent, HistoryRow } from '../../domain/history.ts'
import { listHistory, recordEvents } from '../../store/history.ts'
import { noteAccess } from '../access/note-access.ts'
import { lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

const BATCH = 500
/** More than any add-on makes in its life; past it the file ends, so that no download holds a connection for ever. */
const MOST_ROWS = 200_000

/**
 * The history of a resource, newest first, in batches: no more than one is ever in memory. That it was taken is an event
 * of the history too, and stands at the head of the file. Throws `resource-gone`.
 */
export async function* downloadHistory(
  deps: Deps,
  request: { resourceId: string; actor: Actor; format: 'csv' | 'jsonl' },
): AsyncGenerator<HistoryRow[]> {
  const { resourceId, actor, format } = request
  const at = deps.now()
  const event: HistoryEvent = { at, kind: 'history-downloaded', actor, details: { format } }
  await deps.db.transaction().execute(async (trx) => {
    await lockResource(trx, { resourceId, actor })
    const unusual = await noteAccess(trx, { resourceId, actor, at, shown: 'history' })
    await recordEvents(trx, [{ resourceId, events: [event, ...unusual] }])
  })
  let before: number | undefined
  for (let rows = 0; rows < MOST_ROWS; rows += BATCH) {
    const batch = await listHistory(deps.db, resourceId, {
      limit: BATCH,
      ...(before === undefined ? {} : { before }),
    })
    if (batch.length > 0) yield batch
    before = batch.at(-1)?.seq
    if (batch.length < BATCH) return
  }
}
