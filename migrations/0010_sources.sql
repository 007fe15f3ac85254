-- Where events come in from outside, and the tokens that let them in.

-- What reports events of its own: a product, a log collector. Its slug is the origin that its events carry.
create table event_source (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,79}$'
        -- These are origins of Gatebook's own.
        and slug not in ('web', 'job', 'imported', 'provider', 'command', 'api', 'new')),
    name text not null check (name <> '' and length(name) <= 200),
    -- The system that its events are about where they do not name one.
    system_id uuid references system,
    created_at timestamptz not null,
    -- Nothing comes in from it any more; its events keep its name.
    ended_at timestamptz
);

-- A token is known by its hash alone.
create table api_token (
    id uuid primary key,
    source_id uuid not null references event_source,
    name text not null check (name <> '' and length(name) <= 200),
    scope text not null check (scope in ('events:write')),
    hash bytea not null unique check (length(hash) = 32),
    -- Its last characters, so that people can tell tokens apart.
    hint text not null check (length(hint) = 4),
    -- After a rotation the secret of before works on until then.
    previous_hash bytea unique check (length(previous_hash) = 32),
    previous_until timestamptz,
    created_at timestamptz not null,
    created_by uuid not null references person,
    rotated_at timestamptz,
    -- To the minute.
    used_at timestamptz,
    ended_at timestamptz,
    ended_by uuid references person,
    check ((previous_hash is null) = (previous_until is null)),
    check ((ended_at is null) = (ended_by is null))
);
-- The tokens of a source, on its page.
create index api_token_by_source on api_token (source_id, created_at);

-- What has come in already, by a digest of its source and of what the source calls it.
create table event_external (
    digest uuid primary key,
    event_id uuid not null,
    recorded_at timestamptz not null
);
