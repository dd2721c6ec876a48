import { sql } from 'kysely'
import type { Db } from './database.ts'

/** A grant code that waits for its exchange, claimed by us. */
export type ClaimedGrant = {
  resourceId: string
  attempt: string
  sealedCode: string
  expiresAt: Date
  wrappedDek: string
}

export type NewGrant = { sealedCode: string; codeDigest: Buffer; expiresAt: Date; wakeAt: Date }

/**
 * Claims grants that wait for their exchange: those that are due, or that of one resource at once.
 * Nobody else gets them before `leaseUntil`.
 */
export async function claimGrants(
  db: Db,
  request: { now: Date; leaseUntil: Date; limit: number; resourceId?: string },
): Promise<ClaimedGrant[]> {
  const { now, leaseUntil, limit, resourceId } = request
  const { rows } = await sql<{
    resource_id: string
    attempt: string
    sealed_code: string
    expires_at: Date
    wrapped_dek: string
  }>`
    ${resourceId === undefined ? sql`` : sql`/* prepared: claim-grant */`}
    update oauth_grants g
       set attempt = g.attempt + 1, wake_at = ${leaseUntil}
      from (
             select o.resource_id, r.wrapped_dek
               from oauth_grants o join resources r on r.id = o.resource_id
              where r.state = 'provisioned'
                and ${resourceId === undefined ? sql`o.wake_at <= ${now}` : sql`o.resource_id = ${resourceId} and o.attempt = 0`}
                and o.state = 'waiting'
              order by o.wake_at
              limit ${limit}
                for no key update of o skip locked
           ) as due
     where g.resource_id = due.resource_id
    returning g.resource_id, g.attempt, g.sealed_code, g.expires_at, due.wrapped_dek
  `.execute(db)
  return rows.map((row) => ({
    resourceId: row.resource_id,
    attempt: row.attempt,
    sealedCode: row.sealed_code,
    expiresAt: row.expires_at,
    wrappedDek: row.wrapped_dek,
  }))
}

/** Ends a grant for good and erases its code. False: it was no longer ours. */
export async function finishGrant(
  db: Db,
  grant: { resourceId: string; attempt: string },
  state: 'exchanged' | 'lost',
): Promise<boolean> {
  const { rows } = await sql`
    /* prepared: finish-grant */
    update oauth_grants set state = ${state}, sealed_code = null, wake_at = null
     where resource_id = ${grant.resourceId} and attempt = ${grant.attempt} and state = 'waiting'
    returning resource_id
  `.execute(db)
  return rows.length === 1
}

/** Puts a grant back for another try. */
export async function retryGrantAt(
  db: Db,
  grant: { resourceId: string; attempt: string },
  wakeAt: Date,
): Promise<void> {
  await db
    .updateTable('oauth_grants')
    .set({ wake_at: wakeAt })
    .where('resource_id', '=', grant.resourceId)
    .where('attempt', '=', grant.attempt)
    .where('state', '=', 'waiting')
    .execute()
}

/**
 * Takes a grant code that came with a repeated provision request, where it can still help: the resource is live, has
 * no tokens and this code was never seen. A code that is known is left alone, so none is exchanged twice.
 */
export async function offerGrant(db: Db, resourceId: string, grant: NewGrant): Promise<void> {
  await sql`
    insert into oauth_grants (resource_id, sealed_code, code_digest, expires_at, state, wake_at)
    select id, ${grant.sealedCode}, ${grant.codeDigest}, ${grant.expiresAt}, 'waiting', ${grant.wakeAt}
      from resources
     where id = ${resourceId} and state = 'provisioned'
       and not exists (select from oauth_tokens where resource_id = ${resourceId})
       for share -- waits for a deprovision under way, and sees it
    on conflict (resource_id) do update
       set sealed_code = excluded.sealed_code, code_digest = excluded.code_digest,
           expires_at = excluded.expires_at, state = 'waiting', wake_at = excluded.wake_at, attempt = 0
     where oauth_grants.state = 'lost' and oauth_grants.code_digest <> excluded.code_digest
  `.execute(db)
}
