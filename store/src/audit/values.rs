//! Names that can be looked for, while somebody types one.

use domain::audit::query::{Field, folded};
use sqlx::PgConnection;

use super::escape_like;
use crate::Result;

/// Names of this field that contain `part`, whatever its case: those that begin with it first, at most `limit`. None
/// where a field has no names.
///
/// # Errors
/// When the database cannot be reached.
pub async fn values(conn: &mut PgConnection, field: Field, part: &str, limit: i64) -> Result<Vec<String>> {
    let named = match field {
        Field::Actor | Field::Person | Field::Owner => "person",
        Field::Resource => "resource",
        Field::System => "system",
        Field::Environment => "environment",
        Field::Tag => "tag",
        Field::On => "on",
        Field::Source => "source",
        Field::Window => "window",
        _ => return Ok(Vec::new()),
    };
    let part = escape_like(&folded(part));
    Ok(sqlx::query_scalar!(
        r#"select name as "name!" from (
             select distinct name from (
               select name from person where $1 = 'person'
               union all select name from resource where $1 = 'resource' and deleted_at is null
               union all select name from system where $1 = 'system' and deleted_at is null
               union all select environment from resource where $1 = 'environment' and deleted_at is null
               union all select unnest(tags) from resource where $1 = 'tag' and deleted_at is null
               union all select slug from system where $1 = 'on' and deleted_at is null
               union all select slug from event_source where $1 = 'source'
               union all select name from change_window where $1 = 'window' and deleted_at is null
             ) named where lower(name) like '%' || $2 || '%' and name <> ''
           ) found
           order by lower(name) not like $2 || '%', lower(name), name limit $3"#,
        named,
        part,
        limit
    )
    .fetch_all(conn)
    .await?)
}
