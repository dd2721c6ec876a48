import { SecurekeyError } from '../../domain/errors.ts'
import type { HistoryEvent } from '../../domain/history.ts'
import type { DekColumn, WrappedDek } from '../../domain/wrapped-dek.ts'
import { deleteTokensOfOthers } from '../../store/api-tokens.ts'
import { countTouchedByOther, listWrappedDeks } from '../../store/wrapped-deks.ts'
import { changeResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { makeFreshDek, renewDataKey, renewNoticeDek } from '../renew-data-key.ts'
import { endTokensIn } from '../tokens/tokens.ts'

const BATCH = 200
const AT_A_TIME = 4

/** `left`: resources that still have a data key which another KEK could open; of those some are `unreadable`. */
export type RenewedDataKeys = { renewed: number; unreadable: number; left: number }

export type RenewOptions = {
  /** Ends the pass after what is under way; another pass goes on from there. */
  signal?: AbortSignal
  onProgress?: (done: { renewed: number; unreadable: number }) => void
}

/**
 * Gives every resource a fresh data key whose present one another KEK than the first listed could ever open, and seals
 * all its values anew: one transaction for each, so it may be stopped and repeated at any time. A resource that does
 * not open is logged, counted and left as it is. API tokens end: those of each such resource, and all whose MAC another
 * KEK has made.
 */
export async function renewDataKeys(
  deps: Pick<Deps, 'db' | 'now' | 'sealing' | 'log'>,
  { signal, onProgress }: RenewOptions = {},
): Promise<RenewedDataKeys> {
  const primary = deps.sealing.primaryKekId
  const done = { renewed: 0, unreadable: 0 }
  await renewAll('wrapped_dek')
  // Where a customer's own key wraps the first: those are not ours to renew.
  await renewAll('notice_dek')
  if (!signal?.aborted) {
    const tokens = await deleteTokensOfOthers(deps.db, primary)
    if (tokens > 0) deps.log.warn({ tokens }, 'api tokens ended with the key of their MAC')
  }
  return { ...done, left: await countTouchedByOther(deps.db, primary) }

  async function renewAll(column: DekColumn): Promise<void> {
    let after: string | undefined
    while (!signal?.aborted) {
      const page = { limit: BATCH, column, touchedByOther: primary, ...(after !== undefined && { after }) }
      const batch = await listWrappedDeks(deps.db, page)
      if (batch.length === 0) return
      for (let from = 0; from < batch.length && !signal?.aborted; from += AT_A_TIME) {
        const group = batch.slice(from, from + AT_A_TIME)
        await Promise.all(group.map(({ resourceId, dek }) => renew(column, resourceId, dek)))
        onProgress?.(done)
      }
      after = batch.at(-1)?.resourceId
    }
  }

  async function renew(column: DekColumn, resourceId: string, dek: WrappedDek): Promise<void> {
    try {
      if (await renewOne(deps, column, resourceId, dek)) done.renewed += 1
    } catch (error) {
      if (!(error instanceof SecurekeyError)) throw error
      // Deprovisioned meanwhile: nothing is left to be renewed.
      if (error.code === 'resource-gone') return
      done.unreadable += 1
      deps.log.error({ resourceId, detail: error.detail }, 'data key not renewed')
    }
  }
}

async function renewOne(
  deps: Pick<Deps, 'db' | 'now' | 'sealing'>,
  column: DekColumn,
  resourceId: string,
  present: WrappedDek,
): Promise<boolean> {
  const fresh = column === 'wrapped_dek' ? await makeFreshDek(deps, resourceId, present) : undefined
  return await changeResource(deps, { resourceId }, async ({ resource, stored }, trx) => {
    const renewed = fresh
      ? await renewDataKey(trx, resource, fresh, 'throw')
      : await renewNoticeDek(deps, trx, resource, present)
    if (!renewed) return { outcome: false }
    // Whoever has the other KEK may have made one of them.
    const tokens = await endTokensIn(trx, { resourceId, kind: 'api' })
    const clients = await endTokensIn(trx, { resourceId, kind: 'client' })
    const ended = {
      ...(tokens && { tokensEnded: tokens.ended }),
      ...(clients && { clientsEnded: clients.ended }),
    }
    const event: HistoryEvent = {
      at: deps.now(),
      kind: 'data-key-renewed',
      actor: { type: 'operator' },
      ...(Object.keys(ended).length > 0 && { details: ended }),
    }
    return { outcome: true, to: stored.state, events: [event] }
  })
}
