//! Each event counts once, and alerts count what happens again.

use chrono::TimeDelta;
use server::jobs::judge;
use sqlx::PgPool;
use store::SessionLock;

use super::bench::Bench;
use crate::house::start;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_happens_again_while_an_alert_is_open_counts_and_tells_nobody(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    for name in ["1", "2"] {
        bench.yard.report(name, |_| ()).await;
    }
    bench.work().await;
    bench.yard.report("3", |_| ()).await;
    assert_eq!(bench.alert_of("use-not-covered").await.times, 3);
    let house = &bench.yard.house;
    assert_eq!(house.count("select count(*) from alert_event").await, 3);
    assert_eq!(house.count("select count(*) from event where action = 'alert.raised'").await, 1);
    assert_eq!(house.count("select count(*) from alert_step").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_happens_again_after_it_was_resolved_is_another_alert(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.yard.report("1", |_| ()).await;
    bench.work().await;
    bench.resolve("use-not-covered", "true", None).await;
    bench.after(TimeDelta::minutes(1));
    bench.yard.report("2", |_| ()).await;
    let states: Vec<_> = bench.raised().await.into_iter().map(|alert| (alert.state, alert.times)).collect();
    assert_eq!(states, [("resolved".into(), 1), ("open".into(), 1)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_accepted_counts_until_its_end_and_is_open_again_from_then_on(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.yard.report("1", |_| ()).await;
    bench.work().await;
    let end = start() + TimeDelta::days(30);
    bench.resolve("use-not-covered", "accepted", Some(end)).await;
    bench.after(TimeDelta::days(30) - TimeDelta::seconds(1));
    bench.yard.report("2", |_| ()).await;
    let alert = bench.alert_of("use-not-covered").await;
    assert_eq!((alert.state.as_str(), alert.times), ("resolved", 2));
    bench.after(TimeDelta::days(30));
    bench.yard.report("3", |_| ()).await;
    let alert = bench.alert_of("use-not-covered").await;
    assert_eq!((alert.state.as_str(), alert.times), ("open", 3));
    assert_eq!(bench.yard.house.count("select count(*) from event where action = 'alert.reopened'").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn batches_of_any_size_come_to_the_same_and_a_new_judge_remembers_what_was_counted(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.denied("a", 12).await;
    bench.yard.work().await;
    let house = &bench.yard.house;
    let rules = server::rules::built_in().unwrap();
    let mut came_to = Vec::new();
    for batch in [1, 3, 1_000] {
        for table in ["alert_step", "alert_event", "alert", "alert_memory", "acquaintance"] {
            sqlx::query(sqlx::AssertSqlSafe(format!("delete from {table}")))
                .execute(&house.pool)
                .await
                .unwrap();
        }
        sqlx::query("delete from book_reader where name = 'judge'").execute(&house.pool).await.unwrap();
        judge::catch_up_by(&house.store, &rules, batch).await.unwrap();
        let mut raised = bench.raised().await;
        raised.sort_by(|a, b| a.rule.cmp(&b.rule));
        came_to.push(raised);
    }
    assert_eq!(came_to[0].len(), 1, "{came_to:?}");
    assert_eq!((came_to[0][0].rule.as_str(), came_to[0][0].times), ("denied-burst", 12));
    assert!(came_to.windows(2).all(|pair| pair[0] == pair[1]), "{came_to:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_judge_counts_on_where_another_stopped(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.denied("a", 6).await;
    bench.work().await;
    bench.after(TimeDelta::seconds(6));
    bench.denied("b", 6).await;
    let alert = bench.alert_of("denied-burst").await;
    assert_eq!(alert.times, 12);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_judges_beside_another(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.yard.report("1", |_| ()).await;
    let lock = SessionLock::try_judging(&bench.yard.house.store).await.unwrap().unwrap();
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
    lock.release().await;
    assert_eq!(bench.fired().await, ["use-not-covered"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_judge_that_lost_its_lock_unknowingly_changes_nothing(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.yard.report("1", |_| ()).await;
    bench.yard.work().await;
    let store = &bench.yard.house.store;
    let batch = store::judging::next(store, 0, 10).await.unwrap();
    let rules = server::rules::built_in().unwrap();
    let mut judge = server::judge::Judge::new(rules, std::collections::HashMap::new()).unwrap();
    let (findings, learned) = judge.judge(&batch.events).unwrap();
    assert_eq!(findings.len(), 1);
    assert!(store::judging::finish(store, &batch, &learned, &findings).await.unwrap());
    assert!(!store::judging::finish(store, &batch, &learned, &findings).await.unwrap());
    assert_eq!(bench.alert_of("use-not-covered").await.times, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_judge_behind_another_writes_nothing_of_what_comes_next_either(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.denied("a", 6).await;
    bench.yard.work().await;
    let store = &bench.yard.house.store;
    let rules = server::rules::built_in().unwrap();
    let begun = store::judging::begin(store).await.unwrap();
    let mut behind = server::judge::Judge::new(rules, begun.memory).unwrap();
    // Another takes over, and judges what this one has not seen.
    bench.work().await;
    bench.after(TimeDelta::seconds(6));
    bench.denied("b", 3).await;
    bench.yard.work().await;
    let batch = store::judging::next(store, begun.position, 100).await.unwrap();
    let (findings, learned) = behind.judge(&batch.events).unwrap();
    assert!(!store::judging::finish(store, &batch, &learned, &findings).await.unwrap());
    bench.after(TimeDelta::seconds(9));
    bench.denied("c", 3).await;
    assert_eq!(bench.alert_of("denied-burst").await.times, 12);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_host_that_is_always_behind_is_counted_across_batches(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    for number in 0..10 {
        let at = bench.after(TimeDelta::seconds(number * 10));
        for (host, behind) in [("now", TimeDelta::zero()), ("behind", TimeDelta::minutes(30))] {
            bench
                .yard
                .report(&format!("{host}{number}"), |event| {
                    event.outcome = domain::audit::Outcome::Denied;
                    event.actor = crate::linking::yard::named(host);
                    event.occurred_at = at - behind;
                })
                .await;
        }
        bench.work().await;
    }
    let mut told: Vec<_> = bench.raised().await.into_iter().map(|alert| alert.sentence).collect();
    told.sort();
    let burst = |host: &str| format!("{host} was denied 10 times within five minutes");
    assert_eq!(told, [burst("behind"), burst("now")]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_worse_case_of_an_open_alert_makes_it_as_severe(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.yard.report("1", |_| ()).await;
    assert_eq!(bench.alert_of("use-not-covered").await.severity, "medium");
    bench.set_sensitivity("critical").await;
    bench.yard.report("2", |_| ()).await;
    assert_eq!(bench.alert_of("use-not-covered").await.severity, "critical");
    bench.set_sensitivity("low").await;
    bench.yard.report("3", |_| ()).await;
    assert_eq!(bench.alert_of("use-not-covered").await.severity, "critical");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_comes_in_late_is_judged_and_says_so(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.yard.report_at("1", start() - TimeDelta::minutes(14)).await;
    bench.work().await;
    let late = "select coalesce(max(late_seconds), 0) from alert";
    assert_eq!(bench.yard.house.count(late).await, 0);
    bench.yard.report_at("2", start() - TimeDelta::days(3)).await;
    bench.work().await;
    assert_eq!(bench.yard.house.count(late).await, 3 * 86_400);
    assert_eq!(bench.alert_of("use-not-covered").await.times, 2);
}

/// A file that names the newest first does not make a burst of what lay hours apart.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_lay_apart_is_no_burst_because_it_comes_in_at_once_and_backwards(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    for number in 0..12 {
        bench
            .yard
            .report(&format!("{number}"), |event| {
                event.outcome = domain::audit::Outcome::Denied;
                event.occurred_at = start() - TimeDelta::hours(number);
            })
            .await;
    }
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_burst_that_comes_in_late_and_backwards_is_told(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.denied("now", 1).await;
    bench.work().await;
    for number in 0..10 {
        bench
            .yard
            .report(&format!("{number}"), |event| {
                event.outcome = domain::audit::Outcome::Denied;
                event.occurred_at = start() - TimeDelta::days(2) - TimeDelta::seconds(number);
            })
            .await;
    }
    assert_eq!(bench.alert_of("denied-burst").await.times, 10);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_installation_with_a_past_is_told_of_what_comes_not_of_what_was(pool: PgPool) {
    let bench = Bench::open(pool).await;
    bench.yard.ben().await;
    bench.yard.report("1", |_| ()).await;
    bench.yard.work().await;
    // As the migration does, which finds a book that was linked.
    sqlx::query("insert into book_reader (name, position) select 'judge', last_position from event_sequence")
        .execute(&bench.yard.house.pool)
        .await
        .unwrap();
    assert_eq!(bench.fired().await, <[&str; 0]>::default());
    bench.yard.report("2", |_| ()).await;
    assert_eq!(bench.fired().await, ["use-not-covered"]);
}
