//! Change windows.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::backend::{Taken, TypedWindow, TypedWindowEnd, TypedWindowFile};
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

impl Form for TypedWindowFile {
    const NAME: &'static str = "window-file";

    fn path(&self) -> String {
        routes::WINDOWS_FILE.to_owned()
    }
}

/// Adds a window.
#[server(prefix = "/api/form", endpoint = "add-window")]
pub async fn add_window(typed: TypedWindow) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.windows.add(&counter.caller, &typed).await;
    counter.close(&typed, done, |id| Notice::WindowAdded.on(&routes::window(&id.to_string()))).await
}

/// Adds the windows of a file, or says what that would come to.
#[server(prefix = "/api/form", endpoint = "import-windows")]
pub async fn import_windows(typed: TypedWindowFile) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    match counter.backend.windows.take(&counter.caller, &typed).await {
        Ok(Taken::Checked) => counter.show_again(&typed).await,
        done => counter.close(&typed, done, added).await,
    }
}

fn added(taken: Taken) -> String {
    let notice = if taken == Taken::Added(0) { Notice::NothingChanged } else { Notice::WindowsAdded };
    notice.on(routes::WINDOWS)
}

/// Deletes a window.
#[server(prefix = "/api/form", endpoint = "delete-window")]
pub async fn delete_window(typed: TypedWindowEnd) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.windows.delete(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::Gone.on(routes::WINDOWS)).await
}
