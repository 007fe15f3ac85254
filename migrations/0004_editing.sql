-- Editing the catalogue: looser rules take a second person, and are remembered.

-- An edit that loosens owners, limits, sensitivity or the rules of asking: proposed by one, answered by another.
create table loosening (
    id uuid primary key,
    resource_id uuid not null references resource,
    -- Null where it is the resource itself that is edited.
    entitlement_id uuid references entitlement,
    -- The facts that stood there and that are to stand there, as editors see them.
    before jsonb not null check (jsonb_typeof(before) = 'object'),
    after jsonb not null check (jsonb_typeof(after) = 'object'),
    -- What is looser, by its words.
    kinds text[] not null check (cardinality(kinds) > 0),
    state text not null check (state in ('proposed', 'in_force', 'rejected', 'overtaken')),
    proposed_by uuid not null references person,
    proposed_at timestamptz not null,
    answered_by uuid references person,
    answered_at timestamptz,
    -- There was nobody else to confirm it.
    alone boolean not null default false,
    check ((answered_at is null) = (state = 'proposed')),
    check (state <> 'in_force' or alone = (answered_by = proposed_by))
);
create unique index loosening_one_waiting on loosening (resource_id, entitlement_id) nulls not distinct
    where state = 'proposed';
create index loosening_in_force on loosening (resource_id, answered_at) where state = 'in_force';

-- Flagged for good: nobody else could have confirmed the looser rules of this version.
alter table policy_version add column loosened_alone boolean not null default false;
