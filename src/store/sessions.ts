import { sql } from 'kysely'
import type { Db } from './database.ts'

/** A session as it is stored: without the id, which only the browser has. */
export type StoredSession = {
  resourceId: string
  signOnDigest: Buffer
  userId: string | null
  email: string | null
  verified: boolean
  createdAt: Date
  lastUsedAt: Date
  endsAt: Date
}

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

export async function insertSession(db: Db, idDigest: Buffer, session: StoredSession): Promise<void> {
  await db
    .insertInto('sessions')
    .values({
      id_digest: idDigest,
      resource_id: session.resourceId,
      sign_on_digest: session.signOnDigest,
      user_id: session.userId,
      email: session.email,
      verified: session.verified,
      created_at: session.createdAt,
      last_used_at: session.lastUsedAt,
      ends_at: session.endsAt,
    })
    .execute()
}

/** The session of that digest, ended or not, and what time it is by the clock that counts its life. */
export async function findSession(
  db: Db,
  idDigest: Buffer,
): Promise<(StoredSession & { now: Date }) | undefined> {
  const row = await db
    .selectFrom('sessions')
    .selectAll()
    .select(sql<Date>`service_now()`.as('now'))
    .where('id_digest', '=', idDigest)
    .executeTakeFirst()
  return (
    row && {
      resourceId: row.resource_id,
      signOnDigest: row.sign_on_digest,
      userId: row.user_id,
      email: row.email,
      verified: row.verified,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      endsAt: row.ends_at,
      now: row.now,
    }
  )
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
