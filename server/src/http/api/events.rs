//! Events from outside.

use std::io::{BufReader, Read as _};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Query, State};
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use domain::usage::{UsageError, UsageFault};
use flate2::bufread::MultiGzDecoder;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::bearer;
use super::problem::Problem;
use crate::formats::split::Records;
use crate::formats::{self, Format, Reading};
use crate::http::Door;
use crate::http::dress::Asked;
use crate::ingest::{self, REPORTS_MAX, Sender, Taken};

/// Largest body, as it is sent and as it is unpacked, in bytes.
pub const BODY_MAX_BYTES: usize = 16 * 1024 * 1024;
/// The name of Gatebook's own format.
const NATIVE: &str = "gatebook";
/// Says that each record is to be looked at for what it is.
const RECOGNISED: &str = "auto";

/// `?format=NAME`, or `auto`; without it, Gatebook's own.
#[derive(Debug, Deserialize)]
pub(super) struct Asks {
    format: Option<String>,
}

/// What became of each record, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Received {
    stored: usize,
    duplicates: usize,
    refused: usize,
    skipped: usize,
    results: Vec<Became>,
}

/// What became of one event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Became {
    Stored { record: usize, id: String },
    Duplicate { record: usize },
    Refused { record: usize, field: String, reason: String },
    Skipped { record: usize, reason: String },
}

/// Takes a batch in: when it is answered, it is stored.
#[utoipa::path(
    post, path = super::EVENTS, tag = "events",
    summary = "Send events",
    description = "An array, or one to a line; up to 10,000 events or 16 MiB, gzip too. What is answered is stored; what is sent again is not stored twice. Takes a token of scope events:write, which belongs to one source.",
    params(("format" = Option<String>, Query, description = "Of which log format, or `auto`; Gatebook's own where nothing is said")),
    request_body(description = "The records", content((Value = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "What became of each", body = Received),
        (status = 400, description = "Unknown format, or not gzip", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token that works", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A token that may not write", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Packed otherwise than with gzip", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Refused too often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not available now: nothing was stored", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(super) async fn receive(
    State(door): State<Door>,
    Extension(asked): Extension<Asked>,
    Query(asks): Query<Asks>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let bearer = bearer::admit(&door, &asked, &headers).await?;
    let format = which(asks.format.as_deref())?;
    let is_packed = is_gzip(&headers)?;
    let body = to_bytes(body, BODY_MAX_BYTES).await.map_err(|_| too_large())?;
    let now = door.store.now().await.map_err(|error| Problem::not_stored(&error))?;
    let read = tokio::task::spawn_blocking(move || read(&body, is_packed, format, now));
    let batch = read.await.map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "An error", "The batch could not be read.")
    })??;
    let sender = Sender::program(bearer, super::source(&asked));
    Ok(Json(store_batch(&door, &sender, batch).await?).into_response())
}

/// Stores what a batch holds; when it is answered, it is stored.
pub(super) async fn store_batch(door: &Door, sender: &Sender, batch: Batch) -> Result<Received, Problem> {
    let (places, reports): (Vec<usize>, Vec<_>) = batch.reports.into_iter().unzip();
    let taken =
        ingest::take(&door.store, sender, reports).await.map_err(|error| Problem::not_stored(&error))?;
    Ok(tell(places, taken, batch.skipped))
}

fn which(name: Option<&str>) -> Result<Option<&'static dyn Format>, Problem> {
    match name.unwrap_or(NATIVE) {
        RECOGNISED => Ok(None),
        name => formats::find(name)
            .map(Some)
            .map_err(|detail| Problem::new(StatusCode::BAD_REQUEST, "Unknown format", detail)),
    }
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Problem> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes()) {
        None | Some(b"identity") => Ok(false),
        Some(b"gzip" | b"x-gzip") => Ok(true),
        Some(_) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Unknown encoding",
            "A body comes as it is, or packed with gzip.",
        )),
    }
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "Too large",
        "A batch is at most 10,000 events and 16 MiB, unpacked. Send it in parts; nothing of this one was stored.",
    )
}

type Report = Result<domain::usage::OutsideEvent, UsageError>;

/// What a body holds; records count from 0, like the places of an array.
#[derive(Default)]
pub(super) struct Batch {
    reports: Vec<(usize, Report)>,
    skipped: Vec<(usize, String)>,
}

impl Batch {
    /// Adds what a record says.
    pub(super) fn add(
        &mut self,
        at: usize,
        format: Option<&'static dyn Format>,
        record: Value,
        now: DateTime<Utc>,
    ) {
        match formats::read_as(format, record, now) {
            Ok(Reading::Events(events)) => {
                self.reports.extend(events.into_iter().map(|event| (at, Ok(event))))
            }
            Ok(Reading::Skipped(reason)) => self.skipped.push((at, reason.into_owned())),
            Err(error) => self.reports.push((at, Err(error))),
        }
    }
}

fn read(
    body: &Bytes,
    is_packed: bool,
    format: Option<&'static dyn Format>,
    now: DateTime<Utc>,
) -> Result<Batch, Problem> {
    let unpacked;
    let text: &[u8] = if is_packed {
        unpacked = unpack(body)?;
        &unpacked
    } else {
        body
    };
    let layout = format.map_or(formats::Layout::Json, Format::layout);
    let mut batch = Batch::default();
    for (at, (_, record)) in Records::new(BufReader::new(text), layout).enumerate() {
        if at == REPORTS_MAX {
            return Err(too_large());
        }
        match record {
            Ok(record) => batch.add(at, format, record, now),
            Err(error) => {
                let fault = UsageFault::Other(error.to_string());
                batch.reports.push((at, Err(UsageError::new("record", fault))));
            }
        }
        if batch.reports.len() > REPORTS_MAX {
            return Err(too_large());
        }
    }
    Ok(batch)
}

/// Never more in memory than a body may have.
fn unpack(body: &Bytes) -> Result<Vec<u8>, Problem> {
    let mut text = Vec::new();
    let limit = u64::try_from(BODY_MAX_BYTES).unwrap_or(u64::MAX) + 1;
    MultiGzDecoder::new(body.as_ref()).take(limit).read_to_end(&mut text).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "Not gzip", format!("The body could not be unpacked: {error}."))
    })?;
    if text.len() > BODY_MAX_BYTES { Err(too_large()) } else { Ok(text) }
}

fn tell(places: Vec<usize>, taken: Vec<Taken>, skipped: Vec<(usize, String)>) -> Received {
    let count = |is_it: fn(&Taken) -> bool| taken.iter().filter(|taken| is_it(taken)).count();
    let mut received = Received {
        stored: count(|taken| matches!(taken, Taken::Stored(_))),
        duplicates: count(|taken| matches!(taken, Taken::Duplicate)),
        refused: count(|taken| matches!(taken, Taken::Refused(_))),
        skipped: skipped.len(),
        results: Vec::with_capacity(taken.len() + skipped.len()),
    };
    let of_taken = places.into_iter().zip(taken).map(|(record, taken)| {
        let result = match taken {
            Taken::Stored(id) => Became::Stored { record, id: id.to_string() },
            Taken::Duplicate => Became::Duplicate { record },
            Taken::Refused(error) => {
                Became::Refused { record, reason: error.fault.to_string(), field: error.field }
            }
        };
        (record, result)
    });
    let of_skipped = skipped.into_iter().map(|(record, reason)| (record, Became::Skipped { record, reason }));
    let mut results: Vec<(usize, Became)> = of_taken.chain(of_skipped).collect();
    results.sort_by_key(|(record, _)| *record);
    received.results.extend(results.into_iter().map(|(_, result)| result));
    received
}
