//! Deleting from the catalogue, and what it ends.

use app::backend::{Editing, Requests, TypedDeletion, TypedEntitlement};
use app::error::PortalError;
use serde_json::json;
use sqlx::PgPool;

use crate::house::fields;
use crate::shelf::Shelf;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn deleting_denies_what_is_pending_and_takes_away_what_is_held(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let (_, grant) = shelf.held_by("Ben Okafor").await;
    let eve = shelf.house.person("Eve Stone").await;
    let pending = shelf.house.ask(&eve, shelf.read).await;
    let typed = TypedDeletion { slug: shelf.slug.clone(), ..TypedDeletion::default() };
    let error = shelf.house.portal.delete(&shelf.house.owner, &typed).await.unwrap_err();
    assert_eq!(fields(&error), ["reason"]);
    let typed = TypedDeletion { reason: "Replaced by ledger-prod.".into(), ..typed };
    shelf.house.portal.delete(&shelf.house.owner, &typed).await.unwrap();

    assert_eq!(shelf.house.state(grant).await, "revoking");
    let view = Requests::show(&shelf.house.portal, &eve, pending).await.unwrap();
    assert_eq!(view.row.state, "denied");
    assert_eq!(shelf.house.story(pending).await, ["request.submitted", "request.denied"]);
    assert_eq!(shelf.details("grant.revoking").await, [json!({ "cause": "resource_deleted" })]);
    assert_eq!(shelf.details("catalogue.resource_deleted").await, [json!({ "denied": 1, "taken_away": 1 })]);
    assert_eq!(shelf.house.portal.delete(&shelf.house.owner, &typed).await, Err(PortalError::NotFound));
    assert_eq!(shelf.house.tasks(&shelf.house.owner).await, 1, "its owner still closes it by hand");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn deleting_one_entitlement_leaves_the_others_alone(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let blank = shelf.house.portal.entitlement(&shelf.house.owner, &shelf.slug, "").await.unwrap().typed;
    let write = TypedEntitlement { name: "write".into(), ..blank };
    shelf.save(&shelf.house.owner, &write).await.unwrap();
    let (_, grant) = shelf.held_by("Ben Okafor").await;
    let typed = TypedDeletion {
        slug: shelf.slug.clone(),
        id: sqlx::query_scalar::<_, uuid::Uuid>("select id from entitlement where name = 'write'")
            .fetch_one(&shelf.house.pool)
            .await
            .unwrap()
            .to_string(),
        reason: "Nobody wrote.".into(),
    };
    shelf.house.portal.delete(&shelf.house.owner, &typed).await.unwrap();
    assert_eq!(shelf.house.state(grant).await, "active");
    assert_eq!(
        shelf.details("catalogue.entitlement_deleted").await,
        [json!({ "denied": 0, "taken_away": 0 })]
    );
}
