//! Each rule that comes with Gatebook: a story in which it fires, the nearest in which it does not, and the boundary.

use app::backend::{Access as _, Alerts as _, AlertsWanted, TypedRequest};
use chrono::TimeDelta;
use domain::audit::Outcome;
use domain::usage::{OutsideTarget, UsageAction};
use sqlx::PgPool;

use super::bench::Bench;
use crate::house::start;
use crate::linking::yard::{by_email, named};

const SECOND: TimeDelta = TimeDelta::seconds(1);

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn use_that_no_grant_covers_is_told_and_covered_use_is_not(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let ben = bench.yard.ben().await;
    bench.yard.report("1", |_| ()).await;
    let alert = bench.alert_of("use-not-covered").await;
    assert_eq!(alert.sentence, "Ben Okafor used payments-prod, and no grant covers it");
    assert_eq!((alert.severity.as_str(), alert.person), ("medium", Some(ben.id().0)));
    let eva = bench.yard.with_email("Eva Lang", "eva@example.com").await;
    bench.yard.opened(&eva, bench.yard.read).await;
    bench.after(SECOND);
    bench.yard.report("2", |event| event.actor = by_email("eva@example.com")).await;
    assert_eq!(bench.fired().await, ["use-not-covered"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn use_of_something_critical_that_no_grant_covers_is_critical(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.set_sensitivity("critical").await;
    bench.yard.report("1", |_| ()).await;
    assert_eq!(bench.alert_of("use-not-covered").await.severity, "critical");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nothing_is_told_of_an_actor_whom_nobody_knows_as_whether_they_were_covered_cannot_be_told(
    pool: PgPool,
) {
    let bench = Bench::open(pool).await;
    bench.yard.report("1", |event| event.actor = named("root")).await;
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn use_after_the_end_is_told_from_its_very_moment_on_and_the_second_before_is_not(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let ben = bench.yard.ben().await;
    let (since, end) = (start() - TimeDelta::hours(2), start() - TimeDelta::minutes(5));
    bench.yard.held(&ben, bench.yard.read, since, Some(end)).await;
    bench.yard.report_at("1", end - SECOND).await;
    assert_eq!(bench.fired().await, <[&str; 0]>::default(), "covered");
    bench.yard.report_at("2", end).await;
    let alert = bench.alert_of("use-after-end").await;
    assert_eq!(alert.sentence, "Ben Okafor used payments-prod after their access to it had ended");
    assert_eq!(alert.severity, "high");
    // Before all of it, nothing covered it, and nothing had ended.
    bench.yard.report_at("3", since - SECOND).await;
    assert_eq!(bench.fired().await, ["use-after-end", "use-not-covered"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_permission_that_ended_long_ago_is_not_the_reason_while_another_is_held(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let ben = bench.yard.ben().await;
    let admin: uuid::Uuid = sqlx::query_scalar(
        "insert into entitlement (id, resource_id, name, target, created_at)
         values (gen_random_uuid(), $1, 'admin', 'admin', $2) returning id",
    )
    .bind(bench.yard.resource)
    .bind(start())
    .fetch_one(&bench.yard.house.pool)
    .await
    .unwrap();
    let long_ago = start() - TimeDelta::days(700);
    bench.yard.held(&ben, admin.into(), long_ago - TimeDelta::days(1), Some(long_ago)).await;
    bench.yard.held(&ben, bench.yard.read, start() - TimeDelta::hours(1), None).await;
    bench.yard.report("1", |event| event.target.entitlement = Some("admin".into())).await;
    assert_eq!(bench.fired().await, ["use-not-covered"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_has_left_or_is_suspended_is_told_when_active_and_whoever_works_here_is_not(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let ben = bench.yard.ben().await;
    bench.yard.opened(&ben, bench.yard.read).await;
    bench.after(SECOND);
    bench.yard.report("1", |_| ()).await;
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
    bench.set_status(ben.id(), "left").await;
    bench.yard.report("2", |event| event.outcome = Outcome::Denied).await;
    assert_eq!(bench.fired().await, <[&str; 0]>::default(), "they did not get in");
    bench.yard.report("3", |_| ()).await;
    let alert = bench.alert_of("use-by-somebody-gone").await;
    assert_eq!(alert.sentence, "Ben Okafor, who has left, was active at payments-prod");
    bench.set_status(ben.id(), "suspended").await;
    bench.yard.report("4", |_| ()).await;
    let alert = bench.alert_of("use-by-somebody-gone").await;
    assert_eq!(alert.sentence, "Ben Okafor, who is suspended, was active at payments-prod");
    assert_eq!(alert.times, 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_somebody_did_before_they_left_and_the_end_of_their_session_are_not_told(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let ben = bench.yard.ben().await;
    bench.yard.held(&ben, bench.yard.read, start() - TimeDelta::hours(8), Some(start())).await;
    sqlx::query("update person set status = 'left', status_since = $2 where id = $1")
        .bind(ben.id().0)
        .bind(start())
        .execute(&bench.yard.house.pool)
        .await
        .unwrap();
    bench.yard.report_at("1", start() - SECOND).await;
    let closed = UsageAction::parse(UsageAction::SESSION_CLOSED).unwrap();
    bench.yard.report("2", |event| event.action = closed).await;
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
    bench.yard.report_at("3", start()).await;
    assert_eq!(bench.fired().await, ["use-by-somebody-gone"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_first_use_of_something_critical_is_told_once_and_of_something_high_is_not(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let ben = bench.yard.ben().await;
    bench.yard.opened(&ben, bench.yard.read).await;
    bench.after(SECOND);
    bench.set_sensitivity("high").await;
    bench.yard.report("1", |_| ()).await;
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
    bench.set_sensitivity("critical").await;
    bench.yard.report("2", |_| ()).await;
    assert_eq!(bench.fired().await, <[&str; 0]>::default(), "they had been there");
    let eva = bench.yard.with_email("Eva Lang", "eva@example.com").await;
    bench.set_sensitivity("medium").await;
    bench.yard.opened(&eva, bench.yard.read).await;
    bench.set_sensitivity("critical").await;
    bench.after(SECOND * 2);
    for name in ["3", "4"] {
        bench.yard.report(name, |event| event.actor = by_email("eva@example.com")).await;
    }
    let alert = bench.alert_of("first-use-of-critical").await;
    assert_eq!((alert.times, alert.severity.as_str()), (1, "low"));
    assert_eq!(alert.sentence, "Eva Lang used payments-prod for the first time");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn ten_denied_attempts_within_five_minutes_are_told_and_nine_are_not(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.denied("a", 9).await;
    assert!(!bench.fired().await.contains(&"denied-burst".to_owned()));
    bench.after(SECOND * 9);
    bench.denied("b", 1).await;
    let alert = bench.alert_of("denied-burst").await;
    assert_eq!(alert.sentence, "Ben Okafor was denied 10 times within five minutes");
    assert_eq!(alert.times, 10);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_tenth_denied_attempt_counts_until_five_minutes_after_the_first_and_not_a_second_longer(
    pool: PgPool,
) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.denied("a", 9).await;
    bench.after(TimeDelta::minutes(5) + SECOND);
    bench.denied("b", 1).await;
    assert!(!bench.fired().await.contains(&"denied-burst".to_owned()), "the first is forgotten");
    bench.denied("c", 1).await;
    assert_eq!(bench.alert_of("denied-burst").await.times, 10, "eight of before and two of now");
}

/// Entitlements on so many resources, asked for by Ben now, one by one.
async fn asked(bench: &Bench, count: usize) {
    let ben = bench.yard.ben().await;
    for number in 0..count {
        let what = bench.yard.house.entitlement_on(bench.yard.system, &format!("role{number}"), "low").await;
        bench.after(SECOND * i32::try_from(number).unwrap());
        bench.yard.house.ask(&ben, what).await;
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn requests_for_ten_resources_within_an_hour_are_told(pool: PgPool) {
    let bench = Bench::open(pool).await;
    asked(&bench, 10).await;
    let alert = bench.alert_of("request-storm").await;
    assert_eq!(alert.sentence, "Ben Okafor asked for access to 10 resources within an hour");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn requests_for_nine_resources_within_an_hour_are_not_told(pool: PgPool) {
    let bench = Bench::open(pool).await;
    asked(&bench, 9).await;
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
}

/// Asks, is denied in the same second, and asks again after `wait`; answers what was told before and after that.
async fn asked_again(bench: &Bench, wait: TimeDelta) -> (Vec<String>, Vec<String>) {
    let ben = bench.yard.ben().await;
    let house = &bench.yard.house;
    let request = house.ask(&ben, bench.yard.read).await;
    house.decide(&house.owner, request, "deny").await.unwrap();
    let before = bench.fired().await;
    bench.after(wait);
    house.ask(&ben, bench.yard.read).await;
    (before, bench.fired().await)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_denied_and_is_asked_for_again_within_a_week_is_told(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let (before, after) = asked_again(&bench, TimeDelta::days(7)).await;
    assert_eq!((before.len(), after.len()), (0, 1), "{before:?} {after:?}");
    let alert = bench.alert_of("asked-again-after-denial").await;
    assert_eq!(
        alert.sentence,
        "read on payments-prod was asked for again for Ben Okafor after it had been denied"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_denied_and_is_asked_for_again_a_second_after_a_week_is_not_told(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let (_, after) = asked_again(&bench, TimeDelta::days(7) + SECOND).await;
    assert_eq!(after, <[&str; 0]>::default());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_who_approve_each_other_are_told_and_one_who_approves_another_twice_is_not(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let (ana, house) = (bench.yard.house.owner.clone(), &bench.yard.house);
    let ben = bench.yard.ben().await;
    for number in 0..2 {
        let what = house.entitlement_on(bench.yard.system, &format!("a{number}"), "low").await;
        house.granted(&ben, what).await;
    }
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
    let bens = house.entitlement_on(bench.yard.system, "b", "low").await;
    sqlx::query("update owner set person_id = $1 where resource_id = (select resource_id from entitlement where id = $2)")
        .bind(ben.id().0)
        .bind(bens.0)
        .execute(&house.pool)
        .await
        .unwrap();
    let request = house.try_ask(&ana, &TypedRequest { ..crate::house::typed(bens) }).await.unwrap();
    house.decide(&ben, request, "approve").await.unwrap();
    let alert = bench.alert_of("approving-each-other").await;
    assert_eq!(alert.sentence, "Ben Okafor and Ana Ruiz approve each other’s requests");
    // Neither of the two hears of it, whatever they own.
    for one in [&ana, &ben] {
        let told = house.portal.list(one, &AlertsWanted::default()).await.unwrap();
        assert!(told.rows.is_empty(), "{told:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn access_that_could_not_be_closed_where_it_was_opened_is_told_and_one_that_was_is_not(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let ben = bench.yard.ben().await;
    let grant = bench.yard.opened(&ben, bench.yard.read).await;
    bench.after(TimeDelta::hours(5));
    bench.yard.house.work().await;
    bench.yard.house.portal.attest(&bench.yard.house.owner, grant, "").await.unwrap();
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
    let mut tx = bench.yard.house.store.begin().await.unwrap();
    let mut event = domain::audit::NewEvent::by_system(domain::audit::Action::GrantRemovalFailed);
    event.grant_id = Some(grant);
    event.subject = Some(ben.person.clone());
    event.about.resource_id = Some(bench.yard.resource.into());
    tx.record(event.clone()).await.unwrap();
    tx.commit(event).await.unwrap();
    let alert = bench.alert_of("removal-failed").await;
    assert_eq!(
        alert.sentence,
        "The access of Ben Okafor to payments-prod could not be closed where it was opened"
    );
    assert_eq!((alert.times, alert.person), (2, Some(ben.id().0)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn something_that_loses_its_last_owner_is_told(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let tx = bench.yard.house.store.begin().await.unwrap();
    let mut event = domain::audit::NewEvent::by_system(domain::audit::Action::OwnerLost);
    event.about.resource_id = Some(bench.yard.resource.into());
    event.about.resource = Some("payments-prod".into());
    tx.commit(event).await.unwrap();
    assert_eq!(bench.alert_of("owner-lost").await.sentence, "payments-prod has no active owner any more");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_report_of_something_else_than_use_does_not_count_as_use(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench
        .yard
        .report("1", |event| {
            event.action = UsageAction::parse("session.started").unwrap();
            event.target = OutsideTarget::default();
        })
        .await;
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
}
