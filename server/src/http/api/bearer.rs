//! Who calls: a token in the `Authorization` header (RFC 6750), never in an address.

use axum_extra::TypedHeader;
use axum_extra::headers::Authorization;
use axum_extra::headers::authorization;
use domain::token;
use http::StatusCode;
use store::Store;
use store::source::{self, Bearer};

use super::problem::Problem;
use crate::secret;

/// The header, if it is there.
pub type Shown = Option<TypedHeader<Authorization<authorization::Bearer>>>;

/// The token that was shown, noted as used.
pub async fn admit(store: &Store, shown: Shown) -> Result<Bearer, Problem> {
    let refused = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, "Not signed in", detail);
    let Some(TypedHeader(shown)) = shown else {
        return Err(refused("Show a token: Authorization: Bearer gatebook_…"));
    };
    if !token::is_secret(shown.token()) {
        return Err(refused("This is not a token of Gatebook."));
    }
    let hash = secret::hash(shown.token().as_bytes());
    let found = async {
        let now = store.now().await?;
        let mut conn = store.read().await?;
        let found = source::bearer(&mut conn, &hash, now).await?;
        if let Some(bearer) = &found {
            source::note_use(&mut conn, bearer.token, now).await?;
        }
        Ok(found)
    };
    match found.await {
        Ok(Some(bearer)) => Ok(bearer),
        Ok(None) => Err(refused("This token does not work: it is unknown, has ended, or was rotated.")),
        Err(error) => Err(Problem::unavailable(&error)),
    }
}
