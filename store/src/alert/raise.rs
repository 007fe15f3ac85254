//! Findings become alerts: a new one, one that counts, or one that is open again.

use chrono::{DateTime, Utc};
use domain::alert::{Again, Finding, State};
use domain::audit::{About, Action, Actor, NewEvent};
use domain::caller::Source;
use domain::id::{AlertId, EventId, PersonId};
use domain::person::PersonRef;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::change::{NewStep, insert_step};
use super::record::{state_of, verdict_of};
use super::suppression::{self, Silences};
use crate::{Result, Tx};

/// So many of its events an alert lists; it counts all of them.
pub const LISTED_MAX: i64 = 1_000;

/// The latest alert of a rule and key.
struct Standing {
    id: AlertId,
    state: State,
    last_position: i64,
    listed: i64,
}

/// Takes every finding, in their order; answers the events that say so.
pub(crate) async fn all(tx: &mut Tx, findings: &[Finding]) -> Result<Vec<(EventId, NewEvent)>> {
    let now = tx.now;
    let silences = suppression::of_rules(tx.conn(), findings, now).await?;
    let mut told = Vec::new();
    for finding in findings {
        told.extend(one(tx, finding, &silences).await?);
    }
    Ok(told)
}

async fn one(tx: &mut Tx, finding: &Finding, silences: &Silences) -> Result<Option<(EventId, NewEvent)>> {
    let now = tx.now;
    let standing = standing(tx.conn(), &finding.rule, &finding.key).await?;
    let counted_to = standing.as_ref().map_or(0, |standing| standing.last_position);
    // A rule that counts over time comes back with what was counted before.
    let new: Vec<i64> = finding.positions.iter().copied().filter(|position| *position > counted_to).collect();
    let Some(last_position) = new.iter().max().copied() else { return Ok(None) };
    let becomes = standing.as_ref().map_or(Again::IsAnother, |standing| standing.state.again(now));
    // What is open already goes on counting: somebody looks at it.
    if becomes != Again::Counts
        && let Some(silence) = silences.covering(finding)
    {
        suppression::count(tx.conn(), silence, times(&new), now).await?;
        return Ok(None);
    }
    let (id, kind, listed) = match (becomes, standing) {
        (Again::Counts, Some(standing)) => {
            count(tx.conn(), standing.id, finding, &new, last_position).await?;
            list(tx.conn(), standing.id, &new, standing.listed).await?;
            return Ok(None);
        }
        (Again::Reopens, Some(standing)) => {
            count(tx.conn(), standing.id, finding, &new, last_position).await?;
            reopen(tx.conn(), standing.id, now).await?;
            (standing.id, "reopened", standing.listed)
        }
        _ => {
            let id = AlertId(tx.new_id());
            insert(tx, id, finding, &new, last_position).await?;
            (id, "raised", 0)
        }
    };
    // A new one lists what was counted before, too: without it, it would not be what it is.
    list(tx.conn(), id, if kind == "raised" { &finding.positions } else { &new }, listed).await?;
    let event = EventId(tx.new_id());
    insert_step(tx.conn(), NewStep::of(id, event, now, kind)).await?;
    Ok(Some((event, told(tx.conn(), id, kind, finding).await?)))
}

async fn standing(conn: &mut PgConnection, rule: &str, key: &str) -> Result<Option<Standing>> {
    let Some(row) = sqlx::query!(
        r#"select id, state, verdict, accepted_until, resolved_at, last_position,
             (select count(*) from alert_event e where e.alert_id = a.id) as "listed!"
           from alert a where rule = $1 and key = $2 order by (state <> 'resolved') desc, raised_at desc, id desc limit 1 for update"#,
        rule,
        key
    )
    .fetch_optional(conn)
    .await?
    else {
        return Ok(None);
    };
    let verdict = verdict_of(row.verdict.as_deref(), row.accepted_until);
    let state = state_of(&row.state, verdict, row.resolved_at)?;
    Ok(Some(Standing { id: AlertId(row.id), state, last_position: row.last_position, listed: row.listed }))
}

async fn insert(tx: &mut Tx, id: AlertId, finding: &Finding, new: &[i64], last_position: i64) -> Result<()> {
    let now = tx.now;
    sqlx::query!(
        "insert into alert (id, rule, title, severity, key, sentence, person_id, other_id, system_id, resource_id, grant_id,
           raised_at, first_at, last_at, times, last_position, late_seconds)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        id.0,
        finding.rule,
        finding.title,
        finding.severity.as_str(),
        finding.key,
        finding.sentence,
        finding.person.map(Uuid::from),
        finding.other.map(Uuid::from),
        finding.system.map(Uuid::from),
        finding.resource.map(Uuid::from),
        finding.grant.map(Uuid::from),
        now,
        finding.first_at,
        finding.last_at,
        times(new),
        last_position,
        finding.late.map(|late| late.num_seconds().max(1))
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// It happened again: the alert says so, in the words of the last time, and as severely as the worst.
async fn count(
    conn: &mut PgConnection,
    id: AlertId,
    finding: &Finding,
    new: &[i64],
    last_position: i64,
) -> Result<()> {
    sqlx::query!(
        "update alert set times = times + $2, sentence = $3, last_position = $4, first_at = least(first_at, $5),
           last_at = greatest(last_at, $6), late_seconds = greatest(late_seconds, $7),
           severity = (array['low', 'medium', 'high', 'critical'])[greatest(
             array_position(array['low', 'medium', 'high', 'critical'], severity),
             array_position(array['low', 'medium', 'high', 'critical'], $8))]
         where id = $1",
        id.0,
        times(new),
        finding.sentence,
        last_position,
        finding.first_at,
        finding.last_at,
        finding.late.map(|late| late.num_seconds().max(1)),
        finding.severity.as_str()
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn reopen(conn: &mut PgConnection, id: AlertId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update alert set state = 'open', verdict = null, accepted_until = null, resolved_at = null, opened_at = $2,
           escalated_at = null
         where id = $1 and state = 'resolved'",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lists what it is made of, while there is room.
async fn list(conn: &mut PgConnection, id: AlertId, new: &[i64], listed: i64) -> Result<()> {
    sqlx::query!(
        "insert into alert_event (alert_id, position)
         select $1, position from unnest($2::bigint[]) position order by position limit $3 on conflict do nothing",
        id.0,
        new,
        (LISTED_MAX - listed).max(0)
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn times(new: &[i64]) -> i64 {
    i64::try_from(new.len()).unwrap_or(i64::MAX)
}

/// The event that says so, with the names of now.
async fn told(conn: &mut PgConnection, id: AlertId, kind: &str, finding: &Finding) -> Result<NewEvent> {
    let names = sqlx::query!(
        r#"select (select name from person where id = $1) as person, (select name from system where id = $2) as system,
             (select name from resource where id = $3) as resource"#,
        finding.person.map(Uuid::from),
        finding.system.map(Uuid::from),
        finding.resource.map(Uuid::from)
    )
    .fetch_one(conn)
    .await?;
    let action = if kind == "reopened" { Action::AlertReopened } else { Action::AlertRaised };
    let mut event = NewEvent::new(Actor::System, Source::of("job"), action);
    event.subject =
        finding.person.zip(names.person).map(|(id, name): (PersonId, String)| PersonRef { id, name });
    event.about = About {
        system_id: finding.system,
        system: names.system,
        resource_id: finding.resource,
        resource: names.resource,
        ..About::default()
    };
    event.grant_id = finding.grant;
    event.detail = json!({
        "alert": id, "rule": finding.rule, "severity": finding.severity.as_str(), "sentence": finding.sentence,
    });
    Ok(event)
}
