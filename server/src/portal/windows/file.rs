//! Windows out of a CSV file: all of them or none, and again is harmless.

use app::backend::{PlannedFile, PlannedWindow, Taken, TypedWindowFile};
use app::error::{FieldError, PortalError};
use chrono::{DateTime, Utc};
use domain::audit::query::folded;
use domain::audit::{About, Action};
use domain::caller::Caller;
use domain::id::{SystemId, WindowId};
use domain::local_time::{self, BareDate};
use domain::text::LINE_MAX_CHARS;
use store::window::{self, WindowRecord};
use store::{PgConnection, Store, system_edit};

use super::{insert, told};
use crate::import::rows::{self, Cells, Faults, Row};
use crate::portal::editing::may;
use crate::portal::{Fault, refuse};
use crate::secret;

/// The form's field.
const FIELD: &str = "csv";
const COLUMNS: &[&str] = &["name", "start", "end", "systems"];
/// Longest file, in bytes: what was typed comes back with what is wrong.
const FILE_MAX_BYTES: usize = 64 * 1024;
/// Most windows in one.
const WINDOWS_MAX: usize = 500;

const CHANGED: &str = "This comes to something else than what was checked, so nothing was added. Look at what it comes \
     to now, then add it.";

/// A window that a file names, without an id yet.
struct Wanted {
    name: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    /// By name, each once.
    systems: Vec<(SystemId, String)>,
}

/// A system as a file may name it.
struct System {
    id: SystemId,
    slug: String,
    name: String,
}

pub(super) async fn check(store: &Store, caller: &Caller, csv: &str) -> Result<PlannedFile, Fault> {
    may::must_administer(caller)?;
    let planned = plan(&mut *store.read().await?, caller, csv).await?;
    let shown = |(wanted, is_there): (Wanted, bool)| PlannedWindow {
        name: wanted.name,
        starts_at: wanted.starts_at,
        ends_at: wanted.ends_at,
        systems: wanted.systems.into_iter().map(|(_, name)| name).collect(),
        is_there,
    };
    let mark = mark(&planned);
    Ok(PlannedFile { windows: planned.into_iter().map(shown).collect(), mark })
}

pub(super) async fn take(store: &Store, caller: &Caller, typed: &TypedWindowFile) -> Result<Taken, Fault> {
    if let Some(refused) = may::not_administrator(caller, Action::WindowAdded, About::default()) {
        return Err(refuse(store, caller, refused).await);
    }
    if typed.step.trim() != "add" {
        check(store, caller, &typed.csv).await?;
        return Ok(Taken::Checked);
    }
    let mut tx = store.begin().await?;
    let planned = plan(tx.conn(), caller, &typed.csv).await?;
    // Sent twice, or by somebody else meanwhile.
    let is_done = planned.iter().all(|(_, is_there)| *is_there);
    if !is_done && mark(&planned) != typed.checked.trim() {
        return Err(PortalError::Conflict(CHANGED.to_owned()).into());
    }
    let mut events = Vec::new();
    for (wanted, _) in planned.into_iter().filter(|(_, is_there)| !is_there) {
        let Wanted { name, starts_at, ends_at, systems } = wanted;
        let new = WindowRecord { id: WindowId(tx.new_id()), name, starts_at, ends_at, systems };
        insert(&mut tx, &new, FIELD).await?;
        events.push(told(caller, &new));
    }
    let added = events.len();
    let Some(last) = events.pop() else { return Ok(Taken::Added(0)) };
    for event in events {
        tx.record(event).await?;
    }
    tx.commit(last).await?;
    Ok(Taken::Added(added))
}

