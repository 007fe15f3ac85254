//! Events from outside.

use std::io::{BufReader, Read as _};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Query, State};
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use domain::caller::Source;
use domain::usage::{UsageError, UsageFault};
use flate2::bufread::MultiGzDecoder;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Serialize)]
struct Received {
    stored: usize,
    duplicates: usize,
    refused: usize,
    skipped: usize,
    results: Vec<Became>,
}

/// What became of one event.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Became {
    Stored { record: usize, id: String },
    Duplicate { record: usize },
    Refused { record: usize, field: String, reason: String },
    Skipped { record: usize, reason: String },
}

/// Takes a batch in: when it is answered, it is stored.
pub(super) async fn receive(
    State(door): State<Door>,
    Extension(asked): Extension<Asked>,
    Query(asks): Query<Asks>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let bearer = bearer::admit(&door.store, &headers).await?;
    let format = which(asks.format.as_deref())?;
    let is_packed = is_gzip(&headers)?;
    let body = to_bytes(body, BODY_MAX_BYTES).await.map_err(|_| too_large())?;
    let now = door.store.now().await.map_err(|error| Problem::unavailable(&error))?;
    let read = tokio::task::spawn_blocking(move || read(&body, is_packed, format, now));
    let batch = read.await.map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "An error", "The batch could not be read.")
    })??;
    let source = Source {
        origin: "api".to_owned(),
        ip: Some(asked.address.to_string()),
        user_agent: asked.user_agent,
    };
    let sender = Sender::program(bearer, source);
    let (places, reports): (Vec<usize>, Vec<_>) = batch.reports.into_iter().unzip();
    let taken =
        ingest::take(&door.store, &sender, reports).await.map_err(|error| Problem::unavailable(&error))?;
    Ok(Json(tell(places, taken, batch.skipped)).into_response())
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
struct Batch {
    reports: Vec<(usize, Report)>,
    skipped: Vec<(usize, String)>,
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
        let reading = record
            .map_err(|error| UsageError::new("record", UsageFault::Other(error.to_string())))
            .and_then(|record| formats::read_as(format, record, now));
        match reading {
            Ok(Reading::Events(events)) => {
                batch.reports.extend(events.into_iter().map(|event| (at, Ok(event))))
            }
            Ok(Reading::Skipped(reason)) => batch.skipped.push((at, reason.into_owned())),
            Err(error) => batch.reports.push((at, Err(error))),
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
