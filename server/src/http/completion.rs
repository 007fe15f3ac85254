//! What could come next in a query of the book, while it is typed: the options of a list, as the page shows them.

use app::error::PortalError;
use app::pages::audit_completion::options_text;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse as _, Response};
use domain::audit::query::{QUERY_MAX_CHARS, complete};
use http::StatusCode;
use serde::Deserialize;

use super::guard::Visiting;
use crate::portal::Portal;

/// What was typed so far.
#[derive(Debug, Deserialize)]
pub struct Typed {
    #[serde(default)]
    text: String,
    /// Where the cursor is, in units of UTF-16.
    #[serde(default)]
    cursor: usize,
    /// Whether everything is wanted where nothing is typed yet.
    #[serde(default)]
    all: bool,
}

/// Answers with options, or with nothing.
pub async fn offer(
    State(portal): State<Portal>,
    Extension(Visiting(caller)): Extension<Visiting>,
    Query(Typed { text, cursor, all }): Query<Typed>,
) -> Response {
    if text.chars().count() > QUERY_MAX_CHARS {
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            axum::Json(PortalError::field("text", "This is too long.")),
        )
            .into_response();
    }
    let completion = complete(&text, chars_before(&text, cursor));
    if completion.replace.is_empty() && completion.typed.is_empty() && completion.values_of.is_none() && !all
    {
        let is_value = text.chars().take(completion.replace.start).last() == Some(':');
        if !is_value {
            return Html(String::new()).into_response();
        }
    }
    let values = match completion.values_of {
        Some(field) => portal.values(&caller, field, &completion.typed).await,
        None => Ok(Vec::new()),
    };
    match values {
        Ok(values) => Html(options_text(&text, &completion, &values)).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, axum::Json(error)).into_response()
        }
    }
}

/// How many characters stand before this unit of UTF-16.
fn chars_before(text: &str, units: usize) -> usize {
    let mut passed = 0;
    text.chars()
        .take_while(|c| {
            passed += c.len_utf16();
            passed <= units
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_counts_as_browsers_count() {
        for (units, chars) in [(0, 0), (1, 0), (2, 1), (3, 2), (99, 3)] {
            assert_eq!(chars_before("🔑ab", units), chars, "{units}");
        }
    }
}
