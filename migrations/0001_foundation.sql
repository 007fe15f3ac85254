-- People, the catalogue, requests, grants, and the book.
-- No statement here calls a clock: every time is passed in by the application's transaction.

create extension if not exists pg_trgm;

create table person (
    id uuid primary key,
    -- (issuer, subject) at the sign-in provider; null until somebody who was imported first signs in.
    issuer text,
    subject text,
    email text,
    email_verified boolean not null default false,
    name text not null check (name <> '' and length(name) <= 200),
    title text not null default '' check (length(title) <= 200),
    department text not null default '' check (length(department) <= 200),
    manager_id uuid references person,
    time_zone text,
    time_zone_given boolean not null default false,
    status text not null default 'active' check (status in ('active', 'suspended', 'left')),
    queue_keys boolean not null default true,
    created_at timestamptz not null,
    unique (issuer, subject),
    check ((issuer is null) = (subject is null)),
    check (manager_id <> id)
);
create unique index person_email on person (lower(email)) where email is not null;
create index person_manager on person (manager_id);

-- Who the provider's groups claim said is an administrator, the last time it was read. Deciding needs a
-- fresh reading in one's own session; this table only tells others who could decide.
create table administrator (
    person_id uuid primary key references person,
    read_at timestamptz not null
);

create table system (
    id uuid primary key,
    slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
    name text not null check (name <> '' and length(name) <= 200),
    description text not null default '' check (length(description) <= 2000),
    connector text not null default 'manual',
    -- For connectors: addresses and references (`env:`, `file:`) to secrets, never the secrets.
    connector_settings jsonb not null default '{}',
    access_max_seconds bigint check (access_max_seconds between 60 and 316224000),
    created_at timestamptz not null,
    deleted_at timestamptz
);
create unique index system_slug on system (slug) where deleted_at is null;

-- The name that somebody goes by on a system.
create table account (
    person_id uuid not null references person,
    system_id uuid not null references system,
    name text not null check (name <> '' and length(name) <= 200),
    primary key (person_id, system_id),
    unique (system_id, name)
);

create table resource (
    id uuid primary key,
    system_id uuid not null references system,
    slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
    name text not null check (name <> '' and length(name) <= 200),
    description text not null default '' check (length(description) <= 2000),
    environment text not null default '' check (length(environment) <= 40),
    sensitivity text not null default 'medium' check (sensitivity in ('low', 'medium', 'high', 'critical')),
    tags text[] not null default '{}',
    access_max_seconds bigint check (access_max_seconds between 60 and 316224000),
    created_at timestamptz not null,
    deleted_at timestamptz
);
create unique index resource_slug on resource (slug) where deleted_at is null;
create index resource_system on resource (system_id);

create table entitlement (
    id uuid primary key,
    resource_id uuid not null references resource,
    name text not null check (name <> '' and length(name) <= 80),
    purpose text not null default '' check (length(purpose) <= 2000),
    -- What it is called at the target: for PostgreSQL the role.
    target text check (target <> '' and length(target) <= 200),
    created_at timestamptz not null,
    deleted_at timestamptz
);
create unique index entitlement_name on entitlement (resource_id, lower(name)) where deleted_at is null;

-- Exactly one of the three says what is owned.
create table owner (
    id bigint generated always as identity primary key,
    person_id uuid not null references person,
    system_id uuid references system,
    resource_id uuid references resource,
    entitlement_id uuid references entitlement,
    check (num_nonnulls(system_id, resource_id, entitlement_id) = 1),
    unique nulls not distinct (person_id, system_id, resource_id, entitlement_id)
);
create index owner_system on owner (system_id) where system_id is not null;
create index owner_resource on owner (resource_id) where resource_id is not null;
create index owner_entitlement on owner (entitlement_id) where entitlement_id is not null;

