-- One row per add-on that Heroku ever provisioned. The row outlives the add-on, so that a repeated provision request
-- is answered with 410 and the audit trail keeps its subject; the secrets in it do not.
create table resources (
  id                      uuid primary key,
  state                   text not null check (state in ('provisioned', 'deprovisioned')),
  name                    text,
  plan                    text not null,
  region                  text,
  rotation_period_seconds bigint not null check (rotation_period_seconds > 0),
  grace_period_seconds    bigint check (grace_period_seconds > 0), -- null: until the next rotation
  wrapped_dek             text,                                    -- the data key, wrapped by a KEK; null once shredded
  sealed_log_input_url    text,
  created_at              timestamptz not null,
  missing_since           timestamptz,                             -- Heroku answered 404 or 410 for it
  deprovisioned_at        timestamptz,
  check ((state = 'provisioned') = (wrapped_dek is not null)),
  check ((state = 'deprovisioned') = (deprovisioned_at is not null))
);
create index resources_name on resources (name) where state = 'provisioned';

-- A stored pending version counts as "its push has begun": an app may hold the key from then on.
-- What a rotation changes stands last, behind the sealed key: Postgres logs of a row version that stays on its page
-- only the part between the first and the last byte that changed.
create table key_versions (
  resource_id        uuid not null references resources (id) on delete cascade,
  version            integer not null check (version > 0),
  filler             boolean not null,
  fingerprint        text not null check (length(fingerprint) = 8),
  sealed_key         text,
  digest             bytea check (length(digest) = 32),
  created_at         timestamptz not null,
  stage              text not null check (stage in ('pending', 'current', 'previous', 'retired')),
  published_at       timestamptz,
  grace_ends_at      timestamptz,
  retired_at         timestamptz,
  -- refused by verification from this second on, although apps may hold the key until the new pair has arrived
  revoked_at         timestamptz,
  primary key (resource_id, version),
  -- retired means erased: the key and its digest go, the fingerprint and the times stay
  check ((stage = 'retired') = (sealed_key is null)),
  check ((stage = 'retired') = (digest is null)),
  check ((stage = 'retired') = (retired_at is not null))
) with (fillfactor = 60); -- a version changes its stage three times, and stays on its page for it
create unique index key_versions_one_current on key_versions (resource_id) where stage = 'current';
create unique index key_versions_one_pending on key_versions (resource_id, filler) where stage = 'pending';

-- The written-down intent of each rotation.
create table rotations (
  id              bigint generated always as identity,
  resource_id     uuid not null references resources (id) on delete cascade,
  reason          text not null check (reason in ('scheduled', 'manual', 'plan-change', 'revoke')),
  due_at          timestamptz not null,
  opened_at       timestamptz not null,
  opened_by       jsonb not null,
  state           text not null check (state in ('open', 'stuck', 'done', 'superseded', 'cancelled')),
  pending_version integer,
  attempts        integer not null default 0,
  last_failure    text,
  published_at    timestamptz,
  closed_at       timestamptz,
  primary key (resource_id, id), -- also the order in which a resource's rotations are listed
  check ((state in ('open', 'stuck')) = (closed_at is null))
) with (fillfactor = 80); -- a row is written again once, when its rotation ends
create unique index rotations_one_unfinished on rotations (resource_id) where state in ('open', 'stuck');
create unique index rotations_once_per_due_date on rotations (resource_id, due_at) where reason = 'scheduled';

-- The only table that a tick walks over, so it is narrow. `wake_at` is the next moment at which a worker must look
-- at the resource: its due date, the end of a grace period or a retry. A claim moves `wake_at` to the end of its
-- lease, which takes the row out of the due range of the index and brings it back by itself if the worker dies.
-- `attempt` is the fencing token: each claim raises it, and each later write of that claim compares it.
-- `revision` is raised by everybody else who changes the resource: while it stands still, what a worker has read holds.
create table schedule (
  resource_id      uuid primary key references resources (id) on delete cascade,
  next_rotation_at timestamptz not null,
  wake_at          timestamptz,           -- null: nothing to do until somebody acts (a stuck rotation)
  attempt          bigint not null default 0,
  revision         bigint not null default 0,
  failures         integer not null default 0,
  claimed_until    timestamptz,
  -- A pause holds scheduled rotations back. While one is on, `next_rotation_at` already counts a known end in.
  paused_at        timestamptz,
  paused_until     timestamptz,           -- null: until resumed
  pause_reason     text,
  -- When Heroku's config is next compared with what was published, and how often in a row it had to be put right.
  check_at         timestamptz,
  repairs          integer not null default 0,
  constraint schedule_pause check ((paused_at is null) = (pause_reason is null))
) with (
  -- Every claim and every completion rewrites a row. Half-empty pages keep the new row version on the same page, and
  -- a vacuum after 1 % (not 20 %) of the table keeps dead index entries from piling up in front of the due range.
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05
);
create index schedule_wake_at on schedule (wake_at) where wake_at is not null;

-- A grant code waits here until it is exchanged; the digest stays, so that no code is ever exchanged twice.
create table oauth_grants (
  resource_id   uuid primary key references resources (id) on delete cascade,
  sealed_code   text,
  code_digest   bytea not null,
  expires_at    timestamptz not null,
  state         text not null check (state in ('waiting', 'exchanged', 'lost')),
  wake_at       timestamptz,
  attempt       bigint not null default 0,
  check ((state = 'waiting') = (sealed_code is not null)),
  check ((state = 'waiting') = (wake_at is not null))
);
create index oauth_grants_wake_at on oauth_grants (wake_at) where wake_at is not null;

-- `generation` is compared by whoever refreshes, so that one refresh is made at a time over all processes.
create table oauth_tokens (
  resource_id          uuid primary key references resources (id) on delete cascade,
  sealed_access_token  text not null,
  access_expires_at    timestamptz not null,
  sealed_refresh_token text,
  generation           integer not null default 1,
  refreshing_until     timestamptz
);

create table audit_events (
  id          bigint generated always as identity,
  resource_id uuid not null,
  at          timestamptz not null,
  actor       jsonb not null,
  action      text not null,
  version     integer,
  fingerprint text,
  details     jsonb not null default '{}',
  primary key (resource_id, id)
);

-- One row: when the next call to Heroku may start, for all processes together.
create table heroku_budget (
  only_row      boolean primary key default true check (only_row),
  next_call_at  timestamptz not null default '-infinity',
  -- Heroku told us to wait: each host for itself, or a busy platform would cost new add-ons their five-minute grants.
  platform_blocked_until timestamptz not null default '-infinity',
  identity_blocked_until timestamptz not null default '-infinity'
);
insert into heroku_budget default values;
