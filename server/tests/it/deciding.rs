//! Who may decide, and what a decision does.

use app::backend::{Approvals, Requests, TypedDecision};
use app::error::PortalError;
use domain::policy::Deciders;
use domain::request::Term;
use domain::span::Span;
use sqlx::PgPool;

use crate::house::{House, fields, start};

fn decision(id: domain::id::RequestId, verdict: &str) -> TypedDecision {
    TypedDecision { id: id.to_string(), verdict: verdict.into(), ..TypedDecision::default() }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_decides_their_own_not_even_as_administrator_and_owner(pool: PgPool) {
    let house = House::new(pool).await;
    let read = house.entitlement("read").await;
    let own = house.ask(&house.owner, read).await;
    let view = house.portal.show(&house.owner, own).await.unwrap();
    assert!(matches!(view.row.deciders, Some(Deciders::Held { .. })), "no other owner, no administrator");
    let refused = house.decide(&house.owner, own, "approve").await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");

    let admin = house.administrator("Tom Berg").await;
    assert_eq!(house.portal.queue(&admin).await.unwrap().len(), 1, "falls back to the administrators");
    let second = house.entitlement("admin").await;
    let admins_own = house.ask(&admin, second).await;
    assert!(matches!(house.decide(&admin, admins_own, "approve").await, Err(PortalError::Forbidden(_))));
    assert_eq!(house.count("select count(*) from event where action = 'access.denied'").await, 2);
    assert_eq!(house.count("select count(*) from access_grant").await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_administrator_whose_role_has_lapsed_decides_nothing(pool: PgPool) {
    let house = House::new(pool).await;
    let mut admin = house.administrator("Tom Berg").await;
    let read = house.entitlement("read").await;
    let own = house.ask(&house.owner, read).await;
    admin.roles.administrator = false;
    assert_eq!(house.portal.queue(&admin).await.unwrap().len(), 0);
    assert_eq!(house.decide(&admin, own, "approve").await, Err(PortalError::NotFound));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_may_decide_is_looked_up_when_deciding(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, cleo) = (house.person("Ben Okafor").await, house.person("Cleo Marsh").await);
    let read = house.entitlement("read").await;
    let id = house.ask(&ben, read).await;
    let resource = sqlx::query_scalar("select resource_id from entitlement where id = $1")
        .bind(read.0)
        .fetch_one(&house.pool)
        .await
        .unwrap();
    house.own(&cleo, "resource_id", resource).await;
    sqlx::query("delete from owner where person_id = $1")
        .bind(house.owner.id().0)
        .execute(&house.pool)
        .await
        .unwrap();
    assert_eq!(house.decide(&house.owner, id, "approve").await, Err(PortalError::NotFound), "removed since");
    house.decide(&cleo, id, "approve").await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_denial_says_why_and_closes_the_request_for_good(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let id = house.ask(&ben, read).await;
    let error = house.portal.decide(&house.owner, &decision(id, "deny")).await.unwrap_err();
    assert_eq!(fields(&error), ["summary"]);
    house.decide(&house.owner, id, "deny").await.unwrap();
    for verdict in ["approve", "deny"] {
        assert!(matches!(house.decide(&house.owner, id, verdict).await, Err(PortalError::Conflict(_))));
    }
    assert_eq!(house.story(id).await, ["request.submitted", "request.denied"]);
    assert_eq!(house.portal.show(&ben, id).await.unwrap().thread[1].said.as_deref(), Some("As agreed."));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn from_high_sensitivity_on_an_approval_says_why_too(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let system = house.system("manual", serde_json::json!({})).await;
    let high = house.entitlement_on(system, "read", "high").await;
    let id = house.ask(&ben, high).await;
    let error = house.portal.decide(&house.owner, &decision(id, "approve")).await.unwrap_err();
    assert_eq!(fields(&error), ["summary"]);
    house.decide(&house.owner, id, "approve").await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn critical_access_needs_a_fresh_sign_in_and_an_unknown_one_is_not_fresh(pool: PgPool) {
    let mut house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let system = house.system("manual", serde_json::json!({})).await;
    let critical = house.entitlement_on(system, "root", "critical").await;
    let id = house.ask(&ben, critical).await;
    for stale in [None, Some(start() - chrono::TimeDelta::minutes(16))] {
        house.owner.authenticated_at = stale;
        assert_eq!(house.decide(&house.owner, id, "approve").await, Err(PortalError::SignInAgain));
    }
    house.owner.authenticated_at = Some(start() - chrono::TimeDelta::minutes(15));
    house.decide(&house.owner, id, "approve").await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_approval_may_shorten_and_keeps_what_was_asked_but_never_lengthens(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let id = house.ask(&ben, read).await;
    let with = |shorter: &str| TypedDecision { shorter: shorter.into(), ..decision(id, "approve") };
    for bad in ["5 hours", "soon", "2026-11-24", "9 weeks"] {
        let error = house.portal.decide(&house.owner, &with(bad)).await.unwrap_err();
        assert_eq!(fields(&error), ["shorter"], "{bad}");
    }
    house.portal.decide(&house.owner, &with("2 hours")).await.unwrap();
    let view = house.portal.show(&ben, id).await.unwrap();
    assert_eq!(view.asked.expect("filed here").term, Term::Lasting(Span::hours(4)));
    assert_eq!(view.given.unwrap().term, Term::Lasting(Span::hours(2)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn todays_limit_holds_when_deciding_even_if_it_was_wider_at_filing(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let id = house.ask(&ben, read).await;
    sqlx::query(
        "insert into policy_version (id, entitlement_id, version, pending_seconds, access_max_seconds,
            rationale_required, created_at) values (gen_random_uuid(), $1, 2, 604800, 3600, true, $2)",
    )
    .bind(read.0)
    .bind(start())
    .execute(&house.pool)
    .await
    .unwrap();
    let error = house.portal.decide(&house.owner, &decision(id, "approve")).await.unwrap_err();
    let PortalError::Invalid(faults) = &error else { panic!("{error:?}") };
    assert!(
        faults[0].message.contains("1 hour, the limit of the policy for read on payments-prod (version 2)")
    );
    let shorter = TypedDecision { shorter: "1 hour".into(), ..decision(id, "approve") };
    house.portal.decide(&house.owner, &shorter).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn after_deciding_the_next_one_is_there(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let (read, admin) = (house.entitlement("read").await, house.entitlement("admin").await);
    let first = house.ask(&ben, read).await;
    house.set(start() + chrono::TimeDelta::minutes(1));
    let second = house.ask(&ben, admin).await;
    let waiting = async || -> Vec<_> {
        house.portal.queue(&house.owner).await.unwrap().into_iter().map(|row| row.id).collect()
    };
    assert_eq!(waiting().await, [first, second]);
    house.portal.decide(&house.owner, &decision(first, "approve")).await.unwrap();
    assert_eq!(waiting().await, [second]);
    house.portal.decide(&house.owner, &decision(second, "approve")).await.unwrap();
    assert!(waiting().await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_item_tells_what_speaks_for_and_against(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let first = house.ask(&ben, read).await;
    house.decide(&house.owner, first, "deny").await.unwrap();
    let again = house.ask(&ben, read).await;
    let item = house.portal.item(&house.owner, again).await.unwrap();
    assert_eq!(item.department, "Payments");
    assert_eq!(item.earlier.len(), 1);
    assert_eq!(item.earlier[0].summary.as_deref(), Some("As agreed."));
    assert!(item.peers.is_none() && item.explained_by.is_empty() && !item.has_job_roles);
    assert_eq!(item.rationale.as_deref(), Some("To look into the failed payouts of Monday."));
}
