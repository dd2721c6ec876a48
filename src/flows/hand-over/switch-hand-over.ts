import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { setHandsOver } from '../../store/clients.ts'
import type { Trx } from '../../store/database.ts'
import { recordEvents } from '../../store/history.ts'
import type { Resource } from '../../store/resources.ts'
import { lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/**
 * Switches on or off that enrolled clients which hold the previous key are given the present ones. It stands still until
 * somebody switches it: only a revoke switches it off as well. False: it is so already. Throws `unknown-resource`,
 * `resource-gone`, and `unauthenticated` where the token of `actor` has ended meanwhile.
 */
export async function switchHandOver(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; on: boolean },
): Promise<boolean> {
  const { resourceId, actor, on } = request
  const changed = await deps.db.transaction().execute(async (trx) => {
    const { resource } = await lockResource(trx, { resourceId, actor })
    if (resource.handsOver === on) return false
    await setHandsOver(trx, resourceId, on)
    const kind = on ? 'hand-over-switched-on' : 'hand-over-switched-off'
    await recordEvents(trx, [{ resourceId, events: [{ at: deps.now(), kind, actor }] }])
    return true
  })
  if (changed) deps.log.info({ resourceId, on }, 'hand-over switched')
  return changed
}

/** Switches it off within a transaction that holds the lock. Returns what the history tells of that. */
export async function switchOffIn(
  trx: Trx,
  { id, handsOver }: Resource,
  actor: Actor,
  at: Date,
): Promise<HistoryEvent[]> {
  if (!handsOver) return []
  await setHandsOver(trx, id, false)
  return [{ at, kind: 'hand-over-switched-off', actor }]
}
