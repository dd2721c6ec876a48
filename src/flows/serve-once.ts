import type { AskedOnce } from '../domain/asked-once.ts'
import type { RotationName } from '../domain/rotation-id.ts'
import { findServed, rememberServed } from '../store/asked-once.ts'
import type { Trx } from '../store/database.ts'

/** A request that is not served again: it was served by that rotation, or its key was used for another request. */
export type ServedBefore = { outcome: 'repeated'; rotation: RotationName } | { outcome: 'key-reused' }

/**
 * Serves a request once, however often it comes: `serve` runs unless the request was served within a day. The caller holds
 * the lock of the resource, so that of two that come at once the second finds the first. What `serve` returns is
 * remembered if it names a rotation; a refusal is not, so that the same request may succeed later.
 */
export async function serveOnce<T extends { outcome: { rotation?: RotationName } | object }>(
  trx: Trx,
  resourceId: string,
  once: AskedOnce | undefined,
  serve: () => T | Promise<T>,
): Promise<T | { outcome: ServedBefore }> {
  if (!once) return await serve()
  const served = await findServed(trx, resourceId, once)
  if (served && !served.requestDigest.equals(once.requestDigest))
    return { outcome: { outcome: 'key-reused' } }
  if (served) {
    const { reason, openedAt } = served
    return { outcome: { outcome: 'repeated', rotation: { reason, openedAt } } }
  }
  const change = await serve()
  const { outcome } = change
  if ('rotation' in outcome && outcome.rotation) await rememberServed(trx, resourceId, once, outcome.rotation)
  return change
}
