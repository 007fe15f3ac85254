//! A house with a source that reports on one of its systems.

use app::backend::{Sources as _, TypedToken};
use chrono::{DateTime, Utc};
use domain::audit::{Actor, Outcome};
use domain::caller::{Caller, Source};
use domain::id::{EntitlementId, GrantId, SourceId, SystemId};
use domain::usage::{OutsideActor, OutsideEvent, OutsideKind, OutsideTarget, UsageAction};
use server::ingest::{self, Sender, Taken};
use server::jobs::{linker, sequencer};
use sqlx::{FromRow, PgPool};
use store::{Clock, Store};
use uuid::Uuid;

use crate::house::{House, start};

pub struct Yard {
    pub house: House,
    pub system: Uuid,
    /// `payments-prod` on the system.
    pub resource: Uuid,
    /// `read` on it.
    pub read: EntitlementId,
    pub sender: Sender,
}

/// A link, by what the source calls its report.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Linked {
    pub name: String,
    pub person: Option<Uuid>,
    pub system: Option<Uuid>,
    pub resource: Option<Uuid>,
    pub entitlement: Option<Uuid>,
    pub grant: Option<Uuid>,
    pub covered: Option<bool>,
    pub actor_key: Option<String>,
    pub target_key: Option<String>,
}

pub fn named(name: &str) -> OutsideActor {
    OutsideActor { kind: OutsideKind::Person, name: name.to_owned(), ..OutsideActor::default() }
}

pub fn by_email(email: &str) -> OutsideActor {
    OutsideActor { email: Some(email.to_owned()), ..named("ben") }
}

pub fn account(name: &str) -> OutsideActor {
    OutsideActor { account: Some(name.to_owned()), ..named(name) }
}

impl Yard {
    pub async fn open(pool: PgPool) -> Self {
        Self::around(House::new(pool).await).await
    }

    pub async fn around(house: House) -> Self {
        let system = house.system("manual", serde_json::json!({})).await;
        let read = house.entitlement_on(system, "read", "medium").await;
        let resource = sqlx::query_scalar("select resource_id from entitlement where id = $1")
            .bind(read.0)
            .fetch_one(&house.pool)
            .await
            .unwrap();
        let source: Uuid = sqlx::query_scalar(
            "insert into event_source (id, slug, name, system_id, created_at)
             values (gen_random_uuid(), 'logs', 'Logs', $1, $2) returning id",
        )
        .bind(system)
        .bind(start())
        .fetch_one(&house.pool)
        .await
        .unwrap();
        let sender = Sender {
            of: SourceId(source),
            origin: "logs".into(),
            system: Some((SystemId(system), "Databases".into())),
            by: Actor::Outside { kind: OutsideKind::Machine, name: "Host 1".into() },
            source: Source::of("api"),
        };
        Self { house, system, resource, read, sender }
    }

    /// By the database's own clock, with somebody who makes tokens.
    pub async fn by_the_clock(pool: &PgPool) -> (Self, Caller) {
        let store = Store::new(pool.clone(), Clock::Database);
        let now = store.now().await.unwrap();
        let house = House::around(store, crate::house::newcomer(pool, "Ana Ruiz").await).await;
        let mut admin = house.administrator("Tom Berg").await;
        (admin.called_at, admin.authenticated_at) = (now, Some(now));
        (Self::around(house).await, admin)
    }

    /// The secret of a new token of this source, or of one that reads where none is named.
    pub async fn token(&self, admin: &Caller, slug: &str) -> String {
        let secret = self.house.portal.offer(admin, slug, "").await.unwrap().secret;
        let (slug, name) = (slug.to_owned(), "Host 1".to_owned());
        let typed = TypedToken { slug, name, secret: secret.clone(), ..TypedToken::default() };
        self.house.portal.keep(admin, &typed).await.unwrap();
        secret
    }

    /// Ben, by his address.
    pub async fn ben(&self) -> Caller {
        self.with_email("Ben Okafor", "ben@example.com").await
    }

    pub async fn with_email(&self, name: &str, email: &str) -> Caller {
        let caller = self.house.person(name).await;
        sqlx::query("update person set email = $2 where id = $1")
            .bind(caller.id().0)
            .bind(email)
            .execute(&self.house.pool)
            .await
            .unwrap();
        caller
    }

    /// Reports that Ben used payments-prod now, or something else.
    pub async fn report(&self, name: &str, change: impl FnOnce(&mut OutsideEvent)) {
        let now = self.house.store.now().await.unwrap();
        let mut event = OutsideEvent {
            external_id: name.to_owned(),
            occurred_at: now,
            undated: false,
            action: UsageAction::parse(UsageAction::ACCESSED).unwrap(),
            outcome: Outcome::Success,
            actor: by_email("ben@example.com"),
            target: OutsideTarget { resource: Some("payments-prod".into()), ..OutsideTarget::default() },
            ip: None,
            user_agent: None,
            operation: None,
            reason: None,
            original: serde_json::json!({}),
        };
        change(&mut event);
        let taken = ingest::take(&self.house.store, &self.sender, vec![Ok(event)]).await.unwrap();
        assert!(matches!(taken[0], Taken::Stored(_)), "{taken:?}");
    }

    pub async fn report_at(&self, name: &str, at: DateTime<Utc>) {
        self.report(name, |event| event.occurred_at = at).await;
    }

    /// Numbers and links everything there is.
    pub async fn work(&self) {
        self.work_by(2_000).await;
    }

    /// The same in batches of this size.
    pub async fn work_by(&self, batch: i64) {
        sequencer::catch_up(&self.house.store).await.unwrap();
        linker::catch_up_by(&self.house.store, batch).await.unwrap();
        assert_eq!(self.house.count("select count(*) from event_relink").await, 0, "nothing is left due");
    }

    /// Every link, by the name of its report.
    pub async fn links(&self) -> Vec<Linked> {
        sqlx::query_as(
            "select e.detail->>'external_id' as name, l.person_id as person, l.system_id as system,
               l.resource_id as resource, l.entitlement_id as entitlement, l.grant_id as grant, l.covered,
               l.actor_key, l.target_key
             from event_link l join event e on e.id = l.event_id and e.recorded_at = l.recorded_at
             order by length(e.detail->>'external_id'), 1",
        )
        .fetch_all(&self.house.pool)
        .await
        .unwrap()
    }

    /// A grant of Ben's that an owner opens now.
    pub async fn opened(&self, caller: &Caller, what: EntitlementId) -> GrantId {
        use app::backend::Access as _;
        let (_, grant) = self.house.granted(caller, what).await;
        self.house.portal.attest(&self.house.owner, grant, "").await.unwrap();
        grant
    }

    /// A grant as it stands in the table, without its story.
    pub async fn held(
        &self,
        caller: &Caller,
        what: EntitlementId,
        since: DateTime<Utc>,
        closed: Option<DateTime<Utc>>,
    ) -> Uuid {
        sqlx::query_scalar(
            "insert into access_grant (id, person_id, entitlement_id, origin, state, created_at, active_since,
               closed_at, cause, removal_known)
             values (gen_random_uuid(), $1, $2, 'imported', case when $4::timestamptz is null then 'active' else 'revoked' end,
               $3, $3, $4, case when $4 is not null then 'not_recorded' end,
               case when $4 is not null then 'not_recorded' end) returning id",
        )
        .bind(caller.id().0)
        .bind(what.0)
        .bind(since)
        .bind(closed)
        .fetch_one(&self.house.pool)
        .await
        .unwrap()
    }
}
