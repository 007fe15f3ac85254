//! What editors type, read into facts; and facts, as they are written into a form.

use app::backend::{TypedEntitlement, TypedResource};
use app::error::PortalError;
use domain::catalogue::{self, Sensitivity};
use domain::editable::{
    DESCRIPTION_MAX_CHARS, ENTITLEMENT_NAME_MAX_CHARS, EntitlementFacts, Facts, ResourceFacts, TAGS_MAX,
    WORD_MAX_CHARS,
};
use domain::id::EntitlementId;
use domain::person::{PersonRef, PersonStatus};
use domain::policy::PENDING_FOR_DEFAULT;
use domain::span::Span;
use domain::text::{self, LINE_MAX_CHARS};
use store::catalogue_edit::{self, EditedEntitlement, EditedResource};
use store::owner_edit::{self, OwnerRecord};
use store::{PgConnection, grant};

use crate::portal::Fault;
use crate::portal::typed::Faults;

/// More owners than this are a slip of the finger.
const OWNERS_MAX: usize = 50;

/// A resource's facts as its form shows them.
pub fn write_resource(resource: &EditedResource) -> TypedResource {
    let facts = &resource.facts;
    TypedResource {
        slug: resource.slug.clone(),
        version: facts.version(),
        system: String::new(),
        address: String::new(),
        name: facts.name.clone(),
        description: facts.description.clone(),
        environment: facts.environment.clone(),
        sensitivity: facts.sensitivity.as_str().to_owned(),
        tags: facts.tags.join(", "),
        access_max: facts.access_max.map(|max| max.to_string()).unwrap_or_default(),
        owners: write_owners(&resource.owners),
    }
}

/// An entitlement's facts as its form shows them.
pub fn write_entitlement(slug: &str, entitlement: &EditedEntitlement) -> TypedEntitlement {
    let facts = &entitlement.facts;
    TypedEntitlement {
        slug: slug.to_owned(),
        id: entitlement.id.to_string(),
        version: facts.version(),
        name: facts.name.clone(),
        purpose: facts.purpose.clone(),
        target: facts.target.clone().unwrap_or_default(),
        access_max: facts.access_max.map(|max| max.to_string()).unwrap_or_default(),
        pending_for: facts.pending_for.to_string(),
        rationale_required: if facts.rationale_required { "on".to_owned() } else { String::new() },
        owners: write_owners(&entitlement.owners),
    }
}

/// The form of an entitlement that is still to be added.
pub fn blank_entitlement(slug: &str) -> TypedEntitlement {
    TypedEntitlement {
        slug: slug.to_owned(),
        pending_for: PENDING_FOR_DEFAULT.to_string(),
        rationale_required: "on".to_owned(),
        ..TypedEntitlement::default()
    }
}

/// Owners as a form shows them.
pub fn write_owners(owners: &[OwnerRecord]) -> String {
    owners.iter().map(OwnerRecord::written).collect::<Vec<_>>().join("\n")
}

/// The form of a resource that is still to be added.
pub fn blank_resource(system: &str) -> TypedResource {
    TypedResource {
        system: system.to_owned(),
        sensitivity: Sensitivity::Medium.as_str().to_owned(),
        ..TypedResource::default()
    }
}

/// What was typed about a resource; all faults at once, after those that are there already. `current` are its owners
/// of now.
pub async fn read_resource(
    conn: &mut PgConnection,
    mut faults: Faults,
    typed: &TypedResource,
    current: &[OwnerRecord],
) -> Result<ResourceFacts, Fault> {
    let name = name(&mut faults, &typed.name, LINE_MAX_CHARS);
    let description =
        faults.take("description", text::prose(&typed.description, DESCRIPTION_MAX_CHARS)).flatten();
    let environment = line(&mut faults, "environment", &typed.environment, WORD_MAX_CHARS);
    let sensitivity = Sensitivity::parse(typed.sensitivity.trim());
    if sensitivity.is_none() {
        faults.add("sensitivity", "Choose low, medium, high or critical.");
    }
    let tags = tags(&mut faults, &typed.tags);
    let access_max = access_max(&mut faults, &typed.access_max);
    let owners = owners(conn, &mut faults, &typed.owners, current).await?;
    faults.check()?;
    Ok(ResourceFacts {
        name,
        description: description.unwrap_or_default(),
        environment: environment.unwrap_or_default(),
        sensitivity: sensitivity.unwrap_or(Sensitivity::Medium),
        tags,
        access_max,
        owners,
    })
}

/// What was typed about an entitlement; all faults at once. `current` is `None` where it is to be added.
pub async fn read_entitlement(
    conn: &mut PgConnection,
    typed: &TypedEntitlement,
    resource: &EditedResource,
    current: Option<&EditedEntitlement>,
) -> Result<EntitlementFacts, Fault> {
    let mut faults = Faults::default();
    let name = name(&mut faults, &typed.name, ENTITLEMENT_NAME_MAX_CHARS);
    let purpose = faults.take("purpose", text::prose(&typed.purpose, DESCRIPTION_MAX_CHARS)).flatten();
    let target = line(&mut faults, "target", &typed.target, LINE_MAX_CHARS);
    let access_max = access_max(&mut faults, &typed.access_max);
    let pending_for = if typed.pending_for.trim().is_empty() {
        faults.add("pending_for", "Say how long a request waits, like “7 days”.");
        None
    } else {
        faults.take("pending_for", Span::parse(&typed.pending_for))
    };
    let of_now = current.map_or(&[][..], |current| current.owners.as_slice());
    let owners = owners(conn, &mut faults, &typed.owners, of_now).await?;
    let own = current.map(|current| current.id);
    let clash = catalogue_edit::clash(conn, resource, own, &name, target.as_deref()).await?;
    if clash.is_name_taken {
        faults.add("name", format!("Something on {} is called that already.", resource.facts.name));
    }
    let is_new_target = current.is_none_or(|current| current.facts.target != target);
    if is_new_target && typed.target.trim().is_empty() == target.is_none() {
        check_target(conn, &mut faults, resource, own, clash.target_taken_by, target.is_none()).await?;
    }
    faults.check()?;
    Ok(EntitlementFacts {
        name,
        purpose: purpose.unwrap_or_default(),
        target,
        access_max,
        pending_for: pending_for.unwrap_or(PENDING_FOR_DEFAULT),
        rationale_required: typed.rationale_required == "on",
        owners,
    })
}

