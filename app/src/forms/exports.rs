//! Exports that are prepared in the background.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::address;
use crate::backend::{ExportEnd, TypedExport, TypedExportEnd};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

impl Form for TypedExport {
    const NAME: &'static str = "export";

    fn path(&self) -> String {
        address::with_all(routes::EXPORTS, &[("q", &self.query), ("format", &self.format)])
    }
}

impl Form for TypedExportEnd {
    const NAME: &'static str = "end-export";

    fn path(&self) -> String {
        routes::EXPORTS.to_owned()
    }
}

/// Asks for an export to be prepared.
#[server(prefix = "/api/form", endpoint = "prepare-export")]
pub async fn prepare_export(typed: TypedExport) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.exports.prepare(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::ExportAsked.on(routes::EXPORTS)).await
}

/// Cancels or deletes one.
#[server(prefix = "/api/form", endpoint = "end-export")]
pub async fn end_export(typed: TypedExportEnd) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.exports.end(&counter.caller, &typed).await;
    let notice = |end| match end {
        ExportEnd::Cancelled => Notice::ExportCancelled,
        ExportEnd::Deleted => Notice::ExportDeleted,
    };
    counter.close(&typed, done, |end| notice(end).on(routes::EXPORTS)).await
}
