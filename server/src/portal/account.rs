//! What belongs to the signed-in person alone: devices, settings, and forms that failed.

use app::backend::{Account, Answer, Device, Draft, Settings as OwnSettings};
use app::error::PortalError;
use async_trait::async_trait;
use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::id::SessionId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Store, StoreError, identity, session};

use crate::secret;

/// The port, over the store.
#[derive(Debug, Clone)]
pub struct OwnAccount {
    store: Store,
    idle: TimeDelta,
    time_zone: Tz,
}

impl OwnAccount {
    /// Over this store; `idle` as sessions go, `time_zone` for people who have none of their own.
    pub fn new(store: Store, idle: TimeDelta, time_zone: Tz) -> Self {
        Self { store, idle, time_zone }
    }
}

/// A draft as the session keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct KeptDraft {
    id: String,
    draft: Draft,
}

#[async_trait]
impl Account for OwnAccount {
    async fn devices(&self, caller: &Caller) -> Answer<Vec<Device>> {
        let live = session::list_live(&self.store, caller.id(), caller.called_at, self.idle)
            .await
            .map_err(internal)?;
        let mut devices: Vec<Device> = live
            .into_iter()
            .map(|session| Device {
                id: session.id,
                is_this: session.id == caller.session,
                name: device_name(session.user_agent.as_deref()),
                ip: session.ip,
                signed_in_at: session.created_at,
                seen_at: session.seen_at,
            })
            .collect();
        devices.sort_by_key(|device| !device.is_this);
        Ok(devices)
    }

    async fn end_device(&self, caller: &Caller, id: SessionId) -> Answer<()> {
        let mut tx = self.store.begin().await.map_err(internal)?;
        if !session::end_own(&mut tx, id, caller.id()).await.map_err(internal)? {
            return Err(PortalError::NotFound);
        }
        let event = NewEvent::by(caller, Action::SessionEnded).subject(caller.person.clone());
        tx.commit(event).await.map_err(internal)?;
        Ok(())
    }

    async fn save_settings(&self, caller: &Caller, time_zone: &str, queue_keys: bool) -> Answer<()> {
        let zone: Tz = time_zone.trim().parse().map_err(|_| {
            PortalError::field("time_zone", "There is no such time zone. Choose one like Europe/Berlin.")
        })?;
        let before = self.settings(caller).await?;
        let mut tx = self.store.begin().await.map_err(internal)?;
        identity::save_own_settings(&mut tx, caller.id(), zone.name(), queue_keys).await.map_err(internal)?;
        let zone = if before.time_zone_is_given { &before.time_zone } else { zone.name() };
        let event =
            NewEvent::by(caller, Action::PersonUpdated).subject(caller.person.clone()).detail(json!({
                "before": { "time_zone": before.time_zone, "queue_keys": before.queue_keys },
                "after": { "time_zone": zone, "queue_keys": queue_keys },
            }));
        tx.commit(event).await.map_err(internal)?;
        Ok(())
    }

    async fn settings(&self, caller: &Caller) -> Answer<OwnSettings> {
        let own = identity::own_settings(&self.store, caller.id()).await.map_err(internal)?;
        let own = own.ok_or(PortalError::NotFound)?;
        Ok(OwnSettings {
            time_zone: own.time_zone.unwrap_or_else(|| self.time_zone.name().to_owned()),
            time_zone_is_given: own.time_zone_given,
            queue_keys: own.queue_keys,
        })
    }

    async fn keep_draft(&self, caller: &Caller, draft: Draft) -> Answer<String> {
        let kept = KeptDraft { id: secret::short_token(), draft };
        let value = serde_json::to_value(&kept).map_err(|error| {
            tracing::error!(%error, "a draft could not be written");
            PortalError::Internal
        })?;
        session::keep_draft(&self.store, caller.session, &value).await.map_err(internal)?;
        Ok(kept.id)
    }

    async fn draft(&self, caller: &Caller, id: &str) -> Answer<Option<Draft>> {
        let found = session::draft(&self.store, caller.session, id).await.map_err(internal)?;
        Ok(found.and_then(|value| serde_json::from_value::<KeptDraft>(value).ok()).map(|kept| kept.draft))
    }
}

fn internal(error: StoreError) -> PortalError {
    tracing::error!(%error, "an account could not be read or written");
    super::told(&error)
}

/// “Firefox on Linux”, or the beginning of what the browser says.
fn device_name(user_agent: Option<&str>) -> String {
    let Some(agent) = user_agent.filter(|agent| !agent.is_empty()) else {
        return "An unnamed browser".to_owned();
    };
    // The order matters: most browsers name the ones they descend from as well.
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chromium/", "Chromium"),
        ("HeadlessChrome/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_name_them() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1 (KHTML, like Gecko) Version/17.0 Safari/605.1",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.5.0", "curl/8.5.0"),
        ] {
            assert_eq!(device_name(Some(agent)), name);
        }
        assert_eq!(device_name(None), "An unnamed browser");
    }
}
