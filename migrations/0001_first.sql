-- The clock that all processes share. Whatever they count together (leases, the call budget, blocks, the ends of sessions)
-- is counted by it, inside the statement: a process whose own clock is wrong moves nothing for the others. Tests put a
-- function of their own in its place.
create function service_now() returns timestamptz language sql volatile as $$
  select date_trunc('milliseconds', clock_timestamp())
$$;

-- One row per add-on that Heroku ever provisioned. It outlives the add-on, so that a repeated provision request is
-- answered with 410 and the history keeps its subject. The secrets in it do not. A deprovision that comes before its
-- provision request leaves a row too, a tombstone: whichever of the two commits later finds the other's row.
create table resources (
  id                      uuid primary key,
  state                   text not null check (state in ('provisioned', 'deprovisioned')),
  name                    text,                                    -- as Heroku last told it: addons:rename changes it
  former_name             text,                                    -- before that, and since when it is the former one
  renamed_at              timestamptz,
  plan                    text,                                    -- null in a tombstone alone, as the next but one
  region                  text,
  rotation_period_seconds bigint check (rotation_period_seconds > 0),
  grace_period_seconds    bigint check (grace_period_seconds > 0), -- null: until the next rotation
  kek_id                  text,                                    -- which key of SEALING_KEYS wrapped the data key
  former_kek_id           text,                                    -- the last other one that has wrapped the same data key
  wrapped_dek             bytea,                                   -- null once the add-on is gone
  -- Where a customer's own key wraps that, a second data key of ours for what leads to people, so that they can be told while
  -- that key is away. The same columns again.
  notice_kek_id           text,
  former_notice_kek_id    text,
  notice_dek              bytea,
  sealed_log_input_url    bytea,
  hands_over              boolean not null default false,          -- enrolled clients are given the keys
  heroku_id               text,                                    -- of the legacy API: app123@heroku.com, or a uuid
  callback_path           text,                                    -- where that API reads and writes the config vars
  addon_uuid              uuid,                                    -- Heroku's id of the add-on, where `id` was made here
  created_at              timestamptz not null,
  missing_since           timestamptz,                             -- Heroku answered 404 or 410 for it
  repeat_told_at          timestamptz,                             -- when the history last told of a repeated provision
  -- What the history last told of its own key; null: that it works.
  own_key_told            text check (own_key_told in ('suspended', 'lost')),
  deprovisioned_at        timestamptz,
  constraint resources_live check (
    state = 'deprovisioned' or (plan is not null and rotation_period_seconds is not null)
  ),
  check ((state = 'provisioned') = (wrapped_dek is not null)),
  check ((state = 'provisioned') = (kek_id is not null)),
  check (former_kek_id <> kek_id),
  constraint resources_notice_dek check (
    (notice_dek is not null) = coalesce(starts_with(kek_id, 'arn:'), false)
    and (notice_dek is not null) = (notice_kek_id is not null)
  ),
  constraint resources_notice_kek_id check (not starts_with(notice_kek_id, 'arn:')),
  constraint resources_former_notice_kek_id check (former_notice_kek_id <> notice_kek_id),
  check ((state = 'deprovisioned') = (deprovisioned_at is not null))
);
create index resources_name on resources (name) where state = 'provisioned';
create index resources_former_name on resources (former_name) where state = 'provisioned';
create index resources_heroku_id on resources (heroku_id) where heroku_id is not null;
create unique index resources_addon_uuid on resources (addon_uuid) where addon_uuid is not null;
-- Which keys of SEALING_KEYS are still needed is asked at every start.
create index resources_kek_id on resources (kek_id) where kek_id is not null;
create index resources_notice_kek_id on resources (notice_kek_id) where notice_kek_id is not null;

-- The keys of SEALING_KEYS that were ever used here. The check value is a MAC of a constant by a key derived from that
-- key: it tells another key of the same name apart, and gives nothing away.
create table keks (
  id            text primary key,
  check_value   bytea not null check (length(check_value) = 32),
  first_used_at timestamptz not null
);

