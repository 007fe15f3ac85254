-- Exports that are prepared in the background: who asked for which, how far each is, and the files, until they are let go.
create table export_job (
    id uuid primary key,
    person_id uuid not null references person,
    -- The event of asking: the file holds what was recorded before it, however often it is begun anew.
    event_id uuid not null,
    -- As it was written; its times count from `asked_at` in this zone.
    query text not null check (length(query) <= 1000),
    time_zone text not null check (time_zone <> '' and length(time_zone) <= 64),
    format text not null check (format in ('csv', 'jsonl', 'ocsf')),
    -- Whether the whole book was open to whoever asked, or only what concerns them.
    sees_all boolean not null,
    -- What else was open to them: a file of more than they may see by now is not given out.
    sight text not null check (sight ~ '^[0-9a-f]{64}$'),
    state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled', 'expired')),
    asked_at timestamptz not null,
    ended_at timestamptz,
    -- When the file is let go.
    expires_at timestamptz,
    -- How often it was begun. Who writes under an earlier one writes nothing.
    attempt int not null default 0 check (attempt >= 0),
    events_written bigint not null default 0 check (events_written >= 0),
    -- Null where nobody knows.
    events_expected bigint check (events_expected >= 0),
    -- When the last event that was written had been recorded: newest come first.
    reached_at timestamptz,
    chunks int not null default 0 check (chunks >= 0),
    file_bytes bigint not null default 0 check (file_bytes >= 0),
    -- Why there is no file, for people.
    reason text check (length(reason) between 1 and 500),
    fetched_at timestamptz,
    check ((state in ('waiting', 'running')) = (ended_at is null)),
    check ((state in ('done', 'expired')) = (expires_at is not null)),
    check ((state = 'failed') = (reason is not null)),
    check (state <> 'waiting' or (attempt = 0 and chunks = 0)),
    check (state in ('running', 'done') or (chunks = 0 and file_bytes = 0)),
    check (fetched_at is null or state in ('done', 'expired'))
);
create index export_job_of_person on export_job (person_id, asked_at desc, id desc);
comment on index export_job_of_person is 'export_job: somebody''s own, newest first';
create index export_job_open on export_job (asked_at, id) where state in ('waiting', 'running');
comment on index export_job_open is 'export_job: what is to be done, first asked first';
create index export_job_done on export_job (expires_at) where state = 'done';
comment on index export_job_done is 'export_job: files that are to be let go';

-- The files, in pieces that one process can hold.
create table export_chunk (
    job_id uuid not null references export_job on delete cascade,
    number int not null check (number >= 0),
    -- gzip (RFC 1952), each whole by itself.
    bytes bytea not null check (octet_length(bytes) between 1 and 2097152),
    primary key (job_id, number)
);
-- Compressed already.
alter table export_chunk alter column bytes set storage external;
