//! Making, editing and deleting bundles and job roles.

use std::collections::BTreeSet;

use app::backend::{
    ChoiceResource, ChoiceSystem, GroupEdit, GroupKind, GroupRow, Saved, TypedGroup, TypedRemoval,
};
use app::error::PortalError;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::editable::{Concern, DESCRIPTION_MAX_CHARS, EntitlementLabel, Facts as _, GroupFacts, detail};
use domain::id::{BundleId, EntitlementId, JobRoleId};
use domain::text::{self, LINE_MAX_CHARS};
use serde_json::{Value, json};
use store::group_edit::{self, ChoiceRecord, EditedGroup, Kind, ONE_AT_AN_ADDRESS};
use store::stock::{self, Group};
use store::{PgConnection, Store, Tx};
use uuid::Uuid;

use super::system::reason;
use super::{check_version, commit, form, may};
use crate::portal::typed::Faults;
use crate::portal::{Fault, refuse};

/// More entitlements than this are a slip.
const ENTITLEMENTS_MAX: usize = 500;

fn stored(kind: GroupKind) -> Kind {
    match kind {
        GroupKind::Bundle => Kind::Bundle,
        GroupKind::JobRole => Kind::JobRole,
    }
}

/// What adding, changing and deleting it is called in the book.
fn actions(kind: GroupKind) -> [Action; 3] {
    match kind {
        GroupKind::Bundle => [Action::BundleAdded, Action::BundleChanged, Action::BundleDeleted],
        GroupKind::JobRole => [Action::JobRoleAdded, Action::JobRoleChanged, Action::JobRoleDeleted],
    }
}

/// The kind that a form names.
fn kind_of(word: &str) -> Result<GroupKind, PortalError> {
    GroupKind::parse(word.trim()).ok_or(PortalError::NotFound)
}

/// All of a kind, by name.
pub async fn list(store: &Store, caller: &Caller, kind: GroupKind) -> Result<Vec<GroupRow>, Fault> {
    may::must_administer(caller)?;
    let all = group_edit::list(&mut *store.read().await?, stored(kind)).await?;
    let count = |count: i64| usize::try_from(count).unwrap_or_default();
    Ok(all
        .into_iter()
        .map(|record| GroupRow {
            id: record.id.to_string(),
            name: record.name,
            description: record.description,
            entitlements: count(record.entitlements),
            people: count(record.people),
        })
        .collect())
}

/// One of a kind; an empty `id` is one to be added.
pub async fn show(store: &Store, caller: &Caller, kind: GroupKind, id: &str) -> Result<GroupEdit, Fault> {
    let mut conn = store.read().await?;
    let blank = TypedGroup { kind: kind.as_str().to_owned(), ..TypedGroup::default() };
    if id.is_empty() {
        may::must_administer(caller)?;
        let choices = choices(group_edit::choices(&mut conn).await?);
        return Ok(GroupEdit { name: String::new(), slug: String::new(), typed: blank, choices, people: 0 });
    }
    let id: Uuid = id.parse().map_err(|_| PortalError::NotFound)?;
    let group = group_edit::find(&mut conn, stored(kind), id).await?.ok_or(PortalError::NotFound)?;
    may::must_administer(caller)?;
    let people = match kind {
        GroupKind::Bundle => 0,
        GroupKind::JobRole => group_edit::people_with(&mut conn, JobRoleId(id)).await?,
    };
    Ok(GroupEdit {
        typed: TypedGroup {
            id: id.to_string(),
            version: group.facts.version(),
            name: group.facts.name.clone(),
            description: group.facts.description.clone(),
            entitlements: group.facts.entitlements.iter().map(|one| one.id.to_string()).collect(),
            ..blank
        },
        name: group.facts.name,
        slug: group.slug,
        choices: choices(group_edit::choices(&mut conn).await?),
        people: usize::try_from(people).unwrap_or_default(),
    })
}

/// By system and resource, in the order that they are read in.
fn choices(records: Vec<ChoiceRecord>) -> Vec<ChoiceSystem> {
    let mut systems: Vec<(ChoiceSystem, String)> = Vec::new();
    for record in records {
        if systems.last().is_none_or(|(system, _)| system.name != record.system) {
            systems.push((ChoiceSystem { name: record.system, resources: Vec::new() }, String::new()));
        }
        let Some((system, resource_slug)) = systems.last_mut() else { continue };
        if *resource_slug != record.resource_slug {
            system.resources.push(ChoiceResource { name: record.resource, entitlements: Vec::new() });
            *resource_slug = record.resource_slug;
        }
        if let Some(resource) = system.resources.last_mut() {
            resource.entitlements.push((record.id, record.name));
        }
    }
    systems.into_iter().map(|(system, _)| system).collect()
}

/// Saves what was typed, or adds it; answers its id.
pub async fn save(store: &Store, caller: &Caller, typed: &TypedGroup) -> Result<(Saved, Uuid), Fault> {
    let kind = kind_of(&typed.kind)?;
    let [added, changed, _] = actions(kind);
    let mut tx = store.begin().await?;
    let current = match typed.id.trim() {
        "" => None,
        id => {
            let id: Uuid = id.parse().map_err(|_| PortalError::NotFound)?;
            Some(group_edit::lock(tx.conn(), stored(kind), id).await?.ok_or(PortalError::NotFound)?)
        }
    };
    let tried = if current.is_some() { changed } else { added };
    if let Some(refused) = may::not_administrator(caller, tried, About::default()) {
        drop(tx);
        return Err(refuse(store, caller, refused).await);
    }
    if let Some(current) = &current {
        check_version(&current.facts, &typed.version)?;
    }
    let mut faults = Faults::default();
    let slug = match &current {
        Some(current) => current.slug.clone(),
        None => form::address(&mut faults, &typed.address, &typed.name),
    };
    let after = read(tx.conn(), faults, typed).await?;
    let told = match &current {
        None => json!({ "after": told(&slug, &after) }),
        Some(current) => match detail(&current.facts.changes(&after), &[Concern::Description]) {
            None => return Ok((Saved::Unchanged, current.id)),
            Some(detail) => named(detail, &slug, &current.facts.name),
        },
    };
    let id = current.map_or_else(|| tx.new_id(), |current| current.id);
    write(&mut tx, kind, id, &slug, &after).await?;
    tx.commit(NewEvent::by(caller, tried).detail(told)).await?;
    Ok((Saved::Done, id))
}

