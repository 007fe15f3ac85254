//! Alerts as a rule would have raised them.

use chrono::{DateTime, Utc};
use domain::caller::Caller;
use domain::id::{AlertId, EntitlementId};
use sqlx::PgPool;
use uuid::Uuid;

/// An alert to be raised.
pub struct Raised {
    pub number: u128,
    pub rule: &'static str,
    pub severity: &'static str,
    pub about: Option<Caller>,
    pub resource: Option<Uuid>,
    pub system: Option<Uuid>,
    pub at: DateTime<Utc>,
}

impl Raised {
    /// The alert of this number: use of nothing by nobody that no grant covers.
    pub fn new(number: u128, at: DateTime<Utc>) -> Self {
        Self {
            number,
            rule: "use-not-covered",
            severity: "high",
            about: None,
            resource: None,
            system: None,
            at,
        }
    }

    pub fn id(&self) -> AlertId {
        AlertId(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + self.number))
    }

    pub fn about(mut self, caller: &Caller) -> Self {
        self.about = Some(caller.clone());
        self
    }

    pub fn on(mut self, resource: Uuid) -> Self {
        self.resource = Some(resource);
        self
    }

    pub async fn raise(self, pool: &PgPool) -> AlertId {
        let id = self.id();
        sqlx::query(
            "insert into alert (id, rule, title, severity, key, sentence, person_id, system_id, resource_id,
               raised_at, first_at, last_at, times)
             values ($1, $2, 'Use that no grant covers', $3, $4, $5, $6, $7, $8, $9, $9, $9, 1)",
        )
        .bind(id.0)
        .bind(self.rule)
        .bind(self.severity)
        .bind(format!("key {}", self.number))
        .bind(format!("Alert number {}", self.number))
        .bind(self.about.as_ref().map(|about| about.id().0))
        .bind(self.system)
        .bind(self.resource)
        .bind(self.at)
        .execute(pool)
        .await
        .unwrap();
        sqlx::query(
            "insert into alert_step (alert_id, event_id, at, kind, by_name)
             values ($1, gen_random_uuid(), $2, 'raised', 'Gatebook')",
        )
        .bind(id.0)
        .bind(self.at)
        .execute(pool)
        .await
        .unwrap();
        id
    }
}

/// The resource that an entitlement is on.
pub async fn resource_of(pool: &PgPool, entitlement: EntitlementId) -> Uuid {
    sqlx::query_scalar("select resource_id from entitlement where id = $1")
        .bind(entitlement.0)
        .fetch_one(pool)
        .await
        .unwrap()
}
