//! A small house to test in: a clock that is set, people, and things to ask for.

use app::backend::{Access, Approvals, Requests, TypedDecision, TypedRequest};
use app::error::PortalError;
use chrono::{DateTime, TimeDelta, Utc};
use domain::caller::{Caller, Roles, Source};
use domain::id::{EntitlementId, GrantId, PersonId, RequestId, SessionId};
use domain::person::PersonRef;
use server::connectors::{self, Connector};
use server::jobs;
use server::portal::Portal;
use sqlx::PgPool;
use store::{Clock, Store};
use uuid::Uuid;

/// The house, with its owner.
pub struct House {
    pub pool: PgPool,
    pub clock: Clock,
    pub store: Store,
    pub portal: Portal,
    pub connectors: Vec<Box<dyn Connector>>,
    /// Owns every resource made by [`House::entitlement`].
    pub owner: Caller,
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn start() -> DateTime<Utc> {
    at("2026-11-23T10:00:00Z")
}

impl House {
    pub async fn new(pool: PgPool) -> Self {
        let clock = Clock::fixed(start());
        let store = Store::new(pool.clone(), clock.clone());
        let portal = Portal::new(store.clone());
        let owner = newcomer(&pool, "Ana Ruiz").await;
        Self { pool, clock, store, portal, connectors: connectors::all(), owner }
    }

    /// The same house around a store that somebody else has opened.
    pub async fn around(store: Store, owner: Caller) -> Self {
        let pool = store.pool().clone();
        let portal = Portal::new(store.clone());
        Self { pool, clock: store.clock().clone(), store, portal, connectors: connectors::all(), owner }
    }

    pub fn set(&self, now: DateTime<Utc>) {
        self.clock.set(now);
    }

    pub async fn person(&self, name: &str) -> Caller {
        newcomer(&self.pool, name).await
    }

    pub async fn administrator(&self, name: &str) -> Caller {
        let mut caller = self.person(name).await;
        caller.roles = Roles { administrator: true, auditor: false };
        sqlx::query("insert into administrator (person_id, read_at) values ($1, $2)")
            .bind(caller.id().0)
            .bind(start())
            .execute(&self.pool)
            .await
            .unwrap();
        caller
    }

    pub async fn system(&self, connector: &str, settings: serde_json::Value) -> Uuid {
        let id = Uuid::new_v4_for_tests();
        sqlx::query(
            "insert into system (id, slug, name, connector, connector_settings, created_at)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id)
        .bind(format!("s-{id}"))
        .bind("Databases")
        .bind(connector)
        .bind(settings)
        .bind(start())
        .execute(&self.pool)
        .await
        .unwrap();
        id
    }

    /// “NAME on payments-prod” of a manual system, at most 8 hours, owned by [`House::owner`].
    pub async fn entitlement(&self, name: &str) -> EntitlementId {
        let system = self.system("manual", serde_json::json!({})).await;
        self.entitlement_on(system, name, "medium").await
    }

    pub async fn entitlement_on(&self, system: Uuid, name: &str, sensitivity: &str) -> EntitlementId {
        let (resource, id) = (Uuid::new_v4_for_tests(), Uuid::new_v4_for_tests());
        sqlx::query(
            "insert into resource (id, system_id, slug, name, sensitivity, created_at)
             values ($1, $2, $3, 'payments-prod', $4, $5)",
        )
        .bind(resource)
        .bind(system)
        .bind(format!("r-{resource}"))
        .bind(sensitivity)
        .bind(start())
        .execute(&self.pool)
        .await
        .unwrap();
        sqlx::query(
            "insert into entitlement (id, resource_id, name, target, created_at) values ($1, $2, $3, $3, $4)",
        )
        .bind(id)
        .bind(resource)
        .bind(name)
        .bind(start())
        .execute(&self.pool)
        .await
        .unwrap();
        sqlx::query(
            "insert into policy_version (id, entitlement_id, version, pending_seconds, access_max_seconds,
                rationale_required, created_at) values ($1, $2, 1, 604800, 28800, true, $3)",
        )
        .bind(Uuid::new_v4_for_tests())
        .bind(id)
        .bind(start())
        .execute(&self.pool)
        .await
        .unwrap();
        self.own(&self.owner, "resource_id", resource).await;
        EntitlementId(id)
    }

