-- What the migrations make, all of them together: written by `npm run schema`, to be read and never to be run.
-- It says what a change of the migrations comes to. test/store/schema-dump.test.ts fails when it is not up to date.

create table access_networks (
  resource_id uuid not null,
  subject text not null,
  network text not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  constraint access_networks_pkey PRIMARY KEY (resource_id, subject, network),
  constraint access_networks_network_check CHECK (length(network) <= 64),
  constraint access_networks_resource_id_subject_fkey FOREIGN KEY (resource_id, subject) REFERENCES access_subjects(resource_id, subject) ON DELETE CASCADE
);
CREATE INDEX access_networks_last_at ON access_networks USING btree (last_at);

create table access_subjects (
  resource_id uuid not null,
  subject text not null,
  who text not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  keys_at timestamp with time zone,
  settled_days integer not null default 0,
  recent jsonb not null default '[]'::jsonb,
  constraint access_subjects_pkey PRIMARY KEY (resource_id, subject),
  constraint access_subjects_settled_days_check CHECK (settled_days >= 0),
  constraint access_subjects_subject_check CHECK (length(subject) >= 1 AND length(subject) <= 400),
  constraint access_subjects_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);
CREATE INDEX access_subjects_last_at ON access_subjects USING btree (last_at);

create table api_tokens (
  id text not null,
  kind text not null,
  resource_id uuid not null,
  digest bytea not null,
  name text not null,
  scopes text not null,
  user_id text,
  email text,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  last_used_at timestamp with time zone,
  kek_id text not null,
  mac bytea not null,
  constraint api_tokens_pkey PRIMARY KEY (id),
  constraint api_tokens_check CHECK (expires_at > created_at),
  constraint api_tokens_digest_check CHECK (length(digest) = 32),
  constraint api_tokens_id_check CHECK (id ~ '^[0-9a-f]{16}$'::text),
  constraint api_tokens_kind_check CHECK (kind = ANY (ARRAY['api'::text, 'client'::text])),
  constraint api_tokens_mac_check CHECK (length(mac) = 32),
  constraint api_tokens_name_check CHECK (name <> ''::text),
  constraint api_tokens_of_client CHECK ((kind = 'client'::text) = (scopes = ''::text)),
  constraint api_tokens_scopes_check CHECK (scopes ~ '^((read|rotate|revoke|keyring)(,(read|rotate|revoke|keyring))*)?$'::text),
  constraint api_tokens_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resources(id) ON DELETE CASCADE
);
CREATE INDEX api_tokens_expires_at ON api_tokens USING btree (expires_at);
CREATE INDEX api_tokens_kek_id ON api_tokens USING btree (kek_id);
CREATE INDEX api_tokens_resource_id ON api_tokens USING btree (resource_id);

create table asked_once (
  resource_id uuid not null,
  key_digest bytea not null,
  request_digest bytea not null,
  reason text not null,
  opened_at timestamp with time zone not null,
  served_at timestamp with time zone not null,
  constraint asked_once_pkey PRIMARY KEY (resource_id, key_digest),
  constraint asked_once_key_digest_check CHECK (length(key_digest) = 32),
  constraint asked_once_reason_check CHECK (reason = ANY (ARRAY['scheduled'::text, 'manual'::text, 'plan-change'::text, 'revoke'::text])),
  constraint asked_once_request_digest_check CHECK (length(request_digest) = 32),
  constraint asked_once_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resources(id) ON DELETE CASCADE
);

create table check_ins (
  resource_id uuid not null,
  app text not null,
  process text not null,
  kid text not null,
  version integer,
  at timestamp with time zone not null,
  constraint check_ins_pkey PRIMARY KEY (resource_id, app, process),
  constraint check_ins_app_check CHECK (length(app) <= 64),
  constraint check_ins_kid_check CHECK (kid ~ '^[0-9a-f]{8}$'::text),
  constraint check_ins_process_check CHECK (length(process) <= 64),
  constraint check_ins_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);

