//! Change windows.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::backend::{TypedWindow, TypedWindowEnd};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

impl Form for TypedWindow {
    const NAME: &'static str = "window";

    fn path(&self) -> String {
        routes::WINDOWS.to_owned()
    }
}

impl Form for TypedWindowEnd {
    const NAME: &'static str = "delete-window";

    fn path(&self) -> String {
        routes::window(&crate::address::encode(&self.id))
    }
}

/// Adds a window.
#[server(prefix = "/api/form", endpoint = "add-window")]
pub async fn add_window(typed: TypedWindow) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.windows.add(&counter.caller, &typed).await;
    counter.close(&typed, done, |id| Notice::WindowAdded.on(&routes::window(&id.to_string()))).await
}

/// Deletes a window.
#[server(prefix = "/api/form", endpoint = "delete-window")]
pub async fn delete_window(typed: TypedWindowEnd) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.windows.delete(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::Gone.on(routes::WINDOWS)).await
}
