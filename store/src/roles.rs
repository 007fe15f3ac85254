//! What the application's database role may do: everything but rewrite the book.

use sqlx::{Connection, PgConnection};

use crate::Result;

/// Gives `role` the rights that `serve` and `work` need, and no more. Run as the owner, after migrating.
///
/// # Errors
/// When the role does not exist or the caller may not grant.
pub async fn grant_application(conn: &mut PgConnection, role: &str) -> Result<()> {
    let mut tx = conn.begin().await?;
    let quoted: String =
        sqlx::query_scalar!(r#"select quote_ident($1) as "quoted!""#, role).fetch_one(&mut *tx).await?;
    for statement in [
        "grant usage on schema public to ROLE",
        "grant select, insert, update, delete on all tables in schema public to ROLE",
        "grant usage on all sequences in schema public to ROLE",
        // A restore without privileges has given it to everybody.
        "revoke all on function event_ensure_partitions(timestamptz) from public",
        "grant execute on function event_ensure_partitions(timestamptz) to ROLE",
        "revoke all on function event_keep_partitions(timestamptz) from public",
        "grant execute on function event_keep_partitions(timestamptz) to ROLE",
        "revoke insert, update, delete, truncate on retention from ROLE",
        "revoke all on _sqlx_migrations from ROLE",
        "revoke update, delete, truncate on policy_version, decision, submission, event_position from ROLE",
    ] {
        let statement = statement.replace("ROLE", &quoted);
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *tx).await?;
    }
    let partitions = sqlx::query_scalar!(
        r#"select c.oid::regclass::text as "name!" from pg_class c where c.relnamespace = 'public'::regnamespace
           and (c.relname = 'event' or c.oid in (select relid from pg_partition_tree('event')))"#
    )
    .fetch_all(&mut *tx)
    .await?;
    for partition in partitions {
        let statement =
            format!("revoke update, delete, truncate, references, trigger on {partition} from {quoted}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// Why the current role must not run the application: it could rewrite the book. `None` when it could not.
///
/// # Errors
/// When the database cannot be reached.
pub async fn could_rewrite_book(conn: &mut PgConnection) -> Result<Option<String>> {
    let role = sqlx::query!(
        r#"select current_user::text as "name!", rolsuper as "is_superuser!" from pg_roles where rolname = current_user"#
    )
    .fetch_one(&mut *conn)
    .await?;
    if role.is_superuser {
        return Ok(Some(format!("{} is a superuser", role.name)));
    }
    let owns_schema = sqlx::query_scalar!(
        r#"select exists (select 1 from pg_namespace n, pg_database d where n.nspname = 'public'
             and d.datname = current_database()
             and (pg_has_role(n.nspowner, 'member') or pg_has_role(d.datdba, 'member'))) as "owns!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    if owns_schema {
        return Ok(Some(format!("{} owns the database or its schema", role.name)));
    }
    let table = sqlx::query!(
        r#"select t.relid::regclass::text as "name!",
             pg_has_role(c.relowner, 'member') as "owns!"
           from (select relid from pg_partition_tree('event') union all select 'event_position'::regclass) t
           join pg_class c on c.oid = t.relid
           where pg_has_role(c.relowner, 'member') or has_table_privilege(t.relid, 'update, delete, truncate')
           limit 1"#
    )
    .fetch_optional(conn)
    .await?;
    Ok(table.map(|table| {
        let how = if table.owns { "owns" } else { "may change rows of" };
        format!("{} {how} {}", role.name, table.name)
    }))
}
