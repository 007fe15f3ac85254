//! Finding alerts, newest first, as far as the reader sees them.

use chrono::{DateTime, Utc};
use domain::alert::Severity;
use domain::id::{AlertId, PersonId};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::record::{AlertRecord, read, select};
use super::sight::Reader;
use crate::{Result, StoreError};

/// So many are counted; of more, the newest.
pub const COUNTED_MAX: i64 = 10_000;

/// Alerts by where they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// Open or taken up.
    #[default]
    Unresolved,
    /// Nobody has taken them up.
    Open,
    /// Nobody has taken them up in time.
    Overdue,
    /// Somebody looks at them.
    Acknowledged,
    /// Somebody has said what they were.
    Resolved,
    /// Whatever they are.
    All,
}

impl Which {
    /// Whether those in this state are among them.
    pub fn takes(self, state: &str, is_overdue: bool) -> bool {
        match self {
            Self::Overdue => is_overdue,
            Self::Unresolved => state != "resolved",
            Self::Open => state == "open",
            Self::Acknowledged => state == "acknowledged",
            Self::Resolved => state == "resolved",
            Self::All => true,
        }
    }

    /// As a condition on `a`, in the words of the index that knows what is unresolved.
    fn condition(self) -> &'static str {
        match self {
            Self::Unresolved => "a.state <> 'resolved'",
            Self::Open => "a.state <> 'resolved' and a.state = 'open'",
            Self::Overdue => "a.state <> 'resolved' and a.state = 'open' and a.escalated_at is not null",
            Self::Acknowledged => "a.state <> 'resolved' and a.state = 'acknowledged'",
            Self::Resolved => "a.state = 'resolved'",
            Self::All => "true",
        }
    }
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// By where they stand.
    pub which: Which,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Of the rule with this name.
    pub rule: Option<String>,
    /// About the resource at this address.
    pub resource: Option<String>,
    /// About this person.
    pub person: Option<PersonId>,
}

impl Filter {
    /// Adds what it narrows to besides what is counted by: who and where.
    fn push_place(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(slug) = &self.resource {
            query.push(" and a.resource_id = (select id from resource where deleted_at is null and slug = ");
            query.push_bind(slug.clone()).push(")");
        }
        if let Some(person) = self.person {
            query.push(" and a.person_id = ").push_bind(person.0);
        }
    }
}

/// A place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When that alert was raised.
    pub raised_at: DateTime<Utc>,
    /// Which it was.
    pub id: AlertId,
}

/// At most `limit` alerts that the reader sees, newest first, older than the cursor.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(
    conn: &mut PgConnection,
    reader: Reader,
    filter: &Filter,
    older_than: Option<Cursor>,
    limit: i64,
) -> Result<Vec<AlertRecord>> {
    let mut query = select(reader);
    query.push(filter.which.condition()).push(" and ");
    reader.push_sees(&mut query);
    if let Some(severity) = filter.severity {
        query.push(" and a.severity = ").push_bind(severity.as_str());
    }
    if let Some(rule) = &filter.rule {
        query.push(" and a.rule = ").push_bind(rule.clone());
    }
    filter.push_place(&mut query);
    if let Some(cursor) = older_than {
        query.push(" and (a.raised_at, a.id) < (").push_bind(cursor.raised_at);
        query.push(", ").push_bind(cursor.id.0).push(")");
    }
    query.push(" order by a.raised_at desc, a.id desc limit ").push_bind(limit);
    query.build().fetch_all(conn).await?.iter().map(read).collect()
}

/// One alert; whether the reader may see it is the rules' to say.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, reader: Reader, id: AlertId) -> Result<Option<AlertRecord>> {
    let mut query = select(reader);
    query.push("a.id = ").push_bind(id.0);
    query.build().fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// The same, kept from others who want to change it until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, reader: Reader, id: AlertId) -> Result<Option<AlertRecord>> {
    let mut query = select(reader);
    query.push("a.id = ").push_bind(id.0).push(" for no key update of a");
    query.build().fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// The newest that were raised before this one by its rule, for the same key or about the same person.
///
/// # Errors
/// When the database cannot be reached.
pub async fn similar(
    conn: &mut PgConnection,
    reader: Reader,
    to: &AlertRecord,
    limit: i64,
) -> Result<Vec<AlertRecord>> {
    let mut query = select(reader);
    query.push("a.rule = ").push_bind(to.rule.clone());
    query.push(" and (a.key = ").push_bind(to.key.clone());
    query.push(" or a.person_id = ").push_bind(to.person.as_ref().map(|person| person.id.0));
    query.push(") and (a.raised_at, a.id) < (").push_bind(to.raised_at);
    query.push(", ").push_bind(to.id.0).push(") and ");
    reader.push_sees(&mut query);
    query.push(" order by a.raised_at desc, a.id desc limit ").push_bind(limit);
    query.build().fetch_all(conn).await?.iter().map(read).collect()
}

/// So many alerts are in this state, of this severity, and of this rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tallied {
    /// `open`, `acknowledged` or `resolved`.
    pub state: String,
    /// How bad they are.
    pub severity: Severity,
    /// The rule's name.
    pub rule: String,
    /// The rule's title, as of its newest.
    pub title: String,
    /// Whether nobody has taken them up in time.
    pub is_overdue: bool,
    /// How many.
    pub count: i64,
}

/// How many alerts the reader sees of each kind, as far as they were counted: about whom and where the filter says,
/// whatever else it says.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tally(conn: &mut PgConnection, reader: Reader, filter: &Filter) -> Result<Vec<Tallied>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select state, severity, rule, (array_agg(title order by raised_at desc))[1], is_overdue, count(*)
         from (select a.state, a.severity, a.rule, a.title, a.raised_at,
           a.state = 'open' and a.escalated_at is not null as is_overdue from alert a where ",
    );
    reader.push_sees(&mut query);
    filter.push_place(&mut query);
    query.push(" order by a.raised_at desc, a.id desc limit ").push_bind(COUNTED_MAX);
    query.push(") counted group by 1, 2, 3, 5 order by 1, 2, 3, 5");
    let rows: Vec<(String, String, String, String, bool, i64)> =
        query.build_query_as().fetch_all(conn).await?;
    rows.into_iter()
        .map(|(state, severity, rule, title, is_overdue, count)| {
            let severity =
                Severity::parse(&severity).ok_or_else(|| StoreError::corrupt("alert", severity))?;
            Ok(Tallied { state, severity, rule, title, is_overdue, count })
        })
        .collect()
}
