import { type Selectable, sql } from 'kysely'
import type { CursorState } from '../domain/notices/delivery.ts'
import { COLLABORATORS_TARGET, type NoticeChannel, type NoticeTarget } from '../domain/notices/notice.ts'
import { CLAIMED_AT, type ClaimRequest, claimDueRows } from './claims.ts'
import { boolean, moment, orNull, span } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { anyOf, ask, askAll, executePrepared, given, runPrepared } from './group-statement.ts'
import { type Schema, TABLES } from './schema.ts'

/** A target, how far it was told, and the lane that it shares with all that have the same receiver. */
export type StoredCursor = { target: NoticeTarget; lane: string; cursor: CursorState }

/** A claimed cursor. `now`: the present, by the clock of the database. */
export type ClaimedCursor = StoredCursor & { fence: string; now: Date }

/** Where a claimed cursor goes. `readTo`: the newest history row that was known; one behind it is looked at at once. */
export type SettledCursor = {
  target: NoticeTarget
  fence: string
  readTo: number
  to: CursorState
  /** Counted from the clock of the database; null: only a history row wakes it. */
  inMs: number | null
}

const { notice_cursors: cursors } = TABLES

/**
 * Adds a target, which is told nothing of the past: its cursor stands at the newest history row. Where it exists, nothing
 * changes. `lane`: what it shares with all that have the same receiver, a host for example. Under the lock of the resource.
 */
export async function insertCursor(trx: Trx, added: NoticeTarget & { lane: string }): Promise<void> {
  await sql`
    insert into notice_cursors (resource_id, target, channel, lane, seq, wanted_seq, wake_at)
    select k.resource_id, ${added.id}, ${added.channel}, ${added.lane}, k.last_seq, k.last_seq, service_now()
      from keysets k where k.resource_id = ${added.resourceId}
        on conflict (resource_id, target) do nothing
  `.execute(trx)
}

/** Removes a target: nothing more is told to it. Under the lock of the resource. */
export async function deleteCursor(
  trx: Trx,
  { resourceId, id }: Pick<NoticeTarget, 'resourceId' | 'id'>,
): Promise<void> {
  await trx
    .deleteFrom('notice_cursors')
    .where('resource_id', '=', resourceId)
    .where('target', '=', id)
    .execute()
}

/** The targets of a resource, of one channel or of all. */
export async function listCursors(
  db: Db,
  resourceId: string,
  channel?: NoticeChannel,
): Promise<StoredCursor[]> {
  const rows = await db
    .selectFrom('notice_cursors')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .$if(channel !== undefined, (query) => query.where('channel', '=', channel ?? 'log'))
    .orderBy('channel')
    .orderBy('target')
    .limit(MOST_TARGETS)
    .execute()
  return rows.map(storedCursor)
}

const MOST_TARGETS = 200

/** Claims cursors that are due. */
export async function claimCursors(db: Db, request: ClaimRequest): Promise<ClaimedCursor[]> {
  const rows = await runPrepared(
    db,
    'claim-cursors',
    { ...askAll(cursors, 'c'), claimed_at: ask(moment, CLAIMED_AT) },
    (list) => sql`${claimDueRows('notice_cursors', request)} select ${list} from claimed c`,
  )
  return rows.map((row) => ({ ...storedCursor(row), fence: row.fence, now: row.claimed_at }))
}

const {
  channel: _channel,
  lane: _lane,
  wanted_seq: _wanted,
  claimed_until: _claim,
  wake_at: _wake,
  ...settled
} = cursors
const SETTLED = { ...settled, read_to: cursors.seq, in_ms: orNull(span) }

/**
 * Ends claims of cursors: each moves to where it was told. One behind which something was written meanwhile is due at once.
 * A claim that is no longer ours changes nothing, nor does one whose target is gone.
 */
