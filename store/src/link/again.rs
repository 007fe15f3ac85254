//! What is to be linked again: noted by key or by person, and worked off in batches.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::audit::Action;
use domain::matching::{self, known::Known};
use domain::usage::OutsideTarget;
use sqlx::PgConnection;
use uuid::Uuid;

use super::row::{self, Places};
use super::{EventRow, facts};
use crate::Result;
use crate::alias::Side;

/// So many different targets are looked at when the catalogue changes; further ones wait for an answer.
const TARGETS_MAX: i64 = 10_000;

/// What events of the book say that could change old links.
#[derive(Default)]
pub(super) struct News {
    people: BTreeSet<Uuid>,
    /// With whether it was brought in, and so has a past.
    grants: BTreeSet<(Uuid, bool)>,
    has_catalogue: bool,
}

impl News {
    pub(super) fn of(events: &[EventRow]) -> Self {
        let mut news = Self::default();
        for event in events.iter().filter(|event| event.class != "usage") {
            news.has_catalogue |= event.action.starts_with("catalogue.");
            match Action::parse(&event.action) {
                Some(
                    Action::PersonCreated
                    | Action::PersonImported
                    | Action::PersonLinked
                    | Action::PersonUpdated
                    | Action::AccountSet,
                ) => news.people.extend(event.subject_id),
                Some(
                    action @ (Action::GrantActivated
                    | Action::GrantImported
                    | Action::GrantEnded
                    | Action::GrantRevoked
                    | Action::GrantAttested),
                ) => {
                    let has_past = event.origin == "imported"
                        || matches!(action, Action::GrantActivated | Action::GrantImported);
                    news.grants.extend(event.grant_id.map(|id| (id, has_past)));
                }
                Some(Action::HistoryImported) => news.has_catalogue = true,
                _ => {}
            }
        }
        news
    }
}

/// Notes what is to be linked again because of these.
pub(super) async fn note(conn: &mut PgConnection, news: &News) -> Result<()> {
    if !news.people.is_empty() {
        note_people(conn, news).await?;
    }
    if !news.grants.is_empty() {
        note_grants(conn, news).await?;
    }
    if news.has_catalogue {
        note_catalogue(conn).await?;
    }
    Ok(())
}

