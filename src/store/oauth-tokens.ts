import { sql } from 'kysely'
import type { Db } from './database.ts'

/** The sealed token pair of a resource. `generation` counts the pairs, so that a refresh can see that it is late. */
export type StoredTokens = {
  sealedAccessToken: string
  accessExpiresAt: Date
  sealedRefreshToken: string | null
  generation: number
}

/** Stores the first tokens of a resource, or those of a grant that came later. */
export async function saveTokens(
  db: Db,
  resourceId: string,
  tokens: Omit<StoredTokens, 'generation'>,
): Promise<void> {
  await sql`
    /* prepared: save-tokens */
    insert into oauth_tokens (resource_id, sealed_access_token, access_expires_at, sealed_refresh_token)
    values (${resourceId}, ${tokens.sealedAccessToken}, ${tokens.accessExpiresAt}, ${tokens.sealedRefreshToken})
    on conflict (resource_id) do update
       set sealed_access_token = excluded.sealed_access_token, access_expires_at = excluded.access_expires_at,
           sealed_refresh_token = excluded.sealed_refresh_token, refreshing_until = null,
           generation = oauth_tokens.generation + 1
  `.execute(db)
}

/** Stores refreshed tokens and ends the refresh. False: the resource is gone, or has newer tokens. */
export async function replaceTokens(db: Db, resourceId: string, tokens: StoredTokens): Promise<boolean> {
  const row = await db
    .updateTable('oauth_tokens')
    .set({
      sealed_access_token: tokens.sealedAccessToken,
      access_expires_at: tokens.accessExpiresAt,
      sealed_refresh_token: tokens.sealedRefreshToken,
      refreshing_until: null,
      generation: tokens.generation,
    })
    .where('resource_id', '=', resourceId)
    .where('generation', '=', tokens.generation - 1)
    .returning('resource_id')
    .executeTakeFirst()
  return row !== undefined
}

/** Takes the sole right to refresh until `until`. False: somebody else has it, or has already refreshed. */
export async function claimRefresh(
  db: Db,
  request: { resourceId: string; generation: number; now: Date; until: Date },
): Promise<boolean> {
  const row = await db
    .updateTable('oauth_tokens')
    .set({ refreshing_until: request.until })
    .where('resource_id', '=', request.resourceId)
    .where('generation', '=', request.generation)
    .where((eb) => eb.or([eb('refreshing_until', 'is', null), eb('refreshing_until', '<=', request.now)]))
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
  const row = await db
    .selectFrom('oauth_tokens')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .executeTakeFirst()
  return row ? tokensOf(row) : null
}

/** Tokens of a row that may come from an outer join. */
export function tokensOf(row: {
  sealed_access_token: string | null
  access_expires_at: Date
  sealed_refresh_token: string | null
  generation: number
}): StoredTokens | null {
  if (row.sealed_access_token === null) return null
  return {
    sealedAccessToken: row.sealed_access_token,
    accessExpiresAt: row.access_expires_at,
    sealedRefreshToken: row.sealed_refresh_token,
    generation: row.generation,
  }
}
