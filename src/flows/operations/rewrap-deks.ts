import { SecurekeyError } from '../../domain/errors.ts'
import { listWrappedDeks, replaceWrappedDek } from '../../store/wrapped-deks.ts'
import type { Deps } from '../deps.ts'

const BATCH = 200

/** `unreadable`: data keys that no listed KEK opens; they stay as they are. */
export type Rewrapped = { rewrapped: number; unreadable: number }

/**
 * Wraps every data key by the primary KEK that is not wrapped by it yet, in batches by resource id. Restartable at any
 * time: what is done is passed over. Nothing is decrypted but the data keys themselves.
 */
export async function rewrapDeks(
  deps: Pick<Deps, 'db' | 'sealing' | 'log'>,
  { signal, did }: { signal?: AbortSignal; did?: (count: number) => void } = {},
): Promise<Rewrapped> {
  const total: Rewrapped = { rewrapped: 0, unreadable: 0 }
  let after: string | undefined
  while (!signal?.aborted) {
    const batch = await listWrappedDeks(deps.db, { limit: BATCH, ...(after === undefined ? {} : { after }) })
    const last = batch.at(-1)
    if (!last) return total
    for (const { resourceId, dek } of batch) {
      try {
        const fresh = await deps.sealing.rewrap(resourceId, dek)
        if (fresh === undefined) continue
        if (await replaceWrappedDek(deps.db, resourceId, dek, fresh)) total.rewrapped += 1
      } catch (error) {
        if (!(error instanceof SecurekeyError)) throw error
        total.unreadable += 1
        deps.log.error({ resourceId, detail: error.detail }, 'data key unreadable')
      }
    }
    after = last.resourceId
    did?.(batch.length)
    deps.log.info({ ...total, lastResourceId: after }, 'data keys rewrapped')
  }
  return total
}
