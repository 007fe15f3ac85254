//! Making, editing and deleting a system.

use app::backend::{Saved, SystemEdit, SystemRow, TypedRemoval, TypedSystem};
use app::error::PortalError;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::editable::{DESCRIPTION_MAX_CHARS, Facts as _, SystemFacts};
use domain::id::SystemId;
use domain::policy::loosening;
use domain::text::{self, LINE_MAX_CHARS};
use serde_json::{Map, Value, json};
use store::loosening::Of;
use store::owner_edit::{self, Owned, OwnerRecord};
use store::system_edit::{self, EditedSystem, ONE_AT_AN_ADDRESS};
use store::{PgConnection, Store, Tx};

use super::may::For;
use super::proposals::{self, Edit};
use super::{apply, check_version, commit, form, may, needs_fresh_sign_in};
use crate::connectors::settings::{self, MANUAL};
use crate::portal::typed::Faults;
use crate::portal::{Fault, refuse};

/// Longest address of a system, in characters.
const URL_MAX_CHARS: usize = 500;

/// Every system, for administrators.
pub async fn list(store: &Store, caller: &Caller) -> Result<Vec<SystemRow>, Fault> {
    may::must_administer(caller)?;
    let all = system_edit::list(&mut *store.read().await?, None).await?;
    Ok(all
        .into_iter()
        .map(|record| SystemRow {
            id: record.id.to_string(),
            name: record.name,
            connector: record.connector,
            resources: usize::try_from(record.resources).unwrap_or_default(),
            owners: record.owners,
        })
        .collect())
}

/// The system as administrators edit it and its owners see it; an empty `id` is one to be added.
pub async fn show(store: &Store, caller: &Caller, id: &str) -> Result<SystemEdit, Fault> {
    let mut conn = store.read().await?;
    let sign_in_again = !caller.is_fresh(caller.called_at);
    if id.is_empty() {
        may::must_administer(caller)?;
        return Ok(SystemEdit {
            name: String::new(),
            slug: String::new(),
            typed: TypedSystem { connector: MANUAL.to_owned(), ..TypedSystem::default() },
            owners: Vec::new(),
            resources: Vec::new(),
            live: 0,
            may_edit: true,
            connectors: connectors(),
            sign_in_again,
            proposal: None,
            seconds: Vec::new(),
        });
    }
    let id: SystemId = id.parse().map_err(|_| PortalError::NotFound)?;
    let system = may::look_after_system(&mut conn, caller, id, For::Show).await?.map_err(may::forbid)?;
    let live = system_edit::live(&mut conn, id).await?;
    Ok(SystemEdit {
        name: system.facts.name.clone(),
        slug: system.slug.clone(),
        typed: write(&system),
        owners: system.facts.owners.clone(),
        resources: system_edit::resources(&mut conn, id).await?,
        live: usize::try_from(live.begun).unwrap_or_default(),
        may_edit: caller.roles.administrator,
        connectors: connectors(),
        sign_in_again,
        proposal: proposals::waiting_for(&mut conn, caller, Of::System(id)).await?,
        seconds: proposals::seconds(&mut conn, caller, Of::System(id)).await?,
    })
}

fn connectors() -> Vec<String> {
    let all = crate::connectors::all();
    std::iter::once(MANUAL.to_owned()).chain(all.iter().map(|known| known.name().to_owned())).collect()
}

fn write(system: &EditedSystem) -> TypedSystem {
    let facts = &system.facts;
    TypedSystem {
        id: system.id.to_string(),
        version: facts.version(),
        address: String::new(),
        name: facts.name.clone(),
        description: facts.description.clone(),
        connector: facts.connector.clone(),
        url: facts.setting("url").to_owned(),
        password: facts.setting("password").to_owned(),
        log: facts.setting("log").to_owned(),
        access_max: facts.access_max.map(|max| max.to_string()).unwrap_or_default(),
        owners: form::write_owners(&system.owners),
    }
}

/// Saves what was typed, if the system stands as it did when the form was opened.
pub async fn save(store: &Store, caller: &Caller, typed: &TypedSystem) -> Result<Saved, Fault> {
    let id: SystemId = typed.id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let mut tx = store.begin().await?;
    let system = system_edit::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    if let Some(refused) = may::not_administrator(caller, Action::SystemChanged, system.about()) {
        // The lock is given up first: the refusal is written in a transaction of its own.
        drop(tx);
        return Err(refuse(store, caller, refused).await);
    }
    check_version(&system.facts, &typed.version)?;
    let after = read(tx.conn(), Faults::default(), typed, Some((&system.facts, &system.owners))).await?;
    let changes = system.facts.changes(&after);
    if changes.is_empty() {
        return Ok(Saved::Unchanged);
    }
    apply::check_way(tx.conn(), &system, &after).await?;
    if needs_fresh_sign_in(&changes) && !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    let facts = &system.facts;
    let switch = settings::switch((&facts.connector, &facts.settings), (&after.connector, &after.settings));
    let edit = Edit {
        of: Of::System(id),
        about: system.about(),
        before: json!(facts),
        after: json!(after),
        changes: &changes,
        kinds: &loosening::of_system(facts, &after, switch),
    };
    let Some(way) = proposals::way(&mut tx, caller, &edit).await? else {
        proposals::propose(tx, caller, &edit).await?;
        return Ok(Saved::Proposed);
    };
    let events = apply::system(&mut tx, &way, &system, &after).await?;
    commit(tx, events).await?;
    Ok(Saved::Done)
}

