//! Links that are made again: because more is known, because a linker was killed, or from the start.

use app::backend::{Administration, Editing, Matching, TypedAccount, TypedResource};
use server::import;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use store::link::{self, Step};
use store::{Clock, Store};

use super::yard::{Yard, account, by_email};
use crate::house::{hours, start};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_account_that_is_set_later_matches_what_was_done_under_it_before(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let admin = yard.house.administrator("Tom Berg").await;
    let ben = yard.ben().await;
    for n in 1..=5 {
        yard.report(&n.to_string(), |event| event.actor = account("ben_okafor")).await;
    }
    yard.work().await;
    assert!(yard.links().await.iter().all(|link| link.person.is_none()));
    let typed = TypedAccount {
        person: ben.id().to_string(),
        system: yard.system.to_string(),
        account: "ben_okafor".into(),
    };
    yard.house.portal.set_account(&admin, &typed).await.unwrap();
    yard.work_by(2).await;
    assert!(
        yard.links().await.iter().all(|link| link.person == Some(ben.id().0) && link.actor_key.is_none())
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn use_that_was_let_go_hides_nothing_and_keeps_its_links(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let admin = yard.house.administrator("Tom Berg").await;
    let ben = yard.ben().await;
    let long_ago = start() - chrono::TimeDelta::days(200);
    for at in [long_ago, start()] {
        yard.house.set(at);
        store::retention::keep_partitions(&yard.house.store).await.unwrap();
        for n in 1..=5 {
            yard.report(&format!("{n} of {at}"), |event| event.actor = account("ben_okafor")).await;
        }
        yard.report(&format!("6 of {at}"), |event| event.actor = account(&format!("only of {at}"))).await;
    }
    yard.work().await;
    assert_eq!(yard.house.portal.overview(&admin).await.unwrap().unmatched, 3);
    sqlx::raw_sql("insert into retention (class, months) values ('usage', 3)")
        .execute(&yard.house.pool)
        .await
        .unwrap();
    let gone = store::retention::keep_partitions(&yard.house.store).await.unwrap();
    assert!(gone.contains(&"event_usage_2026_05".to_owned()), "{gone:?}");
    let waiting = yard.house.portal.waiting(&admin).await.unwrap().actors;
    assert_eq!(waiting.len(), 2, "what nothing is left of asks for no answer: {waiting:?}");
    assert_eq!(yard.house.portal.overview(&admin).await.unwrap().unmatched, 2);
    let typed = TypedAccount {
        person: ben.id().to_string(),
        system: yard.system.to_string(),
        account: "ben_okafor".into(),
    };
    yard.house.portal.set_account(&admin, &typed).await.unwrap();
    yard.work_by(2).await;
    let bens = yard.links().await.iter().filter(|link| link.person == Some(ben.id().0)).count();
    assert_eq!(bens, 5, "all that is left");
    link::forget(&yard.house.store).await.unwrap();
    assert_eq!(yard.house.count("select count(*) from event_link").await, 6, "those of May");
    yard.work_by(2).await;
    assert_eq!(yard.house.count("select count(*) from event_link").await, 12);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn access_that_is_brought_in_later_covers_what_was_done_before(pool: PgPool) {
    let yard = Yard::open(pool).await;
    yard.ben().await;
    yard.report_at("1", start() - hours(3)).await;
    yard.report_at("2", start() - hours(1)).await;
    yard.work().await;
    let slug: String = sqlx::query_scalar("select slug from resource where id = $1")
        .bind(yard.resource)
        .fetch_one(&yard.house.pool)
        .await
        .unwrap();
    let csv = format!(
        "email,resource,entitlement,since,until\nben@example.com,{slug},read,2026-11-23T08:00:00Z,\n"
    );
    let file = std::env::temp_dir().join(format!("grants-{slug}.csv"));
    std::fs::write(&file, csv).unwrap();
    import::command(&yard.house.store, import::Kind::Grants, std::slice::from_ref(&file), false)
        .await
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    yard.work().await;
    let covered: Vec<_> = yard.links().await.iter().map(|link| link.covered).collect();
    assert_eq!(covered, [Some(false), Some(true)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_resource_that_is_added_later_matches_what_was_done_on_it_before(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let admin = yard.house.administrator("Tom Berg").await;
    yard.ben().await;
    yard.report("1", |event| event.target.resource = Some("Refunds".into())).await;
    yard.report("2", |event| event.target.resource = Some("Something else".into())).await;
    yard.work().await;
    let system: String = sqlx::query_scalar("select slug from system where id = $1")
        .bind(yard.system)
        .fetch_one(&yard.house.pool)
        .await
        .unwrap();
    let typed = TypedResource {
        system,
        name: "Refunds".into(),
        sensitivity: "low".into(),
        ..yard.house.portal.new_resource(&admin, "").await.unwrap().typed
    };
    let slug = yard.house.portal.add_resource(&admin, &typed).await.unwrap();
    yard.work().await;
    let links = yard.links().await;
    let found: uuid::Uuid = sqlx::query_scalar("select id from resource where slug = $1")
        .bind(slug)
        .fetch_one(&yard.house.pool)
        .await
        .unwrap();
    assert_eq!((links[0].resource, links[0].covered), (Some(found), Some(false)));
    assert_eq!((links[1].resource, links[1].covered), (None, None));
}

/// Sixty reports of three people in four ways, some with grants, some of nobody.
async fn a_busy_day(yard: &Yard) {
    let ben = yard.ben().await;
    let eva = yard.with_email("Eva Lind", "eva@example.com").await;
    yard.house.account(&eva, yard.system, "eva").await;
    yard.held(&ben, yard.read, start() - hours(5), Some(start() - hours(2))).await;
    yard.held(&ben, yard.read, start() - hours(3), None).await;
    yard.held(&eva, yard.read, start() - hours(1), None).await;
    for n in 0..60 {
        yard.report(&n.to_string(), |event| {
            event.occurred_at = start() - chrono::TimeDelta::minutes(i64::from(n) * 6);
            event.actor = match n % 4 {
                0 => by_email("ben@example.com"),
                1 => account("EVA"),
                2 => account("nobody"),
                _ => by_email("eva@example.com"),
            };
            if n % 5 == 0 {
                event.target.resource = Some("table".into());
            }
        })
        .await;
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn linking_twice_and_linking_from_the_start_come_to_the_same(pool: PgPool) {
    let yard = Yard::open(pool).await;
    a_busy_day(&yard).await;
    yard.work().await;
    let once = yard.links().await;
    assert_eq!(once.len(), 60);
    assert!(
        once.iter().any(|link| link.covered == Some(true))
            && once.iter().any(|link| link.covered == Some(false))
    );
    assert_eq!(link::step(&yard.house.store, 10).await.unwrap(), Step::Nothing);
    // Over the links that are there, in other batches.
    sqlx::query("update book_reader set position = 0").execute(&yard.house.pool).await.unwrap();
    yard.work_by(7).await;
    assert_eq!(yard.links().await, once);
    link::forget(&yard.house.store).await.unwrap();
    assert_eq!(yard.links().await, []);
    yard.work_by(11).await;
    assert_eq!(yard.links().await, once);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn while_one_links_another_stands_aside(pool: PgPool) {
    let yard = Yard::open(pool).await;
    yard.ben().await;
    yard.report("1", |_| ()).await;
    server::jobs::sequencer::catch_up(&yard.house.store).await.unwrap();
    let mut at_it = yard.house.pool.begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(7016996765293437284)").execute(&mut *at_it).await.unwrap();
    assert_eq!(link::step(&yard.house.store, 10).await.unwrap(), Step::Elsewhere);
    at_it.rollback().await.unwrap();
    yard.work().await;
    assert_eq!(yard.links().await.len(), 1);
}

/// Kills whoever links at the moment, once it waits to write.
async fn kill_the_linker(pool: &PgPool) {
    for _ in 0..100_000 {
        let killed: i64 = sqlx::query_scalar(
            "select count(pg_terminate_backend(l.pid)) from pg_locks l join pg_locks w on w.pid = l.pid and not w.granted
             where l.locktype = 'advisory' and l.granted
               and (l.classid::bigint << 32 | l.objid::bigint) = 7016996765293437284
               and l.database = (select oid from pg_database where datname = current_database())",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        if killed > 0 {
            return;
        }
    }
    panic!("no linker came to write");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn linkers_that_are_killed_at_their_work_leave_what_one_clean_run_does(pool: PgPool) {
    let yard = Yard::open(pool.clone()).await;
    a_busy_day(&yard).await;
    server::jobs::sequencer::catch_up(&yard.house.store).await.unwrap();
    // With connections of their own, so that nobody else's is killed.
    let own = PgPoolOptions::new().max_connections(2).connect_with((*pool.connect_options()).clone()).await;
    let own = Store::new(own.unwrap(), Clock::Database);
    for _ in 0..4 {
        let before = yard.links().await;
        let mut in_the_way = pool.begin().await.unwrap();
        sqlx::query("lock table event_link in exclusive mode").execute(&mut *in_the_way).await.unwrap();
        let (result, ()) = futures::join!(link::step(&own, 7), kill_the_linker(&pool));
        assert!(result.is_err(), "{result:?}");
        in_the_way.rollback().await.unwrap();
        assert_eq!(yard.links().await, before, "nothing of what was killed is there");
        // Two at once: one after the other, or one stands aside.
        let (one, other) = futures::join!(link::step(&own, 7), link::step(&yard.house.store, 7));
        let done =
            [one.unwrap(), other.unwrap()].iter().filter(|step| matches!(step, Step::Done { .. })).count();
        assert_eq!(yard.links().await.len(), before.len() + done * 7);
    }
    yard.work().await;
    let after = yard.links().await;
    assert_eq!(after.len(), 60);
    link::forget(&yard.house.store).await.unwrap();
    yard.work().await;
    assert_eq!(after, yard.links().await);
}
