-- Who and what the words of a source mean here, as administrators say it; and what is to be matched again.

-- The key is what `domain::matching` makes of an actor: one folded text. Nobody named means: nobody here.
create table actor_alias (
    source text not null check (source <> ''),
    key text not null check (key <> ''),
    person_id uuid references person,
    made_by uuid not null references person,
    made_at timestamptz not null,
    primary key (source, key)
);

-- The same for what was acted on. No resource means: nothing here.
create table target_alias (
    source text not null check (source <> ''),
    key text not null check (key <> ''),
    resource_id uuid references resource,
    entitlement_id uuid references entitlement,
    made_by uuid not null references person,
    made_at timestamptz not null,
    primary key (source, key),
    check (entitlement_id is null or resource_id is not null)
);

-- Whose links are to be made again, and how far that has come: the events under one key of a source, or what one person
-- did from some moment on. Worked off in batches, beside what is new.
create table event_relink (
    id bigint generated always as identity primary key,
    source text,
    actor_key text,
    target_key text,
    person_id uuid,
    since timestamptz,
    -- The last event that was done.
    after_at timestamptz,
    after_id uuid,
    check (num_nonnulls(actor_key, target_key, person_id) = 1),
    check ((source is null) = (person_id is not null) and (since is null) = (person_id is null)),
    unique nulls not distinct (source, actor_key, target_key, person_id)
);

-- A link keeps its key where nothing was found, and where an alias decided: what an administrator says, or takes back,
-- concerns exactly these. In the order in which they are worked off.
drop index event_link_by_actor_key;
drop index event_link_by_target_key;
create index event_link_by_actor_key on event_link (source, actor_key, event_id) where actor_key is not null;
create index event_link_by_target_key on event_link (source, target_key, event_id) where target_key is not null;
-- Uncovered use on the page of a resource.
create index event_link_uncovered_at on event_link (resource_id, recorded_at desc)
    where covered = false and resource_id is not null;

-- For matching: a subject without its provider, an account in whatever case a log writes it.
create index person_subject on person (subject) where subject is not null;
create index account_folded on account (lower(name));