create table clients (
  id text not null,
  newest_version integer,
  last_kid text,
  seen_version integer,
  seen_at timestamp with time zone,
  alarm_at timestamp with time zone,
  constraint clients_pkey PRIMARY KEY (id),
  constraint clients_last_kid_check CHECK (length(last_kid) = 8),
  constraint clients_newest_version_check CHECK (newest_version > 0),
  constraint clients_seen CHECK ((seen_version IS NULL) = (seen_at IS NULL)),
  constraint clients_id_fkey FOREIGN KEY (id) REFERENCES api_tokens(id) ON DELETE CASCADE
);

create table collaborator_mails (
  resource_id uuid not null,
  told_at timestamp with time zone,
  reached integer not null default 0,
  unreached integer not null default 0,
  under_way jsonb,
  mailed jsonb not null default '[]'::jsonb,
  constraint collaborator_mails_pkey PRIMARY KEY (resource_id),
  constraint collaborator_mails_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);

create table first_lookers (
  resource_id uuid not null,
  subject text not null,
  constraint first_lookers_pkey PRIMARY KEY (resource_id),
  constraint first_lookers_subject_check CHECK (length(subject) >= 1 AND length(subject) <= 400),
  constraint first_lookers_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);

create table fork_codes (
  resource_id uuid not null,
  id text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  kek_id text not null,
  mac bytea not null,
  constraint fork_codes_pkey PRIMARY KEY (resource_id),
  constraint fork_codes_check CHECK (expires_at > created_at),
  constraint fork_codes_id_check CHECK (id ~ '^[0-9a-f]{16}$'::text),
  constraint fork_codes_mac_check CHECK (length(mac) = 32),
  constraint fork_codes_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE,
  constraint fork_codes_id_key UNIQUE (id)
);
CREATE INDEX fork_codes_expires_at ON fork_codes USING btree (expires_at);

create table freezes_for_all (
  id text not null,
  from_at timestamp with time zone not null,
  until_at timestamp with time zone not null,
  zone text not null,
  reason text not null,
  created_at timestamp with time zone not null,
  constraint freezes_for_all_pkey PRIMARY KEY (id),
  constraint freezes_for_all_check CHECK (until_at > from_at)
);

create table heroku_budget (
  only_row boolean not null default true,
  next_call_at timestamp with time zone not null default '-infinity'::timestamp with time zone,
  next_page_call_at timestamp with time zone not null default '-infinity'::timestamp with time zone,
  platform_blocked_until timestamp with time zone not null default '-infinity'::timestamp with time zone,
  identity_blocked_until timestamp with time zone not null default '-infinity'::timestamp with time zone,
  constraint heroku_budget_pkey PRIMARY KEY (only_row),
  constraint heroku_budget_only_row_check CHECK (only_row)
);

create table history (
  resource_id uuid not null,
  seq integer not null,
  at timestamp with time zone not null,
  kind text not null,
  actor text not null,
  person jsonb,
  token jsonb,
  reason text,
  due_at timestamp with time zone,
  opened_at timestamp with time zone,
  made_at timestamp with time zone,
  published_at timestamp with time zone,
  next_rotation_at timestamp with time zone,
  version integer,
  fingerprint text,
  filler_version integer,
  filler_fingerprint text,
  erased integer[],
  attempts integer,
  failures jsonb,
  details jsonb,
  constraint history_pkey PRIMARY KEY (resource_id, seq),
  constraint history_actor_check CHECK (actor = ANY (ARRAY['heroku'::text, 'worker'::text, 'operator'::text, 'person'::text, 'token'::text, 'client'::text])),
  constraint history_filler CHECK ((filler_version IS NULL) = (filler_fingerprint IS NULL)
    AND length(filler_fingerprint) = 8),
  constraint history_key CHECK ((version IS NULL) = (fingerprint IS NULL) AND length(fingerprint) = 8),
  constraint history_person CHECK ((actor = 'person'::text) = (person IS NOT NULL)),
  constraint history_token CHECK ((actor = ANY (ARRAY['token'::text, 'client'::text])) = (token IS NOT NULL))
);
CREATE TRIGGER history_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON history FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table installation (
  only_row boolean not null default true,
  system_identifier text,
  database_oid text not null,
  timeline text,
  server text,
  server_started text not null,
  heroku_api text not null,
  heroku_id text not null,
  addon_id text not null,
  addon_url text not null,
  epoch integer not null default 1,
  epoch_at timestamp with time zone not null,
  last_seen timestamp with time zone not null,
  written_by bigint not null,
  constraint installation_pkey PRIMARY KEY (only_row),
  constraint installation_only_row_check CHECK (only_row)
);

