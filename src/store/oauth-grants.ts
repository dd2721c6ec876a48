import { sql } from 'kysely'
import type { HistoryEvent } from '../domain/history.ts'
import type { WrappedDek } from '../domain/wrapped-dek.ts'
import { type ClaimRequest, claimDueRows } from './claims.ts'
import { text } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { dekOf, ownKeyOf, ownKeyState } from './dek-row.ts'
import { askAll, askForValue, askIfThere, given, runPrepared } from './group-statement.ts'
import { recordEvents } from './history.ts'
import { interval } from './intervals.ts'
import type { Claim } from './keysets.ts'
import { anyLocked, lockInOrder } from './lock-in-order.ts'
import { type NewTokens, saveTokens } from './oauth-tokens.ts'
import { TABLES } from './schema.ts'

/** A grant code that waits for its exchange, claimed by us. */
export type ClaimedGrant = Claim & { sealedCode: Buffer; expiresAt: Date; dek: WrappedDek }

/** A grant code to be stored. It is claimed by whoever stores it, who has `headStartMs` for the exchange. */
export type NewGrant = { sealedCode: Buffer; codeDigest: Buffer; expiresAt: Date; headStartMs: number }

/** The fence of a grant that was stored together with its resource. */
export const FIRST_GRANT_FENCE = '1'

const { oauth_grants: grants, resources, own_keys } = TABLES

/** Claims grants whose exchange is due. Nobody else gets them before the lease ends. */
export async function claimGrants(db: Db, request: ClaimRequest): Promise<ClaimedGrant[]> {
  const asked = {
    ...askAll(grants, 'g', ['resource_id', 'fence', 'expires_at']),
    sealed_code: askForValue(grants.sealed_code, 'g.sealed_code'),
    kek_id: askForValue(resources.kek_id, 'r.kek_id'),
    wrapped_dek: askForValue(resources.wrapped_dek, 'r.wrapped_dek'),
    own_key_state: askIfThere(own_keys.state, ownKeyOf('r.kek_id')),
  }
  const rows = await runPrepared(
    db,
    'claim-grants',
    asked,
    (list) => sql`
    ${claimDueRows('oauth_grants', request)}
    select ${list} from claimed g join resources r on r.id = g.resource_id`,
  )
  return rows.map((row) => ({
    resourceId: row.resource_id,
    fence: row.fence,
    sealedCode: row.sealed_code,
    expiresAt: row.expires_at,
    dek: dekOf(row.kek_id, row.wrapped_dek, row.own_key_state),
  }))
}

/** How a claimed grant ends: exchanged for these tokens, or lost. `sealedCode`: as it was claimed, to be compared. */
export type GrantEnd = Claim & { sealedCode?: Buffer; tokens: NewTokens | null; event: HistoryEvent }

/**
 * Ends grants of a group for good: codes erased, tokens and history rows stored. Returns the resources whose grant was
 * still ours, and sealed as it was claimed; the others keep what they have.
 */
export async function finishGrants(trx: Trx, ends: readonly GrantEnd[]): Promise<Set<string>> {
  if (ends.length === 0) return new Set()
  const { resource_id, fence, sealed_code } = grants
  const rows = ends.map((end) => ({
    resource_id: end.resourceId,
    fence: end.fence,
    sealed_code: end.sealedCode ?? null,
    state: end.tokens ? 'exchanged' : 'lost',
  }))
  const finished = await runPrepared(
    trx,
    'finish-grants',
    askAll(grants, 'g', ['resource_id', 'fence']),
    (list) => sql`
    ${lockInOrder(ends.map((end) => end.resourceId))}
    update oauth_grants g
       set state = v.state, sealed_code = null, wake_at = null, claimed_until = null
      from ${given({ resource_id, fence, sealed_code, state: text() }, rows)}
     where g.resource_id = v.resource_id and g.fence = v.fence and g.sealed_code = coalesce(v.sealed_code, g.sealed_code)
       and g.state = 'waiting'
       and g.resource_id = ${anyLocked}
    returning ${list}`,
  )
  const ours = new Set(finished.map((row) => `${row.resource_id} ${row.fence}`))
  const ended = ends.filter((end) => ours.has(`${end.resourceId} ${end.fence}`))
  await saveTokens(
    trx,
    ended.flatMap(({ resourceId, tokens }) => (tokens ? [{ ...tokens, resourceId }] : [])),
  )
  await recordEvents(
    trx,
    ended.map(({ resourceId, event }) => ({ resourceId, events: [event] })),
  )
  return new Set(ended.map(({ resourceId }) => resourceId))
}

