-- The other ways in and out: tokens that read, webhooks that sign, logs that are followed.

-- A token that reads belongs to no source.
alter table api_token alter column source_id drop not null;
alter table api_token drop constraint api_token_scope_check;
alter table api_token add constraint api_token_scope_check check (scope in ('events:write', 'events:read'));
alter table api_token add constraint api_token_source_check check ((scope = 'events:write') = (source_id is not null));

-- What a token has looked for lately: the same search is told once an hour.
create table token_search (
    token_id uuid not null references api_token,
    -- Of the query's canonical text.
    digest bytea not null check (length(digest) = 32),
    told_at timestamptz not null,
    primary key (token_id, digest)
);

-- Where the secret is that signs what is sent to this source's hook. The secret itself never stands here.
alter table event_source add column webhook_secret text check (webhook_secret ~ '^(env|file):.');

-- The source that a system's own log comes in as.
create table followed_system (
    system_id uuid primary key references system,
    source_id uuid not null unique references event_source
);

-- How far each file of it was read. A file is known by how it begins, not by its name or its place on the disk: both
-- are given again.
create table followed_file (
    system_id uuid not null references system,
    identity text not null check (identity <> ''),
    position bigint not null check (position >= 0),
    seen_at timestamptz not null,
    primary key (system_id, identity)
);
