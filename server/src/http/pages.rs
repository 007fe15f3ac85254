//! Where the face comes in: its pages, its forms, and the export.

use std::sync::Arc;

use app::backend::{Backend, context_of};
use app::context::{Assets, Risks, Visitor};
use app::error::PortalError;
use app::{App, register_server_functions, routes, shell};
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Router, middleware, routing};
use chrono::{DateTime, Utc};
use domain::audit::query::parse;
use domain::export::KEPT;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use leptos::nonce::use_nonce;
use leptos::prelude::{LeptosOptions, provide_context, use_context};
use leptos_axum::{
    LeptosRoutes as _, ResponseOptions, generate_route_list, handle_server_fns_with_context,
    render_app_async_with_context,
};
use serde::Deserialize;

use super::dress::NONCE;
use super::guard::{self, Visiting};
use super::plain_page::PlainPage;
use super::{Door, assets, completion, live};
use crate::portal::Portal;
use crate::portal::account::OwnAccount;
use crate::portal::export::{Chunks, Format};
use crate::portal::exports::Prepared;

/// More than any error is.
const ERROR_MAX_BYTES: usize = 64 * 1024;

/// The pages, for [`super::router`] to put behind the guard.
pub fn pages(door: &Door) -> Router {
    let portal = Portal::new(door.store.clone());
    let account = OwnAccount::new(door.store.clone(), door.settings.sessions.idle, door.settings.time_zone);
    let provide = provider(portal.backend(Arc::new(account)), door.risks);
    register_server_functions();
    let options = LeptosOptions::builder().output_name("gatebook").build();
    let pages = generate_route_list(App);
    let missing_options = options.clone();
    let missing = render_app_async_with_context(provide.clone(), move || shell(missing_options.clone()));
    let forms = provide.clone();
    let form = move |request: Request| {
        let provide = forms.clone();
        async move { handle_server_fns_with_context(provide, request).await.into_response() }
    };
    let shell_options = options.clone();
    Router::new()
        .leptos_routes_with_context(&options, pages, provide, move || shell(shell_options.clone()))
        .route("/api/form/{name}", routing::post(form))
        .fallback(routing::get(missing))
        .with_state(options)
        .route(routes::AUDIT_LIVE, routing::get(live::watch).with_state((door.clone(), portal.clone())))
        .route(routes::AUDIT_COMPLETE, routing::get(completion::offer).with_state(portal.clone()))
        .route(routes::AUDIT_EXPORT, routing::get(export).with_state(portal.clone()))
        .route(routes::AS_OF_EXPORT, routing::get(export_held).with_state(portal.clone()))
        .route(&routes::export_file("{id}"), routing::get(fetch).with_state(portal))
        .layer(middleware::from_fn(not_taken_down))
}

/// What `app::context` asks for, taken from what the guard has found out.
fn provider(backend: Backend, risks: Risks) -> impl Fn() + Clone + Send + Sync + 'static {
    let assets = Assets {
        css: assets::versioned("/app.css"),
        js: assets::versioned("/pkg/gatebook.js"),
        wasm: assets::versioned("/pkg/gatebook.wasm"),
    };
    move || {
        provide_context(backend.clone());
        provide_context(assets.clone());
        provide_context(risks);
        let parts = use_context::<Parts>();
        let extensions = parts.as_ref().map(|parts| &parts.extensions);
        let visiting = extensions.and_then(|found| found.get::<Visiting>());
        provide_context(Visitor(visiting.map(|visiting| visiting.0.clone())));
        // Leptos writes its own nonce into its scripts; the policy must let that one run.
        let nonce = use_nonce().and_then(|nonce| HeaderValue::from_str(&nonce).ok());
        if let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), nonce) {
            response.insert_header(NONCE, nonce);
        }
    }
}

#[derive(Debug, Deserialize)]
struct ExportQuery {
    #[serde(default)]
    format: String,
    #[serde(default)]
    q: String,
}

async fn export(
    State(portal): State<Portal>,
    Extension(Visiting(caller)): Extension<Visiting>,
    Query(ExportQuery { format, q }): Query<ExportQuery>,
) -> Response {
    let Some(format) = Format::parse(&format) else {
        return refused(&PortalError::field("format", format!("The format is {}.", Format::WORDS)));
    };
    let query = match parse(&q, &context_of(&caller)) {
        Ok(query) => query,
        Err(error) => return refused(&PortalError::field("q", error)),
    };
    let stream = match portal.export(&caller, &query, format).await {
        Ok(stream) => stream,
        Err(error) => return refused(&error),
    };
    download(stream, format, caller.called_at)
}

/// An export as a file.
pub(super) fn download(stream: Chunks, format: Format, at: DateTime<Utc>) -> Response {
    let stamp = at.format("%Y%m%dT%H%M%SZ");
    file(Body::from_stream(stream), format, &format!("gatebook-audit-{stamp}"))
}

/// A file that was prepared, with the same headers as if it were made now.
async fn fetch(
    State(portal): State<Portal>,
    Extension(Visiting(caller)): Extension<Visiting>,
    Path(id): Path<String>,
) -> Response {
    match portal.fetch_export(&caller, &id).await {
        Ok(Prepared::File { content, format, asked_at }) => download(content, format, asked_at),
        Ok(Prepared::Expired) => {
            let words = format!("Files are kept for {} days. Ask for it again.", KEPT.num_days());
            PlainPage::new(StatusCode::GONE, "This file is gone", &words)
                .link(routes::EXPORTS, "Your exports")
                .answer()
        }
        Err(error) => refused(&error),
    }
}

#[derive(Debug, Deserialize)]
struct HeldQuery {
    #[serde(default)]
    format: String,
    #[serde(default)]
    date: String,
}

async fn export_held(
    State(portal): State<Portal>,
    Extension(Visiting(caller)): Extension<Visiting>,
    Query(HeldQuery { format, date }): Query<HeldQuery>,
) -> Response {
    let Some(format) = Format::parse(&format) else {
        return refused(&PortalError::field("format", format!("The format is {}.", Format::HELD_WORDS)));
    };
    match portal.export_held(&caller, &date, format).await {
        Ok(stream) => {
            let stamp = caller.called_at.format("%Y%m%dT%H%M%SZ");
            file(Body::from_stream(stream), format, &format!("gatebook-as-of-{stamp}"))
        }
        Err(error) => refused(&error),
    }
}

fn file(content: Body, format: Format, name: &str) -> Response {
    let name = format!("attachment; filename=\"{name}.{}\"", format.extension());
    let mut response = content.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

/// A form that could not be taken down and of which no draft could be kept: the browser still has it.
async fn not_taken_down(request: Request, next: Next) -> Response {
    let is_sent = request.method() == Method::POST && guard::accepts_html(request.headers());
    let answer = next.run(request).await;
    if !is_sent || answer.status() != StatusCode::SERVICE_UNAVAILABLE {
        return answer;
    }
    let body = to_bytes(answer.into_body(), ERROR_MAX_BYTES).await.unwrap_or_default();
    let error = serde_json::from_slice(&body).unwrap_or(PortalError::Away);
    let title = match error {
        PortalError::Away => "It is not known whether this was done",
        _ => "This could not be written down",
    };
    let text = format!("{error} Go back in this window: what you typed is still in the form.");
    PlainPage::new(StatusCode::SERVICE_UNAVAILABLE, title, &text).link(routes::HOME, "Go home").answer()
}

fn refused(error: &PortalError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    PlainPage::new(status, "Nothing was exported", &error.to_string())
        .link(routes::AUDIT, "Back to Audit")
        .answer()
}
