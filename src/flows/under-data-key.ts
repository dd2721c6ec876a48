import { SecurekeyError } from '../domain/errors.ts'
import { isSameDek, type WrappedDek } from '../domain/wrapped-dek.ts'
import type { NoticeSealer, ResourceSealer } from '../sealing/sealing.ts'
import type { Trx } from '../store/database.ts'
import { type LockedResource, liveResource, lockResource, type Subject } from './change-resource.ts'
import type { Deps } from './deps.ts'

type Work<Sealer, T> = (sealer: Sealer, locked: LockedResource, trx: Trx) => Promise<T>

/** Somebody renews a data key at the most once in a long while, so the second try meets the present one. */
const TRIES = 3

/**
 * A transaction that holds the lock of a live resource and seals or opens values of it. The data key is opened before,
 * since a KEK may be far away; where another one was taken into use meanwhile, it begins anew. Throws what `lockResource`
 * does, and `sealed-value-unreadable`.
 */
export async function underDataKey<T>(
  deps: Pick<Deps, 'db' | 'sealing'>,
  subject: Subject,
  work: Work<ResourceSealer, T>,
): Promise<T> {
  return await underSealer(deps, subject, (dek) => deps.sealing.forResource(subject.resourceId, dek), work)
}

/** The same for what leads to the people of a resource: no customer's own key is needed for that. */
export async function underNoticeKey<T>(
  deps: Pick<Deps, 'db' | 'sealing'>,
  subject: Subject,
  work: Work<NoticeSealer, T>,
): Promise<T> {
  return await underSealer(deps, subject, (dek) => deps.sealing.forNotices(subject.resourceId, dek), work)
}

async function underSealer<Sealer, T>(
  deps: Pick<Deps, 'db'>,
  subject: Subject,
  open: (dek: WrappedDek) => Sealer | Promise<Sealer>,
  work: Work<Sealer, T>,
): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { dek } = await liveResource(deps.db, subject.resourceId)
    if (!dek) break
    const sealer = await open(dek)
    const done = await deps.db.transaction().execute(async (trx) => {
      const locked = await lockResource(trx, subject)
      if (!isSameDek(dek, locked.resource.dek)) return undefined
      return { result: await work(sealer, locked, trx) }
    })
    if (done) return done.result
  }
  throw new SecurekeyError('not-now', 'Please try again in a moment.', { detail: 'the data key changes' })
}
