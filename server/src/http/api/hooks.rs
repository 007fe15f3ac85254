//! What other products deliver by themselves, signed with a secret that both know.

use app::address;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use domain::audit::{About, Action, Actor, NewEvent, Outcome};
use domain::json::Plain;
use domain::usage::OutsideKind;
use http::{HeaderMap, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::source::{self, SourceRecord};
use tokio::time::Instant;

use super::events::{Batch, Received, store_batch};
use super::problem::Problem;
use crate::connectors::secret;
use crate::formats::{self, github_webhook};
use crate::http::Door;
use crate::http::dress::Asked;
use crate::ingest::Sender;

/// Largest delivery, in bytes.
const DELIVERY_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Longest of the headers that name a delivery and its event.
const HEADER_MAX_CHARS: usize = 200;
const FORMAT: &str = "github_webhook";

#[utoipa::path(
    post, path = super::GITHUB, tag = "events",
    summary = "Deliver a GitHub webhook",
    description = "For an organisation's webhook (application/json). The body is signed: X-Hub-Signature-256 (HMAC with SHA-256). What is delivered again (X-GitHub-Delivery) is not stored twice.",
    params(
        ("source" = String, Path, description = "The address of a source whose webhook secret is set"),
        ("X-Hub-Signature-256" = String, Header, description = "sha256=…"),
        ("X-GitHub-Event" = String, Header, description = "The kind of event; ping is answered, and not stored"),
        ("X-GitHub-Delivery" = String, Header, description = "Of this delivery, the same when it comes again"),
    ),
    request_body(description = "As GitHub documents it", content_type = "application/json", content = Value),
    responses(
        (status = 200, description = "What became of it", body = Received),
        (status = 400, description = "No JSON, or a header is missing", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed with the source's secret", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such source, or none that takes webhooks", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 4 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Refused too often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not available now: nothing was stored", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn github(
    State(door): State<Door>,
    Extension(asked): Extension<Asked>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Received>, Problem> {
    let (source, reference) = hook(&door, &slug).await?;
    let too_large = |_| {
        let detail = "A delivery is at most 4 MiB.";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", detail)
    };
    let body = to_bytes(body, DELIVERY_MAX_BYTES).await.map_err(too_large)?;
    let secret = secret::resolve(&reference).map_err(|error| {
        tracing::error!(source = source.slug, %error, "the secret of a source's webhooks cannot be read");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available now",
            "Nothing was stored. Deliver it again later.",
        )
    })?;
    let signature = text(&headers, "x-hub-signature-256").unwrap_or_default();
    if !github_webhook::is_signed(secret.expose_secret().as_bytes(), &body, signature) {
        return Err(refuse(&door, &asked, &source).await);
    }
    let record = record(&headers, &body)?;
    let now = door.store.now().await.map_err(|error| Problem::not_stored(&error))?;
    let mut batch = Batch::default();
    batch.add(0, formats::named(FORMAT), record, now);
    let sender = Sender {
        of: source.id,
        origin: source.slug,
        system: source.system,
        by: Actor::Outside { kind: OutsideKind::Machine, name: "GitHub webhook".to_owned() },
        source: super::source(&asked),
    };
    store_batch(&door, &sender, batch).await.map(Json)
}

/// The open source of this slug, and where its secret is.
async fn hook(door: &Door, slug: &str) -> Result<(SourceRecord, String), Problem> {
    let found = async { source::find(&mut *door.store.read().await?, slug).await };
    let found = found.await.map_err(|error| Problem::not_stored(&error))?;
    let open = found.filter(|source| source.ended_at.is_none());
    open.and_then(|mut source| source.webhook_secret.take().map(|reference| (source, reference))).ok_or_else(
        || {
            let detail = format!("There is no POST {}.", app::routes::github_hook(&address::encode(slug)));
            Problem::new(StatusCode::NOT_FOUND, "Not found", detail)
        },
    )
}

fn record(headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let named = |name: &'static str| {
        text(headers, name)
            .filter(|text| !text.is_empty() && text.len() <= HEADER_MAX_CHARS)
            .ok_or_else(|| Problem::of_field(name, format!("The header {name} must be there.")))
    };
    let (event, delivery) = (named("x-github-event")?, named("x-github-delivery")?);
    let Plain(payload) = serde_json::from_slice(body).map_err(|_| {
        let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        let hint =
            if kind.contains("form") { " Choose the content type application/json at GitHub." } else { "" };
        Problem::new(StatusCode::BAD_REQUEST, "Not JSON", format!("The body is not JSON.{hint}"))
    })?;
    Ok(github_webhook::record(event, delivery, payload))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whoever does not know the secret is refused, and it stands in the book: not more often than it helps.
async fn refuse(door: &Door, asked: &Asked, source: &SourceRecord) -> Problem {
    if let Err(wait) = door.refusals.take(asked.address, Instant::now()) {
        return Problem::too_often(wait);
    }
    let about = About {
        system_id: source.system.as_ref().map(|(id, _)| *id),
        system: source.system.as_ref().map(|(_, name)| name.clone()),
        ..About::default()
    };
    let event = NewEvent::new(Actor::Unknown, super::source(asked), Action::DeliveryRefused)
        .outcome(Outcome::Denied)
        .about(about)
        .reason(Some("The signature is missing or wrong.".to_owned()))
        .detail(json!({ "source": source.name, "slug": source.slug }));
    match async { door.store.begin().await?.commit(event).await }.await {
        Ok(_) => Problem::new(
            StatusCode::UNAUTHORIZED,
            "Not signed",
            "X-Hub-Signature-256 does not fit this body and the source's secret.",
        ),
        Err(error) => Problem::not_stored(&error),
    }
}
