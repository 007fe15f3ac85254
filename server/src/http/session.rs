//! Sessions: a cookie with a secret, and a row that knows only its hash.
//!
//! The layer is `tower-sessions`; it handles the cookie and what is kept while a sign-in is on its way. Who
//! is signed in stands in columns of their own, which only the sign-in itself writes.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::Value;
use store::Store;
use store::session::IdHash;
use time::OffsetDateTime;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{SessionManagerLayer, SessionStore};

use crate::config::Settings;
use crate::secret;

/// How long a sign-in may be on its way.
pub const SIGN_IN_MAX: TimeDelta = TimeDelta::minutes(15);

/// The hash that a session is kept under.
pub fn id_hash(id: Id) -> IdHash {
    secret::hash(&id.0.to_le_bytes())
}

/// The layer for pages and actions; not for files, which have no use for a session.
pub fn layer(settings: &Settings, store: &Store) -> SessionManagerLayer<Sessions> {
    let sessions = Sessions { store: store.clone(), idle: settings.sessions.idle };
    SessionManagerLayer::new(sessions)
        .with_name(cookie_name(settings))
        .with_http_only(true)
        // Strict would keep the cookie from the provider's answer; Lax sends it with top-level GETs.
        .with_same_site(SameSite::Lax)
        .with_secure(settings.public_url.is_https())
        .with_path("/")
}

/// With TLS, a name that no subdomain and no plain connection can set.
pub fn cookie_name(settings: &Settings) -> &'static str {
    if settings.public_url.is_https() { "__Host-gatebook" } else { "gatebook" }
}

/// Keeps sessions in Postgres.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Store,
    idle: TimeDelta,
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        record.id = Id(secret::session_id());
        store::session::open(&self.store, &id_hash(record.id), &data(record)?, SIGN_IN_MAX)
            .await
            .map_err(backend)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        store::session::save(&self.store, &id_hash(record.id), &data(record)?).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = store::session::load(&self.store, &id_hash(*id), self.idle).await.map_err(backend)?;
        let Some(value) = found else { return Ok(None) };
        let data: HashMap<String, Value> =
            serde_json::from_value(value).map_err(|error| Error::Decode(error.to_string()))?;
        // The row knows when it expires; this field is for stores that do not.
        Ok(Some(Record { id: *id, data, expiry_date: OffsetDateTime::UNIX_EPOCH }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        store::session::forget_nameless(&self.store, &id_hash(*id)).await.map_err(backend)
    }
}

fn data(record: &Record) -> Result<Value> {
    serde_json::to_value(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn backend(error: store::StoreError) -> Error {
    Error::Backend(error.to_string())
}
