//! The sample company Fjordpay: who works there, what they use, and the last three months of asking for it.
//!
//! It comes in through the same import, use cases and jobs as anything else; only the clock is set by hand.

mod history;
mod people;
mod random;
mod reports;
mod stage;
mod target;
mod town;
mod wants;
mod windows;

use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::Actor;
use domain::caller::Roles;
use store::{Clock, Store, StoreError, directory, identity};
use thiserror::Error;

use crate::import::{self, File, ImportError, Kind};

pub use people::{ADMIN_GROUP, AUDITOR_GROUP, DemoPerson, people};
pub use target::{CONNECTOR_ROLE, Share, TargetDatabase, seed_target};

/// How far the company's history goes back, in days.
pub const HISTORY_DAYS: i64 = 92;

/// Why there is no sample company.
#[derive(Debug, Error)]
pub enum CompanyError {
    /// What it consists of did not come in.
    #[error("the sample company could not be brought in: {0}")]
    Import(#[from] ImportError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database that its systems stand for.
    #[error("the sample company’s target database could not be prepared: {0}")]
    Target(sqlx::Error),
    /// Something in its history was refused that should not have been.
    #[error("the sample company’s history went wrong at “{step}”: {cause}")]
    History {
        /// What was being done.
        step: String,
        /// Why it was refused.
        cause: app::error::PortalError,
    },
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeded {
    /// Whether there was a company already, which was then left alone.
    pub was_there: bool,
    /// Requests that were filed.
    pub requests: usize,
    /// Requests that were refused as they stood in the way of others.
    pub skipped: usize,
}

/// Fills an empty database with the company and its last three months up to `now`; leaves one alone that has
/// people in it. Without a target nobody has asked for anything on the two databases.
///
/// # Errors
/// When the database refuses it. What was written by then stays.
pub async fn seed(
    store: &Store,
    now: DateTime<Utc>,
    target: Option<TargetDatabase>,
) -> Result<Seeded, CompanyError> {
    if !directory::all(&mut *store.read().await?).await?.is_empty() {
        return Ok(Seeded { was_there: true, requests: 0, skipped: 0 });
    }
    let founded = now - TimeDelta::days(HISTORY_DAYS);
    let clock = Clock::fixed(founded);
    let store = store.with_clock(clock.clone());
    let actor = Actor::Command { name: "dev.raman".to_owned() };
    import::run(&store, actor, Kind::All, &files(founded, target.as_ref()), false).await?;
    mark_administrators(&store, founded).await?;
    let town = town::Town::new(store, clock, now, target.is_some()).await?;
    history::live(town).await
}

/// The files as the company keeps them, with what depends on the day and the machine filled in.
fn files(founded: DateTime<Utc>, target: Option<&TargetDatabase>) -> Vec<File> {
    let file = |name: &str, content: String| File { name: name.to_owned(), content };
    let (url, ledger, password) = match target {
        Some(target) => (
            target.url_without_password.as_str(),
            target.ledger_url_without_password.as_str(),
            target.password_reference.as_str(),
        ),
        None => (
            "postgres://gatebook_connector@db.fjordpay.example/payments",
            "postgres://gatebook_connector@db.fjordpay.example/ledger",
            "env:TARGET_PASSWORD",
        ),
    };
    let log = target.and_then(|target| target.log.as_deref());
    let log = log.map(|log| format!(r#",""log"":""{log}"""#)).unwrap_or_default();
    let systems = include_str!("systems.csv")
        .replace("TARGET_URL", url)
        .replace("LEDGER_URL", ledger)
        .replace("TARGET_PASSWORD", password)
        .replace("TARGET_LOG", &log);
    vec![
        file("people.csv", people::PEOPLE_CSV.to_owned()),
        file("systems.csv", systems),
        file("resources.csv", include_str!("resources.csv").to_owned()),
        file("entitlements.csv", include_str!("entitlements.csv").to_owned()),
        file("bundles.csv", include_str!("bundles.csv").to_owned()),
        file("job_roles.csv", include_str!("job_roles.csv").to_owned()),
        file("grants.csv", grants(founded)),
    ]
}

/// The file counts days; the import wants dates.
fn grants(founded: DateTime<Utc>) -> String {
    let date = |days: i64| (founded + TimeDelta::days(days)).format("%Y-%m-%d").to_string();
    let mut content = String::from("email,resource,entitlement,since,until\n");
    for line in include_str!("grants.csv").lines().skip(1) {
        let mut cells = line.rsplitn(3, ',');
        let (until, since) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        let until = until.parse().map(|days: i64| date(HISTORY_DAYS + days)).unwrap_or_default();
        let since = since.parse().map(|days: i64| date(HISTORY_DAYS - days)).unwrap_or_default();
        let held = cells.next().unwrap_or_default();
        content.push_str(&format!("{held},{since},{until}\n"));
    }
    content
}

/// As their first sign-in would have done.
async fn mark_administrators(store: &Store, founded: DateTime<Utc>) -> Result<(), CompanyError> {
    let everybody = directory::all(&mut *store.read().await?).await?;
    for person in people().iter().filter(|person| person.groups.contains(&ADMIN_GROUP)) {
        let found = everybody.iter().find(|entry| entry.email.as_deref() == Some(person.email));
        if let Some(entry) = found {
            let mut tx = store.begin().await?;
            let roles = Roles { administrator: true, auditor: false };
            identity::keep_roles(&mut tx, entry.id, roles, founded).await?;
            let actor = Actor::Person { id: entry.id, name: entry.name.clone() };
            let source = domain::caller::Source::of("web");
            let event = domain::audit::NewEvent::new(actor, source, domain::audit::Action::SignedIn)
                .detail(serde_json::json!({ "roles": ["administrator"] }));
            tx.commit(event).await?;
        }
    }
    Ok(())
}
