-- What is out of the ordinary: raised by rules over the book, in the order of its positions, each event once.

-- What the rules that count over time remember of each source, beside how far they have come (`book_reader`, "judge"):
-- written together with the alerts that come of it.
create table alert_memory (
    -- The source that reports, by its origin; empty for what Gatebook does itself. A second clock of it adds its number.
    lane text primary key check (length(lane) <= 200),
    -- As the evaluator writes it; another release that cannot read it begins with nothing in mind.
    memory jsonb not null,
    -- The latest moment of what is counted: what occurred well before it and comes in later is judged by itself.
    judged_to timestamptz not null
);

-- Who has used what since there are reports: who is not there does it for the first time.
create table acquaintance (
    person_id uuid not null references person,
    resource_id uuid not null references resource,
    first_at timestamptz not null,
    primary key (person_id, resource_id)
);
insert into acquaintance (person_id, resource_id, first_at)
select l.person_id, l.resource_id, min(l.occurred_at) from event_link l
join event e on e.class = 'usage' and e.recorded_at = l.recorded_at and e.id = l.event_id
where l.person_id is not null and l.resource_id is not null and e.outcome = 'success' and e.action like 'resource.%'
group by l.person_id, l.resource_id;

-- Since when somebody's status is what it is: what they did before is not the doing of somebody who has left. Null where
-- that was before it was noted.
alter table person add column status_since timestamptz;

create table alert (
    id uuid primary key,
    -- The rule's name in its address.
    rule text not null check (rule ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
    -- The rule's title and severity as of then.
    title text not null check (title <> '' and length(title) <= 200),
    severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
    -- What of it is one alert while it is open: of the rule's own making.
    key text not null check (length(key) <= 500),
    sentence text not null check (sentence <> '' and length(sentence) <= 1000),
    -- Whose doing, and where, as far as it is known.
    person_id uuid references person,
    -- Of two who did it together, the other.
    other_id uuid references person check (other_id <> person_id),
    system_id uuid references system,
    resource_id uuid references resource,
    grant_id uuid references access_grant,
    -- Who takes care of it, where that was said; otherwise the owners of the resource or system.
    assigned_to uuid references person,
    state text not null default 'open' check (state in ('open', 'acknowledged', 'resolved')),
    verdict text check (verdict in ('true', 'false', 'accepted')),
    -- Until then it is not told again.
    accepted_until timestamptz,
    resolved_at timestamptz,
    raised_at timestamptz not null,
    -- The first and the last of what it is made of, by when it occurred.
    first_at timestamptz not null,
    last_at timestamptz not null check (last_at >= first_at),
    times bigint not null check (times > 0),
    -- What it counts ends there: a rule that counts over time comes back with what was counted before.
    last_position bigint not null default 0 check (last_position >= 0),
    -- How long after it occurred the latest of it came in, in seconds; null where all came in at once.
    late_seconds bigint check (late_seconds > 0),
    check ((state = 'resolved') = (verdict is not null)),
    check ((state = 'resolved') = (resolved_at is not null)),
    check ((verdict is not distinct from 'accepted') = (accepted_until is not null))
);
-- One alert that counts, not a flood.
create unique index alert_one_open on alert (rule, key) where state <> 'resolved';
comment on index alert_one_open is 'alert: the one that counts what happens again';
create index alert_of_key on alert (rule, key, raised_at desc);
comment on index alert_of_key is 'alert: similar ones before, and whether it was accepted';
create index alert_newest on alert (raised_at desc, id desc);
comment on index alert_newest is 'alert: the list of all of them';
create index alert_unresolved on alert (raised_at desc, id desc) where state <> 'resolved';
comment on index alert_unresolved is 'alert: what waits for somebody, and how many that are';
create index alert_assigned on alert (assigned_to) where assigned_to is not null;
comment on index alert_assigned is 'alert: what was handed to a person, and whether anything was';
create index alert_by_person on alert (person_id, raised_at desc) where person_id is not null;
comment on index alert_by_person is 'alert: those about a person, and similar ones before';
create index alert_by_resource on alert (resource_id, raised_at desc) where resource_id is not null;
comment on index alert_by_resource is 'alert: those about a resource';

-- What an alert is made of, as far as it is listed: its first events and no more than its rule keeps.
create table alert_event (
    alert_id uuid not null references alert,
    position bigint not null check (position > 0),
    primary key (alert_id, position)
);

-- What became of an alert, as people read it; each has its event in the book.
create table alert_step (
    alert_id uuid not null references alert,
    event_id uuid primary key,
    at timestamptz not null,
    kind text not null check (kind in ('raised', 'acknowledged', 'assigned', 'commented', 'resolved', 'reopened')),
    -- Null where Gatebook did it by itself.
    by_id uuid references person,
    by_name text not null check (by_name <> '' and length(by_name) <= 200),
    words text check (length(words) between 1 and 2000),
    -- To whom it was handed over, with the name as of then, and what it was found to be.
    to_id uuid references person,
    to_name text check (to_name <> '' and length(to_name) <= 200),
    verdict text check (verdict in ('true', 'false', 'accepted')),
    accepted_until timestamptz,
    check ((to_id is null) = (to_name is null)),
    check (to_id is null or kind = 'assigned'),
    check (verdict is null or kind = 'resolved'),
    check (accepted_until is null or verdict = 'accepted')
);
create index alert_step_of on alert_step (alert_id, at, event_id);
comment on index alert_step_of is 'alert_step: the thread of an alert';

-- Rules begin with what comes from now on; the past is tried out, not told.
insert into book_reader (name, position)
select 'judge', last_position from event_sequence where last_position > 0;
