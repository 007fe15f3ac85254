//! Grants: access that somebody holds, held, or will hold.

mod write;

use chrono::{DateTime, Utc};
use domain::audit::About;
use domain::catalogue::Sensitivity;
use domain::grant::{Cause, GrantState, Removal, RemovalKnown};
use domain::id::{EntitlementId, GrantId, PersonId, RequestId, ResourceId, SystemId};
use domain::person::{PersonRef, PersonStatus};
use domain::request::Window;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;
pub use write::*;

use crate::request::window;
use crate::{Result, StoreError};

/// A grant with the names of everything it is about.
#[derive(Debug, Clone, FromRow)]
pub struct GrantRecord {
    id: Uuid,
    request_id: Option<Uuid>,
    person_id: Uuid,
    person: String,
    person_status: String,
    entitlement_id: Uuid,
    /// The entitlement's name.
    pub entitlement: String,
    /// What the entitlement is called at the target; where it was opened already, as it was called then.
    pub target: Option<String>,
    resource_id: Uuid,
    /// The resource's name.
    pub resource: String,
    /// The resource in addresses.
    pub resource_slug: String,
    /// Whether the entitlement, its resource or its system has been deleted.
    pub is_gone: bool,
    sensitivity: String,
    system_id: Uuid,
    /// The system's name.
    pub system: String,
    /// Which connector opens and closes access there.
    pub connector: String,
    /// The connector's addresses and references; where it was opened already, as they were then.
    pub connector_settings: serde_json::Value,
    /// The name that the holder goes by on the system; where it was opened already, as it was then.
    pub account: Option<String>,
    origin: String,
    state: String,
    /// When it begins.
    pub start_at: Option<DateTime<Utc>>,
    lasting_seconds: Option<i64>,
    until_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    activation_deadline: Option<DateTime<Utc>>,
    /// Since when the target has it.
    pub active_since: Option<DateTime<Utc>>,
    /// Its end, once known.
    pub ends_at: Option<DateTime<Utc>>,
    cause: Option<String>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    removal_known: Option<String>,
    /// How often the present step was tried in vain.
    pub attempts: i32,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When the next try is due.
    pub next_try_at: Option<DateTime<Utc>>,
    /// Whether a try to open it had no clear answer.
    pub opening_unclear: bool,
}

impl GrantRecord {
    /// Which.
    pub fn id(&self) -> GrantId {
        GrantId(self.id)
    }

    /// The request it was granted under; `None` for imported access.
    pub fn request(&self) -> Option<RequestId> {
        self.request_id.map(RequestId)
    }

    /// Who holds it.
    pub fn person(&self) -> PersonRef {
        PersonRef { id: PersonId(self.person_id), name: self.person.clone() }
    }

    /// Whether its holder works here.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn person_status(&self) -> Result<PersonStatus> {
        PersonStatus::parse(&self.person_status)
            .ok_or_else(|| StoreError::corrupt("person", &self.person_status))
    }

    /// What is held.
    pub fn entitlement_id(&self) -> EntitlementId {
        EntitlementId(self.entitlement_id)
    }

    /// On what.
    pub fn resource_id(&self) -> ResourceId {
        ResourceId(self.resource_id)
    }

    /// On which system.
    pub fn system_id(&self) -> SystemId {
        SystemId(self.system_id)
    }

    /// Whether people, not a connector, open and close access here.
    pub fn is_manual(&self) -> bool {
        self.connector == "manual"
    }

    /// Whether it was found beforehand and never approved here.
    pub fn is_imported(&self) -> bool {
        self.origin == "imported"
    }

    /// How much harm wrong access can do.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn sensitivity(&self) -> Result<Sensitivity> {
        Sensitivity::parse(&self.sensitivity)
            .ok_or_else(|| StoreError::corrupt("resource", &self.sensitivity))
    }

    /// The state's word.
    pub fn state_word(&self) -> &str {
        &self.state
    }

    /// What was given; `None` for imported access, which has no window of ours.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn window(&self) -> Result<Option<Window>> {
        if self.lasting_seconds.is_none() && self.until_at.is_none() {
            return Ok(None);
        }
        window(self.start_at, self.lasting_seconds, self.until_at).map(Some)
    }

    fn removal(&self) -> Result<Removal> {
        match &self.cause {
            None => Ok(Removal::TimeRanOut),
            Some(cause) => Cause::parse(cause)
                .map(Removal::Revoked)
                .ok_or_else(|| StoreError::corrupt("access_grant", cause)),
        }
    }

    /// Where it stands.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn state(&self) -> Result<GrantState> {
        let corrupt = || StoreError::corrupt("access_grant", format!("{} ({})", self.state, self.id));
        Ok(match self.state.as_str() {
            "scheduled" => GrantState::Scheduled { start_at: self.start_at.ok_or_else(corrupt)? },
            "activating" | "activation_failed" => GrantState::Activating {
                deadline: self.activation_deadline.ok_or_else(corrupt)?,
                failed: self.state == "activation_failed",
            },
            "active" => GrantState::Active { until: self.ends_at },
            "ending" | "revoking" => GrantState::Removing { why: self.removal()?, failed: false },
            "removal_failed" => GrantState::Removing { why: self.removal()?, failed: true },
            "ended" | "revoked" => GrantState::Closed {
                why: self.removal()?,
                known: self.removal_known.as_deref().and_then(RemovalKnown::parse).ok_or_else(corrupt)?,
            },
            "failed" => GrantState::Failed,
            _ => return Err(corrupt()),
        })
    }

    /// For events.
    pub fn about(&self) -> About {
        About {
            system_id: Some(self.system_id()),
            system: Some(self.system.clone()),
            resource_id: Some(self.resource_id()),
            resource: Some(self.resource.clone()),
            entitlement_id: Some(self.entitlement_id()),
            entitlement: Some(self.entitlement.clone()),
        }
    }
}

