//! Leading a system elsewhere by a file: under the same rule as by a form.

use store::stock::System;
use store::system_edit;

use super::super::rows::Row;
use super::super::{ImportError, Work};
use crate::portal::connection;

/// Prepares the system for where the file leads it; `false` where access would be left behind, which is noted.
pub(super) async fn lead(
    work: &mut Work,
    row: &Row,
    before: &System,
    after: &System,
) -> Result<bool, ImportError> {
    system_edit::lock(work.tx.conn(), before.id).await?;
    let from = (before.connector.as_str(), &before.connector_settings);
    let to = (after.connector.as_str(), &after.connector_settings);
    if let Err(stranded) = connection::lead(work.tx.conn(), before.id, from, to).await? {
        let column = if from.0 == to.0 { "connector_settings" } else { "connector" };
        work.faults.of_cell(row, column, stranded);
        return Ok(false);
    }
    Ok(true)
}