/// Adds what was typed; answers its id.
pub async fn add(store: &Store, caller: &Caller, typed: &TypedSystem) -> Result<SystemId, Fault> {
    if let Some(refused) = may::not_administrator(caller, Action::SystemAdded, About::default()) {
        return Err(refuse(store, caller, refused).await);
    }
    let mut tx = store.begin().await?;
    let mut faults = Faults::default();
    let slug = form::address(&mut faults, &typed.address, &typed.name);
    let facts = read(tx.conn(), faults, typed, None).await?;
    if !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    let (id, now) = (SystemId(tx.new_id()), tx.now);
    system_edit::insert(tx.conn(), (id, &slug), &facts, now)
        .await
        .map_err(|error| if error.violates(ONE_AT_AN_ADDRESS) { form::taken(&slug) } else { error.into() })?;
    owner_edit::set(tx.conn(), Owned::System(id), &[], &facts.owners).await?;
    let about = About { system_id: Some(id), system: Some(facts.name.clone()), ..About::default() };
    let told = json!({ "after": {
        "slug": slug,
        "description": facts.description,
        "connector": facts.connector,
        "connector_settings": facts.settings,
        "access_max_seconds": facts.access_max,
        "owners": facts.owners,
    } });
    tx.commit(NewEvent::by(caller, Action::SystemAdded).about(about).detail(told)).await?;
    Ok(id)
}

/// What was typed; all faults at once, after those that are there already. `current` are the facts and owners of now.
async fn read(
    conn: &mut PgConnection,
    mut faults: Faults,
    typed: &TypedSystem,
    current: Option<(&SystemFacts, &[OwnerRecord])>,
) -> Result<SystemFacts, Fault> {
    let name = form::name(&mut faults, &typed.name, LINE_MAX_CHARS);
    let description =
        faults.take("description", text::prose(&typed.description, DESCRIPTION_MAX_CHARS)).flatten();
    let connector = typed.connector.trim();
    let settings = if connector == MANUAL {
        // What a form has no field for stays.
        let kept = current.filter(|(facts, _)| facts.connector == MANUAL);
        kept.map_or_else(|| json!({}), |(facts, _)| facts.settings.clone())
    } else {
        read_settings(&mut faults, connector, typed)
    };
    let access_max = form::access_max(&mut faults, &typed.access_max);
    let of_now = current.map_or(&[][..], |(_, owners)| owners);
    let owners = form::owners(conn, &mut faults, &typed.owners, of_now).await?;
    faults.check()?;
    Ok(SystemFacts {
        name,
        description: description.unwrap_or_default(),
        connector: connector.to_owned(),
        settings,
        access_max,
        owners,
    })
}

/// Address and reference. No message repeats what was typed: it may be a password.
fn read_settings(faults: &mut Faults, connector: &str, typed: &TypedSystem) -> Value {
    if !settings::is_known(connector) {
        faults.add("connector", format!("Choose one of {}.", settings::known_names()));
        return json!({});
    }
    let mut settings = Map::new();
    if let Some(url) = form::line(faults, "url", &typed.url, URL_MAX_CHARS) {
        settings.insert("url".to_owned(), url.into());
    }
    let is_reference = typed.password.trim().is_empty() || text::is_reference(&typed.password);
    if !is_reference {
        faults.add("password", settings::NO_SECRET);
    } else if let Some(reference) = form::line(faults, "password", &typed.password, LINE_MAX_CHARS) {
        settings.insert("password".to_owned(), reference.into());
    }
    if let Some(log) = form::line(faults, "log", &typed.log, URL_MAX_CHARS) {
        if log.starts_with('/') {
            settings.insert("log".to_owned(), log.into());
        } else {
            faults.add("log", "Give the full path of the folder.");
        }
    }
    if let Err(why) = settings::check(connector, &settings) {
        faults.add("url", why);
    }
    settings.into()
}

/// Deletes a system that has nothing on it any more.
pub async fn delete(store: &Store, caller: &Caller, typed: &TypedRemoval) -> Result<(), Fault> {
    let id: SystemId = typed.id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let mut tx = store.begin().await?;
    let system = system_edit::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    if let Some(refused) = may::not_administrator(caller, Action::SystemDeleted, system.about()) {
        drop(tx);
        return Err(refuse(store, caller, refused).await);
    }
    let reason = reason(&typed.reason)?;
    if !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    let now = tx.now;
    if !system_edit::delete(tx.conn(), id, now).await? {
        return Err(PortalError::Conflict(why_not(&mut tx, &system).await?).into());
    }
    store::loosening::overtake(tx.conn(), Of::System(id), caller.id(), now).await?;
    let told = json!({ "before": { "slug": system.slug, "connector": system.facts.connector } });
    let event = NewEvent::by(caller, Action::SystemDeleted).about(system.about()).reason(reason).detail(told);
    tx.commit(event).await?;
    Ok(())
}

async fn why_not(tx: &mut Tx, system: &EditedSystem) -> Result<String, Fault> {
    let resources = system_edit::resource_ids(tx.conn(), system.id).await?.len();
    let name = &system.facts.name;
    Ok(match resources {
        0 => format!("Access on {name} is still being closed. Delete it when the last of it is gone."),
        1 => format!("{name} has a resource still. Delete that first; it ends the access to it."),
        count => {
            format!("{name} has {count} resources still. Delete those first; each ends the access to it.")
        }
    })
}

/// Why something is deleted; it must be said.
pub fn reason(typed: &str) -> Result<Option<String>, Fault> {
    let mut faults = Faults::default();
    let reason = faults.prose("reason", typed);
    if reason.is_none() && faults.is_empty() {
        faults.add("reason", "Say why; it stands in the book.");
    }
    faults.check()?;
    Ok(reason)
}
