import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { LOG_LANE, LOG_TARGET } from '../../domain/notices/notice.ts'
import { recordEvents } from '../../store/history.ts'
import { deleteCursor, insertCursor, listCursors } from '../../store/notice-cursors.ts'
import { lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/**
 * Switches notices in the log of the app on or off. Switched on, it is told nothing of what happened before. False: it is so
 * already. Throws `unknown-resource` or `resource-gone`, and `unauthenticated` where the token of `actor` has ended.
 */
export async function switchLog(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; on: boolean },
): Promise<boolean> {
  const { resourceId, actor, on } = request
  const changed = await deps.db.transaction().execute(async (trx) => {
    await lockResource(trx, { resourceId, actor })
    const wasOn = (await listCursors(trx, resourceId, 'log')).length > 0
    if (wasOn === on) return false
    const target = { resourceId, channel: 'log', id: LOG_TARGET } as const
    if (on) await insertCursor(trx, { ...target, lane: LOG_LANE })
    else await deleteCursor(trx, target)
    const kind = on ? 'log-switched-on' : 'log-switched-off'
    const event: HistoryEvent = { at: deps.now(), kind, actor }
    await recordEvents(trx, [{ resourceId, events: [event] }])
    return true
  })
  if (changed) deps.log.info({ resourceId, on }, 'notices in the log switched')
  return changed
}
