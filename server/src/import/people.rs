//! People: who they are first, then what ties them to the catalogue.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono_tz::Tz;
use domain::audit::{About, Action};
use domain::id::{PersonId, SystemId};
use domain::person::PersonStatus;
use domain::text::LINE_MAX_CHARS;
use serde::Serialize;
use store::directory::{self, Entry};
use store::person;

use super::rows::{Cells, Row};
use super::{ImportError, Work, differences};
use crate::portal::people::{action_of, mark_status};

const NOUN: &str = "people";
const COLUMNS: &[&str] = &[
    "email",
    "name",
    "title",
    "department",
    "manager_email",
    "time_zone",
    "status",
    "job_roles",
    "accounts",
];

/// As it stands in events.
#[derive(Serialize)]
struct Told<'a> {
    email: &'a Option<String>,
    name: &'a str,
    title: &'a str,
    department: &'a str,
    manager: Option<String>,
    time_zone: &'a Option<String>,
}

fn told<'a>(work: &Work, entry: &'a Entry) -> Told<'a> {
    Told {
        email: &entry.email,
        name: &entry.name,
        title: &entry.title,
        department: &entry.department,
        manager: entry.manager.map(|manager| work.label(manager)),
        time_zone: &entry.time_zone,
    }
}

/// Brings in who people are, with their managers.
pub(super) async fn import(work: &mut Work, rows: &[Row]) -> Result<(), ImportError> {
    let before = work.people.clone();
    let mut wanted: Vec<(PersonId, &Row)> = Vec::new();
    for row in rows {
        let Some(entry) = read(work, row) else { continue };
        wanted.push((entry.id, row));
        if let Some(email) = &entry.email {
            work.by_email.insert(email.to_lowercase(), entry.id);
        }
        work.people.insert(entry.id, entry);
    }
    // Managers may stand anywhere in the file.
    for (id, row) in &wanted {
        set_manager(work, *id, row);
    }
    let manager_of: HashMap<PersonId, PersonId> =
        work.people.values().filter_map(|entry| Some((entry.id, entry.manager?))).collect();
    for (id, row) in &wanted {
        if is_own_manager(&manager_of, *id) {
            work.faults.of_cell(row, "manager_email", "The managers above this person lead back to them.");
        }
    }
    if work.faults.is_empty() {
        for (id, _) in &wanted {
            if !before.contains_key(id)
                && let Some(entry) = work.people.get(id)
            {
                let new = Entry { manager: None, ..entry.clone() };
                directory::insert(work.tx.conn(), &new, work.now).await?;
            }
        }
        for (id, _) in &wanted {
            save(work, before.get(id), *id).await?;
        }
    }
    Ok(())
}

fn read(work: &mut Work, row: &Row) -> Option<Entry> {
    let mut cells = Cells::new(row, COLUMNS, &mut work.faults);
    let email = cells.required("email", LINE_MAX_CHARS)?;
    let (local, domain) = email.split_once('@').unwrap_or_default();
    if local.is_empty() || !domain.contains('.') || email.contains(char::is_whitespace) {
        cells.fault("email", format!("“{email}” is not an e-mail address."));
    }
    if !work.report.see(NOUN, &email.to_lowercase()) {
        cells.fault("email", format!("{email} stands in the files twice."));
    }
    let found = work.by_email.get(&email.to_lowercase()).and_then(|id| work.people.get(id));
    let mut entry = found.cloned().unwrap_or_else(|| Entry {
        id: PersonId(work.tx.new_id()),
        email: Some(email.clone()),
        name: String::new(),
        title: String::new(),
        department: String::new(),
        manager: None,
        time_zone: None,
        time_zone_given: false,
        status: PersonStatus::Active,
        job_roles: BTreeSet::new(),
        accounts: BTreeMap::new(),
    });
    if cells.has("name") || found.is_none() {
        entry.name = cells.required("name", LINE_MAX_CHARS).unwrap_or_default();
    }
    if cells.has("title") {
        entry.title = cells.line("title", LINE_MAX_CHARS).unwrap_or_default();
    }
    if cells.has("department") {
        entry.department = cells.line("department", LINE_MAX_CHARS).unwrap_or_default();
    }
    if let Some(zone) = cells.line("time_zone", LINE_MAX_CHARS) {
        match zone.parse::<Tz>() {
            // What the sign-in provider said goes before.
            Ok(_) if entry.time_zone_given => {}
            Ok(zone) => entry.time_zone = Some(zone.name().to_owned()),
            Err(_) => {
                cells.fault("time_zone", format!("“{zone}” is not a time zone. Write it like Europe/Berlin."))
            }
        }
    }
    cells.finish(entry)
}

