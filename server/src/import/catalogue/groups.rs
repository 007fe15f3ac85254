//! What holds several entitlements: bundles, asked for together, and job roles, which justify them.

use std::collections::BTreeSet;

use domain::audit::{About, Action};
use domain::editable::DESCRIPTION_MAX_CHARS;
use domain::id::{BundleId, EntitlementId, JobRoleId};
use domain::text::LINE_MAX_CHARS;
use store::stock::{self, Group};
use uuid::Uuid;

use super::super::rows::{Cells, Row};
use super::super::{ImportError, Work, differences};

const BUNDLES: &str = "bundles";
const JOB_ROLES: &str = "job roles";

/// Brings in bundles and job roles.
pub(super) async fn import(work: &mut Work, bundles: &[Row], job_roles: &[Row]) -> Result<(), ImportError> {
    for row in bundles {
        let columns = &["slug", "name", "description", "entitlements"];
        let known = work.stock.bundles.clone();
        let Some(bundle) = read::<BundleId>(work, row, columns, BUNDLES, &known) else { continue };
        let before = known.iter().find(|known| known.id == bundle.id);
        if before != Some(&bundle) && work.faults.is_empty() {
            stock::save_bundle(work.tx.conn(), &bundle, work.now).await?;
            record(work, BUNDLES, Action::BundleChanged, before, &bundle).await?;
            work.stock.bundles.retain(|known| known.id != bundle.id);
            work.stock.bundles.push(bundle);
        }
    }
    for row in job_roles {
        let columns = &["slug", "name", "description", "entitlements"];
        let known = work.stock.job_roles.clone();
        let Some(job_role) = read::<JobRoleId>(work, row, columns, JOB_ROLES, &known) else { continue };
        let before = known.iter().find(|known| known.id == job_role.id);
        if before != Some(&job_role) && work.faults.is_empty() {
            stock::save_job_role(work.tx.conn(), &job_role, work.now).await?;
            record(work, JOB_ROLES, Action::JobRoleChanged, before, &job_role).await?;
            work.stock.job_roles.retain(|known| known.id != job_role.id);
            work.stock.job_roles.push(job_role);
        }
    }
    Ok(())
}

fn read<Id: From<Uuid> + Clone>(
    work: &mut Work,
    row: &Row,
    columns: &[&str],
    noun: &'static str,
    known: &[Group<Id>],
) -> Option<Group<Id>> {
    let mut faults = std::mem::take(&mut work.faults);
    let group = read_cells(work, Cells::new(row, columns, &mut faults), noun, known);
    work.faults = faults;
    group
}

fn read_cells<Id: From<Uuid> + Clone>(
    work: &mut Work,
    mut cells: Cells<'_>,
    noun: &'static str,
    known: &[Group<Id>],
) -> Option<Group<Id>> {
    let slug = cells.slug("slug")?;
    if !work.report.see(noun, &slug) {
        cells.fault("slug", format!("“{slug}” stands in the files twice."));
    }
    let found = known.iter().find(|group| group.slug == slug);
    let mut group = found.cloned().unwrap_or_else(|| Group {
        id: Id::from(work.tx.new_id()),
        slug,
        name: String::new(),
        description: String::new(),
        entitlements: BTreeSet::new(),
    });
    if cells.has("name") || found.is_none() {
        group.name = cells.required("name", LINE_MAX_CHARS).unwrap_or_default();
    }
    if cells.has("description") {
        group.description = cells.text("description", DESCRIPTION_MAX_CHARS).unwrap_or_default();
    }
    if cells.has("entitlements") {
        group.entitlements.clear();
        for path in cells.list("entitlements") {
            match work.find_entitlement(&path) {
                Some(entitlement) => {
                    group.entitlements.insert(entitlement.id);
                }
                None => {
                    let message = format!("There is no “{path}”. Write it like payments-prod/read.");
                    cells.fault("entitlements", message);
                }
            }
        }
    }
    cells.finish(group)
}

async fn record<Id: PartialEq>(
    work: &mut Work,
    noun: &'static str,
    action: Action,
    before: Option<&Group<Id>>,
    after: &Group<Id>,
) -> Result<(), ImportError> {
    let paths = |ids: &BTreeSet<EntitlementId>| -> Vec<String> {
        let held = work.stock.entitlements.iter().filter(|entitlement| ids.contains(&entitlement.id));
        held.map(|held| format!("{}/{}", work.resource_slug(held.resource), held.name)).collect()
    };
    let as_told = |group: &Group<Id>| {
        serde_json::json!({
            "slug": group.slug,
            "name": group.name,
            "description": group.description,
            "entitlements": paths(&group.entitlements),
        })
    };
    let detail = match before {
        None => serde_json::json!({ "after": as_told(after) }),
        Some(before) => {
            let mut detail = differences(&as_told(before), &as_told(after));
            if let Some(detail) = detail.as_object_mut() {
                detail.insert("slug".to_owned(), after.slug.clone().into());
            }
            detail
        }
    };
    match before {
        None => work.report.create(noun, &after.slug),
        Some(_) => work.report.change(noun, &after.slug),
    }
    let event = work.event(action).about(About::default()).detail(detail);
    work.record(event).await
}