    pub async fn own(&self, caller: &Caller, what: &str, id: Uuid) {
        let statement = format!("insert into owner (person_id, {what}) values ($1, $2)");
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(caller.id().0)
            .bind(id)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    pub async fn account(&self, caller: &Caller, system: Uuid, name: &str) {
        sqlx::query("insert into account (person_id, system_id, name) values ($1, $2, $3)")
            .bind(caller.id().0)
            .bind(system)
            .bind(name)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Files a request for four hours and answers its id.
    pub async fn ask(&self, caller: &Caller, entitlement: EntitlementId) -> RequestId {
        self.try_ask(caller, &typed(entitlement)).await.unwrap()
    }

    pub async fn try_ask(&self, caller: &Caller, typed: &TypedRequest) -> Result<RequestId, PortalError> {
        let submission = self.portal.submit(caller, typed).await?;
        Ok(self.portal.submission(caller, submission).await?[0].id)
    }

    pub async fn decide(&self, caller: &Caller, id: RequestId, verdict: &str) -> Result<(), PortalError> {
        let decision = TypedDecision {
            id: id.to_string(),
            verdict: verdict.to_owned(),
            summary: "As agreed.".to_owned(),
            ..TypedDecision::default()
        };
        self.portal.decide(caller, &decision).await.map(|_| ())
    }

    /// Files, approves, and answers request and grant.
    pub async fn granted(&self, caller: &Caller, entitlement: EntitlementId) -> (RequestId, GrantId) {
        let request = self.ask(caller, entitlement).await;
        self.decide(&self.owner, request, "approve").await.unwrap();
        (request, self.portal.show(caller, request).await.unwrap().row.grant.unwrap().id)
    }

    /// Lets the jobs run until nothing is left to do.
    pub async fn work(&self) {
        for _ in 0..10 {
            if jobs::tick(&self.store, &self.connectors).await.unwrap() == 0 {
                return;
            }
        }
        panic!("the jobs never come to rest");
    }

    /// The grant's state, or `gone` when the holder has nothing live.
    pub async fn state(&self, id: GrantId) -> String {
        sqlx::query_scalar("select state from access_grant where id = $1")
            .bind(id.0)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Actions in the book about this request, in order.
    pub async fn story(&self, id: RequestId) -> Vec<String> {
        sqlx::query_scalar("select action from event where request_id = $1 order by recorded_at, id")
            .bind(id.0)
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub async fn tasks(&self, caller: &Caller) -> usize {
        self.portal.tasks(caller).await.unwrap().len()
    }
}

/// Four hours of one entitlement, with a reason.
pub fn typed(entitlement: EntitlementId) -> TypedRequest {
    TypedRequest {
        entitlements: entitlement.to_string(),
        rationale: "To look into the failed payouts of Monday.".to_owned(),
        ends: "duration".to_owned(),
        duration: "4 hours".to_owned(),
        ..TypedRequest::default()
    }
}

pub fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

/// The fields that an error names.
pub fn fields(error: &PortalError) -> Vec<&str> {
    match error {
        PortalError::Invalid(fields) => fields.iter().map(|f| f.field.as_str()).collect(),
        other => panic!("not a fault of fields: {other:?}"),
    }
}

/// Somebody who has signed in already, as the use cases see them.
pub async fn caller_of(pool: &PgPool, subject: &str) -> Caller {
    let (id, name): (Uuid, String) = sqlx::query_as("select id, name from person where subject = $1")
        .bind(subject)
        .fetch_one(pool)
        .await
        .unwrap();
    caller(id, &name)
}

/// Somebody new.
pub async fn newcomer(pool: &PgPool, name: &str) -> Caller {
    let id = Uuid::new_v4_for_tests();
    sqlx::query("insert into person (id, name, department, created_at) values ($1, $2, 'Payments', $3)")
        .bind(id)
        .bind(name)
        .bind(start())
        .execute(pool)
        .await
        .unwrap();
    caller(id, name)
}

fn caller(id: Uuid, name: &str) -> Caller {
    Caller {
        person: PersonRef { id: PersonId(id), name: name.to_owned() },
        roles: Roles::default(),
        authenticated_at: Some(start()),
        session: SessionId(id),
        source: Source { origin: "web".into(), ip: Some("127.0.0.1".into()), user_agent: None },
        time_zone: chrono_tz::Tz::UTC,
        called_at: start(),
    }
}

trait ForTests {
    fn new_v4_for_tests() -> Self;
}

impl ForTests for Uuid {
    fn new_v4_for_tests() -> Self {
        #[expect(clippy::disallowed_methods, reason = "ids of test data need no clock and no order")]
        Self::new_v4()
    }
}
