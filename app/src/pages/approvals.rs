//! The queue of one approver: rows to walk, the open one beside them.

use domain::id::RequestId;
use leptos::prelude::*;

use super::decision::open_item;
use super::request::window;
use crate::address;
use crate::backend::{Answer, QueueItem, QueueRow, TypedDecision};
use crate::components::empty::empty;
use crate::components::head::head;
use crate::components::icon::{Icon, icon};
use crate::components::initials::initials;
use crate::components::tag;
use crate::components::time::Clock;
use crate::components::what::what_plain;
use crate::desk::{Desk, Page, page};
use crate::error::PortalError;
use crate::frame::Place;
use crate::islands::QueueKeys;
use crate::routes;

/// The queue's page.
#[component]
pub fn Approvals() -> impl IntoView {
    page(Place::Approvals, |desk| async move {
        let (queue, settings) = futures::join!(
            desk.backend.approvals.queue(&desk.caller),
            desk.backend.account.settings(&desk.caller)
        );
        let (queue, keys) = (queue?, settings.is_ok_and(|settings| settings.queue_keys));
        let asked = chosen(&desk);
        let open = open(&desk, asked, &queue).await?;
        let lead = match queue.len() {
            0 => "Nothing waits for your decision.".to_owned(),
            1 => "One request waits for your decision.".to_owned(),
            count => format!("{count} requests wait for your decision, oldest first."),
        };
        if queue.is_empty() && open.is_none() {
            let nothing = empty("All decided", "Whatever needs your decision next stands here.", None);
            return Ok(Page::new("Approvals", view! { {head("Approvals", lead, None)} {nothing} }));
        }
        let open_id = open.as_ref().map(|item| item.row.id);
        // Whoever walks by keys goes on from where they were.
        let has_focus = desk.query("then") == "row" || (keys && !desk.query("done").is_empty());
        let rows = queue.iter().map(|row| queue_row(desk.clock(), row, open_id, has_focus)).collect_view();
        let list = view! { <ol class="queue-list" aria-label="Requests that wait for you">{rows}</ol> };
        let list = if keys { view! { <QueueKeys>{list}</QueueKeys> }.into_any() } else { list.into_any() };
        let is_chosen = asked.is_some() || desk.query("open") == "next";
        let class = if is_chosen { "queue queue-chosen" } else { "queue" };
        let body = view! {
            {head("Approvals", lead, None)}
            <div class=class>
                <div class="queue-side">{list} {keys.then(hints)}</div>
                <div class="queue-open">{open.map(|item| open_item(&desk, &item, queue.len()))}</div>
            </div>
        };
        let page = Page::new("Approvals", body);
        Ok(if keys { page.with_islands() } else { page })
    })
}

/// The request that the address or a failed decision names.
fn chosen(desk: &Desk) -> Option<RequestId> {
    let draft = desk.filled::<TypedDecision>();
    let named = if draft.is_draft { draft.typed.id } else { desk.query("open") };
    named.parse().ok()
}

/// What is open: what was asked for, else the first. What no longer waits is no error: somebody was first.
async fn open(desk: &Desk, asked: Option<RequestId>, queue: &[QueueRow]) -> Answer<Option<QueueItem>> {
    let Some(id) = asked.or(queue.first().map(|row| row.id)) else { return Ok(None) };
    match desk.backend.approvals.item(&desk.caller, id).await {
        Ok(item) => Ok(Some(item)),
        Err(PortalError::NotFound) if asked.is_none() || desk.draft.is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

fn queue_row(clock: Clock, row: &QueueRow, open: Option<RequestId>, has_focus: bool) -> AnyView {
    let is_open = open == Some(row.id);
    let path = address::with(routes::APPROVALS, "open", &row.id.to_string());
    // The row keeps the focus when its page comes, so that the keys go on working.
    let opened = address::with(&path, "then", "row");
    let soon = row.is_due_soon.then(|| view! { <span class="due">{icon(Icon::Clock)} <span>"decide by " {clock.short(row.decide_by)}</span></span> });
    view! {
        <li>
            <a class="queue-row" href=opened aria-current=is_open.then_some("true") autofocus=is_open && has_focus data-queue-row=path>
                {initials(&row.beneficiary.name)}
                <span class="queue-words">
                    <span class="queue-who">{row.beneficiary.name.clone()}</span>
                    <span class="queue-what">{what_plain(&row.what)}</span>
                    <span class="queue-when">
                        {window(clock, &row.asked)} " · asked " {clock.relative(row.filed_at)}
                    </span>
                    {soon}
                </span>
                {tag::sensitivity(row.what.sensitivity)}
            </a>
        </li>
    }
    .into_any()
}

fn hints() -> AnyView {
    view! {
        <details class="keys fold" id="keys">
            <summary>"Keys"</summary>
            <ul class="lines">
                <li><kbd>"j"</kbd> " " <kbd>"k"</kbd> " walk through the queue"</li>
                <li><kbd>"Enter"</kbd> " opens a request"</li>
                <li><kbd>"a"</kbd> " leads to its approval, " <kbd>"d"</kbd> " to its denial; a second press decides"</li>
                <li><kbd>"?"</kbd> " shows these keys"</li>
            </ul>
            <p>"They work while the queue has the focus, and can be switched off in the settings."</p>
        </details>
    }
    .into_any()
}
