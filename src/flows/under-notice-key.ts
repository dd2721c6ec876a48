import { SecurekeyError } from '../domain/errors.ts'
import { isSameDek } from '../domain/wrapped-dek.ts'
import type { NoticeSealer } from '../sealing/sealing.ts'
import type { Trx } from '../store/database.ts'
import { type LockedResource, liveResource, lockResource, type Subject } from './change-resource.ts'
import type { Deps } from './deps.ts'

/** Somebody renews a data key at the most once in a long while, so the second try meets the present one. */
const TRIES = 3

/**
 * A transaction that holds the lock of a live resource and seals or opens what leads to its people; no customer's own key is
 * needed for that. The data key is opened before, since a KEK may be far away; where another one was taken into use meanwhile, it begins anew. Throws what `lockResource`
 * does, and `sealed-value-unreadable`.
 */
export async function underNoticeKey<T>(
  deps: Pick<Deps, 'db' | 'sealing'>,
  subject: Subject,
  work: (sealer: NoticeSealer, locked: LockedResource, trx: Trx) => Promise<T>,
): Promise<T> {
  const { resourceId } = subject
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { dek } = await liveResource(deps.db, resourceId)
    if (!dek) break
    const sealer = await deps.sealing.forNotices(resourceId, dek)
    const done = await deps.db.transaction().execute(async (trx) => {
      const locked = await lockResource(trx, subject)
      if (!isSameDek(dek, locked.resource.dek)) return undefined
      return { result: await work(sealer, locked, trx) }
    })
    if (done) return done.result
  }
  throw new SecurekeyError('not-now', 'Please try again in a moment.', { detail: 'the data key changes' })
}
