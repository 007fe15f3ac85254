//! A company to measure in: people, resources with two entitlements each, and their owners.

use sqlx::PgPool;

/// How much of everything there is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// People.
    pub people: i64,
    /// How many own the resources in turn; as many stand in for them.
    pub owners: i64,
    /// Resources, in twenty systems.
    pub resources: i64,
}

/// Puts people, resources, entitlements, policies and owners in.
pub async fn settle(pool: &PgPool, size: Size) {
    for statement in [
        "insert into person (id, email, name, title, department, created_at)
         select gen_random_uuid(), 'person' || n || '@example.com', 'Person ' || lpad(n::text, 5, '0'), 'Engineer',
           'Department ' || n % 40, now() - interval '1 year' from generate_series(1, $1) n",
        "insert into system (id, slug, name, created_at)
         select gen_random_uuid(), 'system-' || n, 'System ' || lpad(n::text, 2, '0'), now() - interval '1 year'
         from generate_series(1, 20) n where $1 > 0",
    ] {
        sqlx::query(statement).bind(size.people).execute(pool).await.unwrap();
    }
    sqlx::query(
        "insert into resource (id, system_id, slug, name, description, environment, sensitivity, tags, created_at)
         select gen_random_uuid(), s.id, 'resource-' || n, 'ledger-' || lpad(n::text, 4, '0'),
           'What was booked & when: the ledger of region ' || n || ', kept for ten years.',
           (array['production', 'staging', 'test'])[1 + n % 3], (array['low', 'medium'])[1 + n % 2],
           array['finance', 'team-' || n % 12], now() - interval '1 year'
         from generate_series(1, $1) n join system s on s.slug = 'system-' || (1 + n % 20)",
    )
    .bind(size.resources)
    .execute(pool)
    .await
    .unwrap();
    sqlx::raw_sql(
        "insert into entitlement (id, resource_id, name, purpose, created_at)
         select gen_random_uuid(), o.id, e.name, 'To ' || e.name || ' what is booked.', now() - interval '1 year'
         from resource o cross join (values ('read'), ('write')) e(name);
         insert into policy_version (id, entitlement_id, version, pending_seconds, access_max_seconds,
           rationale_required, created_at)
         select gen_random_uuid(), id, 1, 604800, 2592000, true, now() - interval '1 year' from entitlement;",
    )
    .execute(pool)
    .await
    .unwrap();
    // Each resource has two owners, so that there is somebody else to decide; the second ones come after the first.
    sqlx::query(
        "insert into owner (person_id, resource_id)
         select p.id, o.id from (select id, row_number() over (order by slug) as n from resource) o
         join (select id, row_number() over (order by name) - 1 as n from person) p
           on p.n = o.n % $1 or p.n = $1 + o.n % $1",
    )
    .bind(size.owners)
    .execute(pool)
    .await
    .unwrap();
}
