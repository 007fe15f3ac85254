//! Who calls: a token in the `Authorization` header (RFC 6750), never in an address.

use domain::token;
use http::{HeaderMap, StatusCode, header};
use store::Store;
use store::source::{self, Bearer};

use super::problem::Problem;
use crate::secret;

/// Whose token these headers show; its use is noted.
pub async fn admit(store: &Store, headers: &HeaderMap) -> Result<Bearer, Problem> {
    let refused = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, "Not signed in", detail);
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, shown)) = shown.map(|(scheme, token)| (scheme, token.trim())) else {
        return Err(refused("Show a token: Authorization: Bearer gatebook_…"));
    };
    if !token::is_secret(shown) {
        return Err(refused("This is not a token of Gatebook."));
    }
    let hash = secret::hash(shown.as_bytes());
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
