import { sql } from 'kysely'
import type { RotationReason, Situation } from '../domain/rotation.ts'
import type { Db, Trx } from './database.ts'
import { gracePeriodOf, msOf } from './intervals.ts'
import { liveKeysOf, type StoredKey } from './key-versions.ts'
import { type StoredTokens, tokensOf } from './oauth-tokens.ts'
import { type Claim, pauseOf } from './schedule.ts'

/** An unfinished rotation, as the worker that holds the claim sees it. */
export type UnfinishedRotation = { id: string; reason: RotationReason; dueAt: Date; attempts: number }

/** Everything that a worker needs of a claimed resource. Secrets in it are sealed. */
export type ClaimedResource = {
  claim: Claim
  /** Raised by everybody but the worker with the claim who changes what a step is decided on; tokens are not among it. */
  revision: string
  periodMs: number
  failures: number
  /** How often in a row the config at Heroku had to be put right. */
  repairs: number
  /** Heroku answered 404 or 410 for it, and has not answered for it since. */
  missing: boolean
  lastVersion: number
  wrappedDek: string
  situation: Situation & { keyset: readonly StoredKey[] }
  rotation: UnfinishedRotation | null
  tokens: StoredTokens | null
  /** The grant code is still to be exchanged, so tokens may come. */
  grantWaiting: boolean
}

type Row = {
  resource_id: string
  attempt: string
  revision: string
  rotation_period_seconds: string
  grace_period_seconds: string | null
  next_rotation_at: Date
  failures: number
  paused_at: Date | null
  paused_until: Date | null
  pause_reason: string | null
  check_at: Date | null
  repairs: number
  missing: boolean
  wrapped_dek: string
  last_version: number
  rotation_id: string | null
  reason: RotationReason
  due_at: Date
  attempts: number
  sealed_access_token: string | null
  access_expires_at: Date
  sealed_refresh_token: string | null
  generation: number
  grant_waiting: boolean
}

/** Loads the resources of a group of claims, less those that were taken over, are stuck or were deprovisioned. */
export async function loadClaimedResources(db: Db, claims: readonly Claim[]): Promise<ClaimedResource[]> {
  if (claims.length === 0) return []
  const { rows } = await sql<Row>`
    select s.resource_id, s.attempt, s.revision, s.next_rotation_at, s.failures,
           s.paused_at, s.paused_until, s.pause_reason, s.check_at, s.repairs,
           r.rotation_period_seconds, r.grace_period_seconds, r.wrapped_dek,
           r.missing_since is not null as missing,
           (select max(version) from key_versions k where k.resource_id = s.resource_id) as last_version,
           o.id as rotation_id, o.reason, o.due_at, o.attempts,
           t.sealed_access_token, t.access_expires_at, t.sealed_refresh_token, t.generation,
           exists (
             select from oauth_grants g where g.resource_id = s.resource_id and g.state = 'waiting'
           ) as grant_waiting
      from ${given(claims)}
      join schedule s on s.resource_id = c.resource_id and s.attempt = c.attempt
      join resources r on r.id = c.resource_id and r.state = 'provisioned'
      left join rotations o on o.resource_id = c.resource_id and o.state in ('open', 'stuck')
      left join oauth_tokens t on t.resource_id = c.resource_id
     where o.state is distinct from 'stuck'
  `.execute(db)
  const keys = await liveKeysOf(
    db,
    rows.map((row) => row.resource_id),
  )
  return rows.flatMap((row) => {
    const keyset = keys.get(row.resource_id)
    // Without keys it was deprovisioned between the two statements.
    return keyset ? [claimedResource(row, keyset)] : []
  })
}

/**
 * The same resources for a decision inside a transaction: their schedule rows stay locked until its end, in the order
 * of their ids. Every change of a resource starts with the same lock, so none can come between the look and the write.
 * Of those that nobody has changed since they were loaded (`known`), what was loaded still holds; the others are loaded
 * anew, by a later statement than the lock, which sees what the lock had to wait for.
 */
export async function lockClaimedResources(
  trx: Trx,
  claims: readonly Claim[],
  known: readonly ClaimedResource[] = [],
): Promise<ClaimedResource[]> {
  if (claims.length === 0) return []
  const { rows } = await sql<{ resource_id: string; attempt: string; revision: string }>`
    select s.resource_id, s.attempt, s.revision
      from ${given(claims)}
      join schedule s on s.resource_id = c.resource_id and s.attempt = c.attempt
     order by s.resource_id
       for no key update of s
  `.execute(trx)
  const held = new Map(rows.map((row) => [row.resource_id, row]))
  const unchanged = known.filter(({ claim, revision }) => {
    const row = held.get(claim.resourceId)
    return row?.attempt === claim.attempt && row.revision === revision
  })
  for (const { claim } of unchanged) held.delete(claim.resourceId)
  const changed = claims.filter((claim) => held.get(claim.resourceId)?.attempt === claim.attempt)
  return [...unchanged, ...(await loadClaimedResources(trx, changed))]
}

function given(claims: readonly Claim[]) {
  return sql`unnest(
    ${claims.map((c) => c.resourceId)}::uuid[], ${claims.map((c) => c.attempt)}::bigint[]
  ) as c (resource_id, attempt)`
}

function claimedResource(row: Row, keyset: readonly StoredKey[]): ClaimedResource {
  const rotation = rotationOf(row)
  return {
    claim: { resourceId: row.resource_id, attempt: row.attempt },
    revision: row.revision,
    periodMs: msOf(row.rotation_period_seconds),
    failures: row.failures,
    repairs: row.repairs,
    missing: row.missing,
    lastVersion: row.last_version,
    wrappedDek: row.wrapped_dek,
    situation: {
      keyset,
      grace: gracePeriodOf(row.grace_period_seconds),
      nextRotationAt: row.next_rotation_at,
      openRotation: rotation,
      pause: pauseOf(row),
      checkAt: row.check_at,
    },
    rotation,
    tokens: tokensOf(row),
    grantWaiting: row.grant_waiting,
  }
}

function rotationOf(row: Row): UnfinishedRotation | null {
  if (row.rotation_id === null) return null
  return { id: row.rotation_id, reason: row.reason, dueAt: row.due_at, attempts: row.attempts }
}
