//! One's own settings, signed-in devices, and what was typed into a form that failed.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::id::SessionId;
use serde::{Deserialize, Serialize};

use super::{Answer, Caller};
use crate::error::FieldError;

/// What belongs to the signed-in person alone.
#[async_trait]
pub trait Account: Send + Sync {
    /// Where the caller is signed in, this browser first.
    async fn devices(&self, caller: &Caller) -> Answer<Vec<Device>>;
    /// Signs one of the caller's own devices out.
    async fn end_device(&self, caller: &Caller, id: SessionId) -> Answer<()>;
    /// Sets the zone that times are shown in (an IANA name), and whether single keys work in the queue.
    async fn save_settings(&self, caller: &Caller, time_zone: &str, queue_keys: bool) -> Answer<()>;
    /// The caller's settings.
    async fn settings(&self, caller: &Caller) -> Answer<Settings>;
    /// Keeps what was typed into a form that failed; the last five are kept. Answers its id.
    async fn keep_draft(&self, caller: &Caller, draft: Draft) -> Answer<String>;
    /// What was kept under this id, if this browser kept it.
    async fn draft(&self, caller: &Caller, id: &str) -> Answer<Option<Draft>>;
}

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Device {
    /// Which.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub is_this: bool,
    /// “Firefox on Linux”, or as the browser names itself.
    pub name: String,
    /// The address it was last seen from.
    pub ip: Option<String>,
    /// When it signed in.
    pub signed_in_at: DateTime<Utc>,
    /// When it was last seen.
    pub seen_at: DateTime<Utc>,
}

/// Own settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// An IANA name.
    pub time_zone: String,
    /// Whether the zone comes from the sign-in provider and cannot be set here.
    pub time_zone_is_given: bool,
    /// Whether single keys work in the queue.
    pub queue_keys: bool,
}

/// A form that failed: what was typed, and what was wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Which form: `request`, `decision`, …
    pub form: String,
    /// What was typed, as that form's own type in JSON.
    pub typed: String,
    /// What is wrong with the whole.
    pub message: String,
    /// What is wrong with single fields.
    pub fields: Vec<FieldError>,
    /// Where to go instead, with what the link says.
    pub way_out: Option<(String, String)>,
}
