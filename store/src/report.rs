//! Reports of sources: events from outside, each stored once whatever is sent again.

use chrono::{DateTime, Utc};
use domain::id::{EventId, SourceId, SystemId};
use domain::usage::OutsideEvent;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Whose reports they are.
#[derive(Debug, Clone)]
pub struct Reporter<'a> {
    /// Which source.
    pub source: SourceId,
    /// What its events carry as their origin.
    pub origin: &'a str,
    /// The system that its events are about where they do not name one, with its name.
    pub system: Option<&'a (SystemId, String)>,
}

/// What the source calls an event, as it is kept: of a source and an id together.
fn digest(source: SourceId, external_id: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(source.0.as_bytes());
    hash.update(external_id.as_bytes());
    let mut bytes = [0; 16];
    for (byte, of_hash) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = of_hash;
    }
    Uuid::from_bytes(bytes)
}

/// What of a report is kept beside what has columns of its own.
fn detail(event: &mut OutsideEvent) -> Value {
    let mut actor = Map::new();
    let known = [
        ("email", event.actor.email.take()),
        ("account", event.actor.account.take()),
        ("subject", event.actor.subject.take()),
    ];
    actor.extend(known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    let mut detail = Map::new();
    detail.insert("external_id".to_owned(), std::mem::take(&mut event.external_id).into());
    if event.undated {
        detail.insert("undated".to_owned(), true.into());
    }
    if let Some(operation) = event.operation.take() {
        detail.insert("operation".to_owned(), operation.into());
    }
    if !actor.is_empty() {
        detail.insert("actor".to_owned(), actor.into());
    }
    detail.insert("original".to_owned(), event.original.take());
    detail.into()
}

/// The columns of many reports, one after the other.
#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    digests: Vec<Uuid>,
    occurred: Vec<DateTime<Utc>>,
    kinds: Vec<&'static str>,
    names: Vec<String>,
    actions: Vec<String>,
    outcomes: Vec<&'static str>,
    system_ids: Vec<Option<Uuid>>,
    systems: Vec<Option<String>>,
    resources: Vec<Option<String>>,
    entitlements: Vec<Option<String>>,
    ips: Vec<Option<String>>,
    agents: Vec<Option<String>>,
    reasons: Vec<Option<String>>,
    details: Vec<Value>,
}

impl Columns {
    fn push(&mut self, by: &Reporter<'_>, id: EventId, mut event: OutsideEvent) {
        self.ids.push(id.0);
        self.digests.push(digest(by.source, &event.external_id));
        self.occurred.push(event.occurred_at);
        self.kinds.push(event.actor.kind.as_str());
        self.details.push(detail(&mut event));
        self.names.push(event.actor.name);
        self.actions.push(event.action.into());
        self.outcomes.push(event.outcome.as_str());
        // A name of its own says more than what the source stands for.
        let own = event.target.system.is_none().then_some(by.system).flatten();
        self.system_ids.push(own.map(|(id, _)| id.0));
        self.systems.push(event.target.system.or_else(|| own.map(|(_, name)| name.clone())));
        self.resources.push(event.target.resource);
        self.entitlements.push(event.target.entitlement);
        self.ips.push(event.ip.map(|ip| ip.to_string()));
        self.agents.push(event.user_agent);
        self.reasons.push(event.reason);
    }
}

/// Writes reports, in one statement; answers the ids of those that were not there before.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    by: &Reporter<'_>,
    events: Vec<(EventId, OutsideEvent)>,
    now: DateTime<Utc>,
) -> Result<Vec<EventId>> {
    let mut columns = Columns::default();
    for (id, event) in events {
        columns.push(by, id, event);
    }
    let stored = sqlx::query_scalar!(
        r#"with given as (
             select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
               $7::text[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
               $15::jsonb[])
             g(id, digest, occurred_at, kind, name, action, outcome, system_id, system, resource, entitlement, ip,
               agent, reason, detail)),
           known as (
             -- In one order, so that two batches with the same in them do not wait for each other for ever.
             insert into event_external (digest, event_id, recorded_at)
             select digest, id, $16 from given order by digest
             on conflict do nothing returning event_id)
           insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, system_id,
             system_name, resource_name, entitlement_name, origin, ip, user_agent, reason, detail)
           select g.id, 'usage', g.occurred_at, $16, g.kind, g.name, g.action, g.outcome, g.system_id,
             g.system, g.resource, g.entitlement, $17, g.ip, g.agent, g.reason, g.detail
           from given g join known on known.event_id = g.id
           returning id"#,
        &columns.ids,
        &columns.digests,
        &columns.occurred,
        &columns.kinds as &[&str],
        &columns.names,
        &columns.actions,
        &columns.outcomes as &[&str],
        &columns.system_ids as &[Option<Uuid>],
        &columns.systems as &[Option<String>],
        &columns.resources as &[Option<String>],
        &columns.entitlements as &[Option<String>],
        &columns.ips as &[Option<String>],
        &columns.agents as &[Option<String>],
        &columns.reasons as &[Option<String>],
        &columns.details,
        now,
        by.origin
    )
    .fetch_all(conn)
    .await?;
    Ok(stored.into_iter().map(EventId).collect())
}
