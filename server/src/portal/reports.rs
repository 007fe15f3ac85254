//! Reports for auditors: each table is a query of the book, with what else the book says about what it found.

use std::collections::HashMap;

use app::backend::{
    Answer, LeftBehind, PeriodReport, PeriodRow, PeriodTable, PeriodView, Reports, TypedPeriod, context_of,
};
use app::error::{FieldError, PortalError};
use async_trait::async_trait;
use domain::audit::Event;
use domain::audit::query::Query;
use domain::caller::Caller;
use domain::catalogue::Sensitivity;
use domain::holding::Holding;
use domain::id::{EventId, GrantId};
use domain::report::{Days, Scope, Table};
use store::audit::{At, COUNTED_MAX, Search};
use store::copy::Reading;
use store::{PgConnection, Store, catalogue, holding, owner, system_edit, usage};

use super::lagging::lagging;
use super::typed::Faults;
use super::{Fault, Portal, audit, tell};

/// Rows shown of each table at most.
const ROWS_MAX: i64 = 200;

#[async_trait]
impl Reports for Portal {
    async fn period(&self, caller: &Caller, typed: &TypedPeriod) -> Answer<PeriodView> {
        tell(period(&self.store, caller, typed).await)
    }
}

async fn period(store: &Store, caller: &Caller, typed: &TypedPeriod) -> Result<PeriodView, Fault> {
    let mut conn = store.read().await?;
    let systems = systems(&mut conn, caller).await?;
    let environments = catalogue::environments(&mut conn).await?;
    let tags = catalogue::tags(&mut conn).await?;
    let (days, scope, queries) = match read(caller, typed, &systems, (&environments, &tags)) {
        Ok(read) => read,
        Err(faults) => return Ok(PeriodView { systems, environments, tags, report: Err(faults) }),
    };
    drop(conn);
    let queries = &queries;
    let read = |mut conn: Reading| async move {
        audit::whole(&mut conn).await?;
        // Before what it stands for: what is read meanwhile is shown, not promised.
        let progress = holding::progress(&mut conn).await?;
        let mut tables = Vec::new();
        for (table, query) in queries {
            tables.push(read_table(&mut conn, caller, (*table, query.clone()), progress.position).await?);
        }
        Ok((progress, tables))
    };
    let (progress, tables) = lagging(store, caller.roles.sees_all(), read).await?.found;
    let detail = serde_json::json!({
        "report": "period", "from": days.from, "to": days.to,
        "system": scope.system, "environment": scope.environment, "tag": scope.tag, "only_owned": scope.owner.is_some(), "sensitivity": scope.sensitivity,
    });
    audit::note_reading(store, caller, detail).await?;
    let (read_to, unread) = (number(progress.position), number(progress.numbered - progress.position));
    let report = PeriodReport { days, scope: in_words(&scope, &systems), read_to, unread, tables };
    Ok(PeriodView { systems, environments, tags, report: Ok(report) })
}

/// What is to be asked.
type Asked = (Days, Scope, Vec<(Table, Query)>);

fn read(
    caller: &Caller,
    typed: &TypedPeriod,
    systems: &[(String, String)],
    (environments, tags): (&[String], &[String]),
) -> Result<Asked, Vec<FieldError>> {
    let mut faults = Faults::default();
    let days = Days::read(&typed.from, &typed.to, caller.time_zone, caller.called_at);
    let days = match days {
        Ok(days) => Some(days),
        Err(wrong) => {
            wrong.iter().for_each(|error| faults.add(error.field(), error));
            None
        }
    };
    let system = match typed.system.trim() {
        "" => None,
        slug => {
            let found = systems.iter().find(|(known, _)| known == slug).map(|(known, _)| known.clone());
            if found.is_none() {
                faults.add("system", "There is no such system. Choose one of the list.");
            }
            found
        }
    };
    let mut named = |field: &str, typed: &str, known: &[String]| {
        let found = known.iter().find(|known| *known == typed.trim()).cloned();
        if found.is_none() && !typed.trim().is_empty() {
            faults.add(field, format!("There is no such {field}. Choose one of the list."));
        }
        found
    };
    let environment = named("environment", &typed.environment, environments);
    let tag = named("tag", &typed.tag, tags);
    let sensitivity = match typed.sensitivity.trim() {
        "" => None,
        word => {
            let found = Sensitivity::parse(word);
            if found.is_none() {
                faults.add("sensitivity", "Choose low, medium, high or critical.");
            }
            found
        }
    };
    let owner = (!caller.roles.sees_all()).then(|| caller.person.name.clone());
    let scope = Scope { system, environment, tag, sensitivity, owner };
    let mut queries = Vec::new();
    if let Some(days) = days {
        // Of who left, owners see nothing.
        let is_shown = |table: &Table| scope.owner.is_none() || *table != Table::Left;
        for table in Table::ALL.into_iter().filter(is_shown) {
            match table.query(days, &scope, &context_of(caller)) {
                Ok(query) => queries.push((table, query)),
                Err(error) => {
                    faults.add("system", error);
                    break;
                }
            }
        }
    }
    match (faults.check(), days) {
        (Ok(()), Some(days)) => Ok((days, scope, queries)),
        (Err(PortalError::Invalid(faults)), _) => Err(faults),
        _ => Err(Vec::new()),
    }
}