/// What was shown of them, in short.
fn mark(planned: &[(Wanted, bool)]) -> String {
    let mut shown = String::new();
    for (wanted, is_there) in planned {
        shown.push_str(&format!("{:?} {} {} {is_there}", wanted.name, wanted.starts_at, wanted.ends_at));
        wanted.systems.iter().for_each(|(id, _)| shown.push_str(&format!(" {id}")));
        shown.push('\n');
    }
    secret::hash(shown.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The windows of the file, and whether each is there already.
async fn plan(conn: &mut PgConnection, caller: &Caller, csv: &str) -> Result<Vec<(Wanted, bool)>, Fault> {
    if csv.len() > FILE_MAX_BYTES {
        return Err(PortalError::field(FIELD, "This is longer than 64 KiB. Add it in parts.").into());
    }
    let mut faults = Faults::default();
    let rows = rows::read("windows.csv", csv, &mut faults);
    if faults.is_empty() && rows.is_empty() {
        return Err(PortalError::field(
            FIELD,
            "There is no window in it: a line for each, below the header.",
        )
        .into());
    }
    if rows.len() > WINDOWS_MAX {
        let message = format!("These are {} windows; {WINDOWS_MAX} fit at once.", rows.len());
        return Err(PortalError::field(FIELD, message).into());
    }
    let systems = systems(conn).await?;
    let mut wanted: Vec<(&Row, Wanted)> = Vec::new();
    for row in &rows {
        let mut cells = Cells::new(row, COLUMNS, &mut faults);
        let Some(read) = read(&mut cells, caller, &systems) else { continue };
        if wanted.iter().any(|(_, other)| folded(&other.name) == folded(&read.name)) {
            cells.fault("name", "This name stands in the file twice.");
            continue;
        }
        wanted.push((row, read));
    }
    let names: Vec<&str> = wanted.iter().map(|(_, wanted)| wanted.name.as_str()).collect();
    let there = window::named(conn, &names).await?;
    let mut planned = Vec::new();
    for (row, wanted) in wanted {
        let same = there.iter().find(|there| folded(&there.name) == folded(&wanted.name));
        if same.is_some_and(|there| !is_same(&wanted, there)) {
            faults.of_cell(
                row,
                "name",
                "There is a window of this name already, with other times or systems.",
            );
        }
        planned.push((wanted, same.is_some()));
    }
    told_by_line(&faults)?;
    Ok(planned)
}

fn is_same(wanted: &Wanted, there: &WindowRecord) -> bool {
    let ids = |systems: &[(SystemId, String)]| {
        let mut ids: Vec<SystemId> = systems.iter().map(|(id, _)| *id).collect();
        ids.sort();
        ids
    };
    (wanted.starts_at, wanted.ends_at) == (there.starts_at, there.ends_at)
        && ids(&wanted.systems) == ids(&there.systems)
}

/// The systems that there are.
async fn systems(conn: &mut PgConnection) -> Result<Vec<System>, Fault> {
    let all = system_edit::list(conn, None).await?;
    Ok(all.into_iter().map(|system| System { id: system.id, slug: system.slug, name: system.name }).collect())
}

fn read(cells: &mut Cells<'_>, caller: &Caller, all: &[System]) -> Option<Wanted> {
    let name = cells.required("name", LINE_MAX_CHARS);
    let mut time = |column: &str, bare: BareDate| {
        let typed = cells.required(column, LINE_MAX_CHARS)?;
        cells.take(column, local_time::parse(&typed, caller.time_zone, bare))
    };
    let (start, end) = (time("start", BareDate::Start), time("end", BareDate::End));
    if start.zip(end).is_some_and(|(start, end)| end <= start) {
        cells.fault("end", "The end is not after the start.");
    }
    let mut systems: Vec<(SystemId, String)> = Vec::new();
    for typed in cells.list("systems") {
        match find(all, &typed) {
            Ok(system) if systems.iter().any(|(id, _)| *id == system.id) => {}
            Ok(system) => systems.push((system.id, system.name.clone())),
            Err(message) => cells.fault("systems", message),
        }
    }
    let wanted = Wanted { name: name?, starts_at: start?, ends_at: end?, systems };
    cells.is_right().then_some(wanted)
}

/// The system of this name or slug.
fn find<'a>(all: &'a [System], typed: &str) -> Result<&'a System, String> {
    if let Some(system) = all.iter().find(|system| system.slug == typed) {
        return Ok(system);
    }
    let mut called: Vec<&System> =
        all.iter().filter(|system| folded(&system.name) == folded(typed)).collect();
    match (called.pop(), called.len()) {
        (Some(system), 0) => Ok(system),
        (Some(_), others) => {
            Err(format!("{} systems are called “{typed}”. Add this window by hand.", others + 1))
        }
        (None, _) => Err(format!("There is no system “{typed}”.")),
    }
}

/// Each with its line and column, all at the form's one field.
fn told_by_line(faults: &Faults) -> Result<(), PortalError> {
    if faults.is_empty() {
        return Ok(());
    }
    let line = |fault: &rows::Fault| {
        let place = match (fault.row, &fault.column) {
            (Some(row), Some(column)) => format!("Line {row}, {column}: "),
            (Some(row), None) => format!("Line {row}: "),
            (None, _) => String::new(),
        };
        FieldError::new(FIELD, format!("{place}{}", fault.message))
    };
    let more = (faults.more > 0).then(|| FieldError::new(FIELD, format!("And {} more.", faults.more)));
    Err(PortalError::Invalid(faults.told.iter().map(line).chain(more).collect()))
}
