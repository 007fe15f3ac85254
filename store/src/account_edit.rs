//! The names that people go by on systems, as those who look after the systems see and set them.

use domain::id::{PersonId, SystemId};
use sqlx::PgConnection;

use crate::Result;

/// The name of the constraint that keeps two people from one account.
pub const ONE_PERSON: &str = "account_system_id_name_key";

/// A system, and what somebody is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// The system.
    pub system: SystemId,
    /// The system's name.
    pub system_name: String,
    /// The account; `None` where they have none.
    pub name: Option<String>,
    /// How many live grants open and close through it.
    pub live_grants: i64,
}

/// What `person` is called on each system that `editor` owns or, where the flag says so, on any; by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of(
    conn: &mut PgConnection,
    person: PersonId,
    editor: PersonId,
    everything: bool,
) -> Result<Vec<AccountRecord>> {
    let rows = sqlx::query!(
        r#"select s.id, s.name as system, a.name as "account?",
             (select count(*) from access_grant g join entitlement e on e.id = g.entitlement_id
                join resource o on o.id = e.resource_id
              where o.system_id = s.id and g.person_id = $1
                and g.state not in ('scheduled', 'ended', 'revoked', 'failed')) as "live_grants!"
           from system s left join account a on a.system_id = s.id and a.person_id = $1
           where s.deleted_at is null
             and ($3 or exists (select 1 from owner w where w.system_id = s.id and w.person_id = $2))
           order by s.name, s.id"#,
        person.0,
        editor.0,
        everything
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| AccountRecord {
            system: SystemId(row.id),
            system_name: row.system,
            name: row.account,
            live_grants: row.live_grants,
        })
        .collect())
}

/// Sets what a person is called on a system; `None` takes it away.
///
/// # Errors
/// When the database refuses it, as where somebody else is called so ([`ONE_PERSON`]).
pub async fn set(
    conn: &mut PgConnection,
    person: PersonId,
    system: SystemId,
    name: Option<&str>,
) -> Result<()> {
    match name {
        Some(name) => {
            sqlx::query!(
                "insert into account (person_id, system_id, name) values ($1, $2, $3)
                 on conflict (person_id, system_id) do update set name = excluded.name",
                person.0,
                system.0,
                name
            )
            .execute(conn)
            .await?
        }
        None => {
            sqlx::query!("delete from account where person_id = $1 and system_id = $2", person.0, system.0)
                .execute(conn)
                .await?
        }
    };
    Ok(())
}
