//! What the interface for programs says of itself: OpenAPI 3.1.

use axum::Json;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{events, hooks, problem, reading};

/// Everything under `/api/v1` that programs may rely on.
#[derive(OpenApi)]
#[openapi(
    info(title = "Gatebook", description = "Errors are RFC 9457 problems. Lists go on where `next` leads.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(events::receive, reading::list, reading::export, hooks::github),
    components(schemas(problem::Problem)),
    tags((name = "events", description = "The book: what comes in, and what can be read")),
    modifiers(&Security),
)]
struct Api;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "A token that administrators make: events:write for one source, events:read for all.",
        ));
        let session = ApiKey::Cookie(ApiKeyValue::with_description(
            "__Host-gatebook",
            "The session of a signed-in browser. It reads, and shows what its person may see.",
        ));
        if let Some(components) = &mut document.components {
            components.add_security_scheme("token", SecurityScheme::Http(token.build()));
            components.add_security_scheme("session", SecurityScheme::ApiKey(session));
        }
    }
}

pub(super) async fn document() -> Json<Document> {
    Json(Api::openapi())
}