create table keks (
  id text not null,
  check_value bytea not null,
  first_used_at timestamp with time zone not null,
  constraint keks_pkey PRIMARY KEY (id),
  constraint keks_check_value_check CHECK (length(check_value) = 32)
);

create table key_sightings (
  resource_id uuid not null,
  kid text not null,
  hour timestamp with time zone not null,
  good bigint not null,
  bad bigint not null,
  constraint key_sightings_pkey PRIMARY KEY (resource_id, kid, hour),
  constraint key_sightings_bad_check CHECK (bad >= 0),
  constraint key_sightings_good_check CHECK (good >= 0),
  constraint key_sightings_kid_check CHECK (kid ~ '^[0-9a-f]{8}$'::text),
  constraint key_sightings_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);

create table keysets (
  resource_id uuid not null,
  paused_at timestamp with time zone,
  paused_until timestamp with time zone,
  pause_reason text,
  windows jsonb,
  freezes jsonb,
  opened_by jsonb,
  pressed boolean not null default false,
  failures jsonb,
  stuck_since timestamp with time zone,
  held_back jsonb,
  turn jsonb,
  foreign_since timestamp with time zone,
  gone_since timestamp with time zone,
  repaired_at timestamp with time zone,
  doubtful boolean not null default false,
  adopt_asked boolean not null default false,
  unchecked_since timestamp with time zone,
  confirmed_epoch integer not null default 0,
  revoked_epoch integer not null default 0,
  older jsonb,
  revoked_to integer not null default 0,
  token_life_seconds bigint,
  announces_next boolean not null default false,
  next integer,
  next_announced boolean not null default false,
  current integer not null,
  second integer not null,
  second_filler boolean not null,
  second_until timestamp with time zone,
  pending integer,
  pending_filler integer,
  last_version integer not null,
  last_seq integer not null,
  published_at timestamp with time zone not null,
  published_reason text not null,
  pushed_at timestamp with time zone,
  reason text,
  due_at timestamp with time zone,
  opened_at timestamp with time zone,
  served_due_at timestamp with time zone,
  attempts integer not null default 0,
  next_rotation_at timestamp with time zone not null,
  check_at timestamp with time zone,
  wake_at timestamp with time zone,
  claimed_until timestamp with time zone,
  fence bigint not null default 0,
  revision bigint not null default 0,
  constraint keysets_pkey PRIMARY KEY (resource_id),
  constraint keysets_due_once CHECK (reason <> 'scheduled'::text OR served_due_at IS NULL OR due_at > served_due_at),
  constraint keysets_next CHECK (next > current
    AND next <> second
    AND next <> pending_filler
    AND next > pending
    AND (next IS NOT NULL OR NOT next_announced)
    AND NOT (next_announced AND pending IS NOT NULL)),
  constraint keysets_pause CHECK ((paused_at IS NULL) = (pause_reason IS NULL)),
  constraint keysets_published_reason_check CHECK (published_reason = ANY (ARRAY['scheduled'::text, 'manual'::text, 'plan-change'::text, 'revoke'::text, 'provision'::text])),
  constraint keysets_reason_check CHECK (reason = ANY (ARRAY['scheduled'::text, 'manual'::text, 'plan-change'::text, 'revoke'::text])),
  constraint keysets_revoked CHECK ((LEAST(current, second) > revoked_to OR NOT reason IS DISTINCT FROM 'revoke'::text)
    AND pending > revoked_to
    AND pending_filler > revoked_to
    AND next > revoked_to
    AND revoked_to <= last_version),
  constraint keysets_rotation CHECK ((reason IS NULL) = (due_at IS NULL)
    AND (reason IS NULL) = (opened_at IS NULL)
    AND (reason IS NULL OR reason = 'scheduled'::text) = (opened_by IS NULL)
    AND (reason IS NOT NULL OR pending IS NULL AND stuck_since IS NULL AND NOT pressed)),
  constraint keysets_second CHECK (second_filler = (second_until IS NULL)),
  constraint keysets_token_life_seconds_check CHECK (token_life_seconds > 0),
  constraint keysets_versions CHECK (current > 0
    AND second > 0
    AND current <> second
    AND pending > current
    AND pending <> second
    AND pending_filler > current
    AND pending_filler <> pending
    AND last_version >= GREATEST(current, second, pending, pending_filler, next)),
  constraint keysets_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resources(id)
) with (
  fillfactor=50,
  autovacuum_vacuum_scale_factor=0.01,
  autovacuum_vacuum_threshold=1000,
  autovacuum_analyze_scale_factor=0.05
);
CREATE INDEX keysets_foreign_since ON keysets USING btree (foreign_since) WHERE foreign_since IS NOT NULL;
CREATE INDEX keysets_stuck_since ON keysets USING btree (stuck_since) WHERE stuck_since IS NOT NULL;
CREATE INDEX keysets_wake_at ON keysets USING btree (wake_at) WHERE wake_at IS NOT NULL;

