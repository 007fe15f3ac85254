//! Access that was there before Gatebook: never dressed up as approved, never changed at the target.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::audit::{About, Action};
use domain::id::{EntitlementId, GrantId, PersonId};
use domain::local_time::{self, BareDate};
use domain::person::PersonStatus;
use domain::text::LINE_MAX_CHARS;
use store::grant::{self, NewImported, Which};

use super::rows::{Cells, Row};
use super::{ImportError, Work};

const NOUN: &str = "grants";
const COLUMNS: &[&str] = &["email", "resource", "entitlement", "since", "until"];

struct Wanted {
    person: PersonId,
    entitlement: EntitlementId,
    about: About,
    label: String,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

/// Brings in access that people have already.
pub(super) async fn import(work: &mut Work, rows: &[Row]) -> Result<(), ImportError> {
    for row in rows {
        let mut faults = std::mem::take(&mut work.faults);
        let wanted = read(work, Cells::new(row, COLUMNS, &mut faults));
        work.faults = faults;
        if let Some(wanted) = wanted
            && work.faults.is_empty()
        {
            save(work, wanted).await?;
        }
    }
    Ok(())
}

fn read(work: &mut Work, mut cells: Cells<'_>) -> Option<Wanted> {
    let email = cells.required("email", LINE_MAX_CHARS);
    let (slug, name) = (cells.slug("resource"), cells.required("entitlement", 80));
    let (email, path) = (email?, format!("{}/{}", slug?, name?));
    let person = work.find_person(&email).and_then(|id| work.people.get(&id));
    match person {
        None => cells.fault("email", format!("Nobody has the address {email}.")),
        Some(entry) if entry.status != PersonStatus::Active => {
            let message = format!("{} is {}, and holds nothing by that.", entry.name, entry.status.as_str());
            cells.fault("email", message);
        }
        Some(_) => {}
    }
    let found = work.find_entitlement(&path).map(|found| (found.id, work.about_entitlement(found)));
    if found.is_none() {
        cells.fault("entitlement", format!("There is no “{path}” in the catalogue."));
    }
    let label = format!("{} {}", email.to_lowercase(), path.to_lowercase());
    if !work.report.see(NOUN, &label) {
        cells.fault("email", "This access stands in the files twice.");
    }
    let zone = person.and_then(|entry| entry.time_zone.as_ref()?.parse().ok()).unwrap_or(Tz::UTC);
    let since = moment(&mut cells, "since", zone, BareDate::Start);
    let until = moment(&mut cells, "until", zone, BareDate::End);
    if since.is_some_and(|since| since > work.now) {
        cells.fault("since", "This has not come yet; only access that is there already is imported.");
    }
    if until.is_some_and(|until| until <= work.now) {
        cells.fault("until", "This has passed already. Leave the row out, or give a later end.");
    }
    let (entitlement, about) = found?;
    let wanted = Wanted { person: person?.id, entitlement, about, label, since, until };
    cells.finish(wanted)
}

/// A time with its offset, or a local one in the holder's zone.
fn moment(cells: &mut Cells<'_>, column: &str, zone: Tz, bare: BareDate) -> Option<DateTime<Utc>> {
    let typed = cells.line(column, 60)?;
    if let Ok(exact) = DateTime::parse_from_rfc3339(&typed) {
        return Some(exact.with_timezone(&Utc));
    }
    cells.take(column, local_time::parse(&typed, zone, bare))
}

async fn save(work: &mut Work, wanted: Wanted) -> Result<(), ImportError> {
    let live = Which::LiveFor(wanted.person, wanted.entitlement);
    if !grant::list(work.tx.conn(), live, 1).await?.is_empty() {
        return Ok(());
    }
    let new = NewImported {
        id: GrantId(work.tx.new_id()),
        person: wanted.person,
        entitlement: wanted.entitlement,
        active_since: wanted.since.unwrap_or(work.now),
        ends_at: wanted.until,
        created_at: work.now,
    };
    grant::insert_imported(work.tx.conn(), &new).await?;
    work.report.create(NOUN, &wanted.label);
    let mut event = work.event(Action::GrantImported).about(wanted.about).grant(new.id);
    event.subject = work.people.get(&wanted.person).map(store::directory::Entry::person);
    event.source.origin = "imported".to_owned();
    let detail = serde_json::json!({
        "since": wanted.since,
        "until": wanted.until,
        "decided_by": "not recorded",
    });
    work.record(event.detail(detail)).await
}
