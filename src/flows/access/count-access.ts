import type { Actor } from '../../domain/actor.ts'
import { actorWords } from '../../domain/actor-words.ts'
import { networkOf } from '../../domain/network.ts'
import { judgeCount } from '../../domain/usual-access.ts'
import { findKnown } from '../../store/access.ts'
import { recordEvents } from '../../store/history.ts'
import { lockState } from '../../store/keysets.ts'
import { listTold } from '../../store/unusual-accesses.ts'
import type { Deps } from '../deps.ts'
import { keep } from './note-access.ts'
import { TOLD_EVERY_MS } from './tell-unusual.ts'

/** What is counted of a resource, whoever did it: strangers may, so it is one row for each of the two. */
export type Counted = {
  resourceId: string
  reason: 'sign-ons-refused' | 'revoked-key-asked'
  actor: Actor
  at: Date
}

/**
 * Counts a refused sign-on, or a question about a revoked key. When there are many within an hour it is told, and then
 * nothing is counted for a day: a flood costs one look each. A resource that is not live is none of anybody's concern.
 */
export async function countAccess(
  deps: Pick<Deps, 'db' | 'log'>,
  { resourceId, reason, actor, at }: Counted,
): Promise<void> {
  const told = await listTold(deps.db, resourceId, new Date(at.getTime() - TOLD_EVERY_MS))
  if (told.some((each) => each.reason === reason)) return
  const isTold = await deps.db.transaction().execute(async (trx) => {
    if (!(await lockState(trx, resourceId))) return false
    const { known } = await findKnown(trx, resourceId, reason)
    const network = 'address' in actor ? networkOf(actor.address) : null
    const who = actorWords(actor)
    const judged = judgeCount(known, reason, { at, who, network, shown: null })
    const accessing = { subject: reason, who, network: null }
    const events = await keep(trx, { resourceId, actor, at }, accessing, { known, judged })
    if (events.length > 0) await recordEvents(trx, [{ resourceId, events }])
    return events.length > 0
  })
  if (isTold) deps.log.warn({ resourceId, reason }, 'unusual access')
}
