-- Who held what, from when until when, and by whose decision: read from the book by position (the reader `holdings` of
-- `book_reader`), and made again from it at any time. The book is never rewritten, and nothing decides by this table.
create table holding (
    grant_id uuid primary key,
    person_id uuid not null,
    -- Names as of the moment when it was opened.
    person_name text not null,
    system_id uuid,
    system_name text,
    resource_id uuid,
    resource_name text,
    entitlement_id uuid,
    entitlement_name text,
    opened_at timestamptz not null,
    -- When it is to end, as far as the book says so.
    ends_at timestamptz,
    -- `infinity` while it is held, so that an index can answer for what is still held, too.
    closed_at timestamptz not null default 'infinity',
    -- Why it was taken away; null where its time ran out, and while it is held.
    cause text,
    -- How the removal is known, and by whom where somebody attested it.
    removal_known text,
    attested_by text,
    request_id uuid,
    is_imported boolean not null,
    -- Who approved the request, and when; null where the book names nobody.
    decided_by uuid,
    decided_by_name text,
    decided_at timestamptz
);
-- `/audit/as-of`: what was held at a moment, opened last first; what was closed before is left out in the index.
create index holding_newest on holding (opened_at, grant_id, closed_at);
-- `/people/{id}/as-of`, and when the access of somebody who left ended.
create index holding_by_person on holding (person_id, opened_at, grant_id, closed_at);
-- `/catalogue/{resource}/as-of`.
create index holding_by_resource on holding (resource_id, opened_at, grant_id, closed_at);

-- The reader of holdings: events of governance behind a position, without passing by those of usage between them.
create index event_position_governance on event_position (position) where class = 'governance';