-- Customers' own keys in AWS KMS that protect live add-ons: `resources.kek_id` is the ARN. One row for each key, however many
-- add-ons it protects, so that its state holds for all of them at once and asking AWS costs the same.
create table own_keys (
  arn           text primary key check (starts_with(arn, 'arn:')),
  state         text not null default 'active' check (
    state in ('active', 'waiting', 'suspended', 'restoring', 'lost')
  ),
  since         timestamptz not null,                              -- of the state
  deadline      timestamptz,                                       -- nothing happens to its add-ons before
  signal_at     timestamptz,                                       -- a first word against it, which alone proves nothing
  looked_at     timestamptz,                                       -- when AWS last said anything of it
  is_deleting   boolean not null default false,                    -- it was seen to be scheduled for deletion
  said          text,                                              -- what AWS last said against it, in words of ours
  refused_at    timestamptz,                                       -- when we were last told that we may not use it
  usable_at     timestamptz,                                       -- when it was last found to work
  wake_at       timestamptz,                                       -- null: it protects nothing
  claimed_until timestamptz,
  fence         bigint not null default 0,
  check ((state = 'waiting') = (deadline is not null))
);
create index own_keys_wake_at on own_keys (wake_at) where wake_at is not null;

-- All that changes of a live add-on, in one row: which key versions are live and what each is for, the rotation that
-- is under way, the dates, the pause, and the claim of the worker that is at it. There is no place in it for a second
-- current key, a second pending key or a second unfinished rotation. The keys themselves are in `sealed_keys`.
--
-- It is the only table that a tick walks over. `wake_at` is the next moment at which a worker must look. A claim moves it
-- to the end of the lease, which takes the row out of the due range of the index and brings it back by itself if the
-- worker dies. `fence` is the fencing number: each claim raises it, and each later write of that claim compares it.
-- `revision` is raised by everybody else who changes the row: while it stands still, what a worker has read holds.
--
-- What a rotation changes stands last. A claim and its end move an indexed column, so they are never heap-only. But they
-- mostly stay on their page (`fillfactor`), and of such a row version Postgres logs only the part between the first and
-- the last byte that changed.
create table keysets (
  resource_id      uuid primary key references resources (id),
  paused_at        timestamptz,           -- scheduled rotations are held back; `next_rotation_at` counts a known end in
  paused_until     timestamptz,           -- null: until resumed
  pause_reason     text,
  windows          jsonb,                 -- scheduled restarts happen inside these alone: [{days, from, to, zone}]
  freezes          jsonb,                 -- and outside of these: [{id, from, until, zone, reason}]
  opened_by        jsonb,                 -- who asked for the rotation under way; null: the schedule
  pressed          boolean not null default false, -- a person has asked for it since: it waits for no window
  failures         jsonb,                 -- the failed attempts at what is under way, oldest first
  stuck_since      timestamptz,
  held_back        jsonb,                 -- apps sign with the key that would leave: {since, until, lookAt, apps, saidOnly}
  turn             jsonb,                 -- when the schedule may restart apps, after those that share them: {since, at, app, last}
  foreign_since    timestamptz,           -- Heroku holds a pair that was never made here: no machine pushes anything
  gone_since       timestamptz,           -- the config var was gone at Heroku and was put back once
  repaired_at      timestamptz,           -- when an older pair was last replaced by the published one
  doubtful         boolean not null default false, -- Heroku is read before the next push
  adopt_asked      boolean not null default false, -- a person wants what Heroku holds to be taken into the keyset
  unchecked_since  timestamptz,           -- since when no check could be made, because Heroku gave no answer
  confirmed_epoch  integer not null default 0, -- of `installation`, in which Heroku last took a pair
  revoked_epoch    integer not null default 0, -- in which keys were last revoked: those of earlier epochs are dead
  older            jsonb,                 -- displaced before their time and accepted until it: [{version, until, stoppedAt}]
  revoked_to       integer not null default 0, -- versions up to this one leaked: accepted no more, never pushed again
  token_life_seconds bigint check (token_life_seconds > 0), -- how long the longest thing lives that apps sign, if stated
  announces_next   boolean not null default false, -- somebody wants the key that the next rotation promotes to be announced
  next             integer,               -- that key: apps accept it, and it signs after the next rotation
  next_announced   boolean not null default false, -- Heroku has confirmed a keyring that lists it
  current          integer not null,      -- signs
  second           integer not null,      -- stands in the second place of the config var
  second_filler    boolean not null,      -- true: nobody ever signed with it
  second_until     timestamptz,           -- the end of its grace period; a filler has none
  pending          integer,               -- made and stored, not confirmed at Heroku: an app may hold it already
  pending_filler   integer,
  last_version     integer not null,      -- the highest number ever used
  last_seq         integer not null,      -- of the newest history row
  published_at     timestamptz not null,  -- when Heroku confirmed the current key
  published_reason text not null check (
    published_reason in ('scheduled', 'manual', 'plan-change', 'revoke', 'provision')
  ),
  pushed_at        timestamptz,           -- when apps were last restarted for it, as far as that is known
  reason           text check (reason in ('scheduled', 'manual', 'plan-change', 'revoke')),
  due_at           timestamptz,
  opened_at        timestamptz,
  served_due_at    timestamptz,           -- the last scheduled due date for which a rotation was opened and finished
  attempts         integer not null default 0,
  next_rotation_at timestamptz not null,
  check_at         timestamptz,           -- when Heroku's config is next compared with what was published
  wake_at          timestamptz,           -- null: nothing to do until somebody acts
  claimed_until    timestamptz,
  fence            bigint not null default 0,
  revision         bigint not null default 0,
  constraint keysets_versions check (
    current > 0 and second > 0 and current <> second and pending > current and pending <> second
    and pending_filler > current and pending_filler <> pending
    and last_version >= greatest(current, second, pending, pending_filler, next)
  ),
  -- A rotation takes the announced key for its own, and the one that it announces is made later. A filler that is made
  -- after a next key has a higher number than that.
  constraint keysets_next check (
    next > current and next <> second and next <> pending_filler and next > pending
    and (next is not null or not next_announced) and not (next_announced and pending is not null)
  ),
  constraint keysets_second check (second_filler = (second_until is null)),
  -- Only the revoke itself finds revoked keys in use, and takes them out.
  constraint keysets_revoked check (
    (least(current, second) > revoked_to or reason is not distinct from 'revoke')
    and pending > revoked_to and pending_filler > revoked_to and next > revoked_to and revoked_to <= last_version
  ),
  constraint keysets_rotation check (
    (reason is null) = (due_at is null) and (reason is null) = (opened_at is null)
    and (reason is null or reason = 'scheduled') = (opened_by is null)
    and (reason is not null or (pending is null and stuck_since is null and not pressed))
  ),
  -- A due date is used once.
  constraint keysets_due_once check (reason <> 'scheduled' or served_due_at is null or due_at > served_due_at),
  constraint keysets_pause check ((paused_at is null) = (pause_reason is null))
) with (
  -- Every claim and every completion rewrites a row. Half-empty pages have room for the new row version, as long as vacuum
  -- clears away the line pointers of old ones. A vacuum after 1 % (not 20 %) of the table sees to that, and keeps dead
  -- index entries from piling up in front of the due range.
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05
);
create index keysets_wake_at on keysets (wake_at) where wake_at is not null;
create index keysets_stuck_since on keysets (stuck_since) where stuck_since is not null;
create index keysets_foreign_since on keysets (foreign_since) where foreign_since is not null;

