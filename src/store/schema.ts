import type { ColumnType, Generated, JSONColumnType } from 'kysely'
import type { Actor, AuditDetails } from '../domain/audit.ts'
import type { Stage } from '../domain/keyset.ts'
import type { RotationReason, RotationState } from '../domain/rotation.ts'

/** `bigint` comes back from `pg` as text; ids and fencing tokens are only compared, so they stay text. */
type BigIntText = ColumnType<string, string | number | undefined, string | number>
type Seconds = ColumnType<string, number, number>
type NullableSeconds = ColumnType<string | null, number | null, number | null>
type Identity = Generated<string>

/** The tables of `migrations/`, as kysely sees them. */
export type Schema = {
  resources: {
    id: string
    state: 'provisioned' | 'deprovisioned'
    name: string | null
    plan: string
    region: string | null
    rotation_period_seconds: Seconds
    grace_period_seconds: NullableSeconds
    wrapped_dek: string | null
    sealed_log_input_url: string | null
    created_at: Date
    missing_since: Date | null
    deprovisioned_at: Date | null
  }
  key_versions: {
    resource_id: string
    version: number
    stage: Stage
    filler: boolean
    fingerprint: string
    sealed_key: string | null
    digest: Buffer | null
    created_at: Date
    published_at: Date | null
    grace_ends_at: Date | null
    retired_at: Date | null
    revoked_at: Date | null
  }
  rotations: {
    id: Identity
    resource_id: string
    reason: RotationReason
    state: RotationState
    due_at: Date
    opened_at: Date
    opened_by: JSONColumnType<Actor>
    pending_version: number | null
    attempts: Generated<number>
    last_failure: string | null
    published_at: Date | null
    closed_at: Date | null
  }
  schedule: {
    resource_id: string
    next_rotation_at: Date
    wake_at: Date | null
    attempt: BigIntText
    revision: BigIntText
    failures: Generated<number>
    claimed_until: Date | null
    paused_at: Date | null
    paused_until: Date | null
    pause_reason: string | null
    check_at: Date | null
    repairs: Generated<number>
  }
  oauth_grants: {
    resource_id: string
    sealed_code: string | null
    code_digest: Buffer
    expires_at: Date
    state: 'waiting' | 'exchanged' | 'lost'
    wake_at: Date | null
    attempt: BigIntText
  }
  oauth_tokens: {
    resource_id: string
    sealed_access_token: string
    access_expires_at: Date
    sealed_refresh_token: string | null
    generation: Generated<number>
    refreshing_until: Date | null
  }
  audit_events: {
    id: Identity
    resource_id: string
    at: Date
    actor: JSONColumnType<Actor>
    action: string
    version: number | null
    fingerprint: string | null
    details: JSONColumnType<AuditDetails>
  }
  sessions: {
    id_digest: Buffer
    resource_id: string
    sign_on_digest: Buffer
    user_id: string | null
    email: string | null
    verified: boolean
    created_at: Date
    last_used_at: Date
    ends_at: Date
  }
  used_sign_on_tokens: {
    digest: Buffer
    expires_at: Date
  }
  heroku_budget: {
    only_row: Generated<boolean>
    next_call_at: Generated<Date>
    platform_blocked_until: Generated<Date>
    identity_blocked_until: Generated<Date>
  }
}
