import { sql } from 'kysely'
import type { LetterUnderWay, Mailed } from '../domain/notices/gather.ts'
import type { Db } from './database.ts'

/** What the collaborators of a resource were last told by mail, and how many of them. */
export type CollaboratorMails = {
  toldAt: Date | null
  reached: number
  unreached: number
  underWay: LetterUnderWay | null
  mailed: readonly Mailed[]
}

const NONE: CollaboratorMails = { toldAt: null, reached: 0, unreached: 0, underWay: null, mailed: [] }

export async function findCollaboratorMails(db: Db, resourceId: string): Promise<CollaboratorMails> {
  const query = db.selectFrom('collaborator_mails').selectAll().where('resource_id', '=', resourceId)
  const row = await query.executeTakeFirst()
  if (!row) return NONE
  const { told_at: toldAt, under_way: underWay, reached, unreached, mailed } = row
  return { toldAt, reached, unreached, underWay, mailed }
}

/** Writes down what there is now. Of a resource that was deprovisioned meanwhile nothing is. */
export async function saveCollaboratorMails(
  db: Db,
  resourceId: string,
  { toldAt, reached, unreached, underWay, mailed }: CollaboratorMails,
): Promise<void> {
  const row = {
    told_at: toldAt,
    reached,
    unreached,
    under_way: underWay === null ? null : JSON.stringify(underWay),
    mailed: JSON.stringify(mailed),
  }
  await db
    .insertInto('collaborator_mails')
    .columns(['resource_id', 'told_at', 'reached', 'unreached', 'under_way', 'mailed'])
    .expression((q) =>
      q
        .selectFrom('keysets')
        .select([
          'resource_id',
          sql<Date | null>`${toldAt}::timestamptz`.as('told_at'),
          sql<number>`${reached}::integer`.as('reached'),
          sql<number>`${unreached}::integer`.as('unreached'),
          sql<string | null>`${row.under_way}::jsonb`.as('under_way'),
          sql<string>`${row.mailed}::jsonb`.as('mailed'),
        ])
        .where('resource_id', '=', resourceId),
    )
    .onConflict((conflict) => conflict.column('resource_id').doUpdateSet(row))
    .execute()
}
