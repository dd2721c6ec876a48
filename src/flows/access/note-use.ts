import type { ClientActor, TokenActor } from '../../domain/actor.ts'
import { networkOf } from '../../domain/network.ts'
import { isNotedToday } from '../../domain/usual-access.ts'
import { recordEvents } from '../../store/history.ts'
import { lockResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { noteAccess } from './note-access.ts'

/**
 * Notes that a program was used: once a day for each network, so that what comes all the time costs nothing here.
 * `notedAt`: when that network of it was last noted. Throws `resource-gone`, and `unauthenticated` where the token has
 * ended meanwhile.
 */
export async function noteUse(
  deps: Pick<Deps, 'db'>,
  use: { resourceId: string; actor: TokenActor | ClientActor; at: Date; notedAt: Date | null },
): Promise<void> {
  const { resourceId, actor, at, notedAt } = use
  if (networkOf(actor.address) === null || isNotedToday(notedAt, at)) return
  await deps.db.transaction().execute(async (trx) => {
    await lockResource(trx, { resourceId, actor })
    const events = await noteAccess(trx, { resourceId, actor, at, shown: null })
    if (events.length > 0) await recordEvents(trx, [{ resourceId, events }])
  })
}
