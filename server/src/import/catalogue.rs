//! The catalogue: systems, resources, entitlements, bundles, job roles, in this order.

mod groups;
mod limits;
mod looser;
mod save;

use std::collections::BTreeSet;

use domain::audit::About;
use domain::catalogue::Sensitivity;
use domain::editable::{DESCRIPTION_MAX_CHARS, ENTITLEMENT_NAME_MAX_CHARS, TAGS_MAX, WORD_MAX_CHARS};
use domain::id::{EntitlementId, PersonId, ResourceId, SystemId};
use domain::policy::PENDING_FOR_DEFAULT;
use domain::text::LINE_MAX_CHARS;
use store::stock::{Entitlement, Resource, Rules, System};

use super::rows::{Cells, Row};
use super::{ImportError, Work};
use crate::connectors::settings;

const SYSTEMS: &str = "systems";
const RESOURCES: &str = "resources";
const ENTITLEMENTS: &str = "entitlements";
const SYSTEM_COLUMNS: &[&str] =
    &["slug", "name", "description", "connector", "connector_settings", "access_max", "owners"];
const RESOURCE_COLUMNS: &[&str] =
    &["slug", "system", "name", "description", "environment", "sensitivity", "tags", "access_max", "owners"];
const ENTITLEMENT_COLUMNS: &[&str] =
    &["resource", "name", "purpose", "target", "owners", "pending", "access_max", "rationale_required"];

/// Brings in all rows about the catalogue; `of` finds those of a kind. Once something is wrong, nothing more is
/// written, but the rest is still read for more that is wrong.
pub(super) async fn import<'r>(work: &mut Work, of: impl Fn(&str) -> &'r [Row]) -> Result<(), ImportError> {
    let limits = limits::of(&work.stock);
    for row in of("system") {
        if let Some(system) = read_system(work, row) {
            save::save_system(work, row, system).await?;
        }
    }
    for row in of("resource") {
        if let Some(resource) = read_resource(work, row) {
            save::save_resource(work, resource).await?;
        }
    }
    for row in of("entitlement") {
        if let Some(entitlement) = read_entitlement(work, row) {
            save::save_entitlement(work, entitlement).await?;
        }
    }
    groups::import(work, of("bundle"), of("job_role")).await?;
    limits::shorten(work, &limits).await
}

/// The owners that a cell names by their addresses.
fn owners(
    cells: &mut Cells<'_>,
    by_email: &std::collections::HashMap<String, PersonId>,
) -> BTreeSet<PersonId> {
    let mut owners = BTreeSet::new();
    for email in cells.list("owners") {
        match by_email.get(&email.to_lowercase()) {
            Some(id) => {
                owners.insert(*id);
            }
            None => cells.fault("owners", format!("Nobody has the address {email}.")),
        }
    }
    owners
}

fn read_system(work: &mut Work, row: &Row) -> Option<System> {
    let mut cells = Cells::new(row, SYSTEM_COLUMNS, &mut work.faults);
    let slug = cells.slug("slug")?;
    if !work.report.see(SYSTEMS, &slug) {
        cells.fault("slug", format!("“{slug}” stands in the files twice."));
    }
    let found = work.stock.systems.iter().find(|system| system.slug == slug);
    let mut system = found.cloned().unwrap_or_else(|| System {
        id: SystemId(work.tx.new_id()),
        slug,
        name: String::new(),
        description: String::new(),
        connector: "manual".to_owned(),
        connector_settings: serde_json::json!({}),
        access_max: None,
        owners: BTreeSet::new(),
    });
    if cells.has("name") || found.is_none() {
        system.name = cells.required("name", LINE_MAX_CHARS).unwrap_or_default();
    }
    if cells.has("description") {
        system.description = cells.text("description", DESCRIPTION_MAX_CHARS).unwrap_or_default();
    }
    if let Some(connector) = cells.line("connector", 40) {
        if !settings::is_known(&connector) {
            let message =
                format!("There is no connector “{connector}”; there are {}.", settings::known_names());
            cells.fault("connector", message);
        }
        system.connector = connector;
    }
    if cells.has("connector_settings") {
        let given = cells.object("connector_settings").unwrap_or_default();
        if let Err(why) = settings::check(&system.connector, &given) {
            cells.fault("connector_settings", why);
        }
        system.connector_settings = given.into();
    }
    if cells.has("access_max") {
        system.access_max = cells.span("access_max");
    }
    if cells.has("owners") {
        system.owners = owners(&mut cells, &work.by_email);
    }
    cells.finish(system)
}

