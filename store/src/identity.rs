//! Who somebody at the sign-in provider is in Gatebook.

use chrono::{DateTime, Utc};
use domain::caller::Roles;
use domain::id::PersonId;
use domain::person::{PersonRef, PersonStatus};

use crate::{Result, StoreError, Tx};

/// What the provider says about somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Who, at the provider; never reused there.
    pub subject: String,
    /// The address, if given.
    pub email: Option<String>,
    /// Whether the provider vouches for the address.
    pub email_verified: bool,
    /// The name for people, at most 200 characters, never empty.
    pub name: String,
    /// `zoneinfo`, if it is a known IANA name.
    pub time_zone: Option<String>,
}

/// Somebody known, as far as a sign-in needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// Who.
    pub id: PersonId,
    /// The name on record.
    pub name: String,
    /// The address on record.
    pub email: Option<String>,
    /// Whether they may come in.
    pub status: PersonStatus,
}

impl KnownPerson {
    /// Who, in short.
    pub fn person(&self) -> PersonRef {
        PersonRef { id: self.id, name: self.name.clone() }
    }
}

macro_rules! known {
    ($row:expr) => {
        match $row {
            None => None,
            Some(row) => Some(KnownPerson {
                id: PersonId(row.id),
                name: row.name,
                email: row.email,
                status: PersonStatus::parse(&row.status)
                    .ok_or_else(|| StoreError::corrupt("person", row.status.clone()))?,
            }),
        }
    };
}

/// The person with this subject at this provider; locked until the transaction is over.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(tx: &mut Tx, identity: &Identity) -> Result<Option<KnownPerson>> {
    let row = sqlx::query!(
        "select id, name, email, status from person where issuer = $1 and subject = $2 for update",
        identity.issuer,
        identity.subject
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(known!(row))
}

/// Ties a person who was imported to their first sign-in, by an address that the provider vouches for.
/// Somebody who is tied already is never tied anew.
///
/// # Errors
/// When the database refuses it.
pub async fn link(tx: &mut Tx, identity: &Identity) -> Result<Option<KnownPerson>> {
    if !identity.email_verified {
        return Ok(None);
    }
    let row = sqlx::query!(
        "update person set issuer = $1, subject = $2, email_verified = true
         where lower(email) = lower($3) and issuer is null
         returning id, name, email, status",
        identity.issuer,
        identity.subject,
        identity.email.as_deref(),
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(known!(row))
}

/// Whether the address is somebody's already.
///
/// # Errors
/// When the database cannot be reached.
pub async fn is_email_taken(tx: &mut Tx, email: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from person where lower(email) = lower($1)) as "taken!""#,
        email
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Adds a person on their first sign-in. `None` when the address or the subject is somebody's already.
///
/// # Errors
/// When the database refuses it.
pub async fn create(tx: &mut Tx, identity: &Identity) -> Result<Option<KnownPerson>> {
    let (id, now) = (tx.new_id(), tx.now);
    let row = sqlx::query!(
        "insert into person (id, issuer, subject, email, email_verified, name, status, created_at)
         values ($1, $2, $3, $4, $5, $6, 'active', $7)
         on conflict do nothing
         returning id, name, email, status",
        id,
        identity.issuer,
        identity.subject,
        identity.email,
        identity.email_verified,
        identity.name,
        now,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(known!(row))
}

/// Brings name, address and zone up to what the provider says now. An address that is somebody else's, that is
/// not verified, or that the provider no longer gives, stays as it was. A zone that the provider gives replaces an own one.
///
/// # Errors
/// When the database refuses it.
pub async fn refresh(tx: &mut Tx, id: PersonId, identity: &Identity) -> Result<KnownPerson> {
    let row = sqlx::query!(
        "update person set
             name = $2,
             email = case when $3::text is null or not $4 or exists (
                         select from person other where lower(other.email) = lower($3) and other.id <> $1)
                     then email else $3 end,
             email_verified = case when lower($3) = lower(email) or $4 then $4 else email_verified end,
             time_zone = coalesce($5, time_zone),
             time_zone_given = $5::text is not null
         where id = $1
         returning id, name, email, status",
        id.0,
        identity.name,
        identity.email,
        identity.email_verified,
        identity.time_zone,
    )
    .fetch_optional(tx.conn())
    .await?;
    known!(row).ok_or_else(|| StoreError::corrupt("person", id.to_string()))
}

/// Keeps what the groups claim said, so that others know who could decide as an administrator.
///
/// # Errors
/// When the database refuses it.
pub async fn keep_roles(tx: &mut Tx, id: PersonId, roles: Roles, read_at: DateTime<Utc>) -> Result<()> {
    if roles.administrator {
        sqlx::query!(
            "insert into administrator (person_id, read_at) values ($1, $2)
             on conflict (person_id) do update set read_at = excluded.read_at",
            id.0,
            read_at
        )
        .execute(tx.conn())
        .await?;
    } else {
        sqlx::query!("delete from administrator where person_id = $1", id.0).execute(tx.conn()).await?;
    }
    Ok(())
}

/// A person's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSettings {
    /// An IANA name, if known.
    pub time_zone: Option<String>,
    /// Whether it comes from the provider.
    pub time_zone_given: bool,
    /// Whether single keys work in the queue.
    pub queue_keys: bool,
}

/// A person's settings.
///
/// # Errors
/// When the database cannot be reached.
pub async fn own_settings(store: &crate::Store, id: PersonId) -> Result<Option<OwnSettings>> {
    Ok(sqlx::query_as!(
        OwnSettings,
        "select time_zone, time_zone_given, queue_keys from person where id = $1",
        id.0
    )
    .fetch_optional(store.pool())
    .await?)
}

/// Sets a person's own settings; a zone that the provider gives stays.
///
/// # Errors
/// When the database refuses it.
pub async fn save_own_settings(tx: &mut Tx, id: PersonId, time_zone: &str, queue_keys: bool) -> Result<()> {
    sqlx::query!(
        "update person set time_zone = case when time_zone_given then time_zone else $2 end, queue_keys = $3
         where id = $1",
        id.0,
        time_zone,
        queue_keys
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
