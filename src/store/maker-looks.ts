import { sql } from 'kysely'
import type { Maker, Missing } from '../domain/makers.ts'
import { CLAIMED_AT, type ClaimRequest, claimDueRows } from './claims.ts'
import { moment } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { ask, askAll, runPrepared } from './group-statement.ts'
import { interval } from './intervals.ts'
import type { Claim } from './keysets.ts'
import { TABLES } from './schema.ts'

/** What a person has made for programs, and what outlives their access unless it is ended. */
export type Made = Maker & { id: string; name: string }

/** A claimed look at those who made the tokens of a resource. `at`: the present, by the clock of the database. */
export type ClaimedMakerLook = Claim & { missing: readonly Missing[]; at: Date }

const { maker_looks: looks } = TABLES

/** Sees to it that somebody looks after the makers of the tokens of a resource, from `inMs` on. */
export async function planMakerLook(trx: Trx, resourceId: string, inMs: number): Promise<void> {
  await trx
    .insertInto('maker_looks')
    .values({ resource_id: resourceId, wake_at: sql<Date>`service_now() + ${interval(inMs)}` })
    .onConflict((oc) => oc.doNothing())
    .execute()
}

/** Claims looks that are due. */
export async function claimMakerLooks(db: Db, request: ClaimRequest): Promise<ClaimedMakerLook[]> {
  const asked = { ...askAll(looks, 'l', ['resource_id', 'fence', 'missing']), at: ask(moment, CLAIMED_AT) }
  const rows = await runPrepared(
    db,
    'claim-maker-looks',
    asked,
    (list) => sql`${claimDueRows('maker_looks', request)} select ${list} from claimed l`,
  )
  return rows.map(({ resource_id, fence, missing, at }) => ({ resourceId: resource_id, fence, missing, at }))
}

/** Ends a claimed look. False: it is no longer ours. */
export async function endMakerLook(
  db: Db,
  { resourceId, fence }: Claim,
  to: { missing: readonly Missing[]; againInMs: number },
): Promise<boolean> {
  const row = await db
    .updateTable('maker_looks')
    .set({
      missing: JSON.stringify(to.missing),
      wake_at: sql<Date>`service_now() + ${interval(to.againInMs)}`,
      claimed_until: null,
    })
    .where('resource_id', '=', resourceId)
    .where('fence', '=', fence)
    .returning('resource_id')
    .executeTakeFirst()
  return row !== undefined
}

/** Nobody needs to be looked after any more. */
export async function dropMakerLook(trx: Trx, { resourceId, fence }: Claim): Promise<void> {
  await trx
    .deleteFrom('maker_looks')
    .where('resource_id', '=', resourceId)
    .where('fence', '=', fence)
    .execute()
}

/** What people have made for programs of a resource and is not over: whatever stands in the table of tokens. */
export async function listMade(db: Db, resourceId: string): Promise<Made[]> {
  const rows = await db
    .selectFrom('api_tokens')
    .select(['id', 'name', 'user_id', 'email'])
    .where('resource_id', '=', resourceId)
    .where('expires_at', '>', sql<Date>`service_now()`)
    .orderBy('id')
    .limit(MOST_LISTED)
    .execute()
  return rows.map(({ user_id: userId, ...row }) => ({ ...row, userId }))
}

const MOST_LISTED = 500

/** Ends what was made. Returns what there was of it. */
export async function deleteMade(trx: Trx, resourceId: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await trx
    .deleteFrom('api_tokens')
    .where('resource_id', '=', resourceId)
    .where('id', 'in', [...ids])
    .returning('id')
    .execute()
  return rows.map(({ id }) => id)
}
