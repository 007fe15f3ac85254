//! The frame around every page: rail, top bar, notices, and what an error looks like.

use futures::join;
use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::address;
use crate::backend::{AlertsWaiting, Draft};
use crate::bare::Bare;
use crate::components::banner;
use crate::components::icon::{Icon, icon};
use crate::components::initials::initials;
use crate::components::mark::mark;
use crate::context::{Assets, Risks};
use crate::desk::Desk;
use crate::error::PortalError;
use crate::forms::account::theme_form;
use crate::routes;
use crate::shell::chosen_theme;

/// Which entry of the rail a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Home.
    Home,
    /// The catalogue.
    Catalogue,
    /// Own requests.
    Requests,
    /// The queue.
    Approvals,
    /// Work of owners.
    Tasks,
    /// What is out of the ordinary.
    Alerts,
    /// People.
    People,
    /// The book.
    Audit,
    /// What administrators make.
    Admin,
    /// None of the rail.
    Elsewhere,
}

/// What the rail counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    approvals: usize,
    tasks: usize,
    alerts: AlertsWaiting,
}

impl Counts {
    /// A count that cannot be read is not shown; the page is still worth having.
    pub(crate) async fn read(desk: &Desk) -> Self {
        let (approvals, tasks, proposals, alerts) = join!(
            desk.backend.approvals.count(&desk.caller),
            desk.backend.access.tasks(&desk.caller),
            desk.backend.editing.proposals(&desk.caller),
            desk.backend.alerts.waiting(&desk.caller)
        );
        let proposals = proposals.map(|all| all.iter().filter(|one| one.may_confirm).count());
        Self {
            approvals: approvals.unwrap_or_default(),
            tasks: tasks.map(|t| t.len()).unwrap_or_default() + proposals.unwrap_or_default(),
            alerts: alerts.unwrap_or_default(),
        }
    }

    fn has_tasks(self, place: Place) -> bool {
        self.tasks > 0 || place == Place::Tasks
    }

    fn has_alerts(self, place: Place) -> bool {
        self.alerts.is_concerned || place == Place::Alerts
    }

    /// Whether there are more entries than a phone has room for: then the book is in the menu there.
    fn has_no_room(self, place: Place) -> bool {
        self.has_tasks(place) && self.has_alerts(place)
    }
}

pub(crate) fn frame(
    place: Place,
    desk: &Desk,
    counts: Counts,
    notice: Option<AnyView>,
    draft_id: &str,
    body: AnyView,
) -> AnyView {
    // A form that is only shown again has nothing wrong with it.
    let faulty = desk.draft.as_ref().filter(|draft| !draft.message.is_empty());
    let failure = faulty.map(|draft| failure(desk, draft, draft_id));
    let notice = notice.filter(|_| failure.is_none());
    let risks = use_context::<Risks>().unwrap_or_default();
    let risk = (risks.could_rewrite_book && desk.caller.roles.administrator).then(|| {
        banner::warning(view! {
            <p class="banner-message">"The database role of this server could change the book."</p>
            <p>"Nobody can rely on the book until it cannot. Run “gatebook migrate” and let the server use the role that it makes."</p>
        })
    });
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <div class="frame">
            {rail(place, desk, counts)}
            {top(desk, counts.has_no_room(place))}
            <main id="main" class="main" tabindex="-1">
                {risk}
                {notice}
                {failure}
                {body}
                <p class="foot">"Times in " <a href=routes::SETTINGS>{desk.caller.time_zone.name()}</a></p>
            </main>
        </div>
    }
    .into_any()
}

/// What was wrong with a form, on top of it.
fn failure(desk: &Desk, draft: &Draft, draft_id: &str) -> AnyView {
    let way_out = draft.way_out.clone().map(|(path, words)| {
        if path.starts_with(routes::SIGN_IN) {
            let back = address::with(&desk.here, "draft", draft_id);
            (address::with(&path, "return_to", &back), words)
        } else {
            (path, words)
        }
    });
    banner::failure(&draft.message, &draft.fields, way_out)
}

