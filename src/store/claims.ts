import { type RawBuilder, sql } from 'kysely'
import { orNull } from './columns.ts'
import type { Db } from './database.ts'
import { given } from './group-statement.ts'
import type { Claim } from './keysets.ts'
import { TABLES } from './schema.ts'

/** A table that is a queue: `wake_at` says when a row is looked at next, and a claim moves it to the end of its lease. */
export type Queue = 'keysets' | 'oauth_grants'

/** Which due rows to claim: at most `limit`, oldest first, none that was due before `from`. */
export type ClaimRequest = { now: Date; leaseUntil: Date; limit: number; from?: Date }

/**
 * The start of a statement that claims due rows, in one round trip: `claimed` are the rows as they are afterwards, `due`
 * has the moments at which they had come due. Claimed rows leave the due range of the index until the lease ends, so a
 * later claim never walks over them, and a dead worker's claims come back by themselves. Two workers never get the same
 * row: each skips what the other has locked.
 */
export function claimDueRows(queue: Queue, request: ClaimRequest): RawBuilder<unknown> {
  const { now, leaseUntil, limit, from } = request
  // By the place of the rows, which their lock holds still: no second look into an index. A row that was changed
  // between the statement's snapshot and its lock stands elsewhere by then. It is not updated, and due at the next
  // claim. So what the statement reads of other tables belongs to the row as it was claimed.
  return sql`
    with due as materialized (
      select ctid as place, wake_at from ${sql.table(queue)}
       where wake_at <= ${now} and wake_at >= ${from ?? '-infinity'}::timestamptz
       order by wake_at
       limit ${limit}
         for no key update skip locked
    ), claimed as (
      update ${sql.table(queue)}
         set fence = fence + 1, wake_at = ${leaseUntil}, claimed_until = ${leaseUntil}
       where ctid = any (array(select place from due))
      returning *
    )`
}

/** A claim to be given back. `revision`: the one at which the resource was read. */
export type ReleasedClaim = Claim & { revision?: string }

/**
 * Gives claims of resources back unfinished, to be taken by anybody from `wakeAt` on. Nothing else changes. A resource
 * that somebody has changed since it was read is not put off: it is due at `now`.
 */
export async function releaseClaims(
  db: Db,
  claims: readonly ReleasedClaim[],
  wakeAt: Date,
  now: Date = wakeAt,
): Promise<void> {
  if (claims.length === 0) return
  const { resource_id, fence, revision } = TABLES.keysets
  const rows = claims.map((claim) => ({
    resource_id: claim.resourceId,
    fence: claim.fence,
    revision: claim.revision ?? null,
  }))
  await sql`
    update keysets k
       set claimed_until = null,
           wake_at = case
             when v.revision is null or v.revision = k.revision then ${wakeAt}::timestamptz
             else ${now}::timestamptz
           end
      from ${given({ resource_id, fence, revision: orNull(revision) }, rows)}
     where k.resource_id = v.resource_id and k.fence = v.fence
  `.execute(db)
}