fn set_manager(work: &mut Work, id: PersonId, row: &Row) {
    let mut cells = Cells::new(row, COLUMNS, &mut work.faults);
    if !cells.has("manager_email") {
        return;
    }
    let manager = match cells.line("manager_email", LINE_MAX_CHARS) {
        None => None,
        Some(email) => match work.by_email.get(&email.to_lowercase()) {
            Some(manager) if *manager == id => {
                cells.fault("manager_email", "Nobody is their own manager.");
                None
            }
            Some(manager) => Some(*manager),
            None => {
                cells.fault("manager_email", format!("Nobody has the address {email}."));
                None
            }
        },
    };
    if let Some(entry) = work.people.get_mut(&id) {
        entry.manager = manager;
    }
}

fn is_own_manager(manager_of: &HashMap<PersonId, PersonId>, id: PersonId) -> bool {
    let mut seen = HashSet::new();
    let mut at = id;
    while let Some(manager) = manager_of.get(&at) {
        if *manager == id {
            return true;
        }
        if !seen.insert(*manager) {
            return false;
        }
        at = *manager;
    }
    false
}

async fn save(work: &mut Work, before: Option<&Entry>, id: PersonId) -> Result<(), ImportError> {
    let Some(entry) = work.people.get(&id).cloned() else { return Ok(()) };
    let label = work.label(id).to_lowercase();
    let event = match before {
        Some(before) if *before == entry => return Ok(()),
        Some(before) => {
            work.report.change(NOUN, &label);
            let detail = differences(&told(work, before), &told(work, &entry));
            work.event(Action::PersonUpdated).detail(detail)
        }
        None => {
            work.report.create(NOUN, &label);
            let detail = serde_json::json!({ "after": told(work, &entry) });
            work.event(Action::PersonImported).detail(detail)
        }
    };
    directory::update(work.tx.conn(), &entry).await?;
    work.record(event.subject(entry.person())).await
}

/// Brings in job roles, accounts and status, once the catalogue is there.
pub(super) async fn import_links(work: &mut Work, rows: &[Row]) -> Result<(), ImportError> {
    let mut wanted = Vec::new();
    for row in rows {
        if let Some(links) = read_links(work, row) {
            wanted.push(links);
        }
    }
    find_taken_accounts(work, &wanted);
    if !work.faults.is_empty() {
        return Ok(());
    }
    for links in &wanted {
        // An account may change hands within the files.
        let is_other = work.people.get(&links.id).is_some_and(|entry| entry.accounts != links.accounts);
        if is_other {
            directory::remove_accounts(work.tx.conn(), links.id).await?;
        }
    }
    for links in wanted {
        save_links(work, links).await?;
    }
    Ok(())
}

struct Links<'r> {
    row: &'r Row,
    id: PersonId,
    job_roles: BTreeSet<domain::id::JobRoleId>,
    accounts: BTreeMap<SystemId, String>,
    status: PersonStatus,
}

