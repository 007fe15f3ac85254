//! Links, written.

use chrono::{DateTime, Utc};
use domain::matching::{Link, Report};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// The columns of many links, one after the other.
#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    recorded: Vec<DateTime<Utc>>,
    occurred: Vec<DateTime<Utc>>,
    sources: Vec<String>,
    people: Vec<Option<Uuid>>,
    systems: Vec<Option<Uuid>>,
    resources: Vec<Option<Uuid>>,
    entitlements: Vec<Option<Uuid>>,
    grants: Vec<Option<Uuid>>,
    covered: Vec<Option<bool>>,
    actor_keys: Vec<Option<String>>,
    target_keys: Vec<Option<String>>,
}

impl Columns {
    fn push(&mut self, report: &Report, link: &Link) {
        self.ids.push(report.id.0);
        self.recorded.push(report.recorded_at);
        self.occurred.push(report.occurred_at);
        self.sources.push(report.source.clone());
        self.people.push(link.person.map(Uuid::from));
        self.systems.push(link.system.map(Uuid::from));
        self.resources.push(link.resource.map(Uuid::from));
        self.entitlements.push(link.entitlement.map(Uuid::from));
        self.grants.push(link.grant.map(Uuid::from));
        self.covered.push(link.covered);
        self.actor_keys.push(link.actor_key.clone());
        self.target_keys.push(link.target_key.clone());
    }
}

/// Writes the links of these reports, in one statement; what is as it was is left alone.
pub(super) async fn links(conn: &mut PgConnection, links: &[(&Report, &Link)]) -> Result<()> {
    if links.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::default();
    for (report, link) in links {
        columns.push(report, link);
    }
    sqlx::query!(
        "insert into event_link as l (event_id, recorded_at, occurred_at, source, person_id, system_id, resource_id,
           entitlement_id, grant_id, covered, actor_key, target_key)
         select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::uuid[], $6::uuid[],
           $7::uuid[], $8::uuid[], $9::uuid[], $10::bool[], $11::text[], $12::text[])
         on conflict (event_id) do update set person_id = excluded.person_id, system_id = excluded.system_id,
           resource_id = excluded.resource_id, entitlement_id = excluded.entitlement_id,
           grant_id = excluded.grant_id, covered = excluded.covered, actor_key = excluded.actor_key,
           target_key = excluded.target_key
         where (l.person_id, l.system_id, l.resource_id, l.entitlement_id, l.grant_id, l.covered, l.actor_key,
             l.target_key)
           is distinct from (excluded.person_id, excluded.system_id, excluded.resource_id, excluded.entitlement_id,
             excluded.grant_id, excluded.covered, excluded.actor_key, excluded.target_key)",
        &columns.ids,
        &columns.recorded,
        &columns.occurred,
        &columns.sources,
        &columns.people as &[Option<Uuid>],
        &columns.systems as &[Option<Uuid>],
        &columns.resources as &[Option<Uuid>],
        &columns.entitlements as &[Option<Uuid>],
        &columns.grants as &[Option<Uuid>],
        &columns.covered as &[Option<bool>],
        &columns.actor_keys as &[Option<String>],
        &columns.target_keys as &[Option<String>]
    )
    .execute(conn)
    .await?;
    Ok(())
}
