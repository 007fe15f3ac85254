//! Exports in the background when something is in the way.

use std::time::Duration;

use domain::export::ExportState;
use server::jobs::exporter::{Bounds, Wait, round};
use server::jobs::sequencer;
use server::portal::export::Format;
use sqlx::PgPool;

use super::{ask, events, fetch, fill, newest, number, signed_in, work};
use crate::house::{House, hours, start};

/// Every such write is refused for want of room, the first so many times.
async fn full_at_first(pool: &PgPool, write: &str, times: i32) {
    for statement in [
        "create sequence if not exists tried".to_owned(),
        "alter sequence tried restart".to_owned(),
        format!(
            "create or replace function full_disk() returns trigger language plpgsql as $$
             begin
               if nextval('tried') <= {times} then raise exception 'no room' using errcode = 'disk_full'; end if;
               return new;
             end $$"
        ),
        format!("create trigger full_disk before {write} for each row execute function full_disk()"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_disk_that_is_full_for_a_while_costs_no_attempt(pool: PgPool) {
    let wait = Wait { pause: Duration::ZERO, longest: Duration::from_secs(60) };
    let bounds = Bounds { wait, ..Bounds::default() };
    let house = House::new(pool.clone()).await;
    let ada = signed_in(&house, "Ada Audit", true).await;
    ask(&house, &ada, "", Format::Csv).await.unwrap();
    number(&house.store).await;
    let writes =
        [("insert on export_chunk", "export_chunk"), ("update of ended_at on export_job", "export_job")];
    for (write, _) in writes {
        full_at_first(&pool, write, 7).await;
    }
    assert!(round(&house.store, bounds).await.unwrap());
    assert_eq!(newest(&house, &ada).await.state, ExportState::Done);
    assert_eq!(house.count("select attempt::bigint from export_job").await, 1);
    assert_eq!(house.count("select last_value from tried").await, 9, "seven were refused");

    // For so long, and no longer: then it is begun anew.
    ask(&house, &ada, "", Format::Csv).await.unwrap();
    number(&house.store).await;
    sqlx::query("alter sequence tried restart").execute(&pool).await.unwrap();
    let impatient = Bounds { wait: Wait { longest: Duration::ZERO, ..wait }, ..bounds };
    round(&house.store, impatient).await.unwrap_err();
    assert_eq!(newest(&house, &ada).await.state, ExportState::Running);
    for (_, table) in writes {
        let drop = format!("drop trigger full_disk on {table}");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&pool).await.unwrap();
    }
    work(&house).await;
    assert_eq!(newest(&house, &ada).await.state, ExportState::Done);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_export_does_without_knowing_how_long_it_will_be(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let ada = signed_in(&house, "Ada Audit", true).await;
    ask(&house, &ada, "", Format::Csv).await.unwrap();
    sqlx::query(
        "alter table export_job add constraint unknown check (events_expected is null or state = 'done')",
    )
    .execute(&pool)
    .await
    .unwrap();
    work(&house).await;
    assert_eq!(newest(&house, &ada).await.state, ExportState::Done);
    assert_eq!(house.count("select attempt::bigint from export_job").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_being_written_when_it_was_asked_for_is_not_in_it_whether_or_not_it_is_indexed(
    pool: PgPool,
) {
    let house = House::new(pool.clone()).await;
    let ada = signed_in(&house, "Ada Audit", true).await;
    fill(&house, 20).await;
    let mut batch = pool.begin().await.unwrap();
    sqlx::query(
        "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin)
         select gen_random_uuid(), 'usage', $1, $1::timestamptz, 'person', 'late', 'resource.accessed', 'success', 'slow'
         from generate_series(1, 5)",
    )
    .bind(start() - hours(1))
    .execute(&mut *batch)
    .await
    .unwrap();
    for _ in 0..2 {
        ask(&house, &ada, "action:resource.*", Format::Csv).await.unwrap();
    }
    number(&house.store).await;
    batch.commit().await.unwrap();
    sequencer::catch_up(&house.store).await.unwrap();
    assert!(house.count("select max(position) from event_position").await > 22);
    // First as it is, then with the batch in the index.
    assert!(round(&house.store, Bounds::default()).await.unwrap());
    work(&house).await;
    let listed = app::backend::Exports::list(&house.portal, &ada).await.unwrap();
    for row in listed {
        let file = fetch(&house, &ada, &row.id).await.unwrap();
        assert_eq!(events(&file, Format::Csv).len(), 20);
    }
    ask(&house, &ada, "action:resource.*", Format::Csv).await.unwrap();
    work(&house).await;
    let file = fetch(&house, &ada, &newest(&house, &ada).await.id).await.unwrap();
    assert_eq!(events(&file, Format::Csv).len(), 25);
}
