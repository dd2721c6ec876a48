import type { Actor, Person, TokenActor } from '../domain/actor.ts'
import type { Freeze } from '../domain/freezes.ts'
import type { Failure } from '../domain/heroku-failure.ts'
import type { HistoryDetails, HistoryKind } from '../domain/history.ts'
import type { PublishedReason } from '../domain/keyring-var.ts'
import type { RotationReason } from '../domain/rotation-reason.ts'
import type { SessionHolder } from '../domain/session.ts'
import type { Window } from '../domain/windows.ts'
import { ACCESS_TABLES } from './access-tables.ts'
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
import { HEROKU_TABLES } from './heroku-tables.ts'
import { MAIL_TABLES } from './mail-tables.ts'
import { NOTICE_TABLES } from './notice-tables.ts'
import { OWN_KEY_TABLES } from './own-key-tables.ts'
import { PRIVATE_LINK_TABLES } from './private-link-tables.ts'
import { PROGRAM_TABLES } from './program-tables.ts'
import { WEBHOOK_TABLES } from './webhook-tables.ts'

/** A freeze as a row holds it: its moments are texts. */
export type StoredFreeze = Omit<Freeze, 'from' | 'until'> & { from: string; until: string }

/** An old key likewise. */
export type StoredOlderKey = { version: number; until: string; stoppedAt?: string }

/** The tables of `migrations/`, column by column. `test/store/schema.test.ts` compares them with the catalogue. */
export const TABLES = {
  resources: {
    id: uuid,
    state: text<'provisioned' | 'deprovisioned'>(),
    name: orNull(text()),
    former_name: orNull(text()),
    renamed_at: orNull(moment),
    plan: orNull(text()),
    region: orNull(text()),
    rotation_period_seconds: orNull(seconds),
    grace_period_seconds: orNull(seconds),
    kek_id: orNull(text()),
    former_kek_id: orNull(text()),
    wrapped_dek: orNull(bytes),
    notice_kek_id: orNull(text()),
    former_notice_kek_id: orNull(text()),
    notice_dek: orNull(bytes),
    sealed_log_input_url: orNull(bytes),
    hands_over: withDefault(boolean),
    heroku_id: orNull(text()),
    callback_path: orNull(text()),
    addon_uuid: orNull(uuid),
    created_at: moment,
    missing_since: orNull(moment),
    repeat_told_at: orNull(moment),
    own_key_told: orNull(text<'suspended' | 'lost'>()),
    deprovisioned_at: orNull(moment),
  },
  keks: {
    id: text(),
    check_value: bytes,
    first_used_at: moment,
  },
  keysets: {
    resource_id: uuid,
    paused_at: orNull(moment),
    paused_until: orNull(moment),
    pause_reason: orNull(text()),
    windows: orNull(json<Window[]>()),
    freezes: orNull(json<StoredFreeze[]>()),
    opened_by: orNull(json<Actor>()),
    pressed: withDefault(boolean),
    failures: orNull(json<Failure[]>()),
    stuck_since: orNull(moment),
    held_back: orNull(
      json<{ since: string; until: string; lookAt: string; apps: string[]; saidOnly?: boolean }>(),
    ),
    turn: orNull(json<{ since: string; at: string; app: string; last: boolean }>()),
    foreign_since: orNull(moment),
    gone_since: orNull(moment),
    repaired_at: orNull(moment),
    doubtful: withDefault(boolean),
    adopt_asked: withDefault(boolean),
    unchecked_since: orNull(moment),
    confirmed_epoch: withDefault(integer),
    revoked_epoch: withDefault(integer),
    older: orNull(json<StoredOlderKey[]>()),
    revoked_to: withDefault(integer),
    token_life_seconds: orNull(seconds),
    announces_next: withDefault(boolean),
    next: orNull(integer),
    next_announced: withDefault(boolean),
    current: integer,
    second: integer,
    second_filler: boolean,
    second_until: orNull(moment),
    pending: orNull(integer),
    pending_filler: orNull(integer),
    last_version: integer,
    last_seq: integer,
    published_at: moment,
    published_reason: text<PublishedReason>(),
    pushed_at: orNull(moment),
    reason: orNull(text<RotationReason>()),
    due_at: orNull(moment),
    opened_at: orNull(moment),
    served_due_at: orNull(moment),
    attempts: withDefault(integer),
    next_rotation_at: moment,
    check_at: orNull(moment),
    wake_at: orNull(moment),
    claimed_until: orNull(moment),
    fence: withDefault(bigint),
    revision: withDefault(bigint),
  },
  resource_apps: {
    resource_id: uuid,
    app_id: uuid,
    name: text(),
    seen_at: moment,
  },
  freezes_for_all: {
    id: text(),
    from_at: moment,
    until_at: moment,
    zone: text(),
    reason: text(),
    created_at: moment,
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
    token: orNull(json<Omit<TokenActor, 'type'>>()),
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
  installation: {
    only_row: withDefault(boolean),
    system_identifier: orNull(text()),
    database_oid: text(),
    timeline: orNull(text()),
    server: orNull(text()),
    server_started: text(),
    heroku_api: text(),
    heroku_id: text(),
    addon_id: text(),
    addon_url: text(),
    epoch: withDefault(integer),
    epoch_at: moment,
    last_seen: moment,
    written_by: bigint,
  },
  ...HEROKU_TABLES,
  sessions: {
    id_digest: bytes,
    resource_id: uuid,
    sign_on_digest: bytes,
    made_for: text<SessionHolder>(),
    user_id: orNull(text()),
    email: orNull(text()),
    verified: boolean,
    created_at: moment,
    last_used_at: moment,
    ends_at: moment,
    kek_id: text(),
    mac: bytes,
  },
  ...PROGRAM_TABLES,
  ...ACCESS_TABLES,
  ...WEBHOOK_TABLES,
  ...MAIL_TABLES,
  used_sign_on_tokens: {
    digest: bytes,
    expires_at: moment,
  },
  ...NOTICE_TABLES,
  ...OWN_KEY_TABLES,
  ...PRIVATE_LINK_TABLES,
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
