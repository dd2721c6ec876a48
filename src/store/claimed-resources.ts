import { sql } from 'kysely'
import type { GracePeriod } from '../domain/grace.ts'
import type { KeyVersion, Stage } from '../domain/keyset.ts'
import type { RotationReason, RotationState, Situation } from '../domain/rotation.ts'
import type { Db, Trx } from './database.ts'
import { gracePeriodOf, msOf } from './intervals.ts'
import { liveKeysOf, type StoredKey } from './key-versions.ts'
import { type StoredTokens, tokensOf } from './oauth-tokens.ts'
import { type Claim, pauseOf } from './schedule.ts'

/** An unfinished rotation, as the worker that holds the claim sees it. */
export type UnfinishedRotation = { id: string; reason: RotationReason; dueAt: Date; attempts: number }

/** All that decisions about a claimed resource depend on, without its secrets. */
export type ClaimedSituation = {
  claim: Claim
  periodMs: number
  failures: number
  /** How often in a row the config at Heroku had to be put right. */
  repairs: number
  /** Heroku answered 404 or 410 for it, and has not answered for it since. */
  missing: boolean
  situation: Situation
  rotation: UnfinishedRotation | null
}

/** Everything that a worker needs of a claimed resource. Secrets in it are sealed. */
export type ClaimedResource = ClaimedSituation & {
  plan: string
  lastVersion: number
  wrappedDek: string
  situation: Situation & { keyset: readonly StoredKey[] }
  tokens: StoredTokens | null
  /** The grant code is still to be exchanged, so tokens may come. */
  grantWaiting: boolean
}

type ScheduleRow = {
  resource_id: string
  attempt: string
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
}

type RotationRow = { rotation_id: string | null; reason: RotationReason; due_at: Date; attempts: number }

type Row = ScheduleRow &
  RotationRow & {
    plan: string
    wrapped_dek: string
    last_version: number
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
    select s.resource_id, s.attempt, s.next_rotation_at, s.failures,
           s.paused_at, s.paused_until, s.pause_reason, s.check_at, s.repairs,
           r.plan, r.rotation_period_seconds, r.grace_period_seconds, r.wrapped_dek,
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
  return rows.map((row) => claimedResource(row, keys.get(row.resource_id) ?? []))
}

/**
 * The same resources for a decision inside a transaction: their resource and schedule rows stay locked until its end,
 * in the order of their ids. Every change of a resource starts with the same lock, so none can come between the look
 * and the write. What the lock had to wait for is seen, since keys and rotations are read by a second statement.
 */
export async function lockClaimedResources(trx: Trx, claims: readonly Claim[]): Promise<ClaimedSituation[]> {
  if (claims.length === 0) return []
  const locked = await sql<ScheduleRow>`
    select s.resource_id, s.attempt, s.next_rotation_at, s.failures,
           s.paused_at, s.paused_until, s.pause_reason, s.check_at, s.repairs,
           r.rotation_period_seconds, r.grace_period_seconds, r.missing_since is not null as missing
      from ${given(claims)}
      join schedule s on s.resource_id = c.resource_id and s.attempt = c.attempt
      join resources r on r.id = c.resource_id and r.state = 'provisioned'
     order by s.resource_id
       for no key update of r, s
  `.execute(trx)
  const state = await loadState(
    trx,
    locked.rows.map((row) => row.resource_id),
  )
  return locked.rows.flatMap((row): ClaimedSituation[] => {
    const [first, ...others] = state.get(row.resource_id) ?? []
    if (!first || first.state === 'stuck') return []
    const keyset = [first, ...others].map(keyVersion)
    return [claimedSituation(row, rotationOf(first), keyset)]
  })
}

type StateRow = RotationRow & {
  resource_id: string
  version: number
  stage: Stage
  filler: boolean
  fingerprint: string
  grace_ends_at: Date | null
  revoked_at: Date | null
  state: RotationState | null
}

/** Live key versions without their secrets, each beside the unfinished rotation of its resource. */
async function loadState(trx: Trx, resourceIds: readonly string[]): Promise<Map<string, StateRow[]>> {
  const { rows } = await sql<StateRow>`
    select k.resource_id, k.version, k.stage, k.filler, k.fingerprint, k.grace_ends_at, k.revoked_at,
           o.id as rotation_id, o.reason, o.due_at, o.attempts, o.state
      from key_versions k
      left join lateral (
             select * from rotations r where r.resource_id = k.resource_id and r.state in ('open', 'stuck') limit 1
           ) as o on true
     where k.resource_id = any(${resourceIds}::uuid[]) and k.stage <> 'retired'
  `.execute(trx)
  return Map.groupBy(rows, (row) => row.resource_id)
}

function given(claims: readonly Claim[]) {
  return sql`unnest(
    ${claims.map((c) => c.resourceId)}::uuid[], ${claims.map((c) => c.attempt)}::bigint[]
  ) as c (resource_id, attempt)`
}

function claimedResource(row: Row, keyset: readonly StoredKey[]): ClaimedResource {
  const { situation, ...rest } = claimedSituation(row, rotationOf(row), keyset)
  return {
    ...rest,
    plan: row.plan,
    lastVersion: row.last_version,
    wrappedDek: row.wrapped_dek,
    situation: { ...situation, keyset },
    tokens: tokensOf(row),
    grantWaiting: row.grant_waiting,
  }
}

function claimedSituation(
  row: ScheduleRow,
  rotation: UnfinishedRotation | null,
  keyset: readonly KeyVersion[],
): ClaimedSituation {
  const grace: GracePeriod = gracePeriodOf(row.grace_period_seconds)
  return {
    claim: { resourceId: row.resource_id, attempt: row.attempt },
    periodMs: msOf(row.rotation_period_seconds),
    failures: row.failures,
    repairs: row.repairs,
    missing: row.missing,
    situation: {
      keyset,
      grace,
      nextRotationAt: row.next_rotation_at,
      openRotation: rotation,
      pause: pauseOf(row),
      checkAt: row.check_at,
    },
    rotation,
  }
}

function rotationOf(row: RotationRow): UnfinishedRotation | null {
  if (row.rotation_id === null) return null
  return { id: row.rotation_id, reason: row.reason, dueAt: row.due_at, attempts: row.attempts }
}

function keyVersion(row: StateRow): KeyVersion {
  return {
    version: row.version,
    stage: row.stage,
    filler: row.filler,
    fingerprint: row.fingerprint,
    graceEndsAt: row.grace_ends_at,
    revokedAt: row.revoked_at,
  }
}
