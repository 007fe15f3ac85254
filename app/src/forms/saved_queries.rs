//! Queries of the book that are kept under a name.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::address;
use crate::backend::{TypedSavedQuery, TypedSavedQueryEnd};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

/// The page that shows this query.
fn page_of(query: &str, columns: &str) -> String {
    address::with_all(routes::AUDIT, &[("q", query), ("columns", columns)])
}

impl Form for TypedSavedQuery {
    const NAME: &'static str = "saved-query";

    fn path(&self) -> String {
        page_of(&self.query, &self.columns)
    }
}

impl Form for TypedSavedQueryEnd {
    const NAME: &'static str = "delete-saved-query";

    fn path(&self) -> String {
        page_of(&self.query, &self.columns)
    }
}

/// Saves a query, or changes one.
#[server(prefix = "/api/form", endpoint = "save-query")]
pub async fn save_query(typed: TypedSavedQuery) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.saved_queries.save(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::QuerySaved.on(&typed.path())).await
}

/// Deletes a saved query.
#[server(prefix = "/api/form", endpoint = "delete-query")]
pub async fn delete_query(typed: TypedSavedQueryEnd) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.saved_queries.delete(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::QueryDeleted.on(&typed.path())).await
}