fn read_resource(work: &mut Work, row: &Row) -> Option<Resource> {
    let mut cells = Cells::new(row, RESOURCE_COLUMNS, &mut work.faults);
    let slug = cells.slug("slug")?;
    if !work.report.see(RESOURCES, &slug) {
        cells.fault("slug", format!("“{slug}” stands in the files twice."));
    }
    let found = work.stock.resources.iter().find(|resource| resource.slug == slug);
    let mut system_id = found.map(|resource| resource.system);
    if cells.has("system") || found.is_none() {
        let system_slug = cells.required("system", LINE_MAX_CHARS)?;
        let system = work.stock.systems.iter().find(|system| system.slug == system_slug);
        match (system, system_id) {
            (None, _) => cells.fault("system", format!("There is no system “{system_slug}”.")),
            (Some(system), Some(before)) if system.id != before => {
                cells
                    .fault("system", "A resource does not move to another system. Give it a new slug there.");
            }
            (Some(system), _) => system_id = Some(system.id),
        }
    }
    let mut resource = found.cloned().unwrap_or_else(|| Resource {
        id: ResourceId(work.tx.new_id()),
        system: system_id.unwrap_or(SystemId(work.tx.new_id())),
        slug,
        name: String::new(),
        description: String::new(),
        environment: String::new(),
        sensitivity: Sensitivity::Medium,
        tags: BTreeSet::new(),
        access_max: None,
        owners: BTreeSet::new(),
    });
    if cells.has("name") || found.is_none() {
        resource.name = cells.required("name", LINE_MAX_CHARS).unwrap_or_default();
    }
    if cells.has("description") {
        resource.description = cells.text("description", DESCRIPTION_MAX_CHARS).unwrap_or_default();
    }
    if cells.has("environment") {
        resource.environment = cells.line("environment", WORD_MAX_CHARS).unwrap_or_default();
    }
    if let Some(word) = cells.line("sensitivity", 20) {
        match Sensitivity::parse(&word.to_lowercase()) {
            Some(sensitivity) => resource.sensitivity = sensitivity,
            None => cells.fault("sensitivity", format!("“{word}” is none of low, medium, high, critical.")),
        }
    }
    if cells.has("tags") {
        resource.tags = cells.list("tags").into_iter().collect();
        if resource.tags.len() > TAGS_MAX
            || resource.tags.iter().any(|tag| tag.chars().count() > WORD_MAX_CHARS)
        {
            let message = format!("At most {TAGS_MAX} tags of at most {WORD_MAX_CHARS} characters fit.");
            cells.fault("tags", message);
        }
    }
    if cells.has("access_max") {
        resource.access_max = cells.span("access_max");
    }
    if cells.has("owners") {
        resource.owners = owners(&mut cells, &work.by_email);
    }
    cells.finish(resource)
}

fn read_entitlement(work: &mut Work, row: &Row) -> Option<Entitlement> {
    let mut cells = Cells::new(row, ENTITLEMENT_COLUMNS, &mut work.faults);
    let (slug, name) = (cells.slug("resource"), cells.required("name", ENTITLEMENT_NAME_MAX_CHARS));
    let (slug, name) = (slug?, name?);
    if !work.report.see(ENTITLEMENTS, &format!("{slug}/{}", name.to_lowercase())) {
        cells.fault("name", format!("“{name}” on “{slug}” stands in the files twice."));
    }
    let Some(resource) = work.stock.resources.iter().find(|resource| resource.slug == slug) else {
        cells.fault("resource", format!("There is no resource “{slug}”."));
        return None;
    };
    let is_it = |known: &&Entitlement| {
        known.resource == resource.id && known.name.to_lowercase() == name.to_lowercase()
    };
    let found = work.stock.entitlements.iter().find(is_it);
    let mut entitlement = found.cloned().unwrap_or_else(|| Entitlement {
        id: EntitlementId(work.tx.new_id()),
        resource: resource.id,
        name: name.clone(),
        purpose: String::new(),
        target: None,
        owners: BTreeSet::new(),
        rules: Rules { pending_for: PENDING_FOR_DEFAULT, access_max: None, rationale_required: true },
    });
    entitlement.name = name;
    if cells.has("purpose") {
        entitlement.purpose = cells.text("purpose", DESCRIPTION_MAX_CHARS).unwrap_or_default();
    }
    if cells.has("target") {
        entitlement.target = cells.line("target", LINE_MAX_CHARS);
    }
    if cells.has("owners") {
        entitlement.owners = owners(&mut cells, &work.by_email);
    }
    if let Some(span) = cells.span("pending") {
        entitlement.rules.pending_for = span;
    }
    if cells.has("access_max") {
        entitlement.rules.access_max = cells.span("access_max");
    }
    if let Some(required) = cells.flag("rationale_required") {
        entitlement.rules.rationale_required = required;
    }
    cells.finish(entitlement)
}

impl Work {
    fn resource_slug(&self, id: ResourceId) -> String {
        let resource = self.stock.resources.iter().find(|resource| resource.id == id);
        resource.map(|resource| resource.slug.clone()).unwrap_or_default()
    }

    fn about_resource(&self, resource: &Resource) -> About {
        let system = self.stock.systems.iter().find(|system| system.id == resource.system);
        About {
            system_id: Some(resource.system),
            system: system.map(|system| system.name.clone()),
            resource_id: Some(resource.id),
            resource: Some(resource.name.clone()),
            ..About::default()
        }
    }

    /// For events.
    pub(super) fn about_entitlement(&self, entitlement: &Entitlement) -> About {
        let resource = self.stock.resources.iter().find(|known| known.id == entitlement.resource);
        About {
            entitlement_id: Some(entitlement.id),
            entitlement: Some(entitlement.name.clone()),
            ..resource.map(|resource| self.about_resource(resource)).unwrap_or_default()
        }
    }

    /// The entitlement called `resource-slug/name`.
    pub(super) fn find_entitlement(&self, path: &str) -> Option<&Entitlement> {
        let (slug, name) = path.split_once('/')?;
        let resource = self.stock.resources.iter().find(|resource| resource.slug == slug.trim())?.id;
        let name = name.trim().to_lowercase();
        self.stock
            .entitlements
            .iter()
            .find(|known| known.resource == resource && known.name.to_lowercase() == name)
    }
}
