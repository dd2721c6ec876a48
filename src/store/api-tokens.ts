import { type Selectable, sql } from 'kysely'
import { type Scope, scopesOf, type TokenFacts, type TokenKind } from '../domain/api-token.ts'
import type { Db } from './database.ts'
import type { Schema } from './schema.ts'

/** A token as it is stored: without its text, which only its program has. */
export type StoredToken = TokenFacts & {
  digest: Buffer
  lastUsedAt: Date | null
  kekId: string
  mac: Buffer
}

/** A token, what time it is by the clock that counts its life, and when its use from that network was last noted. */
export type TokenNow = StoredToken & { now: Date }
export type TokenInUse = TokenNow & { notedAt: Date | null }

const NOW = sql<Date>`service_now()`.as('now')

/** More than a resource may have: see `MOST_TOKENS` of `flows/tokens/make-token.ts`. */
const MOST_LISTED = 200

export async function insertToken(db: Db, token: StoredToken): Promise<void> {
  await db
    .insertInto('api_tokens')
    .values({
      id: token.id,
      kind: token.kind,
      resource_id: token.resourceId,
      digest: token.digest,
      name: token.name,
      scopes: token.scopes.join(','),
      user_id: token.userId,
      email: token.email,
      created_at: token.createdAt,
      expires_at: token.expiresAt,
      last_used_at: token.lastUsedAt,
      kek_id: token.kekId,
      mac: token.mac,
    })
    .execute()
}

/** The token of that id, over or not, that is used from this network. */
export async function findToken(
  db: Db,
  id: string,
  network: string | null = null,
): Promise<TokenInUse | undefined> {
  const row = await db
    .selectFrom('api_tokens as t')
    .leftJoin('access_networks as n', (join) =>
      join
        .onRef('n.resource_id', '=', 't.resource_id')
        .on('n.subject', '=', sql<string>`case t.kind when 'api' then 'token:' else 'client:' end || t.id`)
        .on('n.network', '=', network),
    )
    .selectAll('t')
    .select([NOW, 'n.last_at as noted_at'])
    .where('t.id', '=', id)
    .executeTakeFirst()
  return row && { ...tokenOf(row), now: row.now, notedAt: row.noted_at }
}

/** Whether a resource has a token of that id and kind that is not over. */
export async function isTokenLive(
  db: Db,
  token: { id: string; kind: TokenKind; resourceId: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('api_tokens')
    .select('id')
    .where('id', '=', token.id)
    .where('kind', '=', token.kind)
    .where('resource_id', '=', token.resourceId)
    .where('expires_at', '>', sql<Date>`service_now()`)
    .executeTakeFirst()
  return row !== undefined
}

/** The stored tokens of a resource that are of a kind, the newest first, those that are over too. */
export async function listTokens(
  db: Db,
  { resourceId, kind }: { resourceId: string; kind: TokenKind },
): Promise<TokenNow[]> {
  const rows = await db
    .selectFrom('api_tokens')
    .selectAll()
    .select(NOW)
    .where('resource_id', '=', resourceId)
    .where('kind', '=', kind)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(MOST_LISTED)
    .execute()
  return rows.map((row) => ({ ...tokenOf(row), now: row.now }))
}

/** Notes that a token was used, unless that was noted within `everyMs`: however many requests come at once, one writes. */
export async function touchToken(db: Db, id: string, everyMs: number): Promise<void> {
  await db
    .updateTable('api_tokens')
    .set({ last_used_at: sql<Date>`service_now()` })
    .where('id', '=', id)
    .where(
      sql<boolean>`(last_used_at is null or last_used_at <= service_now() - make_interval(secs => ${everyMs / 1_000}))`,
    )
    .execute()
}

/** Which tokens of a kind and a resource end: all of them, one, or those that may do something. */
export type EndedTokens = { resourceId: string; kind: TokenKind; id?: string; scope?: Scope }

/** Ends tokens of a resource. Returns the names and ids of those that there were. */
export async function deleteTokens(
  db: Db,
  { resourceId, kind, id, scope }: EndedTokens,
): Promise<{ id: string; name: string }[]> {
  return await db
    .deleteFrom('api_tokens')
    .where('resource_id', '=', resourceId)
    .where('kind', '=', kind)
    .$if(id !== undefined, (q) => q.where('id', '=', id ?? ''))
    .$if(scope !== undefined, (q) =>
      q.where(sql<boolean>`${scope ?? ''} = any (string_to_array(scopes, ','))`),
    )
    .returning(['id', 'name'])
    .execute()
}

/** Clients of an add-on that was removed are told so for as long. */
const CLIENTS_KEPT = sql<Date>`(select service_now() - interval '90 days')`

/** Clears away tokens that are over, `limit` at the most, and as many clients of add-ons that were removed long ago. */
export async function purgeTokens(db: Db, limit: number): Promise<void> {
  await db
    .deleteFrom('api_tokens')
    .where('id', 'in', (q) =>
      q
        .selectFrom('api_tokens as t')
        .innerJoin('resources as r', 'r.id', 't.resource_id')
        .select('t.id')
        .where('t.kind', '=', 'client')
        .where('r.deprovisioned_at', '<=', CLIENTS_KEPT)
        .limit(limit),
    )
    .execute()
  await db
    .deleteFrom('api_tokens')
    .where('id', 'in', (q) =>
      q
        .selectFrom('api_tokens')
        .select('id')
        .where('expires_at', '<=', sql<Date>`(select service_now())`)
        .orderBy('expires_at')
        .limit(limit),
    )
    .execute()
}

/** Tokens whose MAC another KEK than this one made, in the order of their ids, from behind `after` on. */
export async function listTokensOfOthers(
  db: Db,
  page: { kekId: string; limit: number; after: string },
): Promise<StoredToken[]> {
  const rows = await db
    .selectFrom('api_tokens')
    .selectAll()
    .where('kek_id', '<>', page.kekId)
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit)
    .execute()
  return rows.map(tokenOf)
}

/** Puts another MAC into the place of this one. False: it is gone, or was replaced. */
export async function replaceTokenMac(
  db: Db,
  { id, mac }: StoredToken,
  fresh: { kekId: string; mac: Buffer },
): Promise<boolean> {
  const row = await db
    .updateTable('api_tokens')
    .set({ kek_id: fresh.kekId, mac: fresh.mac })
    .where('id', '=', id)
    .where('mac', '=', mac)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Ends all tokens whose MAC another KEK than this one made. Returns how many. */
export async function deleteTokensOfOthers(db: Db, kekId: string): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('api_tokens').where('kek_id', '<>', kekId).executeTakeFirst()
  return Number(numDeletedRows)
}

function tokenOf(row: Selectable<Schema['api_tokens']>): StoredToken {
  return {
    id: row.id,
    kind: row.kind,
    resourceId: row.resource_id,
    digest: row.digest,
    name: row.name,
    scopes: scopesOf(row.scopes.split(',')),
    userId: row.user_id,
    email: row.email,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    kekId: row.kek_id,
    mac: row.mac,
  }
}
