//! Who calls: a token in the `Authorization` header (RFC 6750), never in an address.

use chrono::{DateTime, Utc};
use domain::id::TokenId;
use domain::token;
use http::{HeaderMap, StatusCode, header};
use store::source::{self, Bearer};
use store::{StoreError, reading_token};
use tokio::time::Instant;

use super::problem::Problem;
use crate::http::Door;
use crate::http::dress::Asked;
use crate::portal::reader::Program;
use crate::secret;

/// Whose token these headers show, for writing; its use is noted.
pub async fn admit(door: &Door, asked: &Asked, headers: &HeaderMap) -> Result<Bearer, Problem> {
    match known(door, asked, headers).await? {
        Known::Writes(bearer) => Ok(bearer),
        Known::Reads(..) => {
            Err(not_for("This token reads events (events:read). Writing takes one of a source."))
        }
    }
}

/// The program whose token these headers show, for reading; its use is noted.
pub async fn admit_reader(door: &Door, asked: &Asked, headers: &HeaderMap) -> Result<Program, Problem> {
    match known(door, asked, headers).await? {
        Known::Reads(token, name, called_at) => {
            Ok(Program { token, name, source: super::source(asked), called_at })
        }
        Known::Writes(_) => {
            Err(not_for("This token writes events (events:write). Reading takes a token of its own."))
        }
    }
}

enum Known {
    Writes(Bearer),
    Reads(TokenId, String, DateTime<Utc>),
}

fn not_for(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "Not with this token", detail)
}

async fn known(door: &Door, asked: &Asked, headers: &HeaderMap) -> Result<Known, Problem> {
    let refused = |detail: &str| refuse(door, asked, detail);
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
    match find(door, &secret::hash(shown.as_bytes())).await {
        Ok(Some(known)) => Ok(known),
        Ok(None) => Err(refused("This token does not work: it is unknown, has ended, or was rotated.")),
        Err(error) => Err(Problem::unavailable(&error)),
    }
}

/// Refuses whoever could not say who they are; whoever could not too often hears that instead. What is right is
/// let in all the same: many programs may share an address.
pub fn refuse(door: &Door, asked: &Asked, detail: &str) -> Problem {
    match door.refusals.take(asked.address, Instant::now()) {
        Ok(()) => Problem::new(StatusCode::UNAUTHORIZED, "Not signed in", detail),
        Err(wait) => Problem::too_often(wait),
    }
}

async fn find(door: &Door, hash: &[u8; 32]) -> Result<Option<Known>, StoreError> {
    let now = door.store.now().await?;
    let mut conn = door.store.read().await?;
    let known = match source::bearer(&mut conn, hash, now).await? {
        Some(bearer) => Some(Known::Writes(bearer)),
        None => reading_token::find(&mut conn, hash, now)
            .await?
            .map(|(token, name)| Known::Reads(token, name, now)),
    };
    let used = match &known {
        Some(Known::Writes(bearer)) => bearer.token,
        Some(Known::Reads(token, ..)) => *token,
        None => return Ok(None),
    };
    source::note_use(&mut conn, used, now).await?;
    Ok(known)
}
