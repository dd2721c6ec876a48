import { sql } from 'kysely'
import type { Pause } from '../domain/pause.ts'
import { anyOf } from './any-of.ts'
import type { Db, Trx } from './database.ts'

/** The right to work on a resource until the lease ends. `attempt` is the fencing token: a later claim raises it. */
export type Claim = { resourceId: string; attempt: string }

/**
 * Claims up to `limit` resources whose `wake_at` has come, oldest first, in one round trip. Claimed rows leave the
 * due range of the index until the lease ends, so a later claim never walks over them, and a dead worker's claims
 * come back by themselves. Two workers never get the same row: each skips what the other has locked.
 * With `from`, nothing that was due before it is looked for: see `createGroupClaims` for why, and why the answer says
 * when the last of the claimed had come due.
 */
export async function claimDue(
  db: Db,
  request: { now: Date; leaseUntil: Date; limit: number; from?: Date },
): Promise<{ claims: Claim[]; lastDueAt: Date | undefined }> {
  const { now, leaseUntil, limit, from } = request
  // By the place of the rows, which their lock holds still: no second look into an index. A row that was changed between
  // the statement's snapshot and its lock stands elsewhere by then; it is not updated, and due at the next claim.
  const { rows } = await sql<{ resource_id: string; attempt: string; last_due_at: Date }>`
    with due as materialized (
      select ctid as place, wake_at from schedule
       where wake_at <= ${now} and wake_at >= ${from ?? '-infinity'}::timestamptz
       order by wake_at
       limit ${limit}
         for no key update skip locked
    ), claimed as (
      update schedule
         set attempt = attempt + 1, wake_at = ${leaseUntil}, claimed_until = ${leaseUntil}
       where ctid = any (array(select place from due))
      returning resource_id, attempt
    )
    select resource_id, attempt, (select max(wake_at) from due) as last_due_at from claimed
  `.execute(db)
  return {
    claims: rows.map((row) => ({ resourceId: row.resource_id, attempt: row.attempt })),
    lastDueAt: rows[0]?.last_due_at,
  }
}

/**
 * How a claim ends: what the schedule says from now on. `wakeAt: null` means that somebody has to act first.
 * With `revision`, only if nobody else has changed the resource since that revision of it was read.
 */
export type Settlement = {
  claim: Claim
  revision?: string
  wakeAt: Date | null
  failures: number
  nextRotationAt?: Date
  pause?: Pause
  checkAt?: Date
  /** How often in a row the config had to be put right; 0 when it is not given. */
  repairs?: number
}

/**
 * Ends claims and writes down when each resource is looked at next. A claim that was taken over meanwhile is left
 * alone; the answer names the claims that were ended, by resource and with their attempt. A rotation that was requested
 * while the claim was held wakes the resource at once.
 */
export async function settleClaims(
  db: Db,
  settlements: readonly Settlement[],
  now: Date,
): Promise<Map<string, string>> {
  if (settlements.length === 0) return new Map()
  const { rows } = await sql<{ resource_id: string; attempt: string }>`
    update schedule
       set claimed_until = null,
           failures = v.failures,
           next_rotation_at = coalesce(v.next_rotation_at, schedule.next_rotation_at),
           paused_at = coalesce(v.paused_at, schedule.paused_at),
           check_at = coalesce(v.check_at, schedule.check_at),
           repairs = v.repairs,
           wake_at = case
             when v.revision is null and v.failures = 0 and exists (
               select from rotations
                where rotations.resource_id = schedule.resource_id and rotations.state = 'open'
             ) then ${now}
             else v.wake_at
           end
      from unnest(
             ${settlements.map((s) => s.claim.resourceId)}::uuid[],
             ${settlements.map((s) => s.claim.attempt)}::bigint[],
             ${settlements.map((s) => s.revision ?? null)}::bigint[],
             ${settlements.map((s) => s.wakeAt)}::timestamptz[],
             ${settlements.map((s) => s.failures)}::integer[],
             ${settlements.map((s) => s.nextRotationAt ?? null)}::timestamptz[],
             ${settlements.map((s) => s.pause?.at ?? null)}::timestamptz[],
             ${settlements.map((s) => s.checkAt ?? null)}::timestamptz[],
             ${settlements.map((s) => s.repairs ?? 0)}::integer[]
           ) as v (resource_id, attempt, revision, wake_at, failures, next_rotation_at, paused_at, check_at, repairs)
     where schedule.resource_id = v.resource_id and schedule.attempt = v.attempt
       and schedule.revision = coalesce(v.revision, schedule.revision)
       and schedule.resource_id = ${anyOf(settlements.map((s) => s.claim.resourceId))}
    returning schedule.resource_id, schedule.attempt
  `.execute(db)
  return new Map(rows.map((row) => [row.resource_id, row.attempt]))
}

