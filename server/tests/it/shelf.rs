//! One resource with one entitlement, and how its editors get at it.

use app::backend::{Editing, Saved, TypedEntitlement, TypedResource};
use app::error::PortalError;
use domain::caller::Caller;
use domain::id::{EntitlementId, GrantId};
use serde_json::Value;
use sqlx::PgPool;

use crate::house::House;

/// “read on payments-prod” and how to get at its forms.
pub struct Shelf {
    pub house: House,
    pub read: EntitlementId,
    pub slug: String,
}

impl Shelf {
    pub async fn new(pool: PgPool) -> Self {
        let house = House::new(pool).await;
        let read = house.entitlement("read").await;
        let slug = sqlx::query_scalar(
            "select o.slug from resource o join entitlement e on e.resource_id = o.id where e.id = $1",
        )
        .bind(read.0)
        .fetch_one(&house.pool)
        .await
        .unwrap();
        Self { house, read, slug }
    }

    pub async fn resource(&self) -> TypedResource {
        Editing::resource(&self.house.portal, &self.house.owner, &self.slug).await.unwrap().typed
    }

    pub async fn entitlement(&self) -> TypedEntitlement {
        let id = self.read.to_string();
        self.house.portal.entitlement(&self.house.owner, &self.slug, &id).await.unwrap().typed
    }

    pub async fn save_resource(&self, by: &Caller, typed: &TypedResource) -> Result<Saved, PortalError> {
        self.house.portal.save_resource(by, typed).await
    }

    pub async fn save(&self, by: &Caller, typed: &TypedEntitlement) -> Result<Saved, PortalError> {
        self.house.portal.save_entitlement(by, typed).await
    }

    pub async fn details(&self, action: &str) -> Vec<Value> {
        sqlx::query_scalar("select detail from event where action = $1 order by recorded_at, id")
            .bind(action)
            .fetch_all(&self.house.pool)
            .await
            .unwrap()
    }

    pub async fn events(&self) -> i64 {
        self.house.count("select count(*) from event").await
    }

    /// Held since now for as long as it may be.
    pub async fn held_by(&self, name: &str) -> (Caller, GrantId) {
        let caller = self.house.person(name).await;
        let (_, grant) = self.house.granted(&caller, self.read).await;
        app::backend::Access::attest(&self.house.portal, &self.house.owner, grant, "").await.unwrap();
        (caller, grant)
    }

    pub async fn ends_at(&self, grant: GrantId) -> chrono::DateTime<chrono::Utc> {
        sqlx::query_scalar("select ends_at from access_grant where id = $1")
            .bind(grant.0)
            .fetch_one(&self.house.pool)
            .await
            .unwrap()
    }
}
