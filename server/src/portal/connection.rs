//! Leading a system elsewhere, by form or by file, without leaving access behind.

use domain::connection::{Stranded, Switch, may_switch};
use domain::id::SystemId;
use serde_json::Value;
use store::{PgConnection, StoreError, system_edit};

use crate::connectors::settings;

/// A connector's word with its settings.
pub(crate) type Way<'a> = (&'a str, &'a Value);

/// How the way changes, or why it must not: access would be left behind. The caller has locked the system.
pub(crate) async fn check(
    conn: &mut PgConnection,
    id: SystemId,
    before: Way<'_>,
    after: Way<'_>,
) -> Result<Result<Switch, Stranded>, StoreError> {
    let switch = settings::switch(before, after);
    let live = system_edit::live(conn, id).await?;
    Ok(may_switch(switch, live).map(|()| switch))
}

/// Prepares a system for another way, before that is written down, and answers what the switch comes to: access that is open is closed where it was
/// opened and, where just the credentials for that place are others, with those.
pub(crate) async fn lead(
    conn: &mut PgConnection,
    id: SystemId,
    before: Way<'_>,
    after: Way<'_>,
) -> Result<Result<Switch, Stranded>, StoreError> {
    let switch = match check(conn, id, before, after).await? {
        Ok(switch) => switch,
        Err(stranded) => return Ok(Err(stranded)),
    };
    if switch == Switch::Place {
        system_edit::keep_place(conn, id).await?;
    }
    if matches!(switch, Switch::Place | Switch::Credentials) {
        for opened in system_edit::opened_settings(conn, id).await? {
            if opened != *after.1 && settings::is_same_place(&opened, after.1) {
                system_edit::replace_opened(conn, id, &opened, after.1).await?;
            }
        }
    }
    Ok(Ok(switch))
}
