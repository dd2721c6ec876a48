import type { Actor } from '../../domain/actor.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import { liveVersions } from '../../domain/keyset.ts'
import { writeChanges } from '../../store/changes.ts'
import { endLinkOfAddon } from '../../store/private-links.ts'
import { leaveTombstone, shredResource } from '../../store/resource-ends.ts'
import { findResource } from '../../store/resources.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import { lockResource, unknownResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { endedRotation, namedKeyOf, withdrawnNext } from '../ended-rotation.ts'

/**
 * Ends a resource: its keys, tokens and data key are erased, an unfinished rotation is cancelled, and whatever a worker is
 * doing for it can no longer be written; its private link is taken down at AWS afterwards. Throws `unknown-resource`, or
 * `resource-gone` the second time. Of an unknown one the end is written down all the same: the provision request that
 * Heroku has given up on may still come.
 */
export async function deprovision(deps: Deps, request: { resourceId: string; actor?: Actor }): Promise<void> {
  const { resourceId, actor = { type: 'heroku' } } = request
  if (!(await findResource(deps.db, resourceId)) && (await leaveTombstone(deps.db, resourceId, deps.now()))) {
    deps.log.warn({ resourceId }, 'unknown resource deprovisioned')
    throw unknownResource()
  }
  await endResource(deps, resourceId, actor)
}

async function endResource(deps: Deps, resourceId: string, actor: Actor): Promise<void> {
  const now = deps.now()
  await deps.db.transaction().execute(async (trx) => {
    const { stored } = await lockResource(trx, { resourceId, actor })
    const { state } = stored
    const keys = await findKeys(trx, resourceId)
    const cancelled = endedRotation('rotation-cancelled', state, keys, now)
    // A filler that was on its way is told of here, where no rotation tells of it.
    const filler = keys.find(
      ({ version }) => cancelled.length === 0 && version === state.keyset.pendingFiller,
    )
    const end: HistoryEvent = {
      at: now,
      kind: 'deprovisioned',
      actor,
      ...(filler && { filler: namedKeyOf(filler), madeAt: filler.createdAt }),
      erased: liveVersions(state.keyset),
    }
    const events = [...cancelled, ...withdrawnNext(state, keys, now, actor), end]
    await writeChanges(trx, [{ ...stored, to: state, by: 'takeover', events }], now)
    await endLinkOfAddon(trx, resourceId, now)
    await shredResource(trx, resourceId, now)
  })
  deps.log.info({ resourceId }, 'resource deprovisioned')
}
