import { sql } from 'kysely'
import type { Db, Trx } from './database.ts'

/** Who is asked to confirm an address, and through which resource. */
export type MailAsked = { mailboxDigest: Buffer; resourceId: string }

const A_DAY_AGO = sql<Date>`(service_now() - interval '1 day')`

/**
 * Notes that a mailbox is asked to confirm an address. False: it or the resource has had its number within a day. Whoever
 * asks the same mailbox through another resource at the same time waits until this transaction ends. The resource is locked
 * by the caller.
 */
export async function noteMailAsked(
  trx: Trx,
  { mailboxDigest, resourceId }: MailAsked,
  most: { perMailbox: number; perResource: number },
): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${mailboxDigest.toString('hex')}, 0))`.execute(trx)
  const { rows } = await sql<{ mailbox: string; resource: string }>`
    select (select count(*) from mail_asked where mailbox_digest = ${mailboxDigest} and at > ${A_DAY_AGO}) as mailbox,
           (select count(*) from mail_asked where resource_id = ${resourceId} and at > ${A_DAY_AGO}) as resource
  `.execute(trx)
  const [had = { mailbox: '0', resource: '0' }] = rows
  if (Number(had.mailbox) >= most.perMailbox || Number(had.resource) >= most.perResource) return false
  await trx
    .insertInto('mail_asked')
    .values({ mailbox_digest: mailboxDigest, resource_id: resourceId, at: sql<Date>`service_now()` })
    .execute()
  return true
}

/** Clears away what was noted longer than a day ago, `limit` rows at the most. */
export async function purgeMailAsked(db: Db, limit: number): Promise<void> {
  await sql`
    delete from mail_asked where ctid = any (array(
      select ctid from mail_asked where at <= (select ${A_DAY_AGO}) order by at limit ${limit}
    ))
  `.execute(db)
}
