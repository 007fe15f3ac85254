//! What nobody knows, and the answers of administrators.

use app::backend::{Administration, Matching, TypedAlias};
use app::error::PortalError;
use sqlx::PgPool;

use super::yard::{Yard, account};
use crate::house::{fields, hours, start};

fn says(side: &str, key: &str, meaning: &str) -> TypedAlias {
    TypedAlias {
        side: side.into(),
        source: "logs".into(),
        key: key.into(),
        meaning: meaning.into(),
        choice: "is".into(),
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_not_known_is_listed_by_key_with_counts_and_one_answer_matches_all_of_it(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let admin = yard.house.administrator("Tom Berg").await;
    let ben = yard.ben().await;
    let grant = yard.held(&ben, yard.read, start() - hours(1), None).await;
    for n in 0..5 {
        yard.report(&n.to_string(), |event| event.actor = account("BO-77")).await;
    }
    yard.house.set(start() + hours(1));
    yard.report("5", |event| event.actor = account("bo-77 ")).await;
    yard.report("6", |event| event.target.resource = Some("Table 7".into())).await;
    yard.work().await;
    let waiting = yard.house.portal.waiting(&admin).await.unwrap();
    assert_eq!(waiting.actors.len(), 1);
    let asked = &waiting.actors[0];
    assert_eq!(
        (asked.key.as_str(), asked.source.as_str(), asked.reports, asked.is_more),
        ("account:bo-77", "logs", 6, false)
    );
    assert_eq!((asked.first_at, asked.last.recorded_at), (start(), start() + hours(1)));
    assert_eq!(waiting.targets[0].key, "databases/table 7/");
    assert_eq!(yard.house.portal.overview(&admin).await.unwrap().unmatched, 2);

    let before: String = sqlx::query_scalar(
        "select md5(string_agg(e::text, '' order by id)) from event e where class = 'usage'",
    )
    .fetch_one(&yard.house.pool)
    .await
    .unwrap();
    yard.house.portal.answer(&admin, &says("actor", "account:bo-77", "ben@example.com")).await.unwrap();
    let gone = yard.house.portal.waiting(&admin).await.unwrap();
    assert!(gone.actors.is_empty(), "it leaves the list at once");
    assert_eq!(gone.said[0].meaning, "Ben Okafor");
    yard.work_by(4).await;
    let links = yard.links().await;
    assert!(
        links[..6].iter().all(|link| link.person == Some(ben.id().0) && link.grant == Some(grant)),
        "{links:?}"
    );
    let after: String = sqlx::query_scalar(
        "select md5(string_agg(e::text, '' order by id)) from event e where class = 'usage'",
    )
    .fetch_one(&yard.house.pool)
    .await
    .unwrap();
    assert_eq!(before, after, "what was logged stays as it is");
    let told: (String, Option<uuid::Uuid>) =
        sqlx::query_as("select action, subject_id from event where action like 'alias.%'")
            .fetch_one(&yard.house.pool)
            .await
            .unwrap();
    assert_eq!(told, ("alias.set".to_owned(), Some(ben.id().0)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_target_is_said_to_be_a_resource_or_an_entitlement_of_one(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let admin = yard.house.administrator("Tom Berg").await;
    let ben = yard.ben().await;
    let grant = yard.held(&ben, yard.read, start() - hours(1), None).await;
    yard.report("1", |event| event.target.resource = Some("table 7".into())).await;
    yard.work().await;
    let slug: String = sqlx::query_scalar("select slug from resource where id = $1")
        .bind(yard.resource)
        .fetch_one(&yard.house.pool)
        .await
        .unwrap();
    let key = "databases/table 7/";
    yard.house.portal.answer(&admin, &says("target", key, &slug)).await.unwrap();
    yard.work().await;
    let link = yard.links().await.remove(0);
    assert_eq!((link.resource, link.entitlement, link.grant), (Some(yard.resource), None, Some(grant)));
    yard.house.portal.answer(&admin, &says("target", key, &format!("{slug}/READ"))).await.unwrap();
    yard.work().await;
    let link = yard.links().await.remove(0);
    assert_eq!((link.entitlement, link.grant), (Some(yard.read.0), Some(grant)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_here_leaves_the_list_and_what_was_said_can_be_taken_back(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let admin = yard.house.administrator("Tom Berg").await;
    let ben = yard.ben().await;
    yard.report("1", |event| event.actor = account("robot")).await;
    yard.work().await;
    let nobody = TypedAlias { choice: "nobody".into(), ..says("actor", "account:robot", "") };
    yard.house.portal.answer(&admin, &nobody).await.unwrap();
    yard.work().await;
    let waiting = yard.house.portal.waiting(&admin).await.unwrap();
    assert!(waiting.actors.is_empty() && waiting.said[0].meaning == "nobody here");
    assert_eq!(yard.links().await[0].person, None);
    yard.house.portal.answer(&admin, &says("actor", "account:robot", "Ben Okafor")).await.unwrap();
    yard.work().await;
    assert_eq!(yard.links().await[0].person, Some(ben.id().0));
    let forget = TypedAlias { choice: "forget".into(), ..nobody };
    yard.house.portal.answer(&admin, &forget).await.unwrap();
    yard.work().await;
    assert_eq!(yard.links().await[0].person, None);
    assert_eq!(yard.house.portal.waiting(&admin).await.unwrap().actors.len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_answer_that_cannot_be_meant_is_refused_at_its_field(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let admin = yard.house.administrator("Tom Berg").await;
    for _ in 0..2 {
        yard.house.person("Jo Smith").await;
    }
    yard.report("1", |event| {
        event.actor = account("x");
        event.target.resource = Some("y".into());
    })
    .await;
    yard.work().await;
    let target = "databases/y/";
    for (side, key, meaning) in [
        ("actor", "account:x", " "),
        ("actor", "account:x", "missing@example.com"),
        ("actor", "account:x", "Jo Smith"),
        ("target", target, ""),
        ("target", target, "missing"),
    ] {
        let refused = yard.house.portal.answer(&admin, &says(side, key, meaning)).await.unwrap_err();
        assert_eq!(fields(&refused), ["meaning"], "{meaning}");
    }
    let nothing = TypedAlias { choice: String::new(), ..says("actor", "account:x", "") };
    assert_eq!(fields(&yard.house.portal.answer(&admin, &nothing).await.unwrap_err()), ["choice"]);
    let unasked = yard.house.portal.answer(&admin, &says("actor", "account:other", "Tom Berg")).await;
    assert!(matches!(unasked, Err(PortalError::NotFound)), "{unasked:?}");
    let refused = yard.house.portal.answer(&yard.house.owner, &says("actor", "account:x", "Tom Berg")).await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    assert_eq!(yard.house.count("select count(*) from event_relink").await, 0);
}
