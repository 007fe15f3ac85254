//! What somebody new begins with.

use app::backend::{BundleRow, Start, What};
use domain::caller::Caller;
use domain::catalogue::best_bundle;
use domain::id::EntitlementId;
use store::{PgConnection, catalogue, person};

use crate::portal::Fault;

/// What the caller's job roles explain; `None` where that is nothing.
pub(super) async fn start(conn: &mut PgConnection, caller: &Caller) -> Result<Option<Start>, Fault> {
    let (job_roles, explained): (Vec<String>, Vec<Vec<EntitlementId>>) =
        person::job_roles(conn, caller.id()).await?.into_iter().unzip();
    let mut explained = explained.concat();
    explained.sort();
    explained.dedup();
    let bundles = catalogue::bundles(conn, None).await?;
    let contents: Vec<&[EntitlementId]> =
        bundles.iter().map(|bundle| bundle.entitlements.as_slice()).collect();
    let best = best_bundle(&contents, &explained).and_then(|index| bundles.get(index));
    let (bundled, bundle) = match best {
        Some(bundle) => (bundle.entitlements.as_slice(), Some(row(bundle))),
        None => (&[][..], None),
    };
    explained.retain(|id| !bundled.contains(id));
    let mut others = catalogue::entitlements(conn, &explained)
        .await?
        .into_iter()
        .map(|record| {
            let sensitivity = record.sensitivity()?;
            let what = What {
                entitlement: record.name.clone(),
                resource: record.resource.clone(),
                resource_slug: record.resource_slug.clone(),
                system: record.system.clone(),
                sensitivity,
            };
            Ok((record.id(), what))
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    others.sort_by(|(_, a), (_, b)| (&a.resource, &a.entitlement).cmp(&(&b.resource, &b.entitlement)));
    let is_anything = bundle.is_some() || !others.is_empty();
    Ok(is_anything.then_some(Start { job_roles, bundle, others }))
}

fn row(bundle: &catalogue::BundleRecord) -> BundleRow {
    BundleRow {
        slug: bundle.slug.clone(),
        name: bundle.name.clone(),
        description: bundle.description.clone(),
        entitlements: bundle.labels.clone(),
    }
}