create table bundle (
    id uuid primary key,
    slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
    name text not null check (name <> '' and length(name) <= 200),
    description text not null default '' check (length(description) <= 2000),
    created_at timestamptz not null,
    deleted_at timestamptz
);
create unique index bundle_slug on bundle (slug) where deleted_at is null;

create table bundle_entitlement (
    bundle_id uuid not null references bundle,
    entitlement_id uuid not null references entitlement,
    primary key (bundle_id, entitlement_id)
);

create table job_role (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
    name text not null check (name <> '' and length(name) <= 200)
);

create table job_role_entitlement (
    job_role_id uuid not null references job_role,
    entitlement_id uuid not null references entitlement,
    primary key (job_role_id, entitlement_id)
);

create table person_job_role (
    person_id uuid not null references person,
    job_role_id uuid not null references job_role,
    primary key (person_id, job_role_id)
);

-- Versions are only ever added; the highest is in force, and a request keeps the one it was filed under.
create table policy_version (
    id uuid primary key,
    entitlement_id uuid not null references entitlement,
    version integer not null check (version > 0),
    pending_seconds bigint not null check (pending_seconds between 60 and 316224000),
    access_max_seconds bigint check (access_max_seconds between 60 and 316224000),
    rationale_required boolean not null,
    created_at timestamptz not null,
    unique (entitlement_id, version)
);

create table submission (
    id uuid primary key,
    requester_id uuid not null references person,
    rationale text check (rationale <> '' and length(rationale) <= 4000),
    ticket text check (ticket <> '' and length(ticket) <= 200),
    filed_at timestamptz not null
);

create table access_request (
    id uuid primary key,
    submission_id uuid not null references submission,
    entitlement_id uuid not null references entitlement,
    requester_id uuid not null references person,
    beneficiary_id uuid not null references person,
    policy_version_id uuid not null references policy_version,
    approval_method text not null default 'reviewed' check (approval_method in ('reviewed', 'automatic')),
    state text not null check (state in ('pending', 'approved', 'denied', 'cancelled', 'expired')),
    asked_start_at timestamptz,
    asked_seconds bigint check (asked_seconds between 1 and 316224000),
    asked_until timestamptz,
    given_start_at timestamptz,
    given_seconds bigint check (given_seconds between 1 and 316224000),
    given_until timestamptz,
    filed_at timestamptz not null,
    decide_by timestamptz not null,
    closed_at timestamptz,
    renews_grant_id uuid,
    check (num_nonnulls(asked_seconds, asked_until) = 1),
    check (num_nonnulls(given_seconds, given_until) = case state when 'approved' then 1 else 0 end),
    check ((closed_at is null) = (state = 'pending'))
);
-- Two submissions at once make one pending request, whatever the application thinks.
create unique index access_request_one_pending
    on access_request (beneficiary_id, entitlement_id) where state = 'pending';
create index access_request_due on access_request (decide_by) where state = 'pending';
create index access_request_by_requester on access_request (requester_id, id desc);
create index access_request_by_entitlement on access_request (entitlement_id, closed_at desc);
create index access_request_by_submission on access_request (submission_id);

-- At most one decision: a second one is refused here, too.
create table decision (
    request_id uuid primary key references access_request,
    -- Null where a rule decided, or where imported history does not say who did.
    decided_by uuid references person,
    verdict text not null check (verdict in ('approve', 'deny')),
    summary text check (summary <> '' and length(summary) <= 4000),
    decided_at timestamptz not null
);

