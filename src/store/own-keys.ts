import { sql } from 'kysely'
import type { OwnKey } from '../domain/own-key-watch.ts'
import { CLAIMED_AT, type ClaimRequest, claimDueRows } from './claims.ts'
import { moment } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { ask, askAll, runPrepared } from './group-statement.ts'
import { interval } from './intervals.ts'
import { TABLES } from './schema.ts'

/** A claimed look at a customer's own key. `at`: the present, by the clock of the database. */
export type ClaimedOwnKey = { arn: string; fence: string; at: Date; key: OwnKey }

const { own_keys } = TABLES

/** Claims keys at which somebody must look. */
export async function claimOwnKeys(db: Db, request: ClaimRequest): Promise<ClaimedOwnKey[]> {
  const seen = ['state', 'since', 'deadline', 'signal_at', 'looked_at', 'is_deleting', 'said'] as const
  const names = ['arn', 'fence', ...seen] as const
  const rows = await runPrepared(
    db,
    'claim-own-keys',
    { ...askAll(own_keys, 'o', [...names]), at: ask(moment, CLAIMED_AT) },
    (list) => sql`${claimDueRows('own_keys', request)} select ${list} from claimed o`,
  )
  return rows.map(({ arn, fence, at, ...row }) => ({ arn, fence, at, key: keyOf(row) }))
}

/** What is known of a key; undefined where there is no such key. */
export async function findOwnKey(db: Db, arn: string): Promise<OwnKey | undefined> {
  const row = await db.selectFrom('own_keys').selectAll().where('arn', '=', arn).executeTakeFirst()
  return row && keyOf(row)
}

/** The same of several, by their ARNs. */
export async function findOwnKeys(db: Db, arns: readonly string[]): Promise<Map<string, OwnKey>> {
  if (arns.length === 0) return new Map()
  const rows = await db
    .selectFrom('own_keys')
    .selectAll()
    .where('arn', 'in', [...new Set(arns)])
    .execute()
  return new Map(rows.map((row) => [row.arn, keyOf(row)]))
}

/** What a look has come to. */
export type LookEnd = { to: OwnKey; againInMs: number; refused: boolean; usable: boolean }

/** Ends a claimed look. False: it is no longer ours, and nothing was written. */
export async function endOwnKeyLook(
  db: Db,
  { arn, fence, at }: Pick<ClaimedOwnKey, 'arn' | 'fence' | 'at'>,
  { to, againInMs, refused, usable }: LookEnd,
): Promise<boolean> {
  const row = await db
    .updateTable('own_keys')
    .set({
      state: to.state,
      since: to.since,
      deadline: to.deadline,
      signal_at: to.signalAt,
      looked_at: to.lookedAt,
      is_deleting: to.isDeleting,
      said: to.said,
      ...(refused && { refused_at: at }),
      ...(usable && { usable_at: at }),
      wake_at: sql<Date>`service_now() + ${interval(againInMs)}`,
      claimed_until: null,
    })
    .where('arn', '=', arn)
    .where('fence', '=', fence)
    .returning('arn')
    .executeTakeFirst()
  return row !== undefined
}

/**
 * Nobody looks at a key that protects nothing, until it protects something again. One that has come to do so since the
 * claim has another `wake_at` by now, and is left alone.
 */
export async function restOwnKey(
  db: Db,
  { arn, fence }: Pick<ClaimedOwnKey, 'arn' | 'fence'>,
): Promise<void> {
  await sql`
    update own_keys
       set state = 'active', since = service_now(), deadline = null, signal_at = null, looked_at = null,
           is_deleting = false, said = null, wake_at = null, claimed_until = null
     where arn = ${arn} and fence = ${fence} and wake_at = claimed_until
  `.execute(db)
}

/** Lets somebody look at a key soon, since its use has failed. Not at one that is just looked at, or is about to be. */
export async function wakeOwnKey(db: Db, arn: string): Promise<void> {
  await sql`
    update own_keys set wake_at = service_now()
     where arn = ${arn} and claimed_until is null and wake_at > service_now() + interval '35 seconds'
  `.execute(db)
}

/** Of the other keys: how many were found to work of late, and of how many we were told that we may not use them. */
export async function countOtherOwnKeys(
  db: Db,
  arn: string,
  { at, withinMs }: { at: Date; withinMs: number },
): Promise<{ usable: number; refused: number }> {
  const from = new Date(at.getTime() - withinMs)
  const row = await db
    .selectFrom('own_keys')
    .select([
      sql<number>`count(*) filter (where usable_at >= ${from})::int`.as('usable'),
      sql<number>`count(*) filter (where refused_at >= ${from} and state in ('active', 'waiting'))::int`.as(
        'refused',
      ),
    ])
    .where('arn', '<>', arn)
    .executeTakeFirstOrThrow()
  return row
}

/** How many add-ons a key protects. */
export async function countProtected(db: Db, arn: string): Promise<number> {
  const { count } = await db
    .selectFrom('resources')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('kek_id', '=', arn)
    .executeTakeFirstOrThrow()
  return count
}

/** Add-ons of a key whose history does not tell yet how it is. */
export async function listUntold(
  db: Db,
  arn: string,
  told: 'suspended' | 'lost' | null,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('resources')
    .select('id')
    .where('kek_id', '=', arn)
    .where('own_key_told', told === null ? 'is not' : 'is distinct from', told)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

/** Notes that it does. Returns how many did not. */
export async function noteTold(
  trx: Trx,
  ids: readonly string[],
  told: 'suspended' | 'lost' | null,
): Promise<number> {
  const { numUpdatedRows } = await trx
    .updateTable('resources')
    .set({ own_key_told: told })
    .where('id', 'in', [...ids])
    .where('own_key_told', told === null ? 'is not' : 'is distinct from', told)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

function keyOf(row: {
  state: OwnKey['state']
  since: Date
  deadline: Date | null
  signal_at: Date | null
  looked_at: Date | null
  is_deleting: boolean
  said: string | null
}): OwnKey {
  const { state, since, deadline, said } = row
  const { signal_at: signalAt, looked_at: lookedAt, is_deleting: isDeleting } = row
  return { state, since, deadline, signalAt, lookedAt, isDeleting, said }
}