fn read_links<'r>(work: &mut Work, row: &'r Row) -> Option<Links<'r>> {
    let mut unheard = super::Faults::default();
    let email = Cells::new(row, COLUMNS, &mut unheard).line("email", LINE_MAX_CHARS)?;
    let entry = work.find_person(&email).and_then(|id| work.people.get(&id))?;
    let mut links = Links {
        row,
        id: entry.id,
        job_roles: entry.job_roles.clone(),
        accounts: entry.accounts.clone(),
        status: entry.status,
    };
    // Unknown columns were told in the first round.
    let all: Vec<&str> = row.columns().collect();
    let mut cells = Cells::new(row, &all, &mut work.faults);
    if cells.has("job_roles") {
        links.job_roles.clear();
        for slug in cells.list("job_roles") {
            match work.stock.job_roles.iter().find(|job_role| job_role.slug == slug) {
                Some(job_role) => {
                    links.job_roles.insert(job_role.id);
                }
                None => cells.fault("job_roles", format!("There is no job role “{slug}”.")),
            }
        }
    }
    if cells.has("accounts") {
        links.accounts.clear();
        for (slug, name) in cells.pairs("accounts") {
            match work.stock.systems.iter().find(|system| system.slug == slug) {
                Some(_) if name.chars().count() > LINE_MAX_CHARS => {
                    cells.fault("accounts", "An account’s name has at most 200 characters.");
                }
                Some(system) => {
                    links.accounts.insert(system.id, name);
                }
                None => cells.fault("accounts", format!("There is no system “{slug}”.")),
            }
        }
    }
    if let Some(word) = cells.line("status", 20) {
        match PersonStatus::parse(&word.to_lowercase()) {
            Some(status) => links.status = status,
            None => cells.fault("status", format!("“{word}” is none of active, suspended, left.")),
        }
    }
    cells.finish(links)
}

fn find_taken_accounts(work: &mut Work, wanted: &[Links<'_>]) {
    let changing: HashSet<PersonId> = wanted.iter().map(|links| links.id).collect();
    let mut taken: HashMap<(SystemId, &str), PersonId> = HashMap::new();
    for entry in work.people.values().filter(|entry| !changing.contains(&entry.id)) {
        taken.extend(entry.accounts.iter().map(|(system, name)| ((*system, name.as_str()), entry.id)));
    }
    let mut found = Vec::new();
    for links in wanted {
        for (system, name) in &links.accounts {
            if let Some(holder) = taken.insert((*system, name), links.id)
                && holder != links.id
            {
                found.push((
                    links.row,
                    format!("The account “{name}” is that of {} already.", work.label(holder)),
                ));
            }
        }
    }
    for (row, message) in found {
        work.faults.of_cell(row, "accounts", message);
    }
}

async fn save_links(work: &mut Work, links: Links<'_>) -> Result<(), ImportError> {
    let Some(before) = work.people.get(&links.id).cloned() else { return Ok(()) };
    let label = work.label(links.id).to_lowercase();
    if before.job_roles != links.job_roles {
        directory::set_job_roles(work.tx.conn(), links.id, &links.job_roles, work.now).await?;
        let names = |ids: &BTreeSet<domain::id::JobRoleId>| -> Vec<String> {
            let all = work.stock.job_roles.iter();
            all.filter(|job_role| ids.contains(&job_role.id)).map(|job_role| job_role.slug.clone()).collect()
        };
        let detail = serde_json::json!({
            "job_roles": { "before": names(&before.job_roles), "after": names(&links.job_roles) }
        });
        let event = work.event(Action::PersonUpdated).subject(before.person()).detail(detail);
        work.record(event).await?;
        work.report.change(NOUN, &label);
    }
    if before.accounts != links.accounts {
        directory::set_accounts(work.tx.conn(), links.id, &links.accounts).await?;
        let systems: BTreeSet<SystemId> =
            before.accounts.keys().chain(links.accounts.keys()).copied().collect();
        for system in systems {
            let (old, new) = (before.accounts.get(&system), links.accounts.get(&system));
            if old != new {
                let about = work.about_system(system);
                let detail = serde_json::json!({ "before": old, "after": new });
                let event = work.event(Action::AccountSet).subject(before.person()).about(about);
                work.record(event.detail(detail)).await?;
            }
        }
        work.report.change(NOUN, &label);
    }
    if before.status != links.status
        && let Some(record) = person::lock(work.tx.conn(), links.id).await?
    {
        let event = work.event(action_of(links.status)).reason(Some("As the imported file says.".to_owned()));
        if let Some(event) = mark_status(&mut work.tx, &record, links.status, event).await? {
            work.record(event).await?;
            work.report.change(NOUN, &label);
        }
    }
    if let Some(entry) = work.people.get_mut(&links.id) {
        entry.job_roles = links.job_roles;
        entry.accounts = links.accounts;
        entry.status = links.status;
    }
    Ok(())
}

impl Work {
    /// For events.
    fn about_system(&self, id: SystemId) -> About {
        let system = self.stock.systems.iter().find(|system| system.id == id);
        About { system_id: Some(id), system: system.map(|system| system.name.clone()), ..About::default() }
    }
}
