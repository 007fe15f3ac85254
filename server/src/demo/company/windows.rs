//! Changes that were planned.

use app::backend::{TypedWindow, Windows as _};
use app::error::PortalError;
use chrono::{DateTime, TimeDelta, Utc};

use super::town::Town;

/// Days ago, hour of the beginning and of the end where the administrator is, name, systems.
const WINDOWS: [(i64, u32, u32, &str, &[&str]); 3] = [
    (41, 9, 18, "CHG-1987 Upgrade of the clusters", &["kubernetes"]),
    (12, 7, 20, "CHG-2038 Payout retries", &["payments-db", "github"]),
    (2, 6, 22, "CHG-2041 Year-end freeze rehearsal", &[]),
];

/// Adds the windows of the last months.
pub async fn plan(town: &Town, now: DateTime<Utc>) -> Result<(), PortalError> {
    let administrator = town.as_sub("dev.raman", now)?;
    for (days_ago, from, to, name, systems) in WINDOWS {
        let day = (now - TimeDelta::days(days_ago)).with_timezone(&administrator.time_zone).date_naive();
        let typed = TypedWindow {
            name: name.to_owned(),
            start: format!("{day}T{from:02}:00"),
            end: format!("{day}T{to:02}:00"),
            systems: systems.iter().map(|slug| (*slug).to_owned()).collect(),
        };
        town.portal().add(&administrator, &typed).await?;
    }
    Ok(())
}
