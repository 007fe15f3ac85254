//! The way in: one router, one guard.
//!
//! *Invariant:* no GET changes anything but the browser's own sign-in.
//! *Invariant:* every answer, an error too, carries the security headers.

pub mod api;
pub mod assets;
mod back_channel;
mod callback;
mod client_address;
mod completion;
pub mod dress;
pub mod guard;
mod health;
mod limiter;
mod live;
pub mod pages;
pub mod plain_page;
mod prefetch;
pub mod return_to;
mod router;
mod session;
mod sign_in;
mod sign_out;

pub use router::{REQUEST_TIMEOUT, router};

use std::sync::Arc;

use app::context::Risks;
use store::Store;

use crate::config::Settings;
use crate::live::{Hub, Limits};
use crate::oidc::{OidcError, Provider};
use limiter::Limiter;

/// What the door knows. Shared by all requests.
pub type Door = Arc<DoorParts>;

/// The parts of a [`Door`].
#[derive(Debug)]
pub struct DoorParts {
    /// The settings.
    pub settings: Settings,
    /// The database.
    pub store: Store,
    /// The sign-in provider.
    pub provider: Provider,
    /// What was found out about how this server runs.
    pub risks: Risks,
    /// Who watches the book.
    pub live: Hub,
    limiter: Limiter,
    /// How often one address may fail to say who it is.
    refusals: Limiter,
}

/// Puts a door together; nothing is asked of anybody yet.
///
/// # Errors
/// When the settings cannot be used with the provider.
pub fn door(settings: Settings, store: Store, risks: Risks) -> Result<Door, OidcError> {
    let redirect_uri = settings.public_url.of_path(app::routes::AUTH_CALLBACK);
    let live = Hub::new(store.clone(), settings.sessions.idle, Limits::default());
    Ok(Arc::new(DoorParts {
        provider: Provider::new(settings.oidc.clone(), redirect_uri)?,
        limiter: Limiter::new(settings.sign_ins_per_minute),
        refusals: Limiter::new(settings.refusals_per_minute),
        settings,
        store,
        risks,
        live,
    }))
}

/// Gets to know the provider before anybody needs it: only then can signing out lead there. Whoever signs in
/// while this has not worked asks anew.
pub async fn warm_up(door: Door) {
    match door.provider.get_to_know().await {
        Ok(()) => tracing::info!(issuer = door.provider.issuer(), "the sign-in provider is there"),
        Err(error) => {
            tracing::warn!(%error, "the sign-in provider is not there yet; Gatebook serves all the same")
        }
    }
}
