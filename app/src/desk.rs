//! What every page has at hand: the ports, who asks, what the address says, and a draft to go on with.

use std::sync::Arc;

use domain::caller::Caller;
use futures::join;
use http::StatusCode;
use http::request::Parts;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;
use serde::de::DeserializeOwned;

use crate::address;
use crate::backend::{Answer, Backend, Draft};
use crate::components::banner;
use crate::components::time::Clock;
use crate::context::Visitor;
use crate::error::{FieldError, PortalError};
use crate::forms::Form;
use crate::forms::approvals::DECIDED;
use crate::frame::{self, Counts, Place};
use crate::notice::Notice;
use crate::routes;

/// What a page works with.
pub struct Desk {
    /// The ports.
    pub backend: Backend,
    /// Who asks.
    pub caller: Caller,
    /// A form that failed and is to be filled again.
    pub draft: Option<Draft>,
    /// This page's own path with its query, without what lasts for one view only.
    pub here: String,
    query: ParamsMap,
    params: ParamsMap,
}

/// A form to be shown: what was typed, and what is wrong with it.
pub struct Filled<T> {
    /// What was typed; defaults where the form is fresh.
    pub typed: T,
    /// What is wrong with single fields.
    pub errors: Vec<FieldError>,
    /// Whether it comes back after an error.
    pub is_draft: bool,
}

impl<T> Filled<T> {
    /// What is wrong with this field.
    pub fn error(&self, field: &str) -> Option<String> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.message.clone())
    }
}

impl Desk {
    /// A parameter of the query; empty where it is missing.
    pub fn query(&self, name: &str) -> String {
        self.query.get(name).unwrap_or_default()
    }

    /// Every value of a parameter.
    pub fn query_all(&self, name: &str) -> Vec<String> {
        self.query.get_all(name).unwrap_or_default()
    }

    /// A part of the path.
    pub fn param(&self, name: &str) -> String {
        self.params.get(name).unwrap_or_default()
    }

    /// A part of the path that is an id; what is no id names nothing.
    ///
    /// # Errors
    /// Not found.
    pub fn id<T: std::str::FromStr>(&self, name: &str) -> Answer<T> {
        self.param(name).parse().map_err(|_| PortalError::NotFound)
    }

    /// Whether the whole book is open to the caller.
    pub fn sees_all(&self) -> bool {
        self.caller.roles.sees_all()
    }

    /// How the caller reads time.
    pub fn clock(&self) -> Clock {
        Clock { zone: self.caller.time_zone, now: self.caller.called_at }
    }

    /// This form, with what was typed into it if it failed.
    pub fn filled<T: Form>(&self) -> Filled<T> {
        filled(self.draft.as_ref())
    }

    /// This form where several stand on one page: only the one that `is_it` comes back filled.
    pub fn filled_where<T: Form>(&self, is_it: impl Fn(&T) -> bool) -> Filled<T> {
        let filled = self.filled::<T>();
        if filled.is_draft && is_it(&filled.typed) { filled } else { fresh() }
    }
}

fn fresh<T: Default>() -> Filled<T> {
    Filled { typed: T::default(), errors: Vec::new(), is_draft: false }
}

/// The form `T` with the draft's content, if the draft is of this form.
pub(crate) fn filled<T: Form + DeserializeOwned>(draft: Option<&Draft>) -> Filled<T> {
    draft
        .filter(|draft| draft.form == T::NAME)
        .and_then(|draft| {
            let typed = serde_json::from_str(&draft.typed).ok()?;
            Some(Filled { typed, errors: draft.fields.clone(), is_draft: true })
        })
        .unwrap_or_else(fresh)
}

/// A page that was read.
pub struct Page {
    title: String,
    body: AnyView,
    has_islands: bool,
    notice: Option<AnyView>,
}

