-- What the book is searched by: beside the book, made from it and from the links by one process, in batches, and
-- everything here can be made again. One inverted index answers every field of the query language, alone and together.

-- The words of a text: lower case, cut wherever ASCII has a sign, a blank or a control character. Everything beyond
-- ASCII belongs to its word. What `domain::audit::query::words` says.
create function words_of(written text) returns text[] language sql immutable strict parallel safe as $$
    select array_remove(string_to_array(translate(lower(written),
        E' \t\n\r!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f',
        repeat(' ', 65)), ' '), '')
$$;

-- What stands in a record from elsewhere: its texts and numbers, not what it calls them.
create function leaves_of(detail jsonb) returns text language sql immutable strict parallel safe as $$
    select string_agg(leaf #>> '{}', ' ')
    from jsonb_path_query(detail, 'strict $.** ? (@.type() == "string" || @.type() == "number")') leaf
$$;

-- Everything an event says.
create function event_text(actor text, action text, outcome text, subject text, system text, resource text,
    entitlement text, ip text, detail jsonb, reason text) returns text language sql immutable parallel safe as $$
    select concat_ws(' ', actor, action, outcome, subject, system, resource, entitlement, ip, leaves_of(detail), reason)
$$;

-- A single address in hexadecimal digits, behind its kind: networks are beginnings of it. A network has none.
create function digits_of(address inet) returns text language sql immutable strict parallel safe as $$
    select case when masklen(address) = case family(address) when 4 then 32 else 128 end
        then family(address) || ':' || substr(encode(inet_send(address), 'hex'), 9) end
$$;

create table event_search (
    class text not null,
    recorded_at timestamptz not null,
    event_id uuid not null,
    occurred_at timestamptz not null,
    -- What the page counts.
    action text not null,
    outcome text not null,
    actor_name text not null,
    system_name text,
    -- As `store::audit::terms` makes them.
    terms tsvector not null
) partition by list (class);
create table event_search_governance partition of event_search for values in ('governance')
    partition by range (recorded_at);
create table event_search_usage partition of event_search for values in ('usage') partition by range (recorded_at);
create unique index event_search_newest on event_search (recorded_at desc, event_id desc, class);
create index event_search_terms on event_search using gin (terms);
comment on index event_search_newest is
    'audit::hits walks it: pages of /audit, exports, counts, newest first; and event by event when indexing again';
comment on index event_search_terms is
    'audit::hits asks it: every field and word of the query language that seldom matches';

-- Every name that stands in the book, lower case, by the field it stands in.
create table book_name (
    field text not null check (field in ('actor', 'subject', 'system', 'resource', 'entitlement', 'action')),
    name text not null,
    primary key (field, name)
);
create index book_name_part on book_name using gin (name gin_trgm_ops);
comment on index book_name_part is 'audit::plan: which names a part of a name stands in (actor:ana, resource:prod)';

create or replace function event_ensure_partitions(moment timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    month timestamp;
    class text;
    kind text;
    partition text;
begin
    perform pg_advisory_xact_lock(7016996765293437281);
    for month in
        select date_trunc('month', moment at time zone 'UTC') + n * interval '1 month' from generate_series(0, 1) n
    loop
        foreach class in array array['governance', 'usage'] loop
            foreach kind in array array['event', 'event_search'] loop
                partition := format('%s_%s_%s', kind, class, to_char(month, 'YYYY_MM'));
                if to_regclass(partition) is null then
                    execute format(
                        'create table %I partition of %I for values from (%L) to (%L)',
                        partition, format('%s_%s', kind, class),
                        (month at time zone 'UTC'), ((month + interval '1 month') at time zone 'UTC'));
                end if;
            end loop;
        end loop;
    end loop;
end
$$;

-- For the months that there are already.
do $$
declare
    found record;
begin
    for found in
        select c.relname, pg_get_expr(c.relpartbound, c.oid) as bound, split_part(c.relname, '_', 2) as class
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent in ('event_governance'::regclass, 'event_usage'::regclass)
    loop
        execute format('create table %I partition of %I %s',
            'event_search' || substr(found.relname, 6), 'event_search_' || found.class, found.bound);
    end loop;
end
$$;

-- It catches an error, which begins a transaction within: not allowed in a parallel query.
alter function address_of(text) parallel unsafe;