create table mail_addresses (
  id text not null,
  resource_id uuid not null,
  sealed_address bytea not null,
  created_at timestamp with time zone not null,
  confirm_until timestamp with time zone,
  confirmed_at timestamp with time zone,
  failed_at timestamp with time zone,
  failure text,
  mailed jsonb not null default '[]'::jsonb,
  constraint mail_addresses_pkey PRIMARY KEY (id),
  constraint mail_addresses_confirmed CHECK ((confirmed_at IS NULL) = (confirm_until IS NOT NULL)),
  constraint mail_addresses_failed CHECK ((failed_at IS NULL) = (failure IS NULL)),
  constraint mail_addresses_id_check CHECK (id ~ '^ma_[0-9a-f]{16}$'::text),
  constraint mail_addresses_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);
CREATE INDEX mail_addresses_confirm_until ON mail_addresses USING btree (confirm_until) WHERE confirm_until IS NOT NULL;
CREATE INDEX mail_addresses_resource_id ON mail_addresses USING btree (resource_id);

create table mail_asked (
  mailbox_digest bytea not null,
  resource_id uuid not null,
  at timestamp with time zone not null,
  constraint mail_asked_mailbox_digest_check CHECK (length(mailbox_digest) = 32)
);
CREATE INDEX mail_asked_at ON mail_asked USING btree (at);
CREATE INDEX mail_asked_mailbox_digest ON mail_asked USING btree (mailbox_digest, at);
CREATE INDEX mail_asked_resource_id ON mail_asked USING btree (resource_id, at);

create table maker_looks (
  resource_id uuid not null,
  missing jsonb not null default '[]'::jsonb,
  wake_at timestamp with time zone not null,
  claimed_until timestamp with time zone,
  fence bigint not null default 0,
  constraint maker_looks_pkey PRIMARY KEY (resource_id),
  constraint maker_looks_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);
CREATE INDEX maker_looks_wake_at ON maker_looks USING btree (wake_at);