fn told(slug: &str, facts: &GroupFacts) -> Value {
    let labels: Vec<&str> = facts.entitlements.iter().map(|one| one.label.as_str()).collect();
    json!({ "slug": slug, "name": facts.name, "description": facts.description, "entitlements": labels })
}

/// With which one it is.
fn named(mut detail: Value, slug: &str, name: &str) -> Value {
    if let Value::Object(detail) = &mut detail {
        detail.insert("slug".to_owned(), slug.into());
        detail.insert("name".to_owned(), name.into());
    }
    detail
}

async fn read(conn: &mut PgConnection, mut faults: Faults, typed: &TypedGroup) -> Result<GroupFacts, Fault> {
    let name = form::name(&mut faults, &typed.name, LINE_MAX_CHARS);
    let description =
        faults.take("description", text::prose(&typed.description, DESCRIPTION_MAX_CHARS)).flatten();
    let picked: BTreeSet<EntitlementId> =
        typed.entitlements.iter().filter_map(|id| id.trim().parse().ok()).collect();
    let known = group_edit::choices(conn).await?;
    let entitlements: Vec<EntitlementLabel> = known
        .into_iter()
        .filter(|one| picked.contains(&one.id))
        .map(|one| EntitlementLabel { id: one.id, label: format!("{}/{}", one.resource_slug, one.name) })
        .collect();
    if typed.entitlements.is_empty() {
        faults.add("entitlements", "Choose at least one entitlement.");
    } else if entitlements.len() < typed.entitlements.len() {
        let message = "Something that was chosen does not exist any more. Look at what is chosen now.";
        faults.add("entitlements", message);
    } else if entitlements.len() > ENTITLEMENTS_MAX {
        faults.add("entitlements", format!("At most {ENTITLEMENTS_MAX} entitlements fit."));
    }
    faults.check()?;
    Ok(GroupFacts { name, description: description.unwrap_or_default(), entitlements })
}

async fn write(tx: &mut Tx, kind: GroupKind, id: Uuid, slug: &str, facts: &GroupFacts) -> Result<(), Fault> {
    let now = tx.now;
    let entitlements = facts.entitlements.iter().map(|one| one.id).collect();
    let (slug, name, description) = (slug.to_owned(), facts.name.clone(), facts.description.clone());
    let at = slug.clone();
    let saved = match kind {
        GroupKind::Bundle => {
            let group = Group { id: BundleId(id), slug, name, description, entitlements };
            stock::save_bundle(tx.conn(), &group, now).await
        }
        GroupKind::JobRole => {
            let group = Group { id: JobRoleId(id), slug, name, description, entitlements };
            stock::save_job_role(tx.conn(), &group, now).await
        }
    };
    saved.map_err(|error| {
        if ONE_AT_AN_ADDRESS.iter().any(|constraint| error.violates(constraint)) {
            form::taken(&at)
        } else {
            error.into()
        }
    })
}

/// Deletes it. A job role is taken from everybody who has it, each with an event.
pub async fn delete(store: &Store, caller: &Caller, typed: &TypedRemoval) -> Result<(), Fault> {
    let kind = kind_of(&typed.kind)?;
    let [_, _, deleted] = actions(kind);
    let id: Uuid = typed.id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let mut tx = store.begin().await?;
    let group = group_edit::lock(tx.conn(), stored(kind), id).await?.ok_or(PortalError::NotFound)?;
    if let Some(refused) = may::not_administrator(caller, deleted, About::default()) {
        drop(tx);
        return Err(refuse(store, caller, refused).await);
    }
    let reason = reason(&typed.reason)?;
    let mut events = match kind {
        GroupKind::Bundle => delete_bundle(&mut tx, &group).await?,
        GroupKind::JobRole => delete_job_role(&mut tx, caller, &group).await?,
    };
    let told = json!({ "before": told(&group.slug, &group.facts), "taken_from": events.len() });
    let told = named(told, &group.slug, &group.facts.name);
    events.push(NewEvent::by(caller, deleted).reason(reason).detail(told));
    commit(tx, events).await
}

async fn delete_bundle(tx: &mut Tx, group: &EditedGroup) -> Result<Vec<NewEvent>, Fault> {
    let now = tx.now;
    if group_edit::delete_bundle(tx.conn(), BundleId(group.id), now).await? {
        return Ok(Vec::new());
    }
    Err(PortalError::NotFound.into())
}

async fn delete_job_role(tx: &mut Tx, caller: &Caller, group: &EditedGroup) -> Result<Vec<NewEvent>, Fault> {
    let now = tx.now;
    let had = group_edit::delete_job_role(tx.conn(), JobRoleId(group.id), now).await?;
    let had = had.ok_or(PortalError::NotFound)?;
    let why = format!("The job role {} was deleted.", group.facts.name);
    Ok(had
        .into_iter()
        .map(|person| {
            let told = json!({ "job_roles": { "before": [group.slug], "after": [] } });
            NewEvent::by(caller, Action::PersonUpdated).subject(person).reason(Some(why.clone())).detail(told)
        })
        .collect())
}
