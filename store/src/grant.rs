//! Grants: access that somebody holds, held, or will hold.

use chrono::{DateTime, Utc};
use domain::audit::About;
use domain::catalogue::Sensitivity;
use domain::grant::{Cause, GrantState, Removal, RemovalKnown};
use domain::id::{EntitlementId, GrantId, PersonId, RequestId, ResourceId, SystemId};
use domain::person::{PersonRef, PersonStatus};
use domain::request::Window;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::request::{term_columns, window};
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
    /// What the entitlement is called at the target.
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
    /// The connector's addresses and references.
    pub connector_settings: serde_json::Value,
    /// The name that the holder goes by on the system.
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
    g.entitlement_id, e.name as entitlement, e.target, o.id as resource_id, o.name as resource,
    o.slug as resource_slug, o.sensitivity,
    (e.deleted_at is not null or o.deleted_at is not null or s.deleted_at is not null) as is_gone,
    s.id as system_id, s.name as system, s.connector, s.connector_settings, a.name as account, g.origin,
    g.state, g.start_at, g.lasting_seconds, g.until_at, g.created_at, g.activation_deadline, g.active_since,
    g.ends_at, g.cause, g.closed_at, g.removal_known, g.attempts, g.last_error, g.next_try_at
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

/// A grant to be made.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// Which.
    pub id: GrantId,
    /// The request it is granted under.
    pub request: RequestId,
    /// Who will hold it.
    pub person: PersonId,
    /// What.
    pub entitlement: EntitlementId,
    /// From when and for how long.
    pub window: Window,
    /// Where it starts out.
    pub state: GrantState,
    /// Whether people open it: then only its deadline is the job's.
    pub is_manual: bool,
    /// When it is made.
    pub created_at: DateTime<Utc>,
}

/// When the job first looks at a grant that has come into `state`: at once where a connector opens it, at its
/// deadline where people do, and not before it is due where it only waits.
pub fn first_try(state: &GrantState, is_manual: bool, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match state {
        GrantState::Activating { deadline, .. } if is_manual => Some(*deadline),
        GrantState::Activating { .. } => Some(now),
        _ => None,
    }
}

/// Makes a grant.
///
/// # Errors
/// When the database refuses it, as a second one for a request.
pub async fn insert(conn: &mut PgConnection, new: &NewGrant) -> Result<()> {
    let (seconds, until) = term_columns(new.window.term);
    let deadline = match new.state {
        GrantState::Activating { deadline, .. } => Some(deadline),
        _ => None,
    };
    sqlx::query!(
        "insert into access_grant (id, request_id, person_id, entitlement_id, state, start_at, lasting_seconds,
            until_at, created_at, activation_deadline, next_try_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.id.0,
        new.request.0,
        new.person.0,
        new.entitlement.0,
        new.state.as_str(),
        new.window.start_at,
        seconds,
        until,
        new.created_at,
        deadline,
        first_try(&new.state, new.is_manual, new.created_at)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Access that was found beforehand.
#[derive(Debug, Clone)]
pub struct NewImported {
    /// Which.
    pub id: GrantId,
    /// Who holds it.
    pub person: PersonId,
    /// What.
    pub entitlement: EntitlementId,
    /// Since when, as far as it is known.
    pub active_since: DateTime<Utc>,
    /// Its end, if it has one.
    pub ends_at: Option<DateTime<Utc>>,
    /// When it is brought in.
    pub created_at: DateTime<Utc>,
}

/// Brings in access that was found beforehand, as active and without a decision.
///
/// # Errors
/// When the database refuses it.
pub async fn insert_imported(conn: &mut PgConnection, new: &NewImported) -> Result<()> {
    sqlx::query!(
        "insert into access_grant (id, person_id, entitlement_id, origin, state, created_at, active_since, ends_at)
         values ($1, $2, $3, 'imported', 'active', $4, $5, $6)",
        new.id.0,
        new.person.0,
        new.entitlement.0,
        new.created_at,
        new.active_since,
        new.ends_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a try at a target left behind.
#[derive(Debug, Clone, Default)]
pub struct Tried {
    /// Tries in vain so far at the present step.
    pub attempts: i32,
    /// Why the last one failed.
    pub error: Option<String>,
    /// When the next one is due.
    pub next_try_at: Option<DateTime<Utc>>,
    /// Whether the target was found changed by somebody else.
    pub is_externally_modified: bool,
    /// Who attested a manual step.
    pub attested_by: Option<PersonId>,
}

/// Moves a grant from `from` (the state's word that was read) to `to`. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn mark(
    conn: &mut PgConnection,
    id: GrantId,
    from: &str,
    to: &GrantState,
    tried: &Tried,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (mut deadline, mut active_since, mut ends_at, mut cause, mut known) = (None, None, None, None, None);
    let mut why = None;
    match to {
        GrantState::Activating { deadline: by, .. } => deadline = Some(*by),
        GrantState::Active { until } => (active_since, ends_at) = (Some(now), *until),
        GrantState::Removing { why: removal, .. } => why = Some(*removal),
        GrantState::Closed { why: removal, known: how } => {
            (why, known) = (Some(*removal), Some(how.as_str()))
        }
        GrantState::Scheduled { .. } | GrantState::Failed => {}
    }
    if let Some(Removal::Revoked(by)) = why {
        cause = Some(by.as_str());
    }
    let done = sqlx::query!(
        "update access_grant set state = $3, activation_deadline = coalesce($4, activation_deadline),
            active_since = coalesce(active_since, $5), ends_at = coalesce(ends_at, $6), cause = coalesce($7, cause),
            removal_known = $8, closed_at = $9, attempts = $10, last_error = $11, next_try_at = $12,
            externally_modified = externally_modified or $13, attested_by = coalesce($14, attested_by)
         where id = $1 and state = $2",
        id.0,
        from,
        to.as_str(),
        deadline,
        active_since,
        ends_at,
        cause,
        known,
        (!to.is_live()).then_some(now),
        tried.attempts,
        tried.error,
        tried.next_try_at,
        tried.is_externally_modified,
        tried.attested_by.map(Uuid::from)
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes the next try of a failed grant due now. `false` when it is not failed any more.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_to_try(conn: &mut PgConnection, id: GrantId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update access_grant set next_try_at = $2 where id = $1 and state in ('activation_failed', 'removal_failed')",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
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