fn rail(place: Place, desk: &Desk, counts: Counts) -> AnyView {
    let alerts = counts
        .has_alerts(place)
        .then(|| entry(routes::ALERTS, "Alerts", Icon::Alert, place == Place::Alerts, counts.alerts.count));
    let tasks = counts
        .has_tasks(place)
        .then(|| entry(routes::TASKS, "Tasks", Icon::Task, place == Place::Tasks, counts.tasks));
    view! {
        <nav class="rail" aria-label="Main">
            {mark()}
            <ul class="rail-list">
                {entry(routes::HOME, "Home", Icon::Home, place == Place::Home, 0)}
                {entry(routes::CATALOGUE, "Catalogue", Icon::Catalogue, place == Place::Catalogue, 0)}
                {entry(routes::REQUESTS, "Requests", Icon::Request, place == Place::Requests, 0)}
                {entry(
                    routes::APPROVALS,
                    "Approvals",
                    Icon::Approval,
                    place == Place::Approvals,
                    counts.approvals,
                )}
                {tasks}
                {alerts}
                {entry_unless(
                    counts.has_no_room(place),
                    routes::AUDIT,
                    "Audit",
                    Icon::Book,
                    place == Place::Audit,
                )}
                {entry_unless(true, routes::PEOPLE, "People", Icon::People, place == Place::People)}
                {desk.caller.roles.administrator.then(|| {
                    entry_unless(true, routes::ADMIN, "Administration", Icon::Admin, place == Place::Admin)
                })}
            </ul>
            <p class="rail-zone">
                "Times in " <a href=routes::SETTINGS>{desk.caller.time_zone.name()}</a>
            </p>
        </nav>
    }
    .into_any()
}

fn entry(path: &'static str, words: &'static str, sign: Icon, is_here: bool, count: usize) -> AnyView {
    view! { <li>{way(path, words, sign, is_here, count)}</li> }.into_any()
}

/// An entry that stands in the menu instead, on phones, if `is_in_menu`.
fn entry_unless(
    is_in_menu: bool,
    path: &'static str,
    words: &'static str,
    sign: Icon,
    is_here: bool,
) -> AnyView {
    let class = if is_in_menu { "rail-people" } else { "" };
    view! { <li class=class>{way(path, words, sign, is_here, 0)}</li> }.into_any()
}

fn way(path: &'static str, words: &'static str, sign: Icon, is_here: bool, count: usize) -> AnyView {
    let count = (count > 0).then(|| {
        let shown = if count > 99 { "99+".to_owned() } else { count.to_string() };
        view! { <span class="count">{shown}<span class="sr-only">" waiting"</span></span> }
    });
    view! {
        <a class="rail-entry" href=path aria-current=is_here.then_some("page") title=words>
            {icon(sign)}
            <span class="rail-words">{words}</span>
            {count}
        </a>
    }
    .into_any()
}

fn top(desk: &Desk, audit_is_here: bool) -> AnyView {
    // The catalogue has the same field, larger, with filters.
    let is_catalogue = desk.here.split('?').next() == Some(routes::CATALOGUE);
    let search = (!is_catalogue).then(|| {
        view! {
            <form class="top-search" role="search" aria-label="Everywhere" action=routes::CATALOGUE method="get">
                {icon(Icon::Search)}
                <input
                    class="top-search-input"
                    type="search"
                    name="q"
                    aria-label="Search the catalogue"
                    placeholder="Find access: payments, read, staging …"
                    autocomplete="off"
                />
            </form>
        }
    });
    view! {
        <header class="top">
            {search}
            <details class="menu" name="top">
                <summary class="menu-summary">
                    {initials(&desk.caller.person.name)}
                    <span class="menu-name">{desk.caller.person.name.clone()}</span>
                    {icon(Icon::Down)}
                </summary>
                <div class="menu-sheet">
                    <a class="menu-entry" href=format!("{}/{}", routes::PEOPLE, desk.caller.person.id)>
                        {icon(Icon::Person)}
                        "What I hold"
                    </a>
                    {audit_is_here.then(|| view! {
                        <a class="menu-entry menu-phone" href=routes::AUDIT>{icon(Icon::Book)} "Audit"</a>
                    })}
                    <a class="menu-entry menu-phone" href=routes::PEOPLE>
                        {icon(Icon::People)}
                        "People"
                    </a>
                    {desk.caller.roles.administrator.then(|| view! {
                        <a class="menu-entry menu-phone" href=routes::ADMIN>{icon(Icon::Admin)} "Administration"</a>
                    })}
                    <a class="menu-entry" href=routes::SETTINGS>
                        {icon(Icon::Settings)}
                        "Settings"
                    </a>
                    {theme_form(chosen_theme(), &desk.here)}
                    <form method="post" action=routes::SIGN_OUT>
                        <button class="menu-entry" type="submit">{icon(Icon::Leave)} "Sign out"</button>
                    </form>
                </div>
            </details>
        </header>
    }
    .into_any()
}

