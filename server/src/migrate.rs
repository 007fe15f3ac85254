//! Bringing the schema up to date, as the owner of the tables.

use secrecy::{ExposeSecret as _, SecretString};
use store::cluster::{self, ClusterError};
use thiserror::Error;
use url::Url;

/// Why the schema is not up to date.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The application's role could not be made.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// `DATABASE_URL` does not say who the application is.
    #[error(
        "DATABASE_URL must name the application's role and its password, so that migrate can make the role"
    )]
    NoRole,
}

/// Runs the migrations, and makes the application's role or sets its password.
///
/// # Errors
/// When the database refuses either.
pub async fn migrate(admin_url: &SecretString, application_url: &SecretString) -> Result<(), MigrateError> {
    store::migration::run(admin_url.expose_secret()).await?;
    let admin = cluster::connect(admin_url.expose_secret()).await?;
    store::sequence::begin_anew_where_restored(&admin).await?;
    let application = Url::parse(application_url.expose_secret()).map_err(|_| MigrateError::NoRole)?;
    let (user, password) = role_of(&application).ok_or(MigrateError::NoRole)?;
    let is_owner = cluster::is_own_role(&admin, &user).await?;
    if !is_owner && !cluster::can_connect(application_url.expose_secret()).await {
        cluster::ensure_role(&admin, &user, &password, None).await?;
    }
    if !is_owner {
        let mut conn = admin.acquire().await.map_err(store::StoreError::from)?;
        store::roles::grant_application(&mut conn, &user).await?;
    }
    Ok(())
}

/// The user and password of an address.
fn role_of(url: &Url) -> Option<(String, String)> {
    let decode = |text: &str| {
        // `Url` keeps them percent-encoded.
        let pair = format!("x={}", text.replace('+', "%2B"));
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let user = decode(url.username()).filter(|user| !user.is_empty())?;
    Some((user, decode(url.password()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_with_what_was_encoded() {
        let of = |text: &str| role_of(&Url::parse(text).unwrap());
        assert_eq!(of("postgres://app:a%40b+c@localhost/x"), Some(("app".to_owned(), "a@b+c".to_owned())));
        assert_eq!(of("postgres://app@localhost/x"), None);
        assert_eq!(of("postgres://localhost/x"), None);
    }
}
