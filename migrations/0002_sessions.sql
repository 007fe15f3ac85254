-- Signed-in browsers, and the sign-out notices of the provider that were already obeyed.

create table session (
    id uuid primary key,
    -- SHA-256 of the secret in the cookie; the secret itself is nowhere but in the browser.
    id_hash bytea not null unique check (length(id_hash) = 32),
    -- Null while a sign-in is on its way.
    person_id uuid references person,
    -- `sid` at the provider, for its sign-out notices.
    provider_sid text check (length(provider_sid) <= 300),
    -- The hint that signing out sends to the provider; gone once the session has ended.
    id_token text,
    -- What the groups claim said, and when it was read. It counts for an hour.
    administrator boolean not null default false,
    auditor boolean not null default false,
    roles_read_at timestamptz,
    -- When the provider was last asked, without a page, to say it again.
    roles_tried_at timestamptz,
    -- `auth_time`; null where the provider does not say.
    authenticated_at timestamptz,
    user_agent text check (length(user_agent) <= 300),
    ip text check (length(ip) <= 60),
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    -- Sign-ins on their way, by their state.
    data jsonb not null default '{}' check (jsonb_typeof(data) = 'object'),
    -- What was typed into forms that failed, newest first, at most five.
    drafts jsonb not null default '[]' check (jsonb_typeof(drafts) = 'array'),
    check (ended_at is null or id_token is null),
    check (person_id is not null or not (administrator or auditor))
);
create index session_by_person on session (person_id, seen_at desc) where ended_at is null;
create index session_by_provider_sid on session (provider_sid) where ended_at is null;
create index session_to_forget on session (expires_at);

create table logout_token (
    issuer text not null,
    jti text not null check (length(jti) <= 300),
    expires_at timestamptz not null,
    primary key (issuer, jti)
);
