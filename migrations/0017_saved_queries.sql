-- Queries of the book that somebody keeps under a name: for themselves, or for all auditors and administrators.
create table saved_query (
    id uuid primary key,
    owner_id uuid not null references person,
    name text not null check (name <> '' and length(name) <= 80),
    query text not null check (length(query) <= 1000),
    -- The columns that it is looked at with; empty are sentences.
    columns text not null check (length(columns) <= 200),
    is_shared boolean not null,
    created_at timestamptz not null
);
-- Somebody's name is one query, whatever its case. Also reads what is one's own.
create unique index saved_query_name on saved_query (owner_id, lower(name));
-- What is shared, for those who read the whole book.
create index saved_query_shared on saved_query (lower(name)) where is_shared;
