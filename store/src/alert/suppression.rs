//! What is not told for a time.

use chrono::{DateTime, Utc};
use domain::alert::Finding;
use domain::alert::suppression::Scope;
use domain::id::{PersonId, ResourceId, SuppressionId};
use domain::person::PersonRef;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::sight::Reader;
use crate::Result;

/// Silences that hold at a moment.
#[derive(Debug, Default)]
pub(crate) struct Silences(Vec<(SuppressionId, Scope)>);

impl Silences {
    /// The first of them that covers it.
    pub(crate) fn covering(&self, finding: &Finding) -> Option<SuppressionId> {
        self.0.iter().find(|(_, scope)| scope.covers(finding)).map(|(id, _)| *id)
    }
}

/// Those that hold for the rules that found something.
pub(crate) async fn of_rules(
    conn: &mut PgConnection,
    findings: &[Finding],
    now: DateTime<Utc>,
) -> Result<Silences> {
    if findings.is_empty() {
        return Ok(Silences::default());
    }
    let mut rules: Vec<String> = findings.iter().map(|finding| finding.rule.clone()).collect();
    rules.sort_unstable();
    rules.dedup();
    let rows = sqlx::query!(
        "select id, rule, person_id, resource_id from suppression where rule = any($1) and ends_at > $2 order by ends_at desc, id",
        &rules,
        now
    )
    .fetch_all(conn)
    .await?;
    let silence = rows.into_iter().map(|row| {
        let scope = Scope {
            rule: row.rule,
            person: row.person_id.map(PersonId),
            resource: row.resource_id.map(ResourceId),
        };
        (SuppressionId(row.id), scope)
    });
    Ok(Silences(silence.collect()))
}

/// So many times more it kept something silent.
pub(crate) async fn count(
    conn: &mut PgConnection,
    id: SuppressionId,
    times: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("update suppression set times = times + $2, last_at = $3 where id = $1", id.0, times, now)
        .execute(conn)
        .await?;
    Ok(())
}

/// A silence to be kept.
#[derive(Debug, Clone)]
pub struct NewSuppression<'a> {
    /// Which.
    pub id: SuppressionId,
    /// What is silent.
    pub scope: &'a Scope,
    /// The rule's title as of then.
    pub title: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Who says so.
    pub by: PersonId,
    /// From when on.
    pub made_at: DateTime<Utc>,
    /// The first moment at which it is told again.
    pub ends_at: DateTime<Utc>,
}

/// Keeps it.
///
/// # Errors
/// When the database refuses it.
pub async fn insert(conn: &mut PgConnection, new: &NewSuppression<'_>) -> Result<()> {
    sqlx::query!(
        "insert into suppression (id, rule, title, person_id, resource_id, reason, made_by, made_at, ends_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id.0,
        new.scope.rule,
        new.title,
        new.scope.person.map(|person| person.0),
        new.scope.resource.map(|resource| resource.0),
        new.reason,
        new.by.0,
        new.made_at,
        new.ends_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A silence as it is read.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SuppressionRecord {
    id: Uuid,
    /// The rule's name.
    pub rule: String,
    /// The rule's title as of then.
    pub title: String,
    person_id: Option<Uuid>,
    person_name: Option<String>,
    resource_id: Option<Uuid>,
    /// The name of the resource, while anything is silent on one alone.
    pub resource: Option<String>,
    /// The resource's address, while it is there.
    pub resource_slug: Option<String>,
    /// Why.
    pub reason: String,
    made_by: Uuid,
    made_by_name: String,
    /// From when on.
    pub made_at: DateTime<Utc>,
    /// The first moment at which it is told again.
    pub ends_at: DateTime<Utc>,
    /// Who ended it before its time.
    pub ended_by: Option<String>,
    /// How often something was not told.
    pub times: i64,
    /// When last.
    pub last_at: Option<DateTime<Utc>>,
    /// Whether the reader owns what it is on.
    pub owns: bool,
    /// Whether it is about the reader.
    pub is_about_them: bool,
}

impl SuppressionRecord {
    /// Which.
    pub fn id(&self) -> SuppressionId {
        SuppressionId(self.id)
    }

    /// Whose doing is silent.
    pub fn person(&self) -> Option<PersonRef> {
        self.person_id.zip(self.person_name.clone()).map(|(id, name)| PersonRef { id: PersonId(id), name })
    }

    /// On what.
    pub fn resource_id(&self) -> Option<ResourceId> {
        self.resource_id.map(ResourceId)
    }

    /// Who said so.
    pub fn made_by(&self) -> PersonRef {
        PersonRef { id: PersonId(self.made_by), name: self.made_by_name.clone() }
    }
}

fn select(reader: Reader) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "select u.id, u.rule, u.title, u.person_id, p.name as person_name, u.resource_id, o.name as resource,
           case when o.deleted_at is null then o.slug end as resource_slug, u.reason, u.made_by, m.name as made_by_name,
           u.made_at, u.ends_at, d.name as ended_by, u.times, u.last_at, coalesce(",
    );
    reader.push_owns_resource(&mut query, "u.resource_id");
    query.push(", false) as owns, u.person_id is not distinct from ").push_bind(reader.person().0);
    query.push(
        " as is_about_them from suppression u
         join person m on m.id = u.made_by left join person p on p.id = u.person_id
         left join person d on d.id = u.ended_by left join resource o on o.id = u.resource_id where ",
    );
    query
}

/// At most `limit` that the reader sees, those that end last on top: all of them for those who see everything, else those
/// on what the reader owns. Nobody sees one about themselves but those who see everything.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut PgConnection, reader: Reader, limit: i64) -> Result<Vec<SuppressionRecord>> {
    let mut query = select(reader);
    if reader.sees_all() {
        query.push("true");
    } else {
        query.push("u.person_id is distinct from ").push_bind(reader.person().0).push(" and ");
        reader.push_owns_resource(&mut query, "u.resource_id");
    }
    query.push(" order by u.ends_at desc, u.id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// One, kept from others who want to change it until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(
    conn: &mut PgConnection,
    reader: Reader,
    id: SuppressionId,
) -> Result<Option<SuppressionRecord>> {
    let mut query = select(reader);
    query.push("u.id = ").push_bind(id.0).push(" for update of u");
    Ok(query.build_query_as().fetch_optional(conn).await?)
}

/// Ends one that holds, before its time.
///
/// # Errors
/// When the database refuses it.
pub async fn end(
    conn: &mut PgConnection,
    id: SuppressionId,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update suppression set ends_at = $3, ended_by = $2 where id = $1 and ends_at > $3",
        id.0,
        by.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