create table notice_cursors (
  resource_id uuid not null,
  target text not null,
  channel text not null,
  lane text not null,
  seq integer not null,
  wanted_seq integer not null,
  coming_for timestamp with time zone,
  late_for timestamp with time zone,
  expected_at timestamp with time zone,
  attempts integer not null default 0,
  failing_since timestamp with time zone,
  last_failure text,
  given_up_seq integer,
  given_up_at timestamp with time zone,
  wake_at timestamp with time zone,
  claimed_until timestamp with time zone,
  fence bigint not null default 0,
  constraint notice_cursors_pkey PRIMARY KEY (resource_id, target),
  constraint notice_cursors_channel_check CHECK (channel = ANY (ARRAY['log'::text, 'webhook'::text, 'mail'::text])),
  constraint notice_cursors_failing CHECK ((attempts = 0) = (failing_since IS NULL)),
  constraint notice_cursors_given_up CHECK ((given_up_seq IS NULL) = (given_up_at IS NULL)),
  constraint notice_cursors_lane_check CHECK (length(lane) >= 1 AND length(lane) <= 255),
  constraint notice_cursors_target_check CHECK (target ~ '^(log|collaborators|(wh|ma)_[a-z0-9]{1,40})$'::text),
  constraint notice_cursors_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
) with (
  fillfactor=60,
  autovacuum_vacuum_scale_factor=0.02,
  autovacuum_vacuum_threshold=1000
);
CREATE INDEX notice_cursors_wake_at ON notice_cursors USING btree (wake_at) WHERE wake_at IS NOT NULL;

create table oauth_grants (
  resource_id uuid not null,
  code_digest bytea not null,
  expires_at timestamp with time zone not null,
  state text not null,
  sealed_code bytea,
  wake_at timestamp with time zone,
  claimed_until timestamp with time zone,
  fence bigint not null default 0,
  constraint oauth_grants_pkey PRIMARY KEY (resource_id),
  constraint oauth_grants_check CHECK ((state = 'waiting'::text) = (sealed_code IS NOT NULL)),
  constraint oauth_grants_check1 CHECK ((state = 'waiting'::text) = (wake_at IS NOT NULL)),
  constraint oauth_grants_state_check CHECK (state = ANY (ARRAY['waiting'::text, 'exchanged'::text, 'lost'::text])),
  constraint oauth_grants_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resources(id)
);
CREATE INDEX oauth_grants_wake_at ON oauth_grants USING btree (wake_at) WHERE wake_at IS NOT NULL;

create table oauth_tokens (
  resource_id uuid not null,
  sealed_access_token bytea not null,
  access_expires_at timestamp with time zone not null,
  sealed_refresh_token bytea,
  generation integer not null default 1,
  refreshing_until timestamp with time zone,
  constraint oauth_tokens_pkey PRIMARY KEY (resource_id),
  constraint oauth_tokens_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resources(id)
);

create table own_keys (
  arn text not null,
  state text not null default 'active'::text,
  since timestamp with time zone not null,
  deadline timestamp with time zone,
  signal_at timestamp with time zone,
  looked_at timestamp with time zone,
  is_deleting boolean not null default false,
  said text,
  refused_at timestamp with time zone,
  usable_at timestamp with time zone,
  wake_at timestamp with time zone,
  claimed_until timestamp with time zone,
  fence bigint not null default 0,
  constraint own_keys_pkey PRIMARY KEY (arn),
  constraint own_keys_arn_check CHECK (starts_with(arn, 'arn:'::text)),
  constraint own_keys_check CHECK ((state = 'waiting'::text) = (deadline IS NOT NULL)),
  constraint own_keys_state_check CHECK (state = ANY (ARRAY['active'::text, 'waiting'::text, 'suspended'::text, 'restoring'::text, 'lost'::text]))
);
CREATE INDEX own_keys_wake_at ON own_keys USING btree (wake_at) WHERE wake_at IS NOT NULL;