/** A claimed grant as it is stored now; undefined when it is no longer ours, or has ended. */
export async function findClaimedGrant(db: Db, grant: Claim): Promise<ClaimedGrant | undefined> {
  const row = await db
    .selectFrom('oauth_grants')
    .innerJoin('resources', 'resources.id', 'oauth_grants.resource_id')
    .select(['resource_id', 'fence', 'sealed_code', 'expires_at', 'kek_id', 'wrapped_dek'])
    .select(ownKeyState)
    .where('resource_id', '=', grant.resourceId)
    .where('fence', '=', grant.fence)
    .where('oauth_grants.state', '=', 'waiting')
    .executeTakeFirst()
  if (!row?.sealed_code || !row.wrapped_dek || row.kek_id === null) return undefined
  return {
    resourceId: row.resource_id,
    fence: row.fence,
    sealedCode: row.sealed_code,
    expiresAt: row.expires_at,
    dek: dekOf(row.kek_id, row.wrapped_dek, row.own_key_state),
  }
}

/** Puts a claimed grant back for another try in `delayMs`. */
export async function retryGrantIn(db: Db, grant: Claim, delayMs: number): Promise<void> {
  await db
    .updateTable('oauth_grants')
    .set({ wake_at: sql`service_now() + ${interval(delayMs)}`, claimed_until: null })
    .where('resource_id', '=', grant.resourceId)
    .where('fence', '=', grant.fence)
    .where('state', '=', 'waiting')
    .execute()
}

/**
 * Takes a grant code that came with a repeated provision request, where it can still help: the resource is live, has
 * no tokens, and this code was never seen. An older code that still waits gives way: a late answer to it is void.
 * Returns the fence of the claim on the code; undefined when it was not taken.
 */
export async function offerGrant(db: Db, resourceId: string, grant: NewGrant): Promise<string | undefined> {
  const { rows } = await sql<{ fence: string }>`
    insert into oauth_grants (resource_id, sealed_code, code_digest, expires_at, state, wake_at, claimed_until, fence)
    select id, ${grant.sealedCode}, ${grant.codeDigest}, ${grant.expiresAt}, 'waiting',
           lease.ends_at, lease.ends_at, ${FIRST_GRANT_FENCE}
      from resources, (select service_now() + ${interval(grant.headStartMs)} as ends_at offset 0) as lease
     where id = ${resourceId} and state = 'provisioned'
       and not exists (select from oauth_tokens where resource_id = ${resourceId})
       for share of resources -- waits for a deprovision under way, and sees it
    on conflict (resource_id) do update
       set sealed_code = excluded.sealed_code, code_digest = excluded.code_digest,
           expires_at = excluded.expires_at, state = 'waiting', wake_at = excluded.wake_at,
           claimed_until = excluded.claimed_until, fence = oauth_grants.fence + 1
     where oauth_grants.state in ('waiting', 'lost') and oauth_grants.code_digest <> excluded.code_digest
    returning fence
  `.execute(db)
  return rows[0]?.fence
}

/** Whether the grant code of a resource is still to be exchanged, so that tokens may come. */
export async function isGrantWaiting(db: Db, resourceId: string): Promise<boolean> {
  const row = await db
    .selectFrom('oauth_grants')
    .select('resource_id')
    .where('resource_id', '=', resourceId)
    .where('state', '=', 'waiting')
    .executeTakeFirst()
  return row !== undefined
}
