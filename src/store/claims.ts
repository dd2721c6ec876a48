import { type RawBuilder, sql } from 'kysely'
import { orNull } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { nextFence } from './fence.ts'
import { given } from './group-statement.ts'
import { interval } from './intervals.ts'
import type { Claim } from './keysets.ts'
import { anyLocked, lockInOrder, lockThoseInOrder } from './lock-in-order.ts'
import { TABLES } from './schema.ts'

/** A table that is a queue: `wake_at` says when a row is looked at next, and a claim moves it to the end of its lease. */
export type Queue =
  | 'own_keys'
  | 'keysets'
  | 'oauth_grants'
  | 'maker_looks'
  | 'notice_cursors'
  | 'private_links'

/** Which due rows to claim: at most `limit`, oldest first, none that was due before `from`; and for how long. */
export type ClaimRequest = { leaseMs: number; limit: number; from?: Date }

/**
 * The start of a statement that claims due rows, in one round trip: `claimed` are the rows as they are afterwards, `due`
 * has the moments at which they had come due. Claimed rows leave the due range of the index until the lease ends, so a
 * later claim never walks over them, and a dead worker's claims come back by themselves. Two workers never get the same
 * row: each skips what the other has locked. What is due, and when a lease ends, is the database's to say.
 */
export function claimDueRows(queue: Queue, request: ClaimRequest): RawBuilder<unknown> {
  const { leaseMs, limit, from } = request
  // The clock is read once, and the index is searched by what it says.
  // By the place of the rows, which their lock holds still: no second look into an index. A row that was changed
  // between the statement's snapshot and its lock stands elsewhere by then. It is not updated, and due at the next
  // claim. So what the statement reads of other tables belongs to the row as it was claimed.
  return sql`
    with lease (starts_at, ends_at) as materialized (
      select at, at + ${interval(leaseMs)} from (select service_now() as at offset 0) as now
    ), due as materialized (
      select ctid as place, wake_at from ${sql.table(queue)}
       where wake_at <= (select starts_at from lease) and wake_at >= ${from ?? '-infinity'}::timestamptz
       order by wake_at
       limit ${limit}
         for no key update skip locked
    ), claimed as (
      update ${sql.table(queue)}
         set fence = ${queue === 'keysets' ? nextFence('fence') : sql`fence + 1`}, wake_at = (select ends_at from lease), claimed_until = (select ends_at from lease)
       where ctid = any (array(select place from due))
      returning *
    )`
}

/** When the rows were claimed, by the clock of the database: for the select behind `claimDueRows`. */
export const CLAIMED_AT = '(select starts_at from lease)'

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

/** Lets workers look at once at resources that wait for their next attempt. Claimed ones are left alone. */
export async function wakeFailing(trx: Trx, resourceIds: readonly string[], now: Date): Promise<void> {
  if (resourceIds.length === 0) return
  await sql`
    ${lockInOrder([...new Set(resourceIds)])}
    update keysets set wake_at = ${now}
     where resource_id = ${anyLocked} and attempts > 0 and claimed_until is null and wake_at > ${now}
  `.execute(trx)
}

/**
 * Lets workers look at resources that were put off beyond `from`, which may have been until the end of a freeze that is
 * over now: where the next rotation, the one under way or the end of a grace period has come due before that end. Claimed
 * ones are left alone: the next check looks at them. Returns how many.
 */
export async function wakeFrozen(
  trx: Trx,
  { from, until }: { from: Date; until: Date },
  now: Date,
): Promise<number> {
  const isPutOff = sql`
    claimed_until is null and wake_at > ${now} and wake_at >= ${from}
    and least(next_rotation_at, due_at, second_until) < ${until}`
  const { numAffectedRows = 0n } = await sql`
    ${lockThoseInOrder(isPutOff)}
    update keysets
       set wake_at = greatest(least(wake_at, next_rotation_at, due_at, second_until), ${now})
     where resource_id = ${anyLocked}
  `.execute(trx)
  return Number(numAffectedRows)
}

/**
 * Lets workers look again at the add-ons of a key that works again, each at a moment of its own within `overMs`: what came
 * due meanwhile would otherwise restart all apps at once.
 */
export async function wakeHeldByOwnKey(trx: Trx, arn: string, overMs: number): Promise<void> {
  const isHeld = sql`
    resource_id in (select id from resources where kek_id = ${arn})
    and claimed_until is null and wake_at > service_now()
    and (reason is not null or least(next_rotation_at, second_until, check_at) <= service_now() + ${interval(overMs)})`
  await sql`
    ${lockThoseInOrder(isHeld)}
    update keysets
       set wake_at = service_now() + ${interval(overMs)} * (abs(hashtext(resource_id::text)::bigint) / 2147483648.0)
     where resource_id = ${anyLocked}
  `.execute(trx)
}