create table private_link_accounts (
  resource_id uuid not null,
  arn text not null,
  status text not null,
  since timestamp with time zone not null,
  constraint private_link_accounts_pkey PRIMARY KEY (resource_id, arn),
  constraint private_link_accounts_arn_check CHECK (length(arn) <= 120),
  constraint private_link_accounts_status_check CHECK (status = ANY (ARRAY['Adding'::text, 'Active'::text, 'Removing'::text])),
  constraint private_link_accounts_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES private_links(resource_id) ON DELETE CASCADE
);

create table private_link_connections (
  resource_id uuid not null,
  endpoint_id text not null,
  account text not null,
  state text not null,
  dns_name text,
  constraint private_link_connections_pkey PRIMARY KEY (resource_id, endpoint_id),
  constraint private_link_connections_account_check CHECK (account ~ '^[0-9]{12}$'::text),
  constraint private_link_connections_endpoint_id_check CHECK (length(endpoint_id) <= 64),
  constraint private_link_connections_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES private_links(resource_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX private_link_connections_endpoint_id ON private_link_connections USING btree (endpoint_id) WHERE state = 'available'::text;

create table private_links (
  resource_id uuid not null,
  wanted text not null default 'present'::text,
  status text not null default 'Provisioning'::text,
  failure text,
  region text not null,
  nlb_arn text not null,
  client_token text not null,
  create_sent_at timestamp with time zone,
  service_id text,
  service_name text,
  gone_since timestamp with time zone,
  asked_at timestamp with time zone not null,
  looked_at timestamp with time zone,
  published jsonb not null default '{"how": "each", "vars": {}}'::jsonb,
  attempts integer not null default 0,
  last_failure text,
  wake_at timestamp with time zone,
  claimed_until timestamp with time zone,
  fence bigint not null default 0,
  constraint private_links_pkey PRIMARY KEY (resource_id),
  constraint private_links_check CHECK ((status = 'Failed'::text) = (failure IS NOT NULL)),
  constraint private_links_check1 CHECK (wanted = 'present'::text OR status = 'Deprovisioning'::text),
  constraint private_links_check2 CHECK ((service_id IS NULL) = (service_name IS NULL)),
  constraint private_links_status_check CHECK (status = ANY (ARRAY['Provisioning'::text, 'Operational'::text, 'Deprovisioning'::text, 'Failed'::text])),
  constraint private_links_wanted_check CHECK (wanted = ANY (ARRAY['present'::text, 'absent'::text])),
  constraint private_links_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resources(id)
);
CREATE INDEX private_links_region_nlb_arn ON private_links USING btree (region, nlb_arn);
CREATE INDEX private_links_wake_at ON private_links USING btree (wake_at) WHERE wake_at IS NOT NULL;

create table resource_apps (
  resource_id uuid not null,
  app_id uuid not null,
  name text not null,
  seen_at timestamp with time zone not null,
  constraint resource_apps_pkey PRIMARY KEY (resource_id, app_id),
  constraint resource_apps_name_check CHECK (length(name) <= 64),
  constraint resource_apps_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);
CREATE INDEX resource_apps_app_id ON resource_apps USING btree (app_id);

create table resources (
  id uuid not null,
  state text not null,
  name text,
  former_name text,
  renamed_at timestamp with time zone,
  plan text,
  region text,
  rotation_period_seconds bigint,
  grace_period_seconds bigint,
  kek_id text,
  former_kek_id text,
  wrapped_dek bytea,
  notice_kek_id text,
  former_notice_kek_id text,
  notice_dek bytea,
  sealed_log_input_url bytea,
  hands_over boolean not null default false,
  heroku_id text,
  callback_path text,
  addon_uuid uuid,
  created_at timestamp with time zone not null,
  missing_since timestamp with time zone,
  repeat_told_at timestamp with time zone,
  own_key_told text,
  deprovisioned_at timestamp with time zone,
  constraint resources_pkey PRIMARY KEY (id),
  constraint resources_check CHECK ((state = 'provisioned'::text) = (wrapped_dek IS NOT NULL)),
  constraint resources_check1 CHECK ((state = 'provisioned'::text) = (kek_id IS NOT NULL)),
  constraint resources_check2 CHECK (former_kek_id <> kek_id),
  constraint resources_check3 CHECK ((state = 'deprovisioned'::text) = (deprovisioned_at IS NOT NULL)),
  constraint resources_former_notice_kek_id CHECK (former_notice_kek_id <> notice_kek_id),
  constraint resources_grace_period_seconds_check CHECK (grace_period_seconds > 0),
  constraint resources_live CHECK (state = 'deprovisioned'::text OR plan IS NOT NULL
    AND rotation_period_seconds IS NOT NULL),
  constraint resources_notice_dek CHECK ((notice_dek IS NOT NULL) = COALESCE(starts_with(kek_id, 'arn:'::text), false)
    AND (notice_dek IS NOT NULL) = (notice_kek_id IS NOT NULL)),
  constraint resources_notice_kek_id CHECK (NOT starts_with(notice_kek_id, 'arn:'::text)),
  constraint resources_own_key_told_check CHECK (own_key_told = ANY (ARRAY['suspended'::text, 'lost'::text])),
  constraint resources_rotation_period_seconds_check CHECK (rotation_period_seconds > 0),
  constraint resources_state_check CHECK (state = ANY (ARRAY['provisioned'::text, 'deprovisioned'::text]))
);
CREATE UNIQUE INDEX resources_addon_uuid ON resources USING btree (addon_uuid) WHERE addon_uuid IS NOT NULL;
CREATE INDEX resources_former_name ON resources USING btree (former_name) WHERE state = 'provisioned'::text;
CREATE INDEX resources_heroku_id ON resources USING btree (heroku_id) WHERE heroku_id IS NOT NULL;
CREATE INDEX resources_kek_id ON resources USING btree (kek_id) WHERE kek_id IS NOT NULL;
CREATE INDEX resources_name ON resources USING btree (name) WHERE state = 'provisioned'::text;
CREATE INDEX resources_notice_kek_id ON resources USING btree (notice_kek_id) WHERE notice_kek_id IS NOT NULL;

create table sealed_keys (
  resource_id uuid not null,
  version integer not null,
  created_at timestamp with time zone not null,
  digest bytea not null,
  sealed bytea not null,
  constraint sealed_keys_pkey PRIMARY KEY (resource_id, version),
  constraint sealed_keys_digest_check CHECK (length(digest) = 32),
  constraint sealed_keys_version_check CHECK (version > 0),
  constraint sealed_keys_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);
CREATE TRIGGER sealed_keys_never_change BEFORE UPDATE ON sealed_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table sessions (
  id_digest bytea not null,
  resource_id uuid not null,
  sign_on_digest bytea not null,
  made_for text not null,
  user_id text,
  email text,
  verified boolean not null,
  created_at timestamp with time zone not null,
  last_used_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  kek_id text not null,
  mac bytea not null,
  constraint sessions_pkey PRIMARY KEY (id_digest),
  constraint sessions_check CHECK (verified OR user_id IS NULL AND email IS NULL),
  constraint sessions_id_digest_check CHECK (length(id_digest) = 32),
  constraint sessions_mac_check CHECK (length(mac) = 32),
  constraint sessions_made_for_check CHECK (made_for = ANY (ARRAY['browser'::text, 'command-line'::text])),
  constraint sessions_sign_on_digest_check CHECK (length(sign_on_digest) = 32),
  constraint sessions_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resources(id) ON DELETE CASCADE
);
CREATE INDEX sessions_ends_at ON sessions USING btree (ends_at);
CREATE INDEX sessions_resource_id ON sessions USING btree (resource_id);

create table trouble_failures (
  cause text not null,
  resource_id uuid not null,
  operation text not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  constraint trouble_failures_pkey PRIMARY KEY (cause, resource_id, operation),
  constraint trouble_failures_operation_check CHECK (operation = ANY (ARRAY['token'::text, 'read'::text, 'write'::text])),
  constraint trouble_failures_cause_fkey FOREIGN KEY (cause) REFERENCES troubles(cause) ON DELETE CASCADE,
  constraint trouble_failures_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);

create table troubles (
  cause text not null,
  verdict_at timestamp with time zone,
  failure text not null,
  probe_at timestamp with time zone not null,
  token_succeeded_at timestamp with time zone,
  read_succeeded_at timestamp with time zone,
  write_succeeded_at timestamp with time zone,
  constraint troubles_pkey PRIMARY KEY (cause),
  constraint troubles_cause_check CHECK (cause = ANY (ARRAY['account'::text, 'api'::text, 'identity'::text]))
);

create table unusual_accesses (
  resource_id uuid not null,
  reason text not null,
  subject text not null,
  at timestamp with time zone not null,
  words text not null,
  known_at timestamp with time zone,
  constraint unusual_accesses_pkey PRIMARY KEY (resource_id, reason, subject),
  constraint unusual_accesses_subject_check CHECK (length(subject) >= 1 AND length(subject) <= 400),
  constraint unusual_accesses_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);
CREATE INDEX unusual_accesses_at ON unusual_accesses USING btree (at);

create table used_nonces (
  client_id text not null,
  nonce text not null,
  until timestamp with time zone not null,
  constraint used_nonces_pkey PRIMARY KEY (client_id, nonce),
  constraint used_nonces_nonce_check CHECK (length(nonce) >= 22 AND length(nonce) <= 64),
  constraint used_nonces_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients(id) ON DELETE CASCADE
);
CREATE INDEX used_nonces_until ON used_nonces USING btree (until);

create table used_sign_on_tokens (
  digest bytea not null,
  expires_at timestamp with time zone not null,
  constraint used_sign_on_tokens_pkey PRIMARY KEY (digest),
  constraint used_sign_on_tokens_digest_check CHECK (length(digest) = 32)
);
CREATE INDEX used_sign_on_tokens_expires_at ON used_sign_on_tokens USING btree (expires_at);

create table webhook_deliveries (
  id text not null,
  webhook_id text not null,
  number bigint not null generated always as identity,
  at timestamp with time zone not null,
  cause text not null,
  notice jsonb not null,
  told boolean not null,
  status integer,
  ms integer not null,
  words text not null,
  constraint webhook_deliveries_pkey PRIMARY KEY (id),
  constraint webhook_deliveries_cause_check CHECK (cause = ANY (ARRAY['outbox'::text, 'test'::text, 'resend'::text])),
  constraint webhook_deliveries_id_check CHECK (id ~ '^whd_[0-9a-f]{16}$'::text),
  constraint webhook_deliveries_words_check CHECK (length(words) <= 200),
  constraint webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_webhook_id ON webhook_deliveries USING btree (webhook_id, number);

create table webhooks (
  id text not null,
  resource_id uuid not null,
  name text not null,
  shown_url text not null,
  sealed_webhook bytea not null,
  added_by text,
  created_at timestamp with time zone not null,
  off_since timestamp with time zone,
  tried_at timestamp with time zone,
  constraint webhooks_pkey PRIMARY KEY (id),
  constraint webhooks_id_check CHECK (id ~ '^wh_[0-9a-f]{16}$'::text),
  constraint webhooks_name_check CHECK (name <> ''::text),
  constraint webhooks_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES keysets(resource_id) ON DELETE CASCADE
);
CREATE INDEX webhooks_resource_id ON webhooks USING btree (resource_id);

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% of % is refused: its rows never change', tg_op, tg_table_name;
end
$function$;

CREATE OR REPLACE FUNCTION public.service_now()
 RETURNS timestamp with time zone
 LANGUAGE sql
AS $function$
  select date_trunc('milliseconds', clock_timestamp())
$function$;
