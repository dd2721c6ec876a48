import { type Selectable, sql } from 'kysely'
import type { SessionFacts } from '../domain/session.ts'
import type { Db } from './database.ts'
import type { Schema } from './schema.ts'

/** A session as it is stored: without the id, which only the browser has. `kekId` and `mac`: see `flows/dashboard/session.ts`. */
export type StoredSession = SessionFacts & { idDigest: Buffer; lastUsedAt: Date; kekId: string; mac: Buffer }

/** More than anybody opens; those beyond it end like all others, but are not listed. */
const MOST_LISTED = 200

/** Remembers a sign-on token as used. False: it was used before. */
export async function useSignOnToken(db: Db, digest: Buffer, expiresAt: Date): Promise<boolean> {
  const row = await db
    .insertInto('used_sign_on_tokens')
    .values({ digest, expires_at: expiresAt })
    .onConflict((oc) => oc.doNothing())
    .returning('digest')
    .executeTakeFirst()
  return row !== undefined
}

export async function insertSession(db: Db, session: StoredSession): Promise<void> {
  await db
    .insertInto('sessions')
    .values({
      id_digest: session.idDigest,
      resource_id: session.resourceId,
      sign_on_digest: session.signOnDigest,
      made_for: session.madeFor,
      user_id: session.userId,
      email: session.email,
      verified: session.verified,
      created_at: session.createdAt,
      last_used_at: session.lastUsedAt,
      ends_at: session.endsAt,
      kek_id: session.kekId,
      mac: session.mac,
    })
    .execute()
}

/** A session, and what time it is by the clock that counts its life. */
export type SessionNow = StoredSession & { now: Date }

const NOW = sql<Date>`service_now()`.as('now')

/** The session of that digest, ended or not. */
export async function findSession(db: Db, idDigest: Buffer): Promise<SessionNow | undefined> {
  const query = db.selectFrom('sessions').selectAll().select(NOW)
  const row = await query.where('id_digest', '=', idDigest).executeTakeFirst()
  return row && { ...sessionOf(row), now: row.now }
}

/** Whether a resource has a session of that handle that is not over. */
export async function isSessionLive(
  db: Db,
  session: { handle: string; resourceId: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('sessions')
    .select('id_digest')
    .where('resource_id', '=', session.resourceId)
    .where(sql<boolean>`starts_with(encode(id_digest, 'hex'), ${session.handle})`)
    .where('ends_at', '>', sql<Date>`service_now()`)
    .executeTakeFirst()
  return row !== undefined
}

/** The stored sessions of a resource, the newest first, ended ones too. */
export async function listSessions(db: Db, resourceId: string): Promise<SessionNow[]> {
  const rows = await db
    .selectFrom('sessions')
    .selectAll()
    .select(NOW)
    .where('resource_id', '=', resourceId)
    .orderBy('created_at', 'desc')
    .limit(MOST_LISTED)
    .execute()
  return rows.map((row) => ({ ...sessionOf(row), now: row.now }))
}

/** Notes that a session was used. */
export async function touchSession(db: Db, idDigest: Buffer): Promise<void> {
  const now = sql<Date>`service_now()`
  await db.updateTable('sessions').set({ last_used_at: now }).where('id_digest', '=', idDigest).execute()
}

/** Ends a session. False: there was none. */
export async function deleteSession(db: Db, idDigest: Buffer): Promise<boolean> {
  const row = await db
    .deleteFrom('sessions')
    .where('id_digest', '=', idDigest)
    .returning('id_digest')
    .executeTakeFirst()
  return row !== undefined
}

/** Which sessions of a resource end. */
export type EndedSessions = { resourceId: string; but?: Buffer; madeBy?: readonly Buffer[] }

/**
 * Ends all sessions of a resource; of those only the ones that sign-ons with these digests made; and none with the id
 * digest `but`. Returns how many.
 */
export async function deleteSessionsOf(db: Db, { resourceId, but, madeBy }: EndedSessions): Promise<number> {
  if (madeBy?.length === 0) return 0
  const { numDeletedRows } = await db
    .deleteFrom('sessions')
    .where('resource_id', '=', resourceId)
    .$if(but !== undefined, (q) => q.where('id_digest', '<>', but ?? Buffer.alloc(0)))
    .$if(madeBy !== undefined, (q) => q.where('sign_on_digest', 'in', [...(madeBy ?? [])]))
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** Clears away sessions and used tokens that are over, `limit` of each at the most. */
export async function purgeEnded(db: Db, limit: number): Promise<void> {
  await db
    .deleteFrom('sessions')
    .where('id_digest', 'in', (q) =>
      q
        .selectFrom('sessions')
        .select('id_digest')
        .where('ends_at', '<=', sql<Date>`(select service_now())`)
        .orderBy('ends_at')
        .limit(limit),
    )
    .execute()
  await db
    .deleteFrom('used_sign_on_tokens')
    .where('digest', 'in', (q) =>
      q
        .selectFrom('used_sign_on_tokens')
        .select('digest')
        .where('expires_at', '<', sql<Date>`(select service_now())`)
        .orderBy('expires_at')
        .limit(limit),
    )
    .execute()
}

function sessionOf(row: Selectable<Schema['sessions']>): StoredSession {
  return {
    idDigest: row.id_digest,
    resourceId: row.resource_id,
    signOnDigest: row.sign_on_digest,
    madeFor: row.made_for,
    userId: row.user_id,
    email: row.email,
    verified: row.verified,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    endsAt: row.ends_at,
    kekId: row.kek_id,
    mac: row.mac,
  }
}
