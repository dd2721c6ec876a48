import type { UnusualReason } from '../domain/unusual-words.ts'
import type { Db, Trx } from './database.ts'

/** What was told of an access that was not usual. `knownAt`: somebody has said that it was one of them. */
export type Told = {
  reason: UnusualReason
  subject: string
  at: Date
  words: string
  knownAt: Date | null
}

const MOST_LISTED = 100

/** What was told of a resource after that moment, the newest first. */
export async function listTold(db: Db, resourceId: string, after: Date): Promise<Told[]> {
  const rows = await db
    .selectFrom('unusual_accesses')
    .select(['reason', 'subject', 'at', 'words', 'known_at'])
    .where('resource_id', '=', resourceId)
    .where('at', '>', after)
    .orderBy('at', 'desc')
    .orderBy('reason')
    .orderBy('subject')
    .limit(MOST_LISTED)
    .execute()
  return rows.map(({ known_at: knownAt, ...told }) => ({ ...told, knownAt }))
}

/** Remembers that it is told now. */
export async function saveTold(
  trx: Trx,
  resourceId: string,
  { reason, subject, ...told }: Omit<Told, 'knownAt'>,
): Promise<void> {
  const row = { ...told, known_at: null }
  await trx
    .insertInto('unusual_accesses')
    .values({ resource_id: resourceId, reason, subject, ...row })
    .onConflict((conflict) => conflict.columns(['resource_id', 'reason', 'subject']).doUpdateSet(row))
    .execute()
}

/** Marks what was told up to that moment as known. Returns how much of it was not before. */
export async function markKnown(
  trx: Trx,
  resourceId: string,
  { until, at }: { until: Date; at: Date },
): Promise<number> {
  const { numUpdatedRows } = await trx
    .updateTable('unusual_accesses')
    .set({ known_at: at })
    .where('resource_id', '=', resourceId)
    .where('at', '<=', until)
    .where('known_at', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Since when there is something, told after `after`, that nobody has said to be known since; null: there is nothing. */
export async function findUnknownSince(db: Db, resourceId: string, after: Date): Promise<Date | null> {
  const row = await db
    .selectFrom('unusual_accesses')
    .select(({ fn }) => fn.min('at').as('at'))
    .where('resource_id', '=', resourceId)
    .where('at', '>', after)
    .where('known_at', 'is', null)
    .executeTakeFirst()
  return row?.at ?? null
}
