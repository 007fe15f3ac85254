//! What a batch of reports could mean: read in a few statements, however large the batch is.

use std::collections::BTreeSet;

use domain::id::{EntitlementId, GrantId, PersonId, ResourceId, SystemId};
use domain::matching::known::{Known, KnownEntitlement, KnownResource, KnownSystem};
use domain::matching::{KnownGrant, Report, actor_key, fold, target_key};
use domain::usage::OutsideTarget;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Everything that links of these reports depend on.
pub(super) async fn of<'a>(
    conn: &mut PgConnection,
    reports: impl Iterator<Item = &'a Report>,
) -> Result<Known> {
    let reports: Vec<&Report> = reports.collect();
    let reports = reports.as_slice();
    let mut known = Known::default();
    if reports.is_empty() {
        return Ok(known);
    }
    aliases(conn, reports, &mut known).await?;
    people(conn, reports, &mut known).await?;
    accounts(conn, reports, &mut known).await?;
    targets(conn, reports.iter().map(|report| &report.target), &mut known).await?;
    entitlements(conn, &mut known).await?;
    grants(conn, reports, &mut known).await?;
    Ok(known)
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.collect::<BTreeSet<T>>().into_iter().collect()
}

async fn aliases(conn: &mut PgConnection, reports: &[&Report], known: &mut Known) -> Result<()> {
    let asked = |key: fn(&Report) -> Option<String>| -> (Vec<String>, Vec<String>) {
        distinct(reports.iter().filter_map(|one| Some((one.source.clone(), key(one)?)))).into_iter().unzip()
    };
    let (sources, keys) = asked(|one| actor_key(&one.actor));
    let rows = sqlx::query!(
        "select a.source, a.key, a.person_id from unnest($1::text[], $2::text[]) k(source, key)
         join actor_alias a on a.source = k.source and a.key = k.key",
        &sources,
        &keys
    )
    .fetch_all(&mut *conn)
    .await?;
    known.actor_aliases =
        rows.into_iter().map(|row| ((row.source, row.key), row.person_id.map(PersonId))).collect();
    let (sources, keys) = asked(|one| target_key(&one.target));
    let rows = sqlx::query!(
        "select a.source, a.key, a.resource_id, a.entitlement_id from unnest($1::text[], $2::text[]) k(source, key)
         join target_alias a on a.source = k.source and a.key = k.key",
        &sources,
        &keys
    )
    .fetch_all(conn)
    .await?;
    known.target_aliases = rows
        .into_iter()
        .map(|row| {
            let said = row.resource_id.map(|id| (ResourceId(id), row.entitlement_id.map(EntitlementId)));
            ((row.source, row.key), said)
        })
        .collect();
    Ok(())
}

async fn people(conn: &mut PgConnection, reports: &[&Report], known: &mut Known) -> Result<()> {
    let emails = distinct(reports.iter().filter_map(|one| one.actor.email.as_deref().map(fold)));
    let subjects = distinct(
        reports.iter().filter_map(|one| one.actor.subject.as_deref().map(|text| text.trim().to_owned())),
    );
    let rows = sqlx::query!(
        r#"select id, lower(email) as email, null as subject from person where lower(email) = any($1)
           union all
           -- Nobody signs in under the issuers of a history.
           select id, null, subject from person where subject = any($2) and issuer not like 'imported:%'"#,
        &emails,
        &subjects
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let Some(id) = row.id.map(PersonId) else { continue };
        if let Some(email) = row.email {
            known.emails.insert(email, id);
        }
        if let Some(subject) = row.subject {
            known.subjects.entry(subject).or_default().push(id);
        }
    }
    Ok(())
}

async fn accounts(conn: &mut PgConnection, reports: &[&Report], known: &mut Known) -> Result<()> {
    let names = distinct(reports.iter().filter_map(|one| one.actor.account.as_deref().map(fold)));
    let rows =
        sqlx::query!("select system_id, name, person_id from account where lower(name) = any($1)", &names)
            .fetch_all(conn)
            .await?;
    for row in rows {
        let at = (SystemId(row.system_id), fold(&row.name));
        known.accounts.entry(at).or_default().push((row.name, PersonId(row.person_id)));
    }
    Ok(())
}

/// Every system, and the resources that these targets, or aliases that are known already, could mean.
pub(super) async fn targets<'a>(
    conn: &mut PgConnection,
    targets: impl Iterator<Item = &'a OutsideTarget>,
    known: &mut Known,
) -> Result<()> {
    let systems = sqlx::query!("select id, slug, name, created_at, deleted_at from system")
        .fetch_all(&mut *conn)
        .await?;
    known.systems = systems
        .into_iter()
        .map(|row| KnownSystem {
            id: SystemId(row.id),
            slug: row.slug,
            name: row.name,
            created_at: row.created_at,
            deleted_at: row.deleted_at,
        })
        .collect();
    let words = distinct(targets.filter_map(|target| target.resource.as_deref().map(fold)));
    let aliased: Vec<Uuid> = known.target_aliases.values().flatten().map(|(id, _)| id.0).collect();
    let rows = sqlx::query!(
        "select id, system_id, slug, name, created_at, deleted_at from resource
         where slug = any($1) or lower(name) = any($1) or id = any($2)",
        &words,
        &aliased
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let resource = KnownResource {
            id: ResourceId(row.id),
            system: SystemId(row.system_id),
            slug: row.slug,
            name: row.name,
            created_at: row.created_at,
            deleted_at: row.deleted_at,
        };
        for word in distinct([fold(&resource.slug), fold(&resource.name)].into_iter()) {
            known.named.entry(word).or_default().push(resource.id);
        }
        known.resources.insert(resource.id, resource);
    }
    Ok(())
}

async fn entitlements(conn: &mut PgConnection, known: &mut Known) -> Result<()> {
    let resources: Vec<Uuid> = known.resources.keys().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select id, resource_id, name, target, created_at, deleted_at from entitlement where resource_id = any($1)",
        &resources
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        known.entitlements.entry(ResourceId(row.resource_id)).or_default().push(KnownEntitlement {
            id: EntitlementId(row.id),
            name: row.name,
            target: row.target,
            created_at: row.created_at,
            deleted_at: row.deleted_at,
        });
    }
    Ok(())
}

/// What those who acted held between the first and the last of these reports.
async fn grants(conn: &mut PgConnection, reports: &[&Report], known: &mut Known) -> Result<()> {
    let uses = || reports.iter().filter(|report| report.is_use());
    let people = distinct(uses().filter_map(|report| known.actor(report).0));
    let people: Vec<Uuid> = people.into_iter().map(Uuid::from).collect();
    let from = uses().map(|report| report.occurred_at).min();
    let to = uses().map(|report| report.occurred_at).max();
    let rows = sqlx::query!(
        r#"select g.id, g.person_id, g.entitlement_id, e.resource_id, o.system_id, g.active_since as "active_since!",
             g.closed_at
           from access_grant g
           join entitlement e on e.id = g.entitlement_id
           join resource o on o.id = e.resource_id
           where g.person_id = any($1) and g.active_since <= $3 and (g.closed_at is null or g.closed_at > $2)"#,
        &people,
        from,
        to
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        known.grants.entry(PersonId(row.person_id)).or_default().push(KnownGrant {
            id: GrantId(row.id),
            entitlement: EntitlementId(row.entitlement_id),
            resource: ResourceId(row.resource_id),
            system: SystemId(row.system_id),
            active_since: row.active_since,
            closed_at: row.closed_at,
        });
    }
    Ok(())
}
