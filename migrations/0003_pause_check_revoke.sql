-- A pause holds scheduled rotations back. While one is on, `next_rotation_at` already counts a known end in.
alter table schedule
  add column paused_at    timestamptz,
  add column paused_until timestamptz,           -- null: until resumed
  add column pause_reason text,
  -- When Heroku's config is next compared with what was published, and how often in a row it had to be put right.
  add column check_at     timestamptz,
  add column repairs      integer not null default 0,
  add constraint schedule_pause check ((paused_at is null) = (pause_reason is null));

-- Refused by verification from this second on, although apps may hold the key until the new pair has arrived.
alter table key_versions add column revoked_at timestamptz;

create index resources_name on resources (name) where state = 'provisioned';
create index rotations_unfinished on rotations (due_at) where state in ('open', 'stuck');
drop index rotations_stuck;