impl Page {
    /// A page with its name in the browser's title and its content.
    pub fn new(title: impl Into<String>, body: impl IntoAny) -> Self {
        Self { title: title.into(), body: body.into_any(), has_islands: false, notice: None }
    }

    /// Says more exactly what was just done than the address can; `None` leaves it at that.
    #[must_use]
    pub fn with_notice(mut self, notice: Option<AnyView>) -> Self {
        self.notice = notice;
        self
    }

    /// The page holds an island: it loads the script and the wasm. Without this it loads neither.
    #[must_use]
    pub fn with_islands(mut self) -> Self {
        self.has_islands = true;
        self
    }
}

/// A page in the frame: reads with `read`, and shows the result or what stands in its way.
pub fn page<R, F>(place: Place, read: R) -> AnyView
where
    R: FnOnce(Arc<Desk>) -> F + Send + 'static,
    F: Future<Output = Answer<Page>> + Send + 'static,
{
    page_of(place, use_params_map().get_untracked(), read)
}

/// What stands outside every route, where the path has no parameters.
pub(crate) fn missing() -> AnyView {
    let read = |_| async { Err(PortalError::NotFound) };
    page_of(Place::Elsewhere, ParamsMap::new(), read)
}

fn page_of<R, F>(place: Place, params: ParamsMap, read: R) -> AnyView
where
    R: FnOnce(Arc<Desk>) -> F + Send + 'static,
    F: Future<Output = Answer<Page>> + Send + 'static,
{
    let (Some(backend), Some(visitor), Some(parts)) =
        (use_context::<Backend>(), use_context::<Visitor>(), use_context::<Parts>())
    else {
        // Routes are being listed: there is no request.
        return ().into_any();
    };
    let response = use_context::<ResponseOptions>();
    // A path like `//elsewhere` would lead off this site in a link.
    let here = parts.uri.path_and_query().map_or(routes::HOME, |path| path.as_str());
    let here = address::safe_local(here, routes::HOME).to_owned();
    let query = use_query_map().get_untracked();
    Suspend::new(async move {
        let Some(caller) = visitor.0 else {
            return failed(response.as_ref(), &PortalError::SignedOut);
        };
        let draft_id = query.get("draft").unwrap_or_default();
        let draft = match draft_id.as_str() {
            "" => None,
            // A draft that is gone is no reason to show nothing.
            id => backend.account.draft(&caller, id).await.unwrap_or_default(),
        };
        let notice = query.get("done").as_deref().and_then(Notice::parse);
        let here =
            ["done", "draft", DECIDED].into_iter().fold(here, |here, name| address::without(&here, name));
        let desk = Arc::new(Desk { backend, caller, draft, here, query, params });
        let (counts, result) = join!(Counts::read(&desk), read(desk.clone()));
        let notice = notice.map(|notice| banner::notice(notice.sentence()));
        let (title, body, has_islands, notice) = match result {
            Ok(page) => (page.title, page.body, page.has_islands, page.notice.or(notice)),
            Err(error) => {
                set_status(response.as_ref(), &error);
                let fault = frame::fault(&error, &desk.here);
                (fault.title.clone(), fault.fault(), false, None)
            }
        };
        view! {
            <Title text=format!("{title} · Gatebook")/>
            {frame::frame(place, &desk, counts, notice, &draft_id, body)}
            {has_islands.then(frame::island_scripts)}
        }
        .into_any()
    })
    .into_any()
}

fn set_status(response: Option<&ResponseOptions>, error: &PortalError) {
    if let (Some(response), Ok(status)) = (response, StatusCode::from_u16(error.status())) {
        response.set_status(status);
    }
}

/// An error outside the frame, for people who are not signed in.
fn failed(response: Option<&ResponseOptions>, error: &PortalError) -> AnyView {
    set_status(response, error);
    let fault = frame::fault(error, routes::HOME);
    view! {
        <Title text=format!("{} · Gatebook", fault.title)/>
        {fault.body()}
    }
    .into_any()
}
