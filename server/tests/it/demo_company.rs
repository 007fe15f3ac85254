//! The sample company.

use chrono::{DateTime, TimeDelta, Utc};
use server::demo::company::{self, Share, TargetDatabase};
use sqlx::PgPool;
use store::{Clock, Store};

fn now() -> DateTime<Utc> {
    "2026-11-23T14:20:00Z".parse().expect("a time")
}

async fn number(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).bind(now()).fetch_one(pool).await.expect(sql)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_company_has_something_in_every_queue(pool: PgPool) {
    let started = std::time::Instant::now();
    let target = target(&pool).await;
    let prepared = started.elapsed();
    let store = Store::new(pool.clone(), Clock::Database);
    let seeded = company::seed(&store, now(), Some(target)).await.expect("seeds");
    println!("target in {prepared:?}, all in {:?}: {seeded:?}", started.elapsed());
    for (least, sql) in [
        (61, "select count(*) from person where $1::timestamptz is not null"),
        (12, "select count(*) from system where $1::timestamptz is not null"),
        (80, "select count(*) from resource where $1::timestamptz is not null"),
        (11, "select count(*) from access_request where state = 'pending' and decide_by > $1"),
        (
            1,
            "select count(*) from access_request where state = 'pending' and decide_by between $1 and $1 + interval '1 day'",
        ),
        (
            1,
            "select count(*) from access_request where state = 'pending' and renews_grant_id is not null and filed_at < $1",
        ),
        (3, "select count(*) from access_grant where state = 'activating' and activation_deadline > $1"),
        (2, "select count(*) from access_grant where state = 'ending' and ends_at < $1"),
        (
            1,
            "select count(*) from access_grant where state = 'activation_failed' and last_error like '%emi_sato%' and activation_deadline > $1",
        ),
        (
            2,
            "select count(*) from access_grant where state = 'active' and ends_at between $1 and $1 + interval '1 hour'",
        ),
        (
            4,
            "select count(*) from access_grant where state = 'active' and ends_at between $1 and $1 + interval '1 day'",
        ),
        (1, "select count(*) from access_grant where state = 'scheduled' and start_at > $1"),
        (5, "select count(*) from access_request where state = 'denied' and closed_at < $1"),
        (2, "select count(*) from access_request where state = 'expired' and closed_at < $1"),
        (2, "select count(*) from access_request where state = 'cancelled' and closed_at < $1"),
        (5, "select count(*) from access_grant where state = 'revoked' and closed_at < $1"),
        (1, "select count(*) from person where status = 'left' and created_at < $1"),
        (1, "select count(*) from administrator where read_at < $1"),
    ] {
        let found = number(&pool, sql).await;
        assert!(found >= least, "{found} of at least {least}: {sql}");
    }
    let late = number(&pool, "select count(*) from event where occurred_at > $1 or recorded_at > $1").await;
    assert_eq!(late, 0, "nothing happens in the future");
    let unheld = number(
        &pool,
        "select count(*) from access_request r join entitlement e on e.id = r.entitlement_id
         join resource o on o.id = e.resource_id where o.slug = 'bo-tenants' and r.state = 'pending' and r.filed_at < $1",
    )
    .await;
    assert_eq!(unheld, 1);
    let again = company::seed(&store, now() + TimeDelta::days(1), None).await.expect("leaves it alone");
    assert!(again.was_there);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn without_a_target_nobody_has_asked_for_the_databases(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::Database);
    company::seed(&store, now(), None).await.expect("seeds");
    let asked = number(
        &pool,
        "select count(*) from access_request r join entitlement e on e.id = r.entitlement_id
         join resource o on o.id = e.resource_id join system s on s.id = o.system_id
         where s.connector = 'postgresql' and r.filed_at < $1",
    )
    .await;
    assert_eq!(asked, 0);
    assert!(number(&pool, "select count(*) from access_request where filed_at < $1").await > 100);
}

/// The test's own database stands for the company's.
async fn target(pool: &PgPool) -> TargetDatabase {
    let options = pool.connect_options();
    let (host, port) = (options.get_host(), options.get_port());
    let database = options.get_database().expect("a database");
    let mut superuser: url::Url = std::env::var("DATABASE_URL").expect("set").parse().expect("an address");
    superuser.set_path(database);
    for share in [Share::Payments, Share::Ledger] {
        company::seed_target(superuser.as_str(), share, "not-a-secret").await.expect("prepares");
    }
    let password = std::env::temp_dir().join(format!("gatebook-target-{}", std::process::id()));
    std::fs::write(&password, "not-a-secret").expect("writes");
    let url = format!("postgres://{}@{host}:{port}/{database}", company::CONNECTOR_ROLE);
    TargetDatabase {
        url_without_password: url.clone(),
        ledger_url_without_password: url,
        log: None,
        password_reference: format!("file:{}", password.display()),
    }
}