/// Which grants to read.
#[derive(Debug, Clone)]
pub enum Which<'a> {
    /// This one.
    One(GrantId),
    /// Live ones of a person, what ends first on top.
    LiveOf(PersonId),
    /// Live ones of these entitlements, by holder.
    LiveOn(&'a [EntitlementId]),
    /// Live ones of one person for one entitlement, what ends last on top.
    LiveFor(PersonId, EntitlementId),
    /// Scheduled ones whose start has come.
    ToStart(DateTime<Utc>),
    /// Active ones whose time has run out.
    ToEnd(DateTime<Utc>),
    /// Ones whose next try at a target is due.
    ToTry(DateTime<Utc>),
    /// Manual steps and failures on what this person owns or, where the flag says so, on anything.
    TasksFor(PersonId, bool),
}

const SELECT: &str = "select g.id, g.request_id, g.person_id, p.name as person, p.status as person_status,
    g.entitlement_id, e.name as entitlement,
    coalesce(g.opened_target, e.target) as target, o.id as resource_id, o.name as resource,
    o.slug as resource_slug, o.sensitivity,
    (e.deleted_at is not null or o.deleted_at is not null or s.deleted_at is not null) as is_gone,
    s.id as system_id, s.name as system, s.connector,
    coalesce(g.opened_settings, s.connector_settings) as connector_settings,
    coalesce(g.opened_account, a.name) as account, g.origin,
    g.state, g.start_at, g.lasting_seconds, g.until_at, g.created_at, g.activation_deadline, g.active_since,
    g.ends_at, g.cause, g.closed_at, g.removal_known, g.attempts, g.last_error, g.next_try_at,
    g.opening_unclear
    from access_grant g
    join person p on p.id = g.person_id
    join entitlement e on e.id = g.entitlement_id
    join resource o on o.id = e.resource_id
    join system s on s.id = o.system_id
    left join account a on a.person_id = g.person_id and a.system_id = s.id
    where ";

const LIVE: &str = "g.state not in ('ended', 'revoked', 'failed')";

/// At most `limit` grants.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut PgConnection, which: Which<'_>, limit: i64) -> Result<Vec<GrantRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    let order = match which {
        Which::One(id) => {
            query.push("g.id = ").push_bind(id.0);
            "g.id"
        }
        Which::LiveOf(person) => {
            query.push(LIVE).push(" and g.person_id = ").push_bind(person.0);
            "g.ends_at nulls last, s.name, o.name, e.name, g.id"
        }
        Which::LiveOn(entitlements) => {
            let ids: Vec<Uuid> = entitlements.iter().map(|id| id.0).collect();
            query.push(LIVE).push(" and g.entitlement_id = any(").push_bind(ids).push(")");
            "p.name, g.id"
        }
        Which::LiveFor(person, entitlement) => {
            query.push(LIVE).push(" and g.person_id = ").push_bind(person.0);
            query.push(" and g.entitlement_id = ").push_bind(entitlement.0);
            "g.ends_at desc nulls first, g.id"
        }
        Which::ToStart(now) => {
            query.push("g.state = 'scheduled' and g.start_at <= ").push_bind(now);
            "g.start_at, g.id"
        }
        Which::ToEnd(now) => {
            query.push("g.state = 'active' and g.ends_at <= ").push_bind(now);
            "g.ends_at, g.id"
        }
        Which::ToTry(now) => {
            query.push(
                "g.state in ('activating', 'activation_failed', 'ending', 'revoking', 'removal_failed')",
            );
            query.push(" and g.next_try_at <= ").push_bind(now);
            "g.next_try_at, g.id"
        }
        Which::TasksFor(person, everything) => {
            query.push("(g.state in ('activation_failed', 'removal_failed') or s.connector = 'manual'");
            query.push(" and g.state in ('activating', 'ending', 'revoking')) and (").push_bind(everything);
            query.push(" or exists (select 1 from owner w where w.person_id = ").push_bind(person.0);
            query.push(" and (w.entitlement_id = e.id or w.resource_id = o.id or w.system_id = s.id)))");
            "g.created_at, g.id"
        }
    };
    query.push(" order by ").push(order).push(" limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// One grant.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, id: GrantId) -> Result<Option<GrantRecord>> {
    Ok(list(conn, Which::One(id), 1).await?.pop())
}

/// One grant, locked until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, id: GrantId) -> Result<Option<GrantRecord>> {
    sqlx::query!("select id from access_grant where id = $1 for update", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    find(conn, id).await
}

/// Since when the person has held the entitlement without a break, over all grants that touch each other.
///
/// # Errors
/// When the database cannot be reached.
pub async fn held_since(
    conn: &mut PgConnection,
    person: PersonId,
    entitlement: EntitlementId,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let rows = sqlx::query!(
        r#"select active_since as "from!", coalesce(closed_at, 'infinity'::timestamptz) = 'infinity' as "open!",
             coalesce(closed_at, $3) as "to!"
           from access_grant where person_id = $1 and entitlement_id = $2 and active_since is not null
           order by coalesce(closed_at, $3) desc"#,
        person.0,
        entitlement.0,
        now
    )
    .fetch_all(conn)
    .await?;
    let mut since: Option<DateTime<Utc>> = None;
    for row in rows {
        match since {
            None if row.open => since = Some(row.from),
            // A gap of a minute is the connector's, not a break.
            Some(start) if row.to >= start - chrono::TimeDelta::minutes(1) => {
                since = Some(start.min(row.from))
            }
            _ => {}
        }
    }
    Ok(since)
}
