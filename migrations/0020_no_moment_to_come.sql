-- Use is let go when its time is over by the database's own clock: the application alone cannot have it gone earlier.

create or replace function event_keep_partitions(moment timestamptz) returns setof text
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
    kept int := (select months from retention where class = 'usage');
    found record;
    about bigint;
    -- Whoever may ask for it may not say that it is later than it is.
    now_at timestamptz := least(moment, clock_timestamp());
begin
    perform event_ensure_partitions(moment);
    for found in
        select c.relname::text as name, c.oid, to_date(right(c.relname, 7), 'YYYY_MM')::timestamp as starts_at
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'event_usage'::regclass order by c.relname
    loop
        continue when kept is null
            or found.starts_at + (kept + 1) * interval '1 month' > now_at at time zone 'UTC';
        -- Counting ten million would take longer than letting them go.
        about := (select greatest(reltuples, 0)::bigint from pg_class where oid = found.oid);
        execute format('drop table %I', found.name);
        execute format('drop table if exists %I', 'event_search' || substr(found.name, 6));
        insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin, detail)
        values (gen_random_uuid(), 'governance', now_at, now_at, 'system', 'Gatebook', 'partition.dropped', 'success',
            'job', jsonb_build_object('month', to_char(found.starts_at, 'YYYY-MM'),
                'kept_months', kept, 'events_about', about));
        return next found.name;
    end loop;
end
$$;
