//! Reading the book, page after page or whole.

use app::address;
use app::error::PortalError;
use axum::extract::{Query as Parameters, State};
use axum::response::Response;
use axum::{Extension, Json};
use domain::audit::query::{Query, parse};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use utoipa::ToSchema;

use super::problem::Problem;
use super::{EVENTS, bearer, wire};
use crate::http::dress::Asked;
use crate::http::{Door, guard, pages};
use crate::portal::Portal;
use crate::portal::export::Format;
use crate::portal::reader::Reader;

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;
/// Longer than any cursor of ours.
const CURSOR_MAX_CHARS: usize = 200;

/// `?q=&cursor=&limit=`.
#[derive(Debug, Deserialize)]
pub(super) struct Asks {
    #[serde(default)]
    q: String,
    cursor: Option<String>,
    limit: Option<String>,
}

/// `?q=&format=`.
#[derive(Debug, Deserialize)]
pub(super) struct AsksFile {
    #[serde(default)]
    q: String,
    #[serde(default)]
    format: String,
}

/// Some events, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Events {
    events: Vec<wire::Event>,
    /// The path of the next ones, older than these; null at the end.
    next: Option<String>,
}

#[utoipa::path(
    get, path = EVENTS, tag = "events",
    summary = "Read events",
    description = "Newest first. A token of scope events:read sees all; a signed-in session what its page shows.",
    params(
        ("q" = Option<String>, Query, description = "A query, as on the page Audit; without one, everything"),
        ("cursor" = Option<String>, Query, description = "From `next`; otherwise opaque"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, description = "Events at once; 100 where nothing is said"),
    ),
    responses(
        (status = 200, description = "Events", body = Events),
        (status = 400, description = "A parameter is wrong: `field` says which", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token that works, and no session", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A token that may not read", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Refused too often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not available now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []), ("session" = []))
)]
pub(super) async fn list(
    State(door): State<Door>,
    Extension(asked): Extension<Asked>,
    session: Session,
    headers: HeaderMap,
    Parameters(asks): Parameters<Asks>,
) -> Result<Json<Events>, Problem> {
    let reader = reader(&door, &asked, &session, &headers).await?;
    let query = query(&reader, &asks.q)?;
    let limit = match asks.limit.as_deref() {
        None => LIMIT_DEFAULT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| Problem::of_field("limit", "The limit is a number from 1 to 1,000."))?,
    };
    let cursor = asks.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    if cursor.is_some_and(|cursor| cursor.len() > CURSOR_MAX_CHARS) {
        return Err(not_a_cursor());
    }
    let listed = Portal::new(door.store.clone()).list_events(&reader, &query, cursor, limit).await;
    let listed = listed.map_err(|error| match error {
        PortalError::NotFound => not_a_cursor(),
        error => told(&error),
    })?;
    let next = listed.next.map(|(q, cursor)| {
        address::with_all(EVENTS, &[("q", &q), ("limit", &limit.to_string()), ("cursor", &cursor)])
    });
    Ok(Json(Events { events: listed.events.into_iter().map(wire::Event::from).collect(), next }))
}

#[utoipa::path(
    get, path = super::EXPORT, tag = "events",
    summary = "Export events",
    description = "Everything that matches, newest first, streamed. A file without its end is not whole.",
    params(
        ("format" = String, Query, description = "csv, jsonl or ocsf"),
        ("q" = Option<String>, Query, description = "A query, as on the page Audit; without one, everything"),
    ),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        (status = 400, description = "A parameter is wrong: `field` says which", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token that works, and no session", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A token that may not read", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Refused too often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not available now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []), ("session" = []))
)]
pub(super) async fn export(
    State(door): State<Door>,
    Extension(asked): Extension<Asked>,
    session: Session,
    headers: HeaderMap,
    Parameters(asks): Parameters<AsksFile>,
) -> Result<Response, Problem> {
    let reader = reader(&door, &asked, &session, &headers).await?;
    let format = Format::parse(&asks.format)
        .ok_or_else(|| Problem::of_field("format", format!("The format is {}.", Format::WORDS)))?;
    let query = query(&reader, &asks.q)?;
    let at = reader.context().now;
    let stream = Portal::new(door.store.clone()).export(reader, &query, format).await;
    Ok(pages::download(stream.map_err(|error| told(&error))?, format, at))
}

/// A token where one is shown, else the session of this browser.
async fn reader(
    door: &Door,
    asked: &Asked,
    session: &Session,
    headers: &HeaderMap,
) -> Result<Reader, Problem> {
    if headers.contains_key(header::AUTHORIZATION) {
        return bearer::admit_reader(door, asked, headers).await.map(Reader::Program);
    }
    match guard::visit(door, session, asked).await {
        Ok(Some(visit)) => Ok(Reader::Person(guard::caller(door, visit, asked))),
        Ok(None) => Err(bearer::refuse(door, asked, "Show a token that reads events, or sign in.")),
        Err(error) => Err(Problem::unavailable(&error)),
    }
}

fn query(reader: &Reader, text: &str) -> Result<Query, Problem> {
    parse(text, &reader.context()).map_err(|error| Problem::of_field("q", error.to_string()))
}

fn not_a_cursor() -> Problem {
    Problem::of_field("cursor", "This is no cursor of Gatebook's. Follow `next`.")
}

fn told(error: &PortalError) -> Problem {
    tracing::error!(%error, "events could not be read for a program");
    if error.status() == 503 { Problem::not_now(error.to_string()) } else { Problem::internal() }
}