/// A name at the target must be there for a connector, open nothing that is offered elsewhere, and stay what it is
/// while somebody holds it: otherwise what they have could not be found again to be taken away.
async fn check_target(
    conn: &mut PgConnection,
    faults: &mut Faults,
    resource: &EditedResource,
    own: Option<EntitlementId>,
    taken_by: Option<String>,
    is_missing: bool,
) -> Result<(), Fault> {
    if !resource.is_manual() {
        if is_missing {
            faults.add("target", format!("Say what this is called in {}: the role's name.", resource.system));
        }
        if let Some(other) = taken_by {
            faults.add("target", format!("“{other}” opens this already, under its own rules."));
        }
    }
    if let Some(own) = own {
        let held = grant::list(conn, grant::Which::LiveOn(&[own]), 1).await?;
        if !held.is_empty() {
            let message =
                "Somebody holds this, so its name at the target stays. Add another entitlement instead.";
            faults.add("target", message);
        }
    }
    Ok(())
}

/// The slug that was typed, or one made of the name; a fault of it is noted.
pub fn address(faults: &mut Faults, typed: &str, name: &str) -> String {
    let typed = typed.trim();
    if typed.is_empty() {
        let slug = catalogue::slug_of(name);
        if !name.trim().is_empty() && !catalogue::is_slug(&slug) {
            faults.add("address", "No address can be made of this name. Give one.");
        }
        return slug;
    }
    if !catalogue::is_slug(typed) {
        faults.add("address", catalogue::slug_fault(typed));
    }
    typed.to_owned()
}

/// The fault of an address that something else stands at.
pub fn taken(address: &str) -> Fault {
    let message = format!("Something else is at the address “{address}” already. Give another one.");
    PortalError::field("address", message).into()
}

/// A name; a fault of it is noted.
pub fn name(faults: &mut Faults, typed: &str, max: usize) -> String {
    if matches!(text::prose(typed, max), Ok(None)) {
        faults.add("name", "Give it a name that people recognise.");
    }
    line(faults, "name", typed, max).unwrap_or_default()
}

/// One line of at most `max` characters, blank as `None`; a fault of it is noted.
pub fn line(faults: &mut Faults, field: &str, typed: &str, max: usize) -> Option<String> {
    if typed.trim().contains('\n') {
        faults.add(field, "This must fit on one line.");
        return None;
    }
    faults.take(field, text::prose(typed, max)).flatten()
}

/// A longest access, blank as `None`; a fault of it is noted.
pub fn access_max(faults: &mut Faults, typed: &str) -> Option<Span> {
    if typed.trim().is_empty() { None } else { faults.take("access_max", Span::parse(typed)) }
}

fn tags(faults: &mut Faults, typed: &str) -> Vec<String> {
    let mut tags: Vec<String> =
        typed.split([',', '\n']).map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    tags.sort();
    tags.dedup();
    if tags.len() > TAGS_MAX {
        faults.add("tags", format!("At most {TAGS_MAX} tags."));
    } else if let Some(error) = tags.iter().find_map(|tag| text::prose(tag, WORD_MAX_CHARS).err()) {
        faults.add("tags", error);
    }
    tags
}

/// The people behind emails (or names, where that is unmistakable), by name.
pub async fn owners(
    conn: &mut PgConnection,
    faults: &mut Faults,
    typed: &str,
    current: &[OwnerRecord],
) -> Result<Vec<PersonRef>, Fault> {
    let written: Vec<String> = typed
        .split(['\n', ',', ';'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    if written.len() > OWNERS_MAX {
        faults.add("owners", format!("At most {OWNERS_MAX} owners."));
        return Ok(Vec::new());
    }
    let known = owner_edit::named(conn, &written).await?;
    let (mut owners, mut wrong): (Vec<PersonRef>, Vec<String>) = (Vec::new(), Vec::new());
    for word in &written {
        let mut meant: Vec<_> = known.iter().filter(|named| named.written == *word).collect();
        if meant.len() > 1 {
            meant.retain(|named| current.iter().any(|owner| owner.person.id == named.person.id));
        }
        match meant.as_slice() {
            [one] if one.status == PersonStatus::Active => owners.push(one.person.clone()),
            [one] => wrong.push(format!("{} does not work here now.", one.person.name)),
            [] if known.iter().any(|named| named.written == *word) => {
                wrong.push(format!("Several people are called {word}: give the email."));
            }
            [] => wrong.push(format!("Nobody here goes by {word}.")),
            _ => wrong.push(format!("Several people are called {word}: give the email.")),
        }
    }
    if !wrong.is_empty() {
        faults.add("owners", wrong.join(" "));
    }
    owners.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    owners.dedup_by_key(|owner| owner.id);
    Ok(owners)
}
