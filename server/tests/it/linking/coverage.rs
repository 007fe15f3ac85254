//! Which grant covered what was done.

use app::backend::{Access, Requests, TypedRequest};
use chrono::TimeDelta;
use domain::audit::Outcome;
use domain::usage::UsageAction;
use sqlx::PgPool;

use super::yard::Yard;
use crate::house::{hours, start, typed};

fn seconds(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn use_is_covered_from_the_opening_on_and_no_more_at_the_closing(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let ben = yard.ben().await;
    yard.house.set(start() + hours(1));
    let grant = yard.opened(&ben, yard.read).await;
    yard.house.set(start() + hours(5));
    yard.house.work().await;
    yard.house.set(start() + hours(6));
    yard.house.portal.attest(&yard.house.owner, grant, "").await.unwrap();
    let (opened, closed) = (start() + hours(1), start() + hours(6));
    for (name, at) in [
        ("1", opened - seconds(1)),
        ("2", opened),
        ("3", closed - seconds(1)),
        ("4", closed),
        ("5", closed + hours(1)),
    ] {
        yard.report_at(name, at).await;
    }
    yard.work().await;
    let links = yard.links().await;
    let covered: Vec<_> = links.iter().map(|link| link.covered).collect();
    assert_eq!(covered, [Some(false), Some(true), Some(true), Some(false), Some(false)]);
    assert_eq!(links[1].grant, Some(grant.0));
    assert_eq!(links[0].grant, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_renewal_takes_over_at_the_moment_it_begins(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let ben = yard.ben().await;
    let first = yard.opened(&ben, yard.read).await;
    let renew = TypedRequest { renew: first.to_string(), entitlements: String::new(), ..typed(yard.read) };
    let request = yard.house.try_ask(&ben, &renew).await.unwrap();
    yard.house.decide(&yard.house.owner, request, "approve").await.unwrap();
    let second = yard.house.portal.show(&ben, request).await.unwrap().row.grant.unwrap().id;
    yard.house.set(start() + hours(4));
    yard.house.work().await;
    yard.house.portal.attest(&yard.house.owner, second, "").await.unwrap();
    let since: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select active_since from access_grant where id = $1")
            .bind(second.0)
            .fetch_one(&yard.house.pool)
            .await
            .unwrap();
    yard.report_at("1", since - seconds(1)).await;
    yard.report_at("2", since).await;
    yard.work().await;
    let grants: Vec<_> = yard.links().await.iter().map(|link| link.grant).collect();
    assert_eq!(grants, [Some(first.0), Some(second.0)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn of_two_grants_the_exact_entitlement_counts_and_else_the_one_that_began_last(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let ben = yard.ben().await;
    let write = domain::id::EntitlementId(
        sqlx::query_scalar(
            "insert into entitlement (id, resource_id, name, target, created_at)
             values (gen_random_uuid(), $1, 'write', 'payments_rw', $2) returning id",
        )
        .bind(yard.resource)
        .bind(start())
        .fetch_one(&yard.house.pool)
        .await
        .unwrap(),
    );
    let older = yard.held(&ben, write, start() - hours(2), None).await;
    let newer = yard.held(&ben, yard.read, start() - hours(1), None).await;
    yard.report("1", |event| event.target.entitlement = Some("PAYMENTS_RW".into())).await;
    yard.report("2", |event| event.target.entitlement = Some("select".into())).await;
    yard.report("3", |event| event.target.entitlement = Some("read".into())).await;
    yard.report("4", |event| event.occurred_at = start() - hours(2) + seconds(1)).await;
    yard.report("5", |event| {
        event.occurred_at = start() - hours(2) + seconds(1);
        event.target.entitlement = Some("read".into());
    })
    .await;
    yard.work().await;
    let grants: Vec<_> = yard.links().await.iter().map(|link| link.grant).collect();
    assert_eq!(grants, [Some(older), Some(newer), Some(newer), Some(older), None]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_session_needs_any_grant_on_its_system_and_what_failed_needs_none(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let ben = yard.ben().await;
    let session = |event: &mut domain::usage::OutsideEvent| {
        event.action = UsageAction::parse(UsageAction::SESSION_OPENED).unwrap();
        event.target.resource = None;
    };
    yard.report("1", session).await;
    yard.house.set(start() + hours(1));
    let grant = yard.held(&ben, yard.read, start() + hours(1), None).await;
    yard.report("2", session).await;
    yard.report("3", |event| event.outcome = Outcome::Denied).await;
    yard.report("4", |event| event.outcome = Outcome::Failure).await;
    yard.report("5", |event| {
        session(event);
        event.action = UsageAction::parse(UsageAction::SESSION_CLOSED).unwrap();
    })
    .await;
    yard.work().await;
    let links = yard.links().await;
    let covered: Vec<_> = links.iter().map(|link| link.covered).collect();
    assert_eq!(covered, [Some(false), Some(true), None, None, None]);
    assert_eq!(links[1].grant, Some(grant));
    assert!(links[2..].iter().all(|link| link.person == Some(ben.id().0) && link.grant.is_none()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_grant_that_closes_before_what_was_reported_early_covers_it_no_more(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let ben = yard.ben().await;
    let grant = yard.opened(&ben, yard.read).await;
    // A clock that is ahead: it happened, it says, in two hours.
    yard.report_at("1", start() + hours(2)).await;
    yard.work().await;
    assert_eq!(yard.links().await[0].grant, Some(grant.0));
    yard.house.set(start() + hours(1));
    yard.house.portal.give_back(&ben, grant).await.unwrap();
    yard.house.work().await;
    yard.house.portal.attest(&yard.house.owner, grant, "").await.unwrap();
    yard.work().await;
    assert_eq!(yard.links().await[0].covered, Some(false));
}
