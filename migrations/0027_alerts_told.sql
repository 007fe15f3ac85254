-- What the thread of an alert says: to whom it was handed over, and what it was found to be.
alter table alert_step
    add column to_id uuid references person,
    -- The name as of then.
    add column to_name text check (to_name <> '' and length(to_name) <= 200),
    add column verdict text check (verdict in ('true', 'false', 'accepted')),
    add column accepted_until timestamptz,
    add check ((to_id is null) = (to_name is null)),
    add check (to_id is null or kind = 'assigned'),
    add check (verdict is null or kind = 'resolved'),
    add check (accepted_until is null or verdict = 'accepted');

create index alert_assigned on alert (assigned_to) where assigned_to is not null;
comment on index alert_assigned is 'alert: what was handed to a person, and whether anything was';
create index alert_by_person on alert (person_id, raised_at desc) where person_id is not null;
comment on index alert_by_person is 'alert: those about a person, and similar ones before';
create index alert_by_resource on alert (resource_id, raised_at desc) where resource_id is not null;
comment on index alert_by_resource is 'alert: those about a resource';
