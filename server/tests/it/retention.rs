//! The months of the book: made ahead, and use let go when it has been kept long enough.

use chrono::TimeDelta;
use server::jobs::{holdings, linker, sequencer};
use server::retention::{RetentionArgs, command};
use sqlx::PgPool;
use store::retention::keep_partitions;

use crate::house::{House, hours, start};

async fn months(house: &House, class: &'static str) -> Vec<String> {
    sqlx::query_scalar(
        "select right(c.relname, 7) from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = ('event_' || $1)::regclass order by 1",
    )
    .bind(class)
    .fetch_all(&house.pool)
    .await
    .unwrap()
}

async fn set(house: &House, usage_months: Option<u32>) -> String {
    let args = RetentionArgs { usage_months, usage_for_ever: usage_months.is_none() };
    command(&house.store, &args).await.unwrap()
}

/// One use in this month and one in each of the six before it.
async fn used(house: &House) {
    for month in 0..7 {
        let at = start() - TimeDelta::days(30 * month);
        sqlx::query("select event_ensure_partitions($1)").bind(at).execute(&house.pool).await.unwrap();
        sqlx::query(
            "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin)
             values (gen_random_uuid(), 'usage', $1, $1, 'person', 'ana', 'resource.accessed', 'success', 'collector')",
        )
        .bind(at)
        .execute(&house.pool)
        .await
        .unwrap();
    }
}

async fn caught_up(house: &House) {
    sequencer::catch_up(&house.store).await.unwrap();
    linker::catch_up(&house.store).await.unwrap();
    holdings::catch_up(&house.store).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_next_month_is_there_before_it_begins_and_everything_is_kept_unless_somebody_says_so(
    pool: PgPool,
) {
    let house = House::new(pool).await;
    used(&house).await;
    assert!(keep_partitions(&house.store).await.unwrap().is_empty());
    for class in ["governance", "usage", "search_governance", "search_usage"] {
        let months = months(&house, class).await;
        assert!(months.contains(&"2026_12".to_owned()), "{class}: {months:?}");
    }
    assert_eq!(house.count("select count(*) from event where class = 'usage'").await, 7);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn use_goes_after_its_months_with_an_event_each_and_who_had_what_stays(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    house.granted(&ben, read).await;
    house.set(start() + hours(1));
    used(&house).await;
    caught_up(&house).await;
    let held = "select count(*) from holding where opened_at is not null";
    let (held_before, governance) =
        (house.count(held).await, house.count("select count(*) from event where class = 'governance'").await);
    assert_eq!(set(&house, Some(3)).await, "What was used is kept for 3 months; governance for ever.");
    let gone = keep_partitions(&house.store).await.unwrap();
    // November is this month; August, September and October are kept with it.
    assert_eq!(months(&house, "usage").await.first().map(String::as_str), Some("2026_08"));
    assert_eq!(months(&house, "search_usage").await.first().map(String::as_str), Some("2026_08"));
    assert!(months(&house, "governance").await.first().is_some_and(|month| month.as_str() < "2026_08"));
    assert!(!gone.is_empty() && gone.iter().all(|name| name.as_str() < "event_usage_2026_08"), "{gone:?}");
    let told = house.count("select count(*) from event where action = 'partition.dropped'").await;
    assert_eq!(usize::try_from(told), Ok(gone.len()));
    assert_eq!(house.count("select count(*) from event where action = 'retention.changed'").await, 1);
    let after = house.count("select count(*) from event where class = 'governance'").await;
    assert_eq!(after, governance + told + 1, "nothing of governance is gone");
    assert!(keep_partitions(&house.store).await.unwrap().is_empty(), "once");
    // What is made anew from the book comes to the same.
    store::holding::forget(&house.store).await.unwrap();
    store::link::forget(&house.store).await.unwrap();
    caught_up(&house).await;
    assert_eq!(house.count(held).await, held_before);
    let left = house.count("select count(*) from event").await;
    assert_eq!(house.count("select count(*) from event_search").await, left);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nothing_goes_before_its_time_by_the_clock_of_the_database(pool: PgPool) {
    let house = House::new(pool).await;
    set(&house, Some(3)).await;
    sqlx::raw_sql(
        "select event_ensure_partitions(clock_timestamp());
         insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin)
         values (gen_random_uuid(), 'usage', now(), now(), 'person', 'ana', 'resource.accessed', 'success', 'collector');
         select event_keep_partitions(clock_timestamp() + interval '50 years')",
    )
    .execute(&house.pool)
    .await
    .unwrap();
    assert_eq!(house.count("select count(*) from event where class = 'usage'").await, 1);
    let told =
        "select count(*) from event where action = 'partition.dropped' and recorded_at > clock_timestamp()";
    assert_eq!(house.count(told).await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn how_long_is_told_without_a_change_and_saying_the_same_again_is_none(pool: PgPool) {
    let house = House::new(pool).await;
    let how = RetentionArgs { usage_months: None, usage_for_ever: false };
    assert_eq!(command(&house.store, &how).await.unwrap(), "Everything is kept for ever.");
    set(&house, Some(24)).await;
    set(&house, Some(24)).await;
    assert_eq!(
        command(&house.store, &how).await.unwrap(),
        "What was used is kept for 24 months; governance for ever."
    );
    assert_eq!(set(&house, None).await, "Everything is kept for ever.");
    assert_eq!(house.count("select count(*) from event where action = 'retention.changed'").await, 2);
    let bounds =
        "select count(*) from pg_constraint where conrelid = 'retention'::regclass and contype = 'c'";
    assert_eq!(house.count(bounds).await, 2);
}
