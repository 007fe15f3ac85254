-- What reports have to do with people, resources and grants here. Found by matching, and found anew whenever more is
-- known: everything in these tables can be made again from the book, which is never rewritten.

-- How far readers of the book have come, by position.
create table book_reader (
    name text primary key check (name <> ''),
    position bigint not null check (position >= 0)
);

create table event_link (
    event_id uuid primary key,
    recorded_at timestamptz not null,
    occurred_at timestamptz not null,
    source text not null,
    -- Who acted, where that is known.
    person_id uuid,
    -- On what, as far as that is known.
    system_id uuid,
    resource_id uuid,
    entitlement_id uuid,
    -- The grant that covered it at that moment.
    grant_id uuid,
    -- Whether a grant did; null where that cannot be told, because the person or the resource is not known.
    covered boolean,
    -- What to look for once somebody says who or what it is: null where nothing is missing.
    actor_key text,
    target_key text,
    check (covered is not distinct from true or grant_id is null)
);
-- What somebody did elsewhere, newest first: `person:`, the page of a person.
create index event_link_by_person on event_link (person_id, recorded_at desc) where person_id is not null;
-- What was done under a grant: `grant:`, when it was used last.
create index event_link_by_grant on event_link (grant_id, occurred_at desc) where grant_id is not null;
-- What was done at a resource: `resource:` of what is matched, the page of a resource.
create index event_link_by_resource on event_link (resource_id, recorded_at desc) where resource_id is not null;
-- `covered:no`.
create index event_link_uncovered on event_link (recorded_at desc) where covered = false;
-- Everything that is waiting for one answer.
create index event_link_by_actor_key on event_link (source, actor_key) where actor_key is not null;
create index event_link_by_target_key on event_link (source, target_key) where target_key is not null;
