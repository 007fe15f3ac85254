//! Watching a search of the book, as server-sent events (WHATWG HTML, 9.2).
//!
//! `rows` carries new rows as the page would show them, newest first; `gap` says that there may be more than these; `end`
//! says in words why there will be none any more. Each has the position up to which everything was told as its id: who
//! comes back with it goes on there. Where the server stops, the stream just closes, and the browser comes back by itself.

use std::convert::Infallible;
use std::time::Duration;

use app::backend::context_of;
use app::components::time::Clock;
use app::error::PortalError;
use app::pages::audit_columns::Column;
use app::pages::audit_rows::rows_text;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use domain::audit::query::parse;
use domain::caller::Caller;
use futures::stream::{self, Stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;

use super::Door;
use super::guard::Visiting;
use crate::live::{End, News, Subscription, Watcher};
use crate::portal::Portal;
use crate::portal::audit::hide_source;

/// So often something is sent, so that what lies between does not take the stream for dead, and a browser that is gone
/// is noticed.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// So long a browser waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);
/// Proxies hold answers back otherwise (nginx).
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// What is to be watched.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    columns: String,
    /// Up to this position the page shows everything.
    #[serde(default)]
    from: i64,
}

/// Answers with a stream that goes on until the browser closes it.
pub async fn watch(
    State((door, portal)): State<(Door, Portal)>,
    Extension(Visiting(caller)): Extension<Visiting>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let query = match parse(&wanted.q, &context_of(&caller)) {
        Ok(query) => query,
        Err(error) => return refused(&PortalError::field("q", error)),
    };
    if let Err(error) = portal.note_watching(&caller, &query).await {
        return refused(&error);
    }
    let came_back = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<i64>().ok());
    let from = came_back.unwrap_or(wanted.from).max(0);
    let shows = Shows {
        clock: Clock { zone: caller.time_zone, now: caller.called_at },
        columns: Column::parse_all(&wanted.columns),
        caller: caller.clone(),
    };
    let stream = match door.live.watch(Subscription { caller: &caller, query: &query, from }) {
        Ok(watcher) => events(Some(watcher), None, shows),
        // A browser does not tell the page what any other status than 200 says.
        Err(refusal) => events(None, Some(refusal.to_string()), shows),
    };
    ([UNBUFFERED], Sse::new(stream)).into_response()
}

fn refused(error: &PortalError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(error)).into_response()
}

/// How rows are shown, and to whom.
struct Shows {
    clock: Clock,
    columns: Vec<Column>,
    caller: Caller,
}

impl Shows {
    fn rows(&self, news: &mut News) -> String {
        news.events.iter_mut().for_each(|event| hide_source(&self.caller, event));
        // “Today” is the day of what is new.
        let now = news.events.iter().map(|event| event.recorded_at).max().unwrap_or(self.clock.now);
        rows_text(Clock { now: now.max(self.clock.now), ..self.clock }, &news.events, &self.columns)
    }
}

enum Next {
    Begin(Option<String>),
    Go,
    Gap,
    Over,
}

fn events(
    watcher: Option<Watcher>,
    refusal: Option<String>,
    shows: Shows,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold((watcher, Next::Begin(refusal), shows), |(watcher, next, shows)| async move {
        let (watcher, event, next) = match (watcher, next) {
            (None, Next::Begin(refusal)) => (None, ended(&refusal.unwrap_or_default()), Next::Over),
            (Some(watcher), Next::Begin(_)) => {
                let begin = Event::default().retry(RETRY).id(watcher.position().to_string());
                (Some(watcher), begin, Next::Go)
            }
            (Some(watcher), Next::Gap) => {
                let gap = Event::default().event("gap").data("more");
                (Some(watcher), gap, Next::Go)
            }
            (Some(watcher), Next::Go) => go_on(watcher, &shows).await?,
            (None, _) | (_, Next::Over) => return None,
        };
        Some((Ok(event), (watcher, next, shows)))
    })
}

/// What comes next; `None` where the stream just closes.
async fn go_on(mut watcher: Watcher, shows: &Shows) -> Option<(Option<Watcher>, Event, Next)> {
    let Ok(news) = tokio::time::timeout(ALIVE_EVERY, watcher.next()).await else {
        let alive = Event::default().id(watcher.position().to_string());
        return Some((Some(watcher), alive, Next::Go));
    };
    let mut news = match news {
        Ok(news) => news,
        Err(End::Stopping) => return None,
        Err(End::SignedOut) => {
            return Some((None, ended("You are signed out. Sign in again to go on watching."), Next::Over));
        }
        Err(End::RoleLost) => {
            let words = "What you may see has to be asked for anew. Load the page again to go on watching.";
            return Some((None, ended(words), Next::Over));
        }
    };
    let id = watcher.position().to_string();
    if news.events.is_empty() {
        return Some((Some(watcher), Event::default().event("gap").id(id).data("more"), Next::Go));
    }
    let rows = Event::default().event("rows").id(id).data(shows.rows(&mut news));
    Some((Some(watcher), rows, if news.is_gap { Next::Gap } else { Next::Go }))
}

fn ended(words: &str) -> Event {
    Event::default().event("end").data(words)
}