/// What is said about an error, and where it leads.
pub(crate) fn fault(error: &PortalError, here: &str) -> Bare {
    let title = match error {
        PortalError::SignedOut => "Not signed in",
        PortalError::NotFound => "Nothing here",
        PortalError::Forbidden(_) => "Not allowed",
        PortalError::SignInAgain => "Sign in again",
        PortalError::Conflict(_) | PortalError::AlreadyThere { .. } => "It stands otherwise by now",
        PortalError::Invalid(_) => "That cannot be read",
        PortalError::Full => "No room to write this down",
        PortalError::Away => "The database does not answer",
        PortalError::NotYet(_) => "Not yet",
        PortalError::Internal => "Something went wrong",
    };
    let home = |words: &str| (routes::HOME.to_owned(), words.to_owned());
    let find = || (routes::CATALOGUE.to_owned(), "Look in the catalogue".to_owned());
    let again = address::with(&address::with(routes::SIGN_IN, "again", "1"), "return_to", here);
    let ways = match error {
        PortalError::SignedOut => {
            vec![(address::with(routes::SIGN_IN, "return_to", here), "Sign in".to_owned())]
        }
        PortalError::SignInAgain => vec![(again, "Sign in again".to_owned())],
        PortalError::AlreadyThere { path, link, .. } => vec![(path.clone(), link.clone())],
        PortalError::Full | PortalError::Away | PortalError::NotYet(_) | PortalError::Internal => {
            vec![(here.to_owned(), "Try again".to_owned()), home("Go home")]
        }
        PortalError::NotFound => vec![home("Go home"), find()],
        _ => vec![home("Go home")],
    };
    Bare {
        status: Some(error.status()),
        title: title.to_owned(),
        text: error.to_string(),
        ways,
        request_id: None,
    }
}

/// Loads the wasm once the page stands, then wakes every island on it, outer ones first.
const WAKE: &str = "const wasm=fetch(WASM);const idle=self.requestIdleCallback||(f=>f());\
idle(async()=>{const m=await import(JS);await m.default({module_or_path:wasm});m.hydrate();const cb=[];\
const walk=async n=>{const t=n.tagName;\
if(t==='LEPTOS-ISLAND'){const f=m[n.dataset.component];\
if(f){const c=cb[cb.length-1];if(c)c();const r=f(n);if(r&&r.then)await r}\
for(const k of n.children)await walk(k)}\
else if(t==='LEPTOS-CHILDREN'){cb.push(n.$$on_hydrate);for(const k of n.children)await walk(k);cb.pop()}\
else for(const k of n.children)await walk(k)};await walk(document.body)});";

/// The script of pages that hold an island. It asks for the wasm itself: a preload would be fetched where scripts
/// are switched off, too.
pub(crate) fn island_scripts() -> AnyView {
    let assets = use_context::<Assets>().unwrap_or_default();
    let nonce = use_nonce();
    let script = WAKE.replace("JS", &quoted(&assets.js)).replace("WASM", &quoted(&assets.wasm));
    view! {
        <link rel="modulepreload" href=assets.js nonce=nonce.clone()/>
        <script type="module" nonce=nonce inner_html=script></script>
    }
    .into_any()
}

/// A JavaScript string; `<` is escaped so that it cannot end the script element.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('<', "\\u003c")
}
