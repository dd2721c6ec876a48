import { listWrappedDeks, replaceWrappedDek } from '../store/resources.ts'
import type { Deps } from './deps.ts'

const BATCH = 200

/**
 * Wraps every data key by the primary KEK that is not wrapped by it yet, in batches by resource id. Restartable at any
 * time: what is done is passed over. Nothing is decrypted but the data keys themselves. Answers how many were changed.
 */
export async function rewrapDeks(deps: Pick<Deps, 'db' | 'sealing' | 'log'>): Promise<number> {
  let rewrapped = 0
  let after: string | undefined
  for (;;) {
    const batch = await listWrappedDeks(deps.db, { limit: BATCH, ...(after === undefined ? {} : { after }) })
    const last = batch.at(-1)
    if (!last) return rewrapped
    for (const { resourceId, wrappedDek } of batch) {
      const fresh = await deps.sealing.rewrap(resourceId, wrappedDek)
      if (fresh !== undefined && (await replaceWrappedDek(deps.db, resourceId, wrappedDek, fresh)))
        rewrapped += 1
    }
    after = last.resourceId
    deps.log.info({ rewrapped, lastResourceId: after }, 'data keys rewrapped')
  }
}
