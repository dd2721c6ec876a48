import { sql } from 'kysely'
import type { WrappedDek } from '../domain/wrapped-dek.ts'
import type { Db, Trx } from './database.ts'
import { dekOf, ownKeyState } from './dek-row.ts'
import { executePrepared, given } from './group-statement.ts'
import { interval } from './intervals.ts'
import { anyLocked, lockInOrder } from './lock-in-order.ts'
import { TABLES } from './schema.ts'

/** The sealed access token of a resource. `generation` counts them, so that a refresh can see that it is late. */
export type AccessToken = { sealedAccessToken: Buffer; accessExpiresAt: Date; generation: number }

/** With the refresh token that came with it. */
export type StoredTokens = NewTokens & AccessToken

/** A token pair that is ready to be stored. */
export type NewTokens = {
  sealedAccessToken: Buffer
  accessExpiresAt: Date
  sealedRefreshToken: Buffer | null
}

/** Stores the first tokens of resources, or those of grants that came later. */
export async function saveTokens(
  trx: Trx,
  tokens: readonly (NewTokens & { resourceId: string })[],
): Promise<void> {
  if (tokens.length === 0) return
  const { resource_id, sealed_access_token, access_expires_at, sealed_refresh_token } = TABLES.oauth_tokens
  const columns = { resource_id, sealed_access_token, access_expires_at, sealed_refresh_token }
  const rows = tokens.map((token) => ({
    resource_id: token.resourceId,
    sealed_access_token: token.sealedAccessToken,
    access_expires_at: token.accessExpiresAt,
    sealed_refresh_token: token.sealedRefreshToken,
  }))
  await executePrepared(
    trx,
    'save-tokens',
    sql`
    insert into oauth_tokens (resource_id, sealed_access_token, access_expires_at, sealed_refresh_token)
    select v.resource_id, v.sealed_access_token, v.access_expires_at, v.sealed_refresh_token
      from ${given(columns, rows)}
    on conflict (resource_id) do update
       set sealed_access_token = excluded.sealed_access_token, access_expires_at = excluded.access_expires_at,
           sealed_refresh_token = excluded.sealed_refresh_token, refreshing_until = null,
           generation = oauth_tokens.generation + 1`,
  )
}

/**
 * Stores refreshed tokens and ends the refresh. False: the resource is gone, has newer tokens, or has the former access
 * token no longer as it was read, because all its values were sealed anew.
 */
export async function replaceTokens(
  db: Db,
  resourceId: string,
  tokens: StoredTokens,
  formerAccessToken?: Buffer,
): Promise<boolean> {
  const asItWasRead = formerAccessToken ? sql`and sealed_access_token = ${formerAccessToken}` : sql.raw('')
  const { rows } = await sql`
    ${lockInOrder([resourceId])}
    update oauth_tokens
       set sealed_access_token = ${tokens.sealedAccessToken}, access_expires_at = ${tokens.accessExpiresAt},
           sealed_refresh_token = ${tokens.sealedRefreshToken}, refreshing_until = null,
           generation = ${tokens.generation}
     where resource_id = ${anyLocked} and generation = ${tokens.generation - 1} ${asItWasRead}
    returning resource_id`.execute(db)
  return rows.length > 0
}

/** Takes the sole right to refresh for `leaseMs`. False: somebody else has it, or has already refreshed. */
export async function claimRefresh(
  db: Db,
  request: { resourceId: string; generation: number; leaseMs: number },
): Promise<boolean> {
  const row = await db
    .updateTable('oauth_tokens')
    .set({ refreshing_until: sql`service_now() + ${interval(request.leaseMs)}` })
    .where('resource_id', '=', request.resourceId)
    .where('generation', '=', request.generation)
    .where((eb) =>
      eb.or([eb('refreshing_until', 'is', null), eb('refreshing_until', '<=', sql<Date>`service_now()`)]),
    )
    .returning('resource_id')
    .executeTakeFirst()
  return row !== undefined
}

/** Gives the right to refresh back after a refresh that failed. */
export async function releaseRefresh(db: Db, resourceId: string, generation: number): Promise<void> {
  await db
    .updateTable('oauth_tokens')
    .set({ refreshing_until: null })
    .where('resource_id', '=', resourceId)
    .where('generation', '=', generation)
    .execute()
}

/** The present tokens of a resource, if its grant was ever exchanged. */
export async function loadTokens(db: Db, resourceId: string): Promise<StoredTokens | null> {
  return (await loadTokensAndDek(db, resourceId))?.tokens ?? null
}

/** The same, and the data key that seals them. */
export async function loadTokensAndDek(
  db: Db,
  resourceId: string,
): Promise<{ tokens: StoredTokens; dek: WrappedDek } | undefined> {
  const row = await db
    .selectFrom('oauth_tokens')
    .innerJoin('resources', 'resources.id', 'oauth_tokens.resource_id')
    .selectAll('oauth_tokens')
    .select(['kek_id', 'wrapped_dek'])
    .select(ownKeyState)
    .where('resource_id', '=', resourceId)
    .executeTakeFirst()
  const token = row && accessTokenOf(row)
  if (!token || row.kek_id === null || row.wrapped_dek === null) return undefined
  const tokens = { ...token, sealedRefreshToken: row.sealed_refresh_token }
  return { tokens, dek: dekOf(row.kek_id, row.wrapped_dek, row.own_key_state) }
}

/** The access token of a row that may come from an outer join. */
export function accessTokenOf(row: {
  sealed_access_token: Buffer | null
  access_expires_at: Date | null
  generation: number | null
}): AccessToken | null {
  const { sealed_access_token, access_expires_at, generation } = row
  if (sealed_access_token === null || access_expires_at === null || generation === null) return null
  return { sealedAccessToken: sealed_access_token, accessExpiresAt: access_expires_at, generation }
}
