import type { Actor } from '../../domain/actor.ts'
import { recordEvents } from '../../store/history.ts'
import { markKnown } from '../../store/unusual-accesses.ts'
import { lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

/**
 * Marks the unusual access that was told up to a moment as known: whoever looked at it says that it was one of them. What
 * was told since then stays as it is, and so does what is learned. The history names who said so. Returns how many there
 * were. Throws as `lockResource` does.
 */
export async function markAccessKnown(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  request: { resourceId: string; actor: Actor; until: Date },
): Promise<number> {
  const { resourceId, actor, until } = request
  const marked = await deps.db.transaction().execute(async (trx) => {
    await lockResource(trx, { resourceId, actor })
    const at = deps.now()
    const count = await markKnown(trx, resourceId, { until, at })
    if (count === 0) return 0
    const details = { accesses: count, until: until.toISOString() }
    const event = { at, kind: 'unusual-access-known', actor, details } as const
    await recordEvents(trx, [{ resourceId, events: [event] }])
    return count
  })
  if (marked > 0) deps.log.info({ resourceId, marked }, 'unusual access marked as known')
  return marked
}
