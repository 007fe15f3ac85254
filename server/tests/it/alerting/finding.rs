//! Finding alerts, and what is shown of each.

use app::backend::{AlertList, Alerts, AlertsWanted, Audit as _};
use app::error::PortalError;
use chrono::TimeDelta;
use domain::caller::Caller;
use server::jobs::{linker, sequencer};
use sqlx::PgPool;

use super::raised::{Raised, resource_of};
use super::{Post, list};
use crate::house::{hours, start};

fn names(list: &AlertList) -> Vec<&str> {
    list.rows.iter().map(|row| row.sentence.trim_start_matches("Alert number ")).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_alert_is_on_exactly_one_page_whatever_came_at_the_same_time(pool: PgPool) {
    let post = Post::stand(pool).await;
    for number in 2..=120 {
        // Forty at a time are of one moment.
        let at = start() + hours(i64::try_from(number / 40).unwrap());
        Raised::new(number, at).on(post.resource).raise(&post.house.pool).await;
    }
    let mut wanted = AlertsWanted::default();
    let mut found: Vec<String> = Vec::new();
    let mut pages = 0;
    loop {
        let page = list(&post.house, &post.ana, &wanted).await;
        found.extend(names(&page).into_iter().map(str::to_owned));
        pages += 1;
        if page.next.is_empty() {
            break;
        }
        assert_eq!(page.rows.len(), 50);
        assert_eq!(page.states[0].count, 120);
        wanted.older = page.next;
    }
    let expected: Vec<String> = (1..=120).rev().map(|number| number.to_string()).collect();
    assert_eq!((found, pages), (expected, 3));
    assert_eq!(post.house.portal.waiting(&post.ana).await.unwrap().count, 100, "no further is counted");
    for older in ["nonsense", "MTIz"] {
        let wanted = AlertsWanted { older: older.into(), ..AlertsWanted::default() };
        let answer = Alerts::list(&post.house.portal, &post.ana, &wanted).await;
        assert_eq!(answer.err(), Some(PortalError::NotFound), "{older}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_list_is_narrowed_by_state_severity_rule_person_and_resource_and_says_how_many_there_are(
    pool: PgPool,
) {
    let post = Post::stand(pool).await;
    let house = &post.house;
    let low = Raised { rule: "denied-burst", severity: "low", ..Raised::new(2, start()) };
    low.about(&post.stranger).on(post.resource).raise(&house.pool).await;
    Raised { severity: "low", ..Raised::new(3, start() + hours(1)) }.raise(&house.pool).await;
    post.resolve(&post.ana, "false", "", "It was the backup.").await.unwrap();
    let slug: String = sqlx::query_scalar("select slug from resource where id = $1")
        .bind(post.resource)
        .fetch_one(&house.pool)
        .await
        .unwrap();
    let wanted = AlertsWanted::default;
    for (wanted, expected) in [
        (wanted(), &["3", "2"][..]),
        (AlertsWanted { state: "all".into(), ..wanted() }, &["3", "2", "1"]),
        (AlertsWanted { state: "open".into(), ..wanted() }, &["3", "2"]),
        (AlertsWanted { state: "acknowledged".into(), ..wanted() }, &[]),
        (AlertsWanted { state: "resolved".into(), ..wanted() }, &["1"]),
        (AlertsWanted { severity: "high".into(), state: "all".into(), ..wanted() }, &["1"]),
        (AlertsWanted { rule: "denied-burst".into(), ..wanted() }, &["2"]),
        (AlertsWanted { person: post.ben.id().to_string(), state: "all".into(), ..wanted() }, &["1"]),
        (AlertsWanted { resource: slug.clone(), ..wanted() }, &["2"]),
    ] {
        let list = list(house, &post.auditor, &wanted).await;
        assert_eq!(names(&list), expected, "{wanted:?}");
        let chosen = list.states.iter().find(|facet| facet.value == wanted.state).unwrap();
        assert_eq!(chosen.count, expected.len(), "{wanted:?}");
    }
    for wanted in [
        AlertsWanted { state: "closed".into(), ..wanted() },
        AlertsWanted { severity: "worst".into(), ..wanted() },
        AlertsWanted { person: "ben".into(), ..wanted() },
        AlertsWanted { resource: "missing".into(), ..wanted() },
    ] {
        let answer = Alerts::list(&house.portal, &post.auditor, &wanted).await;
        assert_eq!(answer.err(), Some(PortalError::NotFound), "{wanted:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn trends_count_week_by_week_what_the_reader_sees_and_how_soon_somebody_looked(pool: PgPool) {
    let post = Post::stand(pool).await;
    let house = &post.house;
    // The first moment of the twelve weeks, and the one before it.
    let since = start() - TimeDelta::weeks(12);
    Raised::new(2, since).on(post.resource).raise(&house.pool).await;
    Raised::new(3, since - TimeDelta::microseconds(1)).on(post.resource).raise(&house.pool).await;
    Raised { rule: "denied-burst", ..Raised::new(4, start()) }.raise(&house.pool).await;
    post.resolve(&post.ana, "false", "", "It was the backup.").await.unwrap();
    let trends = house.portal.trends(&post.auditor).await.unwrap();
    assert_eq!(
        trends.rules.iter().filter_map(|rule| rule.address.as_deref()).collect::<Vec<_>>(),
        ["use-not-covered", "denied-burst"]
    );
    let [not_covered, _] = trends.rules.as_slice() else { panic!("{trends:?}") };
    assert_eq!(not_covered.weeks, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!((not_covered.unresolved, not_covered.resolved, not_covered.found_false), (1, 1, 1));
    assert_eq!(not_covered.looked_at_seconds, Some(2 * 60 * 60), "it was raised two hours ago");
    assert_eq!(trends.resources.len(), 1, "what is on nothing is on no resource");
    let own = house.portal.trends(&post.ana).await.unwrap();
    assert_eq!((own.rules.len(), own.resources.len()), (1, 1), "only what is hers");
    assert!(house.portal.trends(&post.stranger).await.unwrap().rules.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn evidence_is_shown_oldest_first_and_what_was_let_go_is_said_to_be_gone(pool: PgPool) {
    let post = Post::stand(pool).await;
    let house = &post.house;
    let write = house.entitlement("write").await;
    house.granted(&post.ben, write).await;
    sequencer::catch_up(&house.store).await.unwrap();
    linker::catch_up(&house.store).await.unwrap();
    sqlx::query(
        "insert into alert_event select $1, p.position from event_position p join event e on e.id = p.event_id
         where e.action in ('request.submitted', 'request.approved')",
    )
    .bind(post.alert.0)
    .execute(&house.pool)
    .await
    .unwrap();
    // A position whose event its month took along.
    sqlx::query(
        "with let_go as (insert into event_position (position, event_id, class, recorded_at)
           select max(position) + 1, gen_random_uuid(), 'usage', '2020-01-01' from event_position returning position)
         insert into alert_event select $1, position from let_go",
    )
    .bind(post.alert.0)
    .execute(&house.pool)
    .await
    .unwrap();
    sqlx::query("update alert set times = 7").execute(&house.pool).await.unwrap();
    let view = Alerts::show(&house.portal, &post.ana, post.alert).await.unwrap();
    let actions: Vec<_> = view.evidence.iter().map(|one| one.event.action.as_str()).collect();
    assert_eq!(actions, ["request.submitted", "request.approved"]);
    assert_eq!((view.gone, view.row.times), (1, 7));
    assert!(view.evidence.iter().all(|one| one.is_open && one.event.reason.is_some()));
    // To whom it was handed reads what happened, but not what was said about it.
    post.hand_over(&post.ana, "Kim Vale").await.unwrap();
    let view = Alerts::show(&house.portal, &post.stranger, post.alert).await.unwrap();
    assert_eq!(view.evidence.len(), 2);
    assert!(view.evidence.iter().all(|one| !one.is_open && one.event.reason.is_none()));
    for one in &view.evidence {
        let opened = house.portal.event(&post.stranger, one.event.id).await;
        assert_eq!(opened.err(), Some(PortalError::NotFound));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn similar_ones_and_the_count_of_a_rule_show_no_more_than_the_reader_sees(pool: PgPool) {
    let post = Post::stand(pool).await;
    let house = &post.house;
    let other = house.person("Oda Lind").await;
    let elsewhere = house.entitlement("write").await;
    let elsewhere = resource_of(&house.pool, elsewhere).await;
    sqlx::query("delete from owner where resource_id = $1")
        .bind(elsewhere)
        .execute(&house.pool)
        .await
        .unwrap();
    house.own(&other, "resource_id", elsewhere).await;
    for number in 2..9 {
        Raised::new(number, start()).about(&post.ben).on(elsewhere).raise(&house.pool).await;
    }
    let last = Raised::new(9, start()).about(&post.ben).on(post.resource).raise(&house.pool).await;
    let similar = async |caller: &Caller| {
        let view = Alerts::show(&house.portal, caller, last).await.unwrap();
        view.similar.iter().map(|row| row.sentence.clone()).collect::<Vec<_>>()
    };
    assert_eq!(similar(&post.ana).await, ["Alert number 1"]);
    assert_eq!(similar(&post.auditor).await.len(), 5, "the newest five");
    post.resolve(&post.ana, "false", "", "It was the backup.").await.unwrap();
    let counts = async |caller: &Caller| {
        let rule = house.portal.rule(caller, "use-not-covered").await.unwrap();
        (rule.rule.raised, rule.rule.resolved, rule.rule.found_false, rule.latest.len())
    };
    assert_eq!(counts(&post.ana).await, (2, 1, 1, 2));
    assert_eq!(counts(&post.auditor).await, (9, 1, 1, 9));
    assert_eq!(counts(&post.stranger).await, (0, 0, 0, 0));
    let mut later = post.auditor.clone();
    later.called_at = start() + TimeDelta::days(30);
    assert_eq!(counts(&later).await, (8, 0, 0, 9), "what is older than thirty days is not counted");
    assert_eq!(house.portal.rule(&post.ana, "missing").await.err(), Some(PortalError::NotFound));
    let rules = house.portal.rules(&post.stranger).await.unwrap();
    assert!(rules.is_sorted_by_key(|rule| std::cmp::Reverse(rule.severity)), "the worst first");
}
