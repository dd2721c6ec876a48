-- Who is signed in to the dashboard. The browser holds the id, this table only its SHA-256, so that whoever reads
-- the table cannot take a session over. A session belongs to one resource and to one sign-on.
create table sessions (
  id_digest      bytea primary key check (length(id_digest) = 32),
  resource_id    uuid not null references resources (id) on delete cascade,
  sign_on_digest bytea not null check (length(sign_on_digest) = 32), -- the token that made it
  user_id        text,                                               -- null unless the token covered it
  email          text,
  verified       boolean not null,
  created_at     timestamptz not null,
  last_used_at   timestamptz not null,
  ends_at        timestamptz not null,
  check (verified or (user_id is null and email is null))
);
create index sessions_ends_at on sessions (ends_at);

-- Sign-on tokens that were used, until they would be refused for their age anyway: each is good for one login.
create table used_sign_on_tokens (
  digest     bytea primary key check (length(digest) = 32),
  expires_at timestamptz not null
);
create index used_sign_on_tokens_expires_at on used_sign_on_tokens (expires_at);