-- The apps that an add-on is attached to, as Heroku last told: add-ons on one app restart it one after another. An add-on has
-- so many rows at the most (`store/resource-apps.ts`); one of which none are known waits for nobody.
create table resource_apps (
  resource_id uuid not null references keysets (resource_id) on delete cascade,
  app_id      uuid not null,
  name        text not null check (length(name) <= 64),
  seen_at     timestamptz not null,                        -- to the day
  primary key (resource_id, app_id)
);
create index resource_apps_app_id on resource_apps (app_id);

-- Freezes of the partner, which hold for all add-ons. A claim reads them along; there are few.
create table freezes_for_all (
  id         text primary key,
  from_at    timestamptz not null,
  until_at   timestamptz not null check (until_at > from_at),
  zone       text not null,
  reason     text not null,
  created_at timestamptz not null
);

-- The live keys. A row is inserted when its key is made and deleted when that key retires; it never changes. With its
-- resource's row in `keysets` all of them go. The form of a sealed value: docs/sealed-values.md.
create table sealed_keys (
  resource_id uuid not null references keysets (resource_id) on delete cascade,
  version     integer not null check (version > 0),
  created_at  timestamptz not null,
  digest      bytea not null check (length(digest) = 32), -- SHA-256 of the key's text
  sealed      bytea not null,
  primary key (resource_id, version)
);

