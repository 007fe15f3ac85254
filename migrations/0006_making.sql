-- Systems, bundles and job roles are made and edited in the portal, too.

-- Looser rules of a whole system take a second person like those of a resource.
alter table loosening alter column resource_id drop not null;
alter table loosening add column system_id uuid references system;
alter table loosening add constraint loosening_of_one
    check (num_nonnulls(system_id, resource_id) = 1 and (entitlement_id is null or resource_id is not null));
drop index loosening_one_waiting;
create unique index loosening_one_waiting on loosening (system_id, resource_id, entitlement_id) nulls not distinct
    where state = 'proposed';
create index loosening_of_system_in_force on loosening (system_id, answered_at) where state = 'in_force';

-- A deleted job role keeps its row, and frees its slug.
alter table job_role add column description text not null default '' check (length(description) <= 2000);
alter table job_role add column deleted_at timestamptz;
alter table job_role drop constraint job_role_slug_key;
create unique index job_role_slug on job_role (slug) where deleted_at is null;

-- A try to open it has begun of which no clear answer is known: it may be open where the system led to then, so
-- the system is not led elsewhere meanwhile.
alter table access_grant add column opening_unclear boolean not null default false;

-- A job role explained this access and no longer does. Whether another one does by now is looked up when read.
create table explanation_lost (
    grant_id uuid primary key references access_grant,
    -- The job role's name as of then.
    job_role text not null,
    lost_at timestamptz not null
);
