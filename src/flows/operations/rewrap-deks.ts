import { SecurekeyError } from '../../domain/errors.ts'
import type { DekColumn } from '../../domain/wrapped-dek.ts'
import { listWrappedDeks, replaceWrappedDek } from '../../store/wrapped-deks.ts'
import type { Deps } from '../deps.ts'

const BATCH = 200

/** `unreadable`: data keys that no listed KEK opens; they stay as they are. */
export type Rewrapped = { rewrapped: number; unreadable: number }

type Options = { signal?: AbortSignal | undefined; did?: ((count: number) => void) | undefined }

const COLUMNS = ['wrapped_dek', 'notice_dek'] as const satisfies DekColumn[]

/**
 * Wraps every data key by the primary KEK that is not wrapped by it yet, in batches by resource id; of an add-on with a
 * customer's own key the second one, for notices. Restartable at any time: what is done is passed over. Nothing is
 * decrypted but the data keys themselves.
 */
export async function rewrapDeks(
  deps: Pick<Deps, 'db' | 'sealing' | 'log'>,
  { signal, did }: Options = {},
): Promise<Rewrapped> {
  const total: Rewrapped = { rewrapped: 0, unreadable: 0 }
  for (const column of COLUMNS) await rewrapAll(deps, column, { signal, did, total })
  return total
}

async function rewrapAll(
  deps: Pick<Deps, 'db' | 'sealing' | 'log'>,
  column: DekColumn,
  { signal, did, total }: Options & { total: Rewrapped },
): Promise<void> {
  let after: string | undefined
  while (!signal?.aborted) {
    const page = { limit: BATCH, column, ...(after !== undefined && { after }) }
    const batch = await listWrappedDeks(deps.db, page)
    const last = batch.at(-1)
    if (!last) return
    for (const { resourceId, dek } of batch) {
      try {
        const fresh = await deps.sealing.rewrap({ resourceId, column }, dek)
        if (fresh === undefined) continue
        if (await replaceWrappedDek(deps.db, { resourceId, column }, dek, fresh)) total.rewrapped += 1
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
}