-- The code by which another add-on takes over the keys of this one: one at a time, for an hour, used once. No digest of it
-- stands here, only a MAC by a key that is derived from a key of SEALING_KEYS, so whoever has the table can neither make nor
-- prove one. It goes when it is used, with a revoke, and with the add-on.
create table fork_codes (
  resource_id uuid primary key references keysets (resource_id) on delete cascade,
  id          text not null unique check (id ~ '^[0-9a-f]{16}$'),
  created_at  timestamptz not null,
  expires_at  timestamptz not null check (expires_at > created_at),
  kek_id      text not null,
  mac         bytea not null check (length(mac) = 32)
);
create index fork_codes_expires_at on fork_codes (expires_at);

-- What happened to an add-on: one row when it has happened, never changed. `seq` is taken under the lock of the
-- resource's row in `keysets`, so whoever reads on from a number misses nothing.
create table history (
  resource_id        uuid not null,
  seq                integer not null,
  at                 timestamptz not null,
  kind               text not null,
  actor              text not null check (actor in ('heroku', 'worker', 'operator', 'person', 'token', 'client')),
  person             jsonb,
  token              jsonb,        -- an API token or a client, by its id and name, and from where it was used
  reason             text,         -- of a rotation, like the dates that follow
  due_at             timestamptz,
  opened_at          timestamptz,
  made_at            timestamptz,
  published_at       timestamptz,
  next_rotation_at   timestamptz,
  version            integer,      -- the key that this row is about
  fingerprint        text,
  filler_version     integer,
  filler_fingerprint text,
  erased             integer[],    -- the versions that were erased in the same transaction
  attempts           integer,
  failures           jsonb,
  details            jsonb,
  primary key (resource_id, seq),
  constraint history_person check ((actor = 'person') = (person is not null)),
  constraint history_token check ((actor in ('token', 'client')) = (token is not null)),
  -- A fingerprint has 8 digits: no key can stand in its place.
  constraint history_key check ((version is null) = (fingerprint is null) and length(fingerprint) = 8),
  constraint history_filler check (
    (filler_version is null) = (filler_fingerprint is null) and length(filler_fingerprint) = 8
  )
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: its rows never change', tg_op, tg_table_name;
end
$$;
create trigger history_is_append_only before update or delete or truncate on history
  for each statement execute function refuse_change();
create trigger sealed_keys_never_change before update on sealed_keys
  for each statement execute function refuse_change();

-- One row: which database, which Heroku and which add-on this is, so that a copy is found out before it calls anybody.
-- `epoch` is raised when this may not be the present that Heroku knows: after a failover or a restore, or when nothing has
-- been alive for a while.
create table installation (
  only_row          boolean primary key default true check (only_row),
  system_identifier text,                    -- of the cluster, and the database in it; null where it may not be asked
  database_oid      text not null,
  timeline          text,
  server            text,                    -- address and port of the Postgres server
  server_started    text not null,           -- when it was started: files that were copied or put back need a start
  heroku_api        text not null,
  heroku_id         text not null,
  addon_id          text not null,
  addon_url         text not null,
  epoch             integer not null default 1, -- rises, and never comes back: see `raiseEpoch`
  epoch_at          timestamptz not null,    -- when it began, by the clock of the database like the next
  last_seen         timestamptz not null,    -- a worker was alive
  written_by        bigint not null          -- the transaction that wrote this row; a restore writes it by another
);

-- A grant code waits here until it is exchanged. The digest stays, so that no code is ever exchanged twice.
create table oauth_grants (
  resource_id   uuid primary key references resources (id),
  code_digest   bytea not null,
  expires_at    timestamptz not null,
  state         text not null check (state in ('waiting', 'exchanged', 'lost')),
  sealed_code   bytea,
  wake_at       timestamptz,
  claimed_until timestamptz,
  fence         bigint not null default 0,
  check ((state = 'waiting') = (sealed_code is not null)),
  check ((state = 'waiting') = (wake_at is not null))
);
create index oauth_grants_wake_at on oauth_grants (wake_at) where wake_at is not null;

-- `generation` is compared by whoever refreshes, so that one refresh is made at a time over all processes.
create table oauth_tokens (
  resource_id          uuid primary key references resources (id),
  sealed_access_token  bytea not null,
  access_expires_at    timestamptz not null,
  sealed_refresh_token bytea,
  generation           integer not null default 1,
  refreshing_until     timestamptz
);

-- One row: when the next call to Heroku may start, for all processes together.
create table heroku_budget (
  only_row      boolean primary key default true check (only_row),
  next_call_at  timestamptz not null default '-infinity',
  -- Pages have a part of it, and only while no worker waits.
  next_page_call_at timestamptz not null default '-infinity',
  -- Heroku told us to wait: each host for itself, or a busy platform would cost new add-ons their five-minute grants.
  platform_blocked_until timestamptz not null default '-infinity',
  identity_blocked_until timestamptz not null default '-infinity'
);
insert into heroku_budget default values;

-- What may be wrong beside a single add-on: our account at Heroku, or one of Heroku's hosts. There are rows while
-- something fails; a healthy service writes none. They stand in the database so that all processes judge together.
create table troubles (
  cause              text primary key check (cause in ('account', 'api', 'identity')),
  verdict_at         timestamptz,          -- since when it is proved that no add-on is to blame; null: it is not
  failure            text not null,        -- the newest one, in a line of ours
  probe_at           timestamptz not null, -- when somebody may next try whether it is over
  token_succeeded_at timestamptz,
  read_succeeded_at  timestamptz,
  write_succeeded_at timestamptz
);
create table trouble_failures (
  cause       text not null references troubles (cause) on delete cascade,
  resource_id uuid not null references keysets (resource_id) on delete cascade,
  operation   text not null check (operation in ('token', 'read', 'write')),
  first_at    timestamptz not null,        -- since then it has not succeeded
  last_at     timestamptz not null,
  primary key (cause, resource_id, operation)
);

-- Who is signed in to the dashboard. The browser holds the id, this table only its SHA-256, so that whoever reads
-- the table cannot take a session over. The MAC covers all but the time of last use, by a key derived from a key of
-- SEALING_KEYS, so that whoever writes the table makes none. A session belongs to one resource and to one sign-on. The
-- command line holds a text of its own in place of an id, and is stored in the same way.
create table sessions (
  id_digest      bytea primary key check (length(id_digest) = 32),
  resource_id    uuid not null references resources (id) on delete cascade,
  sign_on_digest bytea not null check (length(sign_on_digest) = 32), -- the token that made it
  made_for       text not null check (made_for in ('browser', 'command-line')),
  user_id        text,                                               -- null unless the token covered it
  email          text,
  verified       boolean not null,
  created_at     timestamptz not null,
  last_used_at   timestamptz not null,
  ends_at        timestamptz not null,
  kek_id         text not null,
  mac            bytea not null check (length(mac) = 32),
  check (verified or (user_id is null and email is null))
);
create index sessions_ends_at on sessions (ends_at);
create index sessions_resource_id on sessions (resource_id);

-- Sign-on tokens that were used, until they would be refused for their age anyway: each is good for one login.
create table used_sign_on_tokens (
  digest     bytea primary key check (length(digest) = 32),
  expires_at timestamptz not null
);
create index used_sign_on_tokens_expires_at on used_sign_on_tokens (expires_at);

-- What programs sign on with: API tokens, and the secrets of enrolled clients. The program holds the token, this table only
-- a SHA-256 of it, so that whoever reads the table can use none. The MAC covers all but the time of last use, by a key
-- derived from a key of SEALING_KEYS, so that whoever writes the table makes none. `rewrap` makes the MACs anew. A token
-- belongs to one resource and outlives it until its own end, so that its program is told that the add-on was removed; a client
-- has no end of its own, and outlives it by months.
create table api_tokens (
  id           text primary key check (id ~ '^[0-9a-f]{16}$'),
  kind         text not null check (kind in ('api', 'client')),
  resource_id  uuid not null references resources (id) on delete cascade,
  digest       bytea not null check (length(digest) = 32),
  name         text not null check (name <> ''),
  scopes       text not null check (scopes ~ '^((read|rotate|revoke|keyring)(,(read|rotate|revoke|keyring))*)?$'),
  user_id      text,                                               -- who made it
  email        text,
  created_at   timestamptz not null,
  expires_at   timestamptz not null check (expires_at > created_at),
  last_used_at timestamptz,                                        -- to the minute
  kek_id       text not null,
  mac          bytea not null check (length(mac) = 32),
  -- A client may do one thing: ask for the hand-over.
  constraint api_tokens_of_client check ((kind = 'client') = (scopes = ''))
);
create index api_tokens_resource_id on api_tokens (resource_id);
create index api_tokens_expires_at on api_tokens (expires_at);
create index api_tokens_kek_id on api_tokens (kek_id);

-- Requests of programs that carried a key of theirs (Idempotency-Key), for a day: the same one again is answered with the
-- rotation that serves it, and opens no second one.
create table asked_once (
  resource_id    uuid not null references resources (id) on delete cascade,
  key_digest     bytea not null check (length(key_digest) = 32),
  request_digest bytea not null check (length(request_digest) = 32),
  reason         text not null check (reason in ('scheduled', 'manual', 'plan-change', 'revoke')),
  opened_at      timestamptz not null,                             -- of the rotation, which these two name
  served_at      timestamptz not null,
  primary key (resource_id, key_digest)
);

-- What is known of an enrolled client beside its secret. It proves by signing that it holds a key of the add-on, and the
-- version of that is remembered: whoever has signed with the newest key has no reason to come back with the one before.
create table clients (
  id             text primary key references api_tokens (id) on delete cascade,
  newest_version integer check (newest_version > 0),               -- the newest by which it has ever signed
  last_kid       text check (length(last_kid) = 8),                -- of the key by which it last signed
  seen_version   integer,                                          -- the current one when it last asked, and since when
  seen_at        timestamptz,                                      -- it has asked under that
  alarm_at       timestamptz,                                      -- it came back with the key before that one
  constraint clients_seen check ((seen_version is null) = (seen_at is null))
);

-- What clients made up for one request each, for as long as a signature that names it could be taken: no request counts
-- twice, whichever process it comes to.
create table used_nonces (
  client_id text not null references clients (id) on delete cascade,
  nonce     text not null check (length(nonce) between 22 and 64),
  until     timestamptz not null,
  primary key (client_id, nonce)
);
create index used_nonces_until on used_nonces (until);

-- When it is next looked whether those who made the tokens of an add-on may still work on one of its apps: once a day, as
-- long as there are any. `missing` are the tokens whose makers the last look did not find: [{id, since}].
create table maker_looks (
  resource_id   uuid primary key references keysets (resource_id) on delete cascade,
  missing       jsonb not null default '[]',
  wake_at       timestamptz not null,
  claimed_until timestamptz,
  fence         bigint not null default 0
);
create index maker_looks_wake_at on maker_looks (wake_at);

-- What programs say of the key that their processes sign with: the last word of each. Kept for a day; a resource has so many
-- rows at the most (`store/check-ins.ts`), and the oldest go. It can hold an old key back, and proves nothing.
create table check_ins (
  resource_id uuid not null references keysets (resource_id) on delete cascade,
  app         text not null check (length(app) <= 64),                 -- as it was said; '': none was named
  process     text not null check (length(process) <= 64),
  kid         text not null check (kid ~ '^[0-9a-f]{8}$'),
  version     integer,                                              -- as it was said
  at          timestamptz not null,
  primary key (resource_id, app, process)
);

-- How many signatures of a key programs have seen, hour by hour for a day, where they count: good ones and bad ones.
create table key_sightings (
  resource_id uuid not null references keysets (resource_id) on delete cascade,
  kid         text not null check (kid ~ '^[0-9a-f]{8}$'),
  hour        timestamptz not null,
  good        bigint not null check (good >= 0),
  bad         bigint not null check (bad >= 0),
  primary key (resource_id, kid, hour)
);

-- Receivers of customers to which notices are sent. The URL and the secrets that sign are sealed in one value, with the id, so
-- that one row's value opens in no other; `shown_url` leaves out what may be secret in it.
create table webhooks (
  id             text primary key check (id ~ '^wh_[0-9a-f]{16}$'),
  resource_id    uuid not null references keysets (resource_id) on delete cascade,
  name           text not null check (name <> ''),
  shown_url      text not null,
  sealed_webhook bytea not null,
  added_by       text,
  created_at     timestamptz not null,
  off_since      timestamptz,             -- it answered 410: it wants no more
  tried_at       timestamptz              -- when somebody last sent something to it by hand
);
create index webhooks_resource_id on webhooks (resource_id);

-- The last deliveries to each, and what came of them. Of an answer there is its status and nothing else. The notice stands
-- here as it was sent, so that the same one can be sent again.
create table webhook_deliveries (
  id         text primary key check (id ~ '^whd_[0-9a-f]{16}$'),
  webhook_id text not null references webhooks (id) on delete cascade,
  number     bigint generated always as identity, -- their order
  at         timestamptz not null,
  cause      text not null check (cause in ('outbox', 'test', 'resend')),
  notice     jsonb not null,
  told       boolean not null,
  status     integer,
  ms         integer not null,
  words      text not null check (length(words) <= 200)
);
create index webhook_deliveries_webhook_id on webhook_deliveries (webhook_id, number);

-- How far each target of an add-on was told of what its history and its schedule say: the outbox of notices, of which there
-- is no other copy. `wake_at` is when somebody next looks, by what the schedule may say; a history row brings it nearer.
-- Null: nothing but such a row does.
create table notice_cursors (
  resource_id   uuid not null references keysets (resource_id) on delete cascade,
  target        text not null check (target ~ '^(log|collaborators|(wh|ma)_[a-z0-9]{1,40})$'),
  channel       text not null check (channel in ('log', 'webhook', 'mail')),
  lane          text not null check (length(lane) between 1 and 255), -- whoever shares a receiver shares this: its host
  seq           integer not null,                     -- of the last history row that was told, or is nothing to be told of
  wanted_seq    integer not null,                     -- of the newest that is
  coming_for    timestamptz,                          -- the date for which *coming* was told last
  late_for      timestamptz,                          -- the due date for which *late* was
  expected_at   timestamptz,                          -- when, or since when, the next rotation was expected at the last look
  attempts      integer not null default 0,           -- failed ones in a row, at what is to be told
  failing_since timestamptz,
  last_failure  text,                                 -- in a few words; null once anything has arrived since
  given_up_seq  integer,                              -- up to here what could not be told was given up, and when
  given_up_at   timestamptz,
  wake_at       timestamptz,
  claimed_until timestamptz,
  fence         bigint not null default 0,
  primary key (resource_id, target),
  constraint notice_cursors_failing check ((attempts = 0) = (failing_since is null)),
  constraint notice_cursors_given_up check ((given_up_seq is null) = (given_up_at is null))
) with (
  fillfactor = 60,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000
);
create index notice_cursors_wake_at on notice_cursors (wake_at) where wake_at is not null;

-- What is usual for an add-on: to whom keys and the history were handed, by which programs it is used, and from which
-- networks. A row is forgotten 90 days after it was last seen. An add-on has so many at the most (`store/access.ts`), and
-- those that were seen longest ago go. All of it is read and written under the lock of the row in `keysets`.
create table access_subjects (
  resource_id  uuid not null references keysets (resource_id) on delete cascade,
  subject      text not null check (length(subject) between 1 and 400), -- person:…, token:…, client:…; or what is counted
  who          text not null,                                      -- in words, as last seen
  first_at     timestamptz not null,
  last_at      timestamptz not null,                               -- of a program to the day
  keys_at      timestamptz,                                        -- when keys were last handed out
  settled_days integer not null default 0 check (settled_days >= 0), -- of use by a program since its last new network
  recent       jsonb not null default '[]',                        -- the newest times within an hour, of what is counted
  primary key (resource_id, subject)
);
create index access_subjects_last_at on access_subjects (last_at);

-- The person to whom keys or the history were first handed: who made the add-on, most likely. It is not forgotten, or
-- somebody else would be the first after a quiet while.
create table first_lookers (
  resource_id uuid primary key references keysets (resource_id) on delete cascade,
  subject     text not null check (length(subject) between 1 and 400)
);

create table access_networks (
  resource_id uuid not null,
  subject     text not null,
  network     text not null check (length(network) <= 64),
  first_at    timestamptz not null,
  last_at     timestamptz not null,
  primary key (resource_id, subject, network),
  foreign key (resource_id, subject) references access_subjects (resource_id, subject) on delete cascade
);
create index access_networks_last_at on access_networks (last_at);

-- What was told of access that was not usual, the newest for each reason and subject: it is told once a day at the most. The
-- row in `history` says the same for good.
create table unusual_accesses (
  resource_id uuid not null references keysets (resource_id) on delete cascade,
  reason      text not null,
  subject     text not null check (length(subject) between 1 and 400),
  at          timestamptz not null,
  words       text not null,
  known_at    timestamptz,                                         -- somebody has said that it was one of them
  primary key (resource_id, reason, subject)
);
create index unusual_accesses_at on unusual_accesses (at);

-- Where notices are mailed to. The address is sealed with the secrets of the links that went to it, so it is gone with the
-- data key, and whoever writes this table alone makes no link and confirms nothing. `mailed` are the letters of the last
-- hour: [{at, notices}].
create table mail_addresses (
  id             text primary key check (id ~ '^ma_[0-9a-f]{16}$'),
  resource_id    uuid not null references keysets (resource_id) on delete cascade,
  sealed_address bytea not null,
  created_at     timestamptz not null,
  confirm_until  timestamptz,                                       -- its link is good until then; null: it is confirmed
  confirmed_at   timestamptz,
  failed_at      timestamptz,                                       -- the mail server has refused it: nothing more is sent
  failure        text,                                              -- in words of ours
  mailed         jsonb not null default '[]',
  constraint mail_addresses_confirmed check ((confirmed_at is null) = (confirm_until is not null)),
  constraint mail_addresses_failed check ((failed_at is null) = (failure is null))
);
create index mail_addresses_resource_id on mail_addresses (resource_id);
create index mail_addresses_confirm_until on mail_addresses (confirm_until) where confirm_until is not null;

-- That somebody was asked by mail to confirm an address, for a day: nobody is asked too often, through however many add-ons.
-- The mailbox stands here as a MAC by a key that is derived from a key of SEALING_KEYS. It outlives the address and the add-on.
create table mail_asked (
  mailbox_digest bytea not null check (length(mailbox_digest) = 32),
  resource_id    uuid not null,
  at             timestamptz not null
);
create index mail_asked_mailbox_digest on mail_asked (mailbox_digest, at);
create index mail_asked_resource_id on mail_asked (resource_id, at);
create index mail_asked_at on mail_asked (at);

-- What Heroku's collaborators were last told by mail. Their addresses stand nowhere: `under_way` holds MACs of those who have
-- what others have not yet: {letter, had, refused}.
create table collaborator_mails (
  resource_id uuid primary key references keysets (resource_id) on delete cascade,
  told_at     timestamptz,
  reached     integer not null default 0,
  unreached   integer not null default 0,
  under_way   jsonb,
  mailed      jsonb not null default '[]'
);

-- The private link of an add-on: an endpoint service at AWS, as its customer wants it, what AWS was last seen to show, and what
-- Heroku holds of it. A row lives until AWS shows nothing of it any more, beyond the add-on itself.
create table private_links (
  resource_id   uuid primary key references resources (id),
  wanted        text not null default 'present' check (wanted in ('present', 'absent')),
  status        text not null default 'Provisioning' check (
    status in ('Provisioning', 'Operational', 'Deprovisioning', 'Failed')
  ),
  failure       text,                                              -- of a failed one, in a sentence of ours
  region        text not null,
  nlb_arn       text not null,
  client_token  text not null,                                     -- the same one makes the same service
  create_sent_at timestamptz,                                      -- AWS was last asked to make it: it may not be shown yet
  service_id    text,
  service_name  text,
  gone_since    timestamptz,                                       -- since when AWS does not show it, though it was there
  asked_at      timestamptz not null,                              -- when its customer last changed it, or it had to be made anew
  looked_at     timestamptz,                                       -- when AWS was last seen as a whole
  published     jsonb not null default '{"how": "each", "vars": {}}', -- the config vars that Heroku has confirmed
  attempts      integer not null default 0,                        -- failed looks in a row
  last_failure  text,                                              -- in a few words of ours, for operators
  wake_at       timestamptz,
  claimed_until timestamptz,
  fence         bigint not null default 0,
  check ((status = 'Failed') = (failure is not null)),
  check (wanted = 'present' or status = 'Deprovisioning'),
  check ((service_id is null) = (service_name is null))
);
create index private_links_wake_at on private_links (wake_at) where wake_at is not null;
-- How many links each load balancer of a region serves is counted for a new one.
create index private_links_region_nlb_arn on private_links (region, nlb_arn);

-- Who may make endpoints of a link: accounts, users and roles by their full ARNs.
create table private_link_accounts (
  resource_id uuid not null references private_links (resource_id) on delete cascade,
  arn         text not null check (length(arn) <= 120),
  status      text not null check (status in ('Adding', 'Active', 'Removing')),
  since       timestamptz not null,
  primary key (resource_id, arn)
);

-- The endpoints of a link, as AWS last showed them. A request that came through one is served for its add-on alone.
create table private_link_connections (
  resource_id uuid not null references private_links (resource_id) on delete cascade,
  endpoint_id text not null check (length(endpoint_id) <= 64),
  account     text not null check (account ~ '^[0-9]{12}$'),
  state       text not null,                                       -- in small letters
  dns_name    text,
  primary key (resource_id, endpoint_id)
);
create unique index private_link_connections_endpoint_id on private_link_connections (endpoint_id)
  where state = 'available';
