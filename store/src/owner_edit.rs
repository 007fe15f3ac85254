//! Who owns what, as editors see and change it.

use domain::id::{EntitlementId, PersonId, ResourceId, SystemId};
use domain::person::{PersonRef, PersonStatus};
use sqlx::PgConnection;

use crate::{Result, StoreError};

/// What is owned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owned {
    /// A system.
    System(SystemId),
    /// A resource.
    Resource(ResourceId),
    /// An entitlement.
    Entitlement(EntitlementId),
}

impl Owned {
    fn columns(self) -> (Option<uuid::Uuid>, Option<uuid::Uuid>, Option<uuid::Uuid>) {
        match self {
            Self::System(id) => (Some(id.0), None, None),
            Self::Resource(id) => (None, Some(id.0), None),
            Self::Entitlement(id) => (None, None, Some(id.0)),
        }
    }
}

/// An owner, and how they are written into a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerRecord {
    /// Who.
    pub person: PersonRef,
    /// May be missing.
    pub email: Option<String>,
}

impl OwnerRecord {
    /// The email, or the name where there is none.
    pub fn written(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.person.name)
    }
}

/// The active owners of exactly this, by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of(conn: &mut PgConnection, owned: Owned) -> Result<Vec<OwnerRecord>> {
    let (system, resource, entitlement) = owned.columns();
    let rows = sqlx::query!(
        "select p.id, p.name, p.email from owner w join person p on p.id = w.person_id
         where p.status = 'active' and w.system_id is not distinct from $1
           and w.resource_id is not distinct from $2 and w.entitlement_id is not distinct from $3
         order by p.name, p.id",
        system,
        resource,
        entitlement
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| OwnerRecord {
            person: PersonRef { id: PersonId(row.id), name: row.name },
            email: row.email,
        })
        .collect())
}

/// Adds those of `after` that are not in `before`, and takes away those that are not in `after`. Owners who do
/// not work here at the moment stay as they are.
///
/// # Errors
/// When the database refuses it.
pub async fn set(
    conn: &mut PgConnection,
    owned: Owned,
    before: &[PersonRef],
    after: &[PersonRef],
) -> Result<()> {
    let (system, resource, entitlement) = owned.columns();
    let ids = |some: &[PersonRef], others: &[PersonRef]| -> Vec<uuid::Uuid> {
        some.iter().filter(|p| !others.iter().any(|other| other.id == p.id)).map(|p| p.id.0).collect()
    };
    sqlx::query!(
        "delete from owner where person_id = any($1) and system_id is not distinct from $2
           and resource_id is not distinct from $3 and entitlement_id is not distinct from $4",
        &ids(before, after),
        system,
        resource,
        entitlement
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into owner (person_id, system_id, resource_id, entitlement_id)
         select person_id, $2, $3, $4 from unnest($1::uuid[]) person_id on conflict do nothing",
        &ids(after, before),
        system,
        resource,
        entitlement
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody whom an email or a name may mean.
#[derive(Debug, Clone)]
pub struct Named {
    /// The email or name that was looked for.
    pub written: String,
    /// Who.
    pub person: PersonRef,
    /// Whether they work here.
    pub status: PersonStatus,
}

/// Everybody who goes by one of these emails or names.
///
/// # Errors
/// When the database cannot be reached.
pub async fn named(conn: &mut PgConnection, written: &[String]) -> Result<Vec<Named>> {
    let rows = sqlx::query!(
        r#"select w.written as "written!", p.id, p.name, p.status from unnest($1::text[]) w(written)
           join person p on lower(p.email) = lower(w.written) or lower(p.name) = lower(w.written)
           order by p.id"#,
        written
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Named {
                written: row.written,
                person: PersonRef { id: PersonId(row.id), name: row.name },
                status: PersonStatus::parse(&row.status)
                    .ok_or_else(|| StoreError::corrupt("person", &row.status))?,
            })
        })
        .collect()
}
