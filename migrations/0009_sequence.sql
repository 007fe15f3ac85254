-- Each event gets a position: gap-free, in the order in which changes became visible, and no writer waits for it. An
-- event remembers the transaction that wrote it; one sequencer at a time numbers what its last look could not see yet.

-- What the book is read by: live views, jobs, links. Written once, like the events themselves.
create table event_position (
    position bigint primary key check (position > 0),
    event_id uuid not null unique,
    class text not null,
    recorded_at timestamptz not null
);

-- How far the sequencer is: everything that this snapshot sees has its position.
create table event_sequence (
    only_row boolean primary key default true check (only_row),
    last_position bigint not null,
    seen pg_snapshot not null
);

-- Begins to number, or begins anew where the numbers of transactions have gone back: in a database restored into
-- another cluster, those that the events remember mean nothing. What has a position keeps it. Nobody writes meanwhile.
create function event_sequence_begin() returns void language plpgsql as $$
begin
    lock table event in access exclusive mode;
    alter table event drop column if exists xid;
    -- All there is gets its position below, and counts as seen; no row is rewritten.
    alter table event add column xid xid8 not null default '0';
    alter table event alter column xid set default pg_current_xact_id();
    -- For the sequencer: what was written since its last look.
    create index event_by_xid on event (xid);
    insert into event_position (position, event_id, class, recorded_at)
        select coalesce((select max(position) from event_position), 0) + row_number() over (order by e.recorded_at, e.id),
            e.id, e.class, e.recorded_at
        from event e where not exists (select from event_position p where p.event_id = e.id);
    insert into event_sequence (last_position, seen)
        select coalesce(max(position), 0), pg_current_snapshot() from event_position
        on conflict (only_row) do update set last_position = excluded.last_position, seen = excluded.seen;
end
$$;
revoke all on function event_sequence_begin() from public;
select event_sequence_begin();
