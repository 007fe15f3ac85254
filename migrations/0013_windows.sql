-- Change windows: named times in which systems are changed. `window:NAME` looks for what happened in one.
create table change_window (
    id uuid primary key,
    name text not null check (name <> '' and length(name) <= 200),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    created_at timestamptz not null,
    deleted_at timestamptz,
    check (ends_at > starts_at)
);
-- A name is one window, whatever its case.
create unique index change_window_name on change_window (lower(name)) where deleted_at is null;

-- Which systems it is of; one without any is of all.
create table change_window_system (
    window_id uuid not null references change_window,
    system_id uuid not null references system,
    primary key (window_id, system_id)
);

-- The address in a text, or null where it is none: what is recorded of other systems is theirs to write.
create function address_of(written text) returns inet language plpgsql immutable strict parallel safe as $$
begin
    return written::inet;
exception when invalid_text_representation then
    return null;
end
$$;
