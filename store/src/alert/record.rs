//! An alert as it is read.

use chrono::{DateTime, TimeDelta, Utc};
use domain::alert::{Relation, Severity, State, Verdict};
use domain::audit::About;
use domain::id::{AlertId, EntitlementId, GrantId, PersonId, RequestId, ResourceId, SystemId};
use domain::person::PersonRef;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::sight::Reader;
use crate::{Result, StoreError};

/// An alert, with what the reader has to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRecord {
    /// Which.
    pub id: AlertId,
    /// The rule's name in its address.
    pub rule: String,
    /// The rule's title as of then.
    pub title: String,
    /// How bad it is if it is true.
    pub severity: Severity,
    /// What of it is one alert.
    pub key: String,
    /// What was found.
    pub sentence: String,
    /// Whose doing.
    pub person: Option<PersonRef>,
    /// Of two who did it together, the other.
    pub other: Option<PersonId>,
    /// Where, with the names of now.
    pub about: About,
    /// The resource's address, while it is there.
    pub resource_slug: Option<String>,
    /// Under which grant, or of which.
    pub grant: Option<GrantId>,
    /// The request of that grant.
    pub request: Option<RequestId>,
    /// To whom it was handed.
    pub assigned_to: Option<PersonRef>,
    /// Who took it up last.
    pub taken_up_by: Option<String>,
    /// Where it stands.
    pub state: State,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// Since when it waits: since it was raised, or opened again.
    pub opened_at: DateTime<Utc>,
    /// The first of what it is made of.
    pub first_at: DateTime<Utc>,
    /// The last of it.
    pub last_at: DateTime<Utc>,
    /// How many events it is made of.
    pub times: i64,
    /// How long after it occurred the latest of it came in, where that was long.
    pub late: Option<TimeDelta>,
    /// What the reader has to do with it.
    pub relation: Relation,
}

impl AlertRecord {
    /// Whether it is about what this person did, alone or with another.
    pub fn is_about(&self, person: PersonId) -> bool {
        self.person.as_ref().is_some_and(|whose| whose.id == person) || self.other == Some(person)
    }
}

/// The start of a query for alerts, to be narrowed by conditions on `a`.
pub(super) fn select(reader: Reader) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "select a.id, a.rule, a.title, a.severity, a.key, a.sentence, a.person_id, p.name as person_name, a.other_id,
           s.id as system_id, s.name as system_name, o.id as resource_id, o.name as resource_name,
           case when o.deleted_at is null then o.slug end as resource_slug, e.id as entitlement_id,
           e.name as entitlement_name, a.grant_id, g.request_id, a.assigned_to, t.name as assigned_name,
           (select u.by_name from alert_step u where u.alert_id = a.id and u.kind = 'acknowledged'
            order by u.at desc, u.event_id desc limit 1) as taken_up_by,
           a.state, a.verdict, a.accepted_until, a.resolved_at, a.raised_at,
           coalesce(a.opened_at, a.raised_at) as opened_at, a.first_at, a.last_at, a.times,
           a.late_seconds, ",
    );
    reader.push_owns(&mut query);
    query.push(" as owns, ");
    reader.push_about(&mut query);
    query.push(" as is_about_them, ");
    reader.push_assigned(&mut query);
    query.push(
        " as is_assigned
         from alert a
         left join person p on p.id = a.person_id
         left join person t on t.id = a.assigned_to
         left join resource o on o.id = a.resource_id
         left join system s on s.id = coalesce(a.system_id, o.system_id)
         left join access_grant g on g.id = a.grant_id
         left join entitlement e on e.id = g.entitlement_id and e.resource_id = o.id
         where ",
    );
    query
}

pub(super) fn read(row: &PgRow) -> Result<AlertRecord> {
    let severity: &str = row.try_get("severity")?;
    let person = |id: &str, name: &str| -> Result<Option<PersonRef>> {
        let (id, name): (Option<Uuid>, Option<String>) = (row.try_get(id)?, row.try_get(name)?);
        Ok(id.zip(name).map(|(id, name)| PersonRef { id: PersonId(id), name }))
    };
    Ok(AlertRecord {
        id: AlertId(row.try_get("id")?),
        rule: row.try_get("rule")?,
        title: row.try_get("title")?,
        severity: Severity::parse(severity).ok_or_else(|| StoreError::corrupt("alert", severity))?,
        key: row.try_get("key")?,
        sentence: row.try_get("sentence")?,
        person: person("person_id", "person_name")?,
        other: row.try_get::<Option<Uuid>, _>("other_id")?.map(PersonId),
        about: About {
            system_id: row.try_get::<Option<Uuid>, _>("system_id")?.map(SystemId),
            system: row.try_get("system_name")?,
            resource_id: row.try_get::<Option<Uuid>, _>("resource_id")?.map(ResourceId),
            resource: row.try_get("resource_name")?,
            entitlement_id: row.try_get::<Option<Uuid>, _>("entitlement_id")?.map(EntitlementId),
            entitlement: row.try_get("entitlement_name")?,
        },
        resource_slug: row.try_get("resource_slug")?,
        grant: row.try_get::<Option<Uuid>, _>("grant_id")?.map(GrantId),
        request: row.try_get::<Option<Uuid>, _>("request_id")?.map(RequestId),
        assigned_to: person("assigned_to", "assigned_name")?,
        taken_up_by: row.try_get("taken_up_by")?,
        state: state(row)?,
        raised_at: row.try_get("raised_at")?,
        opened_at: row.try_get("opened_at")?,
        first_at: row.try_get("first_at")?,
        last_at: row.try_get("last_at")?,
        times: row.try_get("times")?,
        late: row.try_get::<Option<i64>, _>("late_seconds")?.map(TimeDelta::seconds),
        relation: Relation {
            is_about_them: row.try_get("is_about_them")?,
            // Nothing is owned of what is about nothing.
            owns: row.try_get::<Option<bool>, _>("owns")?.unwrap_or(false),
            is_assigned: row.try_get("is_assigned")?,
        },
    })
}

fn state(row: &PgRow) -> Result<State> {
    let verdict = verdict_of(row.try_get("verdict")?, row.try_get("accepted_until")?);
    state_of(row.try_get("state")?, verdict, row.try_get("resolved_at")?)
}

/// A state out of its columns.
pub(super) fn state_of(word: &str, verdict: Option<Verdict>, at: Option<DateTime<Utc>>) -> Result<State> {
    match (word, verdict, at) {
        ("open", None, None) => Ok(State::Open),
        ("acknowledged", None, None) => Ok(State::Acknowledged),
        ("resolved", Some(verdict), Some(at)) => Ok(State::Resolved { verdict, at }),
        _ => Err(StoreError::corrupt("alert", word)),
    }
}

/// A verdict out of its columns.
pub(super) fn verdict_of(word: Option<&str>, until: Option<DateTime<Utc>>) -> Option<Verdict> {
    match (word?, until) {
        ("true", None) => Some(Verdict::True),
        ("false", None) => Some(Verdict::False),
        ("accepted", Some(until)) => Some(Verdict::Accepted { until }),
        _ => None,
    }
}
