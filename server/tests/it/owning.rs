//! What is left without an owner when somebody leaves or is suspended.

use app::backend::{Administration, Caller, Catalogue, Editing, People, TypedGiveUp, TypedResource};
use app::error::PortalError;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::house::House;

struct Stage {
    house: House,
    admin: Caller,
    eve: Caller,
    slug: String,
}

impl Stage {
    /// Eve owns the system alone, the resource with Ana, and “read” on it alone.
    async fn new(pool: PgPool) -> Self {
        let house = House::new(pool).await;
        let admin = house.administrator("Tom Berg").await;
        let eve = house.person("Eve Stone").await;
        let system = house.system("manual", json!({})).await;
        let read = house.entitlement_on(system, "read", "medium").await;
        let (resource, slug): (uuid::Uuid, String) =
            sqlx::query_as("select id, slug from resource").fetch_one(&house.pool).await.unwrap();
        house.own(&eve, "system_id", system).await;
        house.own(&eve, "resource_id", resource).await;
        house.own(&eve, "entitlement_id", read.0).await;
        Self { house, admin, eve, slug }
    }

    async fn status(&self, of: &Caller, status: &str) {
        self.house.portal.set_status(&self.admin, of.id(), status, "As agreed.").await.unwrap();
    }

    async fn unowned(&self) -> Vec<String> {
        let all = self.house.portal.overview(&self.admin).await.unwrap().unowned;
        all.iter().map(|one| format!("{} {}", one.kind, one.label)).collect()
    }

    async fn told(&self) -> Vec<(Option<String>, Option<String>, String)> {
        sqlx::query_as(
            "select resource_name, entitlement_name, reason from event where action = 'catalogue.owner_lost'
             order by recorded_at, id",
        )
        .fetch_all(&self.house.pool)
        .await
        .unwrap()
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_leaves_as_the_last_owner_leaves_an_event_and_a_flag_until_there_is_another(pool: PgPool) {
    let stage = Stage::new(pool).await;
    assert!(stage.unowned().await.is_empty());
    stage.status(&stage.eve, "left").await;
    assert_eq!(stage.unowned().await, ["system Databases", "entitlement read on payments-prod"]);
    let why = "Eve Stone has left, and was its last active owner.".to_owned();
    assert_eq!(
        stage.told().await,
        [(None, None, why.clone()), (Some("payments-prod".into()), Some("read".into()), why)]
    );
    let page = Catalogue::resource(&stage.house.portal, &stage.admin, &stage.slug).await.unwrap();
    assert_eq!(page.unowned.len(), 1, "just what is on the resource");
    assert_eq!(page.unowned[0].owned_by, ["Eve Stone"]);
    let ben = stage.house.person("Ben Okafor").await;
    let page = Catalogue::resource(&stage.house.portal, &ben, &stage.slug).await.unwrap();
    assert!(page.unowned.is_empty(), "others cannot change it");

    stage.status(&stage.house.owner, "suspended").await;
    assert!(stage.unowned().await.contains(&"resource payments-prod".to_owned()));
    let typed = Editing::resource(&stage.house.portal, &stage.admin, &stage.slug).await.unwrap().typed;
    let typed = TypedResource { owners: "Ben Okafor".into(), ..typed };
    stage.house.portal.save_resource(&stage.admin, &typed).await.unwrap();
    assert!(!stage.unowned().await.contains(&"resource payments-prod".to_owned()), "the flag is no copy");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn leaving_after_a_suspension_loses_nothing_twice(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.status(&stage.eve, "suspended").await;
    stage.status(&stage.eve, "left").await;
    assert_eq!(stage.told().await.len(), 2);
    stage.status(&stage.eve, "active").await;
    assert!(stage.unowned().await.is_empty(), "back at work, they own it again");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn of_two_owners_who_leave_at_once_one_is_the_last(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let (portal, ana) = (&stage.house.portal, stage.house.owner.id());
    let (one, other) = tokio::join!(
        portal.set_status(&stage.admin, stage.eve.id(), "left", "Over."),
        portal.set_status(&stage.admin, ana, "left", "Over."),
    );
    assert_eq!((one, other), (Ok(()), Ok(())));
    let of_resource = stage
        .told()
        .await
        .iter()
        .filter(|(name, entitlement, _)| name.is_some() && entitlement.is_none())
        .count();
    assert_eq!(of_resource, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn administrators_may_do_without_owners_of_its_own(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.status(&stage.eve, "left").await;
    let portal = &stage.house.portal;
    let one = portal.overview(&stage.admin).await.unwrap().unowned.remove(1).typed;
    let refused = portal.give_up_owners(&stage.house.owner, &one).await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    portal.give_up_owners(&stage.admin, &one).await.unwrap();
    assert_eq!(portal.give_up_owners(&stage.admin, &one).await, Err(PortalError::NotFound));
    assert_eq!(
        portal.give_up_owners(&stage.admin, &TypedGiveUp::default()).await,
        Err(PortalError::NotFound)
    );
    assert_eq!(stage.unowned().await, ["system Databases"]);
    let told: Value =
        sqlx::query_scalar("select detail from event where action = 'catalogue.owners_changed'")
            .fetch_one(&stage.house.pool)
            .await
            .unwrap();
    assert_eq!(told, json!({ "before": ["Eve Stone"], "after": [] }));
}
