//! What is accepted beyond a single alert is counted and not told, until its end.

use app::backend::{Acting as _, Alerts as _, Audit as _, TypedSuppressionEnd, TypedVerdict};
use app::error::PortalError;
use chrono::TimeDelta;
use domain::alert::suppression::Reach;
use domain::caller::Caller;
use domain::id::EventId;
use sqlx::PgPool;
use uuid::Uuid;

use super::bench::Bench;
use crate::house::{fields, start};
use crate::linking::yard::by_email;

impl Bench {
    /// Somebody uses the resource, and no grant covers it.
    async fn used(&self, id: &str, email: &str) {
        self.yard.report(id, |event| event.actor = by_email(email)).await;
    }

    async fn accept(&self, caller: &Caller, reach: Reach) -> Result<(), PortalError> {
        self.work().await;
        let id: Uuid = sqlx::query_scalar("select id from alert where state <> 'resolved'")
            .fetch_one(&self.yard.house.pool)
            .await
            .unwrap();
        let typed = TypedVerdict {
            id: id.to_string(),
            verdict: "accepted".into(),
            until: "2026-12-24".into(),
            reason: "The migration runs until then.".into(),
            reach: reach.as_str().into(),
        };
        self.yard.house.portal.resolve(caller, &typed).await
    }

    /// How often something was not told.
    async fn kept_silent(&self) -> i64 {
        self.work().await;
        self.yard.house.count("select coalesce(sum(times), 0)::bigint from suppression").await
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_accepted_on_a_resource_is_counted_for_whoever_it_is_and_told_again_after_its_end(
    pool: PgPool,
) {
    let bench = Bench::open(pool).await;
    let house = &bench.yard.house;
    let admin = house.administrator("Dev Raman").await;
    bench.yard.with_email("Eva Lang", "eva@example.com").await;
    bench.yard.with_email("Kim Vale", "kim@example.com").await;
    bench.used("1", "eva@example.com").await;
    bench.accept(&admin, Reach::Resource).await.unwrap();
    bench.after(TimeDelta::hours(1));
    bench.used("2", "kim@example.com").await;
    assert_eq!(bench.fired().await, ["use-not-covered"], "Kim's is not told");
    assert_eq!(bench.kept_silent().await, 1);
    let shown = house.portal.suppressions(&admin).await.unwrap();
    assert!(shown[0].may_end && shown[0].times == 1 && shown[0].person.is_none());
    let told = house
        .count(
            "select count(*) from event where action = 'suppression.made' and reason like 'The migration%'",
        )
        .await;
    assert_eq!(told, 1);
    // The last moment of it, and the first after it.
    let end = crate::house::at("2026-12-24T23:59:59Z");
    bench.after(end - start() - TimeDelta::seconds(1));
    bench.used("3", "kim@example.com").await;
    assert_eq!((bench.fired().await.len(), bench.kept_silent().await), (1, 2));
    bench.after(end - start());
    bench.used("4", "kim@example.com").await;
    assert_eq!((bench.fired().await.len(), bench.kept_silent().await), (2, 2));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_accepted_of_one_person_says_nothing_of_another(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let admin = bench.yard.house.administrator("Dev Raman").await;
    bench.yard.with_email("Eva Lang", "eva@example.com").await;
    bench.yard.with_email("Kim Vale", "kim@example.com").await;
    bench.used("1", "eva@example.com").await;
    bench.accept(&admin, Reach::Both).await.unwrap();
    bench.after(TimeDelta::hours(1));
    bench.used("2", "eva@example.com").await;
    bench.used("3", "kim@example.com").await;
    assert_eq!(bench.fired().await, ["use-not-covered", "use-not-covered"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn ended_before_its_time_it_is_told_again_and_the_book_says_who_ended_it(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let house = &bench.yard.house;
    let admin = house.administrator("Dev Raman").await;
    let stranger = house.person("Oda Lind").await;
    let mut auditor = house.person("Chiara Lindt").await;
    auditor.roles.auditor = true;
    bench.yard.with_email("Eva Lang", "eva@example.com").await;
    bench.yard.with_email("Kim Vale", "kim@example.com").await;
    bench.used("1", "eva@example.com").await;
    bench.accept(&admin, Reach::Resource).await.unwrap();
    let id = house.portal.suppressions(&admin).await.unwrap()[0].id.to_string();
    let end = async |caller: &Caller| {
        house.portal.end_suppression(caller, &TypedSuppressionEnd { id: id.clone() }).await
    };
    assert!(house.portal.suppressions(&stranger).await.unwrap().is_empty());
    assert_eq!(end(&stranger).await, Err(PortalError::NotFound));
    assert!(!house.portal.suppressions(&auditor).await.unwrap()[0].may_end);
    assert!(matches!(end(&auditor).await, Err(PortalError::Forbidden(_))));
    bench.after(TimeDelta::hours(1));
    end(&admin).await.unwrap();
    assert!(matches!(end(&admin).await, Err(PortalError::Conflict(_))), "once");
    bench.used("2", "kim@example.com").await;
    assert_eq!(bench.fired().await.len(), 2);
    assert_eq!(house.count("select count(*) from event where action = 'suppression.ended'").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn owners_accept_for_what_they_own_and_only_administrators_for_all_that_somebody_does(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let house = &bench.yard.house;
    let (owner, admin) = (house.person("Ana Lund").await, house.administrator("Dev Raman").await);
    sqlx::query("insert into owner (person_id, resource_id) values ($1, $2)")
        .bind(owner.id().0)
        .bind(bench.yard.resource)
        .execute(&house.pool)
        .await
        .unwrap();
    bench.yard.with_email("Eva Lang", "eva@example.com").await;
    bench.used("1", "eva@example.com").await;
    assert_eq!(fields(&bench.accept(&owner, Reach::Person).await.unwrap_err()), ["reach"]);
    assert_eq!(house.count("select count(*) from suppression").await, 0, "nothing half-written");
    bench.accept(&owner, Reach::Both).await.unwrap();
    assert_eq!(house.portal.suppressions(&owner).await.unwrap().len(), 1);
    bench.after(TimeDelta::hours(1));
    bench.yard.with_email("Kim Vale", "kim@example.com").await;
    bench.used("2", "kim@example.com").await;
    bench.accept(&admin, Reach::Person).await.unwrap();
    assert_eq!(house.count("select count(*) from suppression where resource_id is null").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whom_a_silence_is_about_does_not_read_of_it_in_the_book(pool: PgPool) {
    let bench = Bench::open(pool).await;
    let house = &bench.yard.house;
    let admin = house.administrator("Dev Raman").await;
    let eva = bench.yard.with_email("Eva Lang", "eva@example.com").await;
    bench.used("1", "eva@example.com").await;
    bench.accept(&admin, Reach::Both).await.unwrap();
    let id = house.portal.suppressions(&admin).await.unwrap()[0].id.to_string();
    bench.after(TimeDelta::hours(1));
    house.portal.end_suppression(&admin, &TypedSuppressionEnd { id }).await.unwrap();
    bench.work().await;
    let events: Vec<Uuid> = sqlx::query_scalar("select id from event where action like 'suppression.%'")
        .fetch_all(&house.pool)
        .await
        .unwrap();
    assert_eq!(events.len(), 2);
    for id in events {
        assert!(house.portal.event(&admin, EventId(id)).await.is_ok());
        assert_eq!(house.portal.event(&eva, EventId(id)).await.err(), Some(PortalError::NotFound));
    }
}
