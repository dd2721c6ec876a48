import type { Actor, Person } from '../domain/actor.ts'
import type { Failure } from '../domain/heroku-failure.ts'
import type { HistoryDetails, HistoryKind } from '../domain/history.ts'
import type { RotationReason } from '../domain/rotation-reason.ts'
import {
  bigint,
  boolean,
  bytes,
  type Column,
  type Columns,
  integer,
  integers,
  json,
  type KyselyColumn,
  moment,
  orNull,
  seconds,
  text,
  uuid,
  withDefault,
} from './columns.ts'

/** The tables of `migrations/`, column by column. `test/store/schema.test.ts` compares them with the catalogue. */
export const TABLES = {
  resources: {
    id: uuid,
    state: text<'provisioned' | 'deprovisioned'>(),
    name: orNull(text()),
    plan: text(),
    region: orNull(text()),
    rotation_period_seconds: seconds,
    grace_period_seconds: orNull(seconds),
    kek_id: orNull(text()),
    wrapped_dek: orNull(bytes),
    sealed_log_input_url: orNull(bytes),
    created_at: moment,
    missing_since: orNull(moment),
    deprovisioned_at: orNull(moment),
  },
  keysets: {
    resource_id: uuid,
    paused_at: orNull(moment),
    paused_until: orNull(moment),
    pause_reason: orNull(text()),
    opened_by: orNull(json<Actor>()),
    failures: orNull(json<Failure[]>()),
    stuck_since: orNull(moment),
    older: orNull(json<{ version: number; until: string }[]>()),
    revoked_to: withDefault(integer),
    current: integer,
    second: integer,
    second_filler: boolean,
    second_until: orNull(moment),
    pending: orNull(integer),
    pending_filler: orNull(integer),
    last_version: integer,
    last_seq: integer,
    published_at: moment,
    reason: orNull(text<RotationReason>()),
    due_at: orNull(moment),
    opened_at: orNull(moment),
    served_due_at: orNull(moment),
    attempts: withDefault(integer),
    repairs: withDefault(integer),
    next_rotation_at: moment,
    check_at: orNull(moment),
    wake_at: orNull(moment),
    claimed_until: orNull(moment),
    fence: withDefault(bigint),
    revision: withDefault(bigint),
  },
  sealed_keys: {
    resource_id: uuid,
    version: integer,
    created_at: moment,
    digest: bytes,
    sealed: bytes,
  },
  history: {
    resource_id: uuid,
    seq: integer,
    at: moment,
    kind: text<HistoryKind>(),
    actor: text<Actor['type']>(),
    person: orNull(json<Omit<Person, 'type'>>()),
    reason: orNull(text<RotationReason>()),
    due_at: orNull(moment),
    opened_at: orNull(moment),
    made_at: orNull(moment),
    published_at: orNull(moment),
    next_rotation_at: orNull(moment),
    version: orNull(integer),
    fingerprint: orNull(text()),
    filler_version: orNull(integer),
    filler_fingerprint: orNull(text()),
    erased: orNull(integers),
    attempts: orNull(integer),
    failures: orNull(json<Failure[]>()),
    details: orNull(json<HistoryDetails>()),
  },
  oauth_grants: {
    resource_id: uuid,
    code_digest: bytes,
    expires_at: moment,
    state: text<'waiting' | 'exchanged' | 'lost'>(),
    sealed_code: orNull(bytes),
    wake_at: orNull(moment),
    claimed_until: orNull(moment),
    fence: withDefault(bigint),
  },
  oauth_tokens: {
    resource_id: uuid,
    sealed_access_token: bytes,
    access_expires_at: moment,
    sealed_refresh_token: orNull(bytes),
    generation: withDefault(integer),
    refreshing_until: orNull(moment),
  },
  heroku_budget: {
    only_row: withDefault(boolean),
    next_call_at: withDefault(moment),
    platform_blocked_until: withDefault(moment),
    identity_blocked_until: withDefault(moment),
  },
  sessions: {
    id_digest: bytes,
    resource_id: uuid,
    sign_on_digest: bytes,
    user_id: orNull(text()),
    email: orNull(text()),
    verified: boolean,
    created_at: moment,
    last_used_at: moment,
    ends_at: moment,
  },
  used_sign_on_tokens: {
    digest: bytes,
    expires_at: moment,
  },
} satisfies Record<string, Columns>

type Tables = typeof TABLES

/** The same tables, as kysely sees them. */
export type Schema = {
  [Table in keyof Tables]: {
    [Name in keyof Tables[Table]]: Tables[Table][Name] extends Column
      ? KyselyColumn<Tables[Table][Name]>
      : never
  }
}
