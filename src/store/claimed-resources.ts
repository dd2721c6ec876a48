import { sql } from 'kysely'
import type { GracePeriod } from '../domain/grace.ts'
import type { RotationReason, Situation } from '../domain/rotation.ts'
import type { Db } from './database.ts'
import { gracePeriodOf, msOf } from './intervals.ts'
import { liveKeysOf, type StoredKey } from './key-versions.ts'
import { type StoredTokens, tokensOf } from './oauth-tokens.ts'
import { type Claim, pauseOf } from './schedule.ts'

/** An unfinished rotation, as the worker that holds the claim sees it. */
export type UnfinishedRotation = { id: string; reason: RotationReason; dueAt: Date; attempts: number }

/** Everything that a worker needs of a claimed resource. Secrets in it are sealed. */
export type ClaimedResource = {
  claim: Claim
  plan: string
  periodMs: number
  failures: number
  /** How often in a row the config at Heroku had to be put right. */
  repairs: number
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
  plan: string
  rotation_period_seconds: string
  grace_period_seconds: string | null
  wrapped_dek: string
  next_rotation_at: Date
  failures: number
  paused_at: Date | null
  paused_until: Date | null
  pause_reason: string | null
  check_at: Date | null
  repairs: number
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

/**
 * Loads the resources of a group of claims, less those that were taken over, are stuck or were deprovisioned.
 * With `lock` (inside a transaction) resource and schedule rows stay locked until its end, in the order of their
 * ids: every change of a resource starts with the same lock, so none can come between the look and the write.
 */
export async function loadClaimedResources(
  db: Db,
  claims: readonly Claim[],
  options: { lock: boolean },
): Promise<ClaimedResource[]> {
  if (claims.length === 0) return []
  const { rows } = await sql<Row>`
    select s.resource_id, s.attempt, s.next_rotation_at, s.failures,
           s.paused_at, s.paused_until, s.pause_reason, s.check_at, s.repairs,
           r.plan, r.rotation_period_seconds, r.grace_period_seconds, r.wrapped_dek,
           (select max(version) from key_versions k where k.resource_id = s.resource_id) as last_version,
           o.id as rotation_id, o.reason, o.due_at, o.attempts,
           t.sealed_access_token, t.access_expires_at, t.sealed_refresh_token, t.generation,
           exists (
             select from oauth_grants g where g.resource_id = s.resource_id and g.state = 'waiting'
           ) as grant_waiting
      from unnest(
             ${claims.map((c) => c.resourceId)}::uuid[], ${claims.map((c) => c.attempt)}::bigint[]
           ) as c (resource_id, attempt)
      join schedule s on s.resource_id = c.resource_id and s.attempt = c.attempt
      join resources r on r.id = c.resource_id and r.state = 'provisioned'
      left join rotations o on o.resource_id = c.resource_id and o.state in ('open', 'stuck')
      left join oauth_tokens t on t.resource_id = c.resource_id
     where o.state is distinct from 'stuck'
     order by s.resource_id
     ${options.lock ? sql`for no key update of r, s` : sql``}
  `.execute(db)
  const keys = await liveKeysOf(
    db,
    rows.map((row) => row.resource_id),
  )
  return rows.map((row) => claimedResource(row, keys.get(row.resource_id) ?? []))
}

function claimedResource(row: Row, keyset: readonly StoredKey[]): ClaimedResource {
  const rotation =
    row.rotation_id === null
      ? null
      : { id: row.rotation_id, reason: row.reason, dueAt: row.due_at, attempts: row.attempts }
  const grace: GracePeriod = gracePeriodOf(row.grace_period_seconds)
  return {
    claim: { resourceId: row.resource_id, attempt: row.attempt },
    plan: row.plan,
    periodMs: msOf(row.rotation_period_seconds),
    failures: row.failures,
    lastVersion: row.last_version,
    wrappedDek: row.wrapped_dek,
    repairs: row.repairs,
    situation: {
      keyset,
      grace,
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