export async function settleCursors(db: Db, group: readonly SettledCursor[]): Promise<void> {
  if (group.length === 0) return
  const ids = [...new Set(group.map(({ target }) => target.resourceId))]
  // In the order in which whoever writes history locks them: neither waits for somebody who waits for him.
  await executePrepared(
    db,
    'settle-cursors',
    sql`
    with locked as materialized (
      select resource_id from notice_cursors where resource_id = ${anyOf(ids)}
       order by resource_id, target for no key update
    )
    update notice_cursors c
       set seq = v.seq, coming_for = v.coming_for, late_for = v.late_for, expected_at = v.expected_at,
           attempts = v.attempts, failing_since = v.failing_since, last_failure = v.last_failure,
           given_up_seq = v.given_up_seq, given_up_at = v.given_up_at, claimed_until = null,
           wake_at = case
             when c.wanted_seq > v.read_to and v.attempts = 0 then service_now()
             else service_now() + v.in_ms
           end
      from ${given(SETTLED, group.map(settledRow))}
     where c.resource_id = v.resource_id and c.target = v.target and c.fence = v.fence
       and c.resource_id = any (array(select resource_id from locked))`,
  )
}

/**
 * What wakes the targets of a resource: the newest of its history rows that are told of, and of those that are severe.
 * `patient`: it is enough that they look within two minutes. That holds for a rotation that is done: while one is due they
 * look again and again.
 */
export type Waking = { resource_id: string; seq: number; severe_seq: number | null; patient: boolean }

/**
 * The start of a statement that writes history: the targets of these resources are looked at at once, each when its claim
 * ends, and one that fails at its next try; collaborators by what is severe alone. It waits for claims that are just being
 * settled, and then sees what they left. Whoever would look soon enough by himself is left alone, so that a rotation on its
 * date writes nothing here.
 */
export function wakeCursors(waking: readonly Waking[]) {
  const { resource_id, seq } = cursors
  const columns = { resource_id, seq, severe_seq: orNull(seq), patient: boolean }
  return sql`
    with present as materialized (select service_now() as at), locked as materialized (
      select c.resource_id from notice_cursors c, ${given(columns, waking)}
       where c.resource_id = v.resource_id
         and c.resource_id = ${anyOf(waking.map((row) => row.resource_id))}
         and (c.target <> ${COLLABORATORS_TARGET} or v.severe_seq is not null)
         and not (v.patient and c.claimed_until is null
           and c.wake_at <= (select at from present) + interval '2 minutes')
       order by c.resource_id, c.target for no key update of c
    ), woken as (
      update notice_cursors c
         set wanted_seq = case when c.target = ${COLLABORATORS_TARGET} then v.severe_seq else v.seq end,
             wake_at = case
               when c.attempts > 0 or c.claimed_until > (select at from present) then c.wake_at
               else (select at from present)
             end
        from ${given(columns, waking)}
       where c.resource_id = v.resource_id and c.resource_id = any (array(select resource_id from locked))
         and (c.target <> ${COLLABORATORS_TARGET} or v.severe_seq is not null)
    )`
}

function settledRow({ target, fence, readTo, to, inMs }: SettledCursor) {
  return {
    resource_id: target.resourceId,
    target: target.id,
    fence,
    seq: to.seq,
    coming_for: to.told.comingFor,
    late_for: to.told.lateFor,
    expected_at: to.told.expectedAt,
    attempts: to.attempts,
    failing_since: to.failingSince,
    last_failure: to.lastFailure,
    given_up_seq: to.givenUp?.seq ?? null,
    given_up_at: to.givenUp?.at ?? null,
    read_to: readTo,
    in_ms: inMs,
  }
}

function storedCursor(row: Selectable<Schema['notice_cursors']>): StoredCursor {
  const { given_up_seq: givenUpSeq, given_up_at: givenUpAt } = row
  return {
    target: { resourceId: row.resource_id, channel: row.channel, id: row.target },
    lane: row.lane,
    cursor: {
      seq: row.seq,
      told: { comingFor: row.coming_for, lateFor: row.late_for, expectedAt: row.expected_at },
      attempts: row.attempts,
      failingSince: row.failing_since,
      lastFailure: row.last_failure,
      givenUp: givenUpSeq === null || givenUpAt === null ? null : { seq: givenUpSeq, at: givenUpAt },
    },
  }
}
