//! Two people at once: exactly one decision, at most one grant.

use app::backend::Requests;
use server::jobs;
use sqlx::PgPool;
use store::{Clock, Store};

use crate::house::{House, hours, start};

/// Races of each pair; `GATEBOOK_RACES=1000` makes the long run that releases get.
fn rounds() -> usize {
    std::env::var("GATEBOOK_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

/// What two servers may do to the same pending request at once.
const MOVES: [&str; 4] = ["approve", "deny", "cancel", "expire"];

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whatever_two_servers_do_at_once_exactly_one_wins(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    // The second server, with a clock past the deadline where it expires.
    let late = Store::new(pool, Clock::fixed(start() + hours(7 * 24)));
    let mut illegal = 0;
    for round in 0..rounds() {
        for one in MOVES {
            for other in MOVES {
                let request = house.ask(&ben, read).await;
                let act = async |what: &str| match what {
                    "cancel" => house.portal.cancel(&ben, request).await.is_ok(),
                    // Its job does more than expire, so the book says below whether it did.
                    "expire" => jobs::tick(&late, &[]).await.is_ok(),
                    verdict => house.decide(&house.owner, request, verdict).await.is_ok(),
                };
                futures::join!(act(one), act(other));
                let story = house.story(request).await;
                let closings = story.iter().filter(|action| action.starts_with("request.")).count() - 1;
                let closed = house.portal.show(&ben, request).await.unwrap().row.state;
                let grants = house.count("select count(*) from access_grant").await;
                if closings != 1
                    || !story.contains(&format!("request.{closed}"))
                    || grants != i64::from(closed == "approved")
                {
                    illegal += 1;
                    eprintln!("round {round}: {one} against {other}: {closed}, {story:?}, {grants} grants");
                }
                sqlx::query("delete from access_grant").execute(&house.pool).await.unwrap();
            }
        }
    }
    assert_eq!(illegal, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_forms_sent_at_once_make_one_request(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    for _ in 0..rounds() {
        let read = house.entitlement("read").await;
        let typed = crate::house::typed(read);
        let (a, b) = futures::join!(house.portal.submit(&ben, &typed), house.portal.submit(&ben, &typed));
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    }
    let requests = house.count("select count(*) from access_request").await;
    assert_eq!(usize::try_from(requests), Ok(rounds()));
    assert_eq!(house.count("select count(*) from submission").await, requests, "nothing half-written");
}