/// Reports that wait under an address, subject or account that somebody has by now.
async fn note_people(conn: &mut PgConnection, news: &News) -> Result<()> {
    let ids: Vec<Uuid> = news.people.iter().copied().collect();
    let people = sqlx::query!(
        r#"select p.email, p.subject, array(select name from account where person_id = p.id) as "accounts!"
           from person p where p.id = any($1)"#,
        &ids
    )
    .fetch_all(&mut *conn)
    .await?;
    let keys: BTreeSet<String> = people
        .iter()
        .flat_map(|one| matching::keys_of(one.email.as_deref(), one.subject.as_deref(), &one.accounts))
        .collect();
    sqlx::query!(
        "insert into event_relink (source, actor_key)
         select q.slug, k.key from event_source q cross join unnest($1::text[]) k(key)
         where exists (select from event_link l where l.source = q.slug and l.actor_key = k.key)
         on conflict (source, actor_key, target_key, person_id) do update set after_at = null, after_id = null",
        &keys.into_iter().collect::<Vec<_>>()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the holders did since their grants opened or closed.
async fn note_grants(conn: &mut PgConnection, news: &News) -> Result<()> {
    let ids: Vec<Uuid> = news.grants.iter().map(|(id, _)| *id).collect();
    let pasts: Vec<bool> = news.grants.iter().map(|(_, has_past)| *has_past).collect();
    sqlx::query!(
        r#"with changed as (
             select g.person_id, min(case when n.has_past or g.closed_at is null then g.active_since else g.closed_at end)
               as since
             from unnest($1::uuid[], $2::bool[]) n(id, has_past) join access_grant g on g.id = n.id
             where g.active_since is not null group by g.person_id)
           insert into event_relink (person_id, since)
           select c.person_id, c.since from changed c
           where exists (select from event_link l where l.person_id = c.person_id
             -- A source's clock is at most a day ahead.
             and l.recorded_at >= c.since - interval '1 day' and l.occurred_at >= c.since)
           on conflict (source, actor_key, target_key, person_id)
             do update set since = least(event_relink.since, excluded.since), after_at = null, after_id = null"#,
        &ids,
        &pasts
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Reports that wait under the name of something that is in the catalogue by now.
async fn note_catalogue(conn: &mut PgConnection) -> Result<()> {
    let waiting = sqlx::query!(
        r#"with recursive waiting as (
             (select source, target_key from event_link where target_key is not null order by 1, 2 limit 1)
             union all
             select n.source, n.target_key from waiting w cross join lateral (
               select l.source, l.target_key from event_link l
               where l.target_key is not null and (l.source, l.target_key) > (w.source, w.target_key)
               order by 1, 2 limit 1) n)
           select source as "source!", target_key as "key!" from waiting w
           where not exists (select from target_alias a where a.source = w.source and a.key = w.target_key) limit $1"#,
        TARGETS_MAX
    )
    .fetch_all(&mut *conn)
    .await?;
    let targets: Vec<OutsideTarget> = waiting.iter().map(|row| matching::target_of(&row.key)).collect();
    let mut known = Known::default();
    facts::targets(conn, targets.iter(), &mut known).await?;
    let meant: Vec<_> = waiting
        .into_iter()
        .zip(targets)
        .filter(|(_, target)| known.may_mean(target))
        .map(|(row, _)| row)
        .collect();
    let (sources, keys): (Vec<String>, Vec<String>) =
        meant.into_iter().map(|row| (row.source, row.key)).unzip();
    sqlx::query!(
        "insert into event_relink (source, target_key) select * from unnest($1::text[], $2::text[])
         on conflict (source, actor_key, target_key, person_id) do update set after_at = null, after_id = null",
        &sources,
        &keys
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets everything under a key be linked again.
///
/// # Errors
/// When the database refuses it.
pub async fn key_again(conn: &mut PgConnection, side: Side, source: &str, key: &str) -> Result<()> {
    let (actor, target) = match side {
        Side::Actor => (Some(key), None),
        Side::Target => (None, Some(key)),
    };
    sqlx::query!(
        "insert into event_relink (source, actor_key, target_key) values ($1, $2, $3)
         on conflict (source, actor_key, target_key, person_id) do update set after_at = null, after_id = null",
        source,
        actor,
        target
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One thing that is due again.
pub(super) struct Due {
    id: i64,
    source: Option<String>,
    actor_key: Option<String>,
    target_key: Option<String>,
    person_id: Option<Uuid>,
    since: Option<DateTime<Utc>>,
    after_at: Option<DateTime<Utc>>,
    after_id: Option<Uuid>,
}

/// What has been due longest; nobody notes it anew meanwhile.
pub(super) async fn due(conn: &mut PgConnection) -> Result<Option<Due>> {
    Ok(sqlx::query_as!(
        Due,
        "select id, source, actor_key, target_key, person_id, since, after_at, after_id
         from event_relink order by id limit 1 for update"
    )
    .fetch_optional(conn)
    .await?)
}

/// The next reports of what is due, and notes how far that is.
pub(super) async fn take(conn: &mut PgConnection, due: Due, limit: i64) -> Result<Vec<EventRow>> {
    let links = match due.person_id {
        Some(person) => of_person(conn, person, &due, limit).await?,
        None => under_key(conn, &due, limit).await?,
    };
    match links.last() {
        Some(last) if i64::try_from(links.len()).is_ok_and(|taken| taken == limit) => {
            sqlx::query!(
                "update event_relink set after_at = $2, after_id = $3 where id = $1",
                due.id,
                last.recorded_at,
                last.event_id
            )
            .execute(&mut *conn)
            .await?
        }
        _ => sqlx::query!("delete from event_relink where id = $1", due.id).execute(&mut *conn).await?,
    };
    reports(conn, links).await
}

/// A report that was linked before.
struct Linked {
    event_id: Uuid,
    recorded_at: DateTime<Utc>,
}

/// What was reported; the links of a month that was let go stay as they are.
async fn reports(conn: &mut PgConnection, links: Vec<Linked>) -> Result<Vec<EventRow>> {
    let mut places = Places::default();
    for link in links {
        places.push("usage".to_owned(), link.recorded_at, link.event_id);
    }
    row::read(conn, &places).await
}

async fn under_key(conn: &mut PgConnection, due: &Due, limit: i64) -> Result<Vec<Linked>> {
    let after = due.after_id.unwrap_or_default();
    if due.actor_key.is_some() {
        return Ok(sqlx::query_as!(
            Linked,
            "select event_id, recorded_at from event_link
             where source = $1 and actor_key = $2 and event_id > $3 order by event_id limit $4",
            due.source,
            due.actor_key,
            after,
            limit
        )
        .fetch_all(conn)
        .await?);
    }
    Ok(sqlx::query_as!(
        Linked,
        "select event_id, recorded_at from event_link
         where source = $1 and target_key = $2 and event_id > $3 order by event_id limit $4",
        due.source,
        due.target_key,
        after,
        limit
    )
    .fetch_all(conn)
    .await?)
}

async fn of_person(conn: &mut PgConnection, person: Uuid, due: &Due, limit: i64) -> Result<Vec<Linked>> {
    Ok(sqlx::query_as!(
        Linked,
        "select event_id, recorded_at from event_link
         where person_id = $1 and recorded_at >= $2::timestamptz - interval '1 day' and occurred_at >= $2
           and ($3::timestamptz is null or (recorded_at, event_id) > ($3, $4))
         order by recorded_at, event_id limit $5",
        person,
        due.since,
        due.after_at,
        due.after_id.unwrap_or_default(),
        limit
    )
    .fetch_all(conn)
    .await?)
}