create table access_grant (
    id uuid primary key,
    -- Null for access that was found beforehand: it was never approved here.
    request_id uuid unique references access_request,
    person_id uuid not null references person,
    entitlement_id uuid not null references entitlement,
    origin text not null default 'request' check (origin in ('request', 'imported')),
    state text not null check (state in ('scheduled', 'activating', 'activation_failed', 'active', 'ending',
        'ended', 'revoking', 'revoked', 'removal_failed', 'failed')),
    start_at timestamptz,
    lasting_seconds bigint check (lasting_seconds between 1 and 316224000),
    until_at timestamptz,
    created_at timestamptz not null,
    activation_deadline timestamptz,
    active_since timestamptz,
    -- Its actual end, known once it is active.
    ends_at timestamptz,
    cause text check (cause in ('holder', 'owner', 'administrator', 'leaver', 'suspended', 'resource_deleted',
        'limit_lowered')),
    closed_at timestamptz,
    removal_known text check (removal_known in ('verified', 'still_held', 'attested', 'never_active')),
    attested_by uuid references person,
    externally_modified boolean not null default false,
    -- What the next try knows of the last ones.
    attempts integer not null default 0,
    last_error text,
    next_try_at timestamptz,
    check (origin = 'imported' or request_id is not null),
    check (origin = 'imported' or num_nonnulls(lasting_seconds, until_at) = 1),
    check ((closed_at is not null) = (state in ('ended', 'revoked', 'failed'))),
    check ((removal_known is not null) = (state in ('ended', 'revoked'))),
    check ((cause is not null) or state not in ('revoking', 'revoked')),
    check (state <> 'active' or active_since is not null),
    check (attested_by is null or attested_by <> person_id)
);
create index access_grant_live on access_grant (entitlement_id, person_id)
    where state not in ('ended', 'revoked', 'failed');
create index access_grant_by_person on access_grant (person_id, created_at desc);
-- The job's work list: what is due stands in the grants themselves, so it cannot get lost.
create index access_grant_to_try on access_grant (next_try_at)
    where state in ('scheduled', 'activating', 'activation_failed', 'ending', 'revoking', 'removal_failed');
create index access_grant_to_end on access_grant (ends_at) where state = 'active';

-- The book. Insert-only for the application's role; no foreign key points here or from here.
create table event (
    id uuid not null,
    class text not null check (class in ('governance', 'usage')),
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    actor_kind text not null check (actor_kind in ('person', 'machine', 'system', 'command', 'unknown')),
    actor_id uuid,
    actor_name text not null,
    action text not null,
    outcome text not null check (outcome in ('success', 'denied', 'failure')),
    subject_id uuid,
    subject_name text,
    system_id uuid,
    system_name text,
    resource_id uuid,
    resource_name text,
    entitlement_id uuid,
    entitlement_name text,
    request_id uuid,
    grant_id uuid,
    origin text not null,
    ip text,
    user_agent text,
    reason text,
    detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
    primary key (class, recorded_at, id)
) partition by list (class);
create table event_governance partition of event for values in ('governance') partition by range (recorded_at);
create table event_usage partition of event for values in ('usage') partition by range (recorded_at);
create index event_newest on event (recorded_at desc, id desc);
create index event_by_request on event (request_id, recorded_at) where request_id is not null;
create index event_by_grant on event (grant_id, recorded_at) where grant_id is not null;
create index event_by_subject on event (subject_id, recorded_at desc) where subject_id is not null;
create index event_by_actor on event (actor_id, recorded_at desc) where actor_id is not null;

-- Makes the partitions of the month of `moment` (and of the next one). Runs as the owner, so that the
-- application's role needs no right to make tables.
create function event_ensure_partitions(moment timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    month timestamp;
    class text;
    partition text;
begin
    perform pg_advisory_xact_lock(7016996765293437281);
    for month in
        select date_trunc('month', moment at time zone 'UTC') + n * interval '1 month' from generate_series(0, 1) n
    loop
        foreach class in array array['governance', 'usage'] loop
            partition := format('event_%s_%s', class, to_char(month, 'YYYY_MM'));
            if to_regclass(partition) is null then
                execute format(
                    'create table %I partition of %I for values from (%L) to (%L)',
                    partition, 'event_' || class,
                    (month at time zone 'UTC'), ((month + interval '1 month') at time zone 'UTC'));
            end if;
        end loop;
    end loop;
end
$$;
revoke all on function event_ensure_partitions(timestamptz) from public;