/**
 * Gives claims back unfinished, to be taken by anybody from `wakeAt` on. Failures and dates stay as they are. With the
 * revision at which it was read, a resource that somebody has changed since is not put off: it is due at `now`.
 */
export async function releaseClaims(
  db: Db,
  claims: readonly (Claim & { revision?: string })[],
  wakeAt: Date,
  now: Date = wakeAt,
): Promise<void> {
  if (claims.length === 0) return
  await sql`
    update schedule
       set claimed_until = null,
           wake_at = case
             when v.revision is null or v.revision = schedule.revision then ${wakeAt}::timestamptz
             else ${now}::timestamptz
           end
      from unnest(
             ${claims.map((c) => c.resourceId)}::uuid[], ${claims.map((c) => c.attempt)}::bigint[],
             ${claims.map((c) => c.revision ?? null)}::bigint[]
           ) as v (resource_id, attempt, revision)
     where schedule.resource_id = v.resource_id and schedule.attempt = v.attempt
  `.execute(db)
}

/**
 * Locks a resource until the transaction ends and marks it as changed: whoever changes it without holding its claim
 * starts here, so that a worker sees that what it has read no longer holds. A deprovisioned one has nothing to lock.
 */
export async function lockForChange(trx: Trx, resourceId: string): Promise<void> {
  await trx
    .updateTable('schedule')
    .set((eb) => ({ revision: eb('revision', '+', '1') }))
    .where('resource_id', '=', resourceId)
    .execute()
}

/** Puts the resource in front of the workers at once, unless one is at it: then that one sees the change itself. */
export async function wakeNow(db: Db, resourceId: string, now: Date): Promise<void> {
  await db
    .updateTable('schedule')
    .set({ wake_at: now, failures: 0 })
    .where('resource_id', '=', resourceId)
    .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', now)]))
    .execute()
}

/** Older than every due date: whoever has this moment is claimed before any backlog. */
const BEFORE_ALL_OTHERS = new Date(0)

/**
 * Takes the resource from whatever worker is at it, so that what that one still writes is void, and puts it in front of
 * all others, be they due since yesterday.
 */
export async function takeFromWorker(db: Db, resourceId: string): Promise<void> {
  await db
    .updateTable('schedule')
    .set((eb) => ({
      attempt: eb('attempt', '+', '1'),
      claimed_until: null,
      wake_at: BEFORE_ALL_OTHERS,
      failures: 0,
    }))
    .where('resource_id', '=', resourceId)
    .execute()
}

/** Writes changed dates and the pause down; the caller holds the resource's lock. */
export async function setDates(
  db: Db,
  resourceId: string,
  dates: { nextRotationAt: Date; pause: Pause | null },
): Promise<void> {
  await db
    .updateTable('schedule')
    .set({
      next_rotation_at: dates.nextRotationAt,
      paused_at: dates.pause?.at ?? null,
      paused_until: dates.pause?.until ?? null,
      pause_reason: dates.pause?.reason ?? null,
    })
    .where('resource_id', '=', resourceId)
    .execute()
}

/** Sets when a worker next looks at the resource, unless one is at it: that one sees the change and decides itself. */
export async function setWakeAt(db: Db, resourceId: string, wakeAt: Date | null, now: Date): Promise<void> {
  await db
    .updateTable('schedule')
    .set({ wake_at: wakeAt })
    .where('resource_id', '=', resourceId)
    .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', now)]))
    .execute()
}

/** When a resource is due, and when a worker next looks at it. */
export type ScheduleEntry = {
  nextRotationAt: Date
  wakeAt: Date | null
  failures: number
  claimedUntil: Date | null
  pause: Pause | null
  checkAt: Date | null
}

export async function findSchedule(db: Db, resourceId: string): Promise<ScheduleEntry | undefined> {
  const row = await db
    .selectFrom('schedule')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .executeTakeFirst()
  return (
    row && {
      nextRotationAt: row.next_rotation_at,
      wakeAt: row.wake_at,
      failures: row.failures,
      claimedUntil: row.claimed_until,
      pause: pauseOf(row),
      checkAt: row.check_at,
    }
  )
}

/** The pause of a schedule row, whether it is still on or not. */
export function pauseOf(row: {
  paused_at: Date | null
  paused_until: Date | null
  pause_reason: string | null
}): Pause | null {
  if (row.paused_at === null) return null
  return { at: row.paused_at, until: row.paused_until, reason: row.pause_reason ?? '' }
}
