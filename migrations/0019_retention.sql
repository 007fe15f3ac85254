-- How long what was used is kept. Governance is kept for ever: what anybody had on a day is read from it.

-- No row: for ever. The owner's to change; the application only reads it.
create table retention (
    class text primary key check (class = 'usage'),
    months int not null check (months between 3 and 1200)
);

-- Makes the partitions of this month and the next, and lets go of the months of use whose time is over, each with its
-- event. What has to do with them elsewhere stays: their positions, and the links that say who used what when.
-- Answers what it let go.
create function event_keep_partitions(moment timestamptz) returns setof text
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
    kept int := (select months from retention where class = 'usage');
    found record;
    about bigint;
begin
    perform event_ensure_partitions(moment);
    for found in
        select c.relname::text as name, c.oid, to_date(right(c.relname, 7), 'YYYY_MM')::timestamp as starts_at
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'event_usage'::regclass order by c.relname
    loop
        continue when kept is null
            or found.starts_at + (kept + 1) * interval '1 month' > moment at time zone 'UTC';
        -- Counting ten million would take longer than letting them go.
        about := (select greatest(reltuples, 0)::bigint from pg_class where oid = found.oid);
        execute format('drop table %I', found.name);
        execute format('drop table if exists %I', 'event_search' || substr(found.name, 6));
        insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin, detail)
        values (gen_random_uuid(), 'governance', moment, moment, 'system', 'Gatebook', 'partition.dropped', 'success',
            'job', jsonb_build_object('month', to_char(found.starts_at, 'YYYY-MM'),
                'kept_months', kept, 'events_about', about));
        return next found.name;
    end loop;
end
$$;
revoke all on function event_keep_partitions(timestamptz) from public;
