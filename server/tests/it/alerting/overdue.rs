//! Alerts that nobody takes up.

use app::backend::{Alerts, AlertsWanted};
use domain::alert::Severity;
use domain::alert::overdue::patience;
use server::jobs::escalator;
use sqlx::PgPool;

use super::raised::Raised;
use super::{Post, list};
use crate::house::{hours, start};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn administrators_hear_once_of_an_alert_that_nobody_takes_up_in_time(pool: PgPool) {
    let post = Post::stand(pool).await;
    let house = &post.house;
    let raised = start() - hours(2);
    let due = raised + patience(Severity::High);
    house.set(due - hours(1) / 3600);
    assert_eq!(escalator::all(&house.store).await.unwrap(), 0, "the second before");
    house.set(due);
    let (one, other) = tokio::join!(escalator::all(&house.store), escalator::all(&house.store));
    assert_eq!(one.unwrap() + other.unwrap(), 1, "whoever is first");
    assert_eq!(escalator::all(&house.store).await.unwrap(), 0, "once");
    assert_eq!(post.story().await, ["alert.escalated"]);
    let mut later = post.auditor.clone();
    later.called_at = due;
    let wanted = AlertsWanted { state: "overdue".into(), ..AlertsWanted::default() };
    let found = list(house, &later, &wanted).await;
    assert!(found.rows.len() == 1 && found.rows[0].is_overdue);
    let facet = found.states.iter().find(|facet| facet.value == "overdue").unwrap();
    assert_eq!(facet.count, 1);
    let mut ana = post.ana.clone();
    ana.called_at = due;
    post.take_up(&ana).await.unwrap();
    assert!(list(house, &later, &wanted).await.rows.is_empty(), "somebody looks at it");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_taken_up_or_resolved_in_time_is_never_overdue_and_what_opens_again_waits_anew(
    pool: PgPool,
) {
    let post = Post::stand(pool).await;
    let house = &post.house;
    post.take_up(&post.ana).await.unwrap();
    let second = Raised::new(2, start()).on(post.resource).raise(&house.pool).await;
    sqlx::query(
        "update alert set state = 'resolved', verdict = 'accepted', accepted_until = raised_at, resolved_at = raised_at
         where id = $1",
    )
    .bind(second.0)
    .execute(&house.pool)
    .await
    .unwrap();
    house.set(start() + hours(1_000));
    assert_eq!(escalator::all(&house.store).await.unwrap(), 0);
    // As it opens again.
    sqlx::query(
        "update alert set state = 'open', verdict = null, accepted_until = null, resolved_at = null, opened_at = $2
         where id = $1",
    )
    .bind(second.0)
    .bind(start() + hours(1_000))
    .execute(&house.pool)
    .await
    .unwrap();
    assert_eq!(escalator::all(&house.store).await.unwrap(), 0);
    house.set(start() + hours(1_000) + patience(Severity::High));
    assert_eq!(escalator::all(&house.store).await.unwrap(), 1);
    let view = Alerts::show(&house.portal, &post.auditor, second).await.unwrap();
    assert_eq!(view.steps.last().unwrap().kind, "escalated");
}