/// The systems that can be chosen, by slug and name: for owners, those that something of theirs is on.
async fn systems(conn: &mut PgConnection, caller: &Caller) -> Result<Vec<(String, String)>, Fault> {
    if caller.roles.sees_all() {
        let all = system_edit::list(conn, None).await?;
        return Ok(all.into_iter().map(|system| (system.slug, system.name)).collect());
    }
    let systems = owner::systems(conn, caller.id()).await?;
    if systems.is_empty() {
        let message = "Reports on a period are for auditors, administrators, and owners of resources.";
        return Err(PortalError::Forbidden(message.to_owned()).into());
    }
    Ok(systems)
}

fn in_words(scope: &Scope, systems: &[(String, String)]) -> Option<String> {
    let level = scope.sensitivity.map(|level| match level {
        Sensitivity::Critical => "critical sensitivity".to_owned(),
        level => format!("{} sensitivity and above", level.as_str()),
    });
    let parts: Vec<String> = [
        scope.owner.as_ref().map(|_| "what you own".to_owned()),
        systems.iter().find(|(slug, _)| scope.system.as_ref() == Some(slug)).map(|(_, name)| name.clone()),
        scope.environment.clone(),
        scope.tag.clone(),
        level,
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn number(count: i64) -> usize {
    usize::try_from(count).unwrap_or_default()
}

async fn read_table(
    conn: &mut PgConnection,
    caller: &Caller,
    (table, query): (Table, Query),
    read_to: i64,
) -> Result<PeriodTable, Fault> {
    let search = Search { query: &query, concerning: audit::sight_of(caller) };
    let mut events = store::audit::search(conn, search, At::Newest, ROWS_MAX).await?;
    events.iter_mut().for_each(|event| audit::hide_source(caller, event));
    let total = store::audit::count(conn, search).await?;
    let rows = rows(conn, caller, (table, events), read_to).await?;
    let (is_more, total) = (total > COUNTED_MAX, number(total.min(COUNTED_MAX)));
    Ok(PeriodTable { table, total, is_more, rows, query })
}

async fn rows(
    conn: &mut PgConnection,
    caller: &Caller,
    (table, events): (Table, Vec<Event>),
    read_to: i64,
) -> Result<Vec<PeriodRow>, Fault> {
    let grants: Vec<GrantId> = events.iter().filter_map(|event| event.grant_id).collect();
    let holdings: HashMap<GrantId, Holding> = holding::of_grants(conn, &grants).await?;
    let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
    let read = holding::read_of(conn, &ids, read_to).await?;
    let mut people =
        if table == Table::Uncovered { usage::people_of(conn, &ids).await? } else { HashMap::new() };
    let mut left = if table == Table::Left { left_behind(conn, &events).await? } else { HashMap::new() };
    Ok(events
        .into_iter()
        .map(|event| {
            // A grant that was given twice has two events.
            let holding = event.grant_id.and_then(|grant| holdings.get(&grant)).cloned();
            let decided = holding.as_ref().and_then(|holding| holding.decided.as_ref());
            PeriodRow {
                is_read: read.contains(&event.id),
                // Owners see the requests for what they own, and nothing else stands in their report.
                sees_request: caller.roles.auditor
                    || !caller.roles.sees_all()
                    || decided.is_some_and(|by| by.by == Some(caller.id())),
                person: people.remove(&event.id),
                left: left.remove(&event.id),
                holding,
                event,
            }
        })
        .collect())
}

async fn left_behind(
    conn: &mut PgConnection,
    events: &[Event],
) -> Result<HashMap<EventId, LeftBehind>, Fault> {
    let who = |event: &Event| Some((event.id, (event.subject.as_ref()?.id, event.occurred_at)));
    let (ids, left): (Vec<EventId>, Vec<_>) = events.iter().filter_map(who).unzip();
    let found = holding::after_leaving(conn, &left).await?;
    let behind = found.into_iter().map(|left| LeftBehind {
        held: number(left.held),
        open: number(left.open),
        last_closed_at: left.last_closed_at,
    });
    Ok(ids.into_iter().zip(behind).collect())
}
