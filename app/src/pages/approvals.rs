//! The queue of one approver: rows to walk, the open one beside them.

use chrono::{DateTime, Utc};
use domain::id::RequestId;
use domain::request::{Term, Window};
use leptos::prelude::*;

use super::decision::open_item;
use super::request::window;
use crate::address;
use crate::backend::{Answer, QueueItem, QueueRow, RequestView, TypedDecision};
use crate::components::banner;
use crate::components::empty::empty;
use crate::components::head::head;
use crate::components::initials::initials;
use crate::components::pressing::pressing;
use crate::components::tag;
use crate::components::time::Clock;
use crate::components::what::{what_plain, what_text};
use crate::desk::{Desk, Page, page};
use crate::error::PortalError;
use crate::forms::approvals::{DECIDED, NEXT};
use crate::frame::Place;
use crate::islands::QueueKeys;
use crate::routes;

/// Where a request stands in the queue.
type Spot = (DateTime<Utc>, RequestId);

/// The queue's page.
#[component]
pub fn Approvals() -> impl IntoView {
    page(Place::Approvals, |desk| async move {
        let (queue, settings) = futures::join!(
            desk.backend.approvals.queue(&desk.caller),
            desk.backend.account.settings(&desk.caller)
        );
        let (queue, keys) = (queue?, settings.is_ok_and(|settings| settings.queue_keys));
        let decided = just_decided(&desk).await;
        let is_next = desk.query("open") == NEXT;
        let asked = chosen(&desk).or_else(|| {
            let places: Vec<Spot> = queue.iter().map(|row| (row.filed_at, row.id)).collect();
            let decided = decided.as_ref().map(|request| (request.row.filed_at, request.row.id));
            is_next.then(|| next_below(&places, decided))?
        });
        let open = open(&desk, asked, &queue).await?;
        let lead = match queue.len() {
            0 => "Nothing waits for your decision.".to_owned(),
            1 => "One request waits for your decision.".to_owned(),
            count => format!("{count} requests wait for your decision, oldest first."),
        };
        let done = decided.and_then(|request| told(&desk, &request));
        if queue.is_empty() && open.is_none() {
            let nothing = empty("All decided", "Whatever needs your decision next stands here.", None);
            let page = Page::new("Approvals", view! { {head("Approvals", lead, None)} {nothing} });
            return Ok(page.with_notice(done));
        }
        let open_id = open.as_ref().map(|item| item.row.id);
        // Whoever walks by keys goes on from where they were.
        let has_focus = desk.query("then") == "row" || (keys && !desk.query("done").is_empty());
        let rows = queue.iter().map(|row| queue_row(desk.clock(), row, open_id, has_focus)).collect_view();
        let list = view! { <ol class="queue-list" aria-label="Requests that wait for you">{rows}</ol> };
        let list = if keys { view! { <QueueKeys>{list}</QueueKeys> }.into_any() } else { list.into_any() };
        let class = if asked.is_some() || is_next { "queue queue-chosen" } else { "queue" };
        let body = view! {
            {head("Approvals", lead, None)}
            <div class=class>
                <div class="queue-side">{list} {keys.then(hints)}</div>
                <div class="queue-open">{open.map(|item| open_item(&desk, &item, queue.len()))}</div>
            </div>
        };
        let page = Page::new("Approvals", body);
        let page = page.with_notice(done);
        Ok(if keys { page.with_islands() } else { page })
    })
}

/// The request that the caller has just decided.
async fn just_decided(desk: &Desk) -> Option<RequestView> {
    let id = desk.query(DECIDED).parse().ok()?;
    desk.backend.requests.show(&desk.caller, id).await.ok()
}

/// What stands below it in the queue, which is oldest first; at its end, the oldest that was passed over.
fn next_below(queue: &[Spot], decided: Option<Spot>) -> Option<RequestId> {
    let below = queue.iter().find(|spot| Some(**spot) > decided);
    below.or(queue.first()).map(|(_, id)| *id)
}

/// “Approved: Ben Okafor, read on payments, until 24 Nov 17:00”: what the request itself says, whatever stands in
/// the address.
fn told(desk: &Desk, request: &RequestView) -> Option<AnyView> {
    let clock = desk.clock();
    let verdict = match request.row.state.as_str() {
        "approved" => "Approved",
        "denied" => "Denied",
        _ => return None,
    };
    let until = request.row.grant.as_ref().and_then(|grant| grant.until);
    let given = match (request.given, until) {
        (_, Some(until)) => Some(view! { ", until " {clock.short(until)} }.into_any()),
        (Some(Window { term: Term::Lasting(span), start_at: None }), None) => {
            Some(view! { {format!(", for {span} from when it opens")} }.into_any())
        }
        (Some(given), None) => Some(view! { ", " {window(clock, &given)} }.into_any()),
        (None, None) => None,
    };
    let path = format!("{}/{}", routes::REQUESTS, request.row.id);
    let words = view! {
        {format!("{verdict}: {}, {}", request.row.beneficiary.name, what_text(&request.row.what))} {given} ". "
        <a href=path>"See the request"</a>
    };
    Some(banner::notice(words))
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
    view! {
        <li>
            <a class="queue-row" href=opened aria-current=is_open.then_some("true") autofocus=is_open && has_focus data-queue-row=path>
                {initials(&row.beneficiary.name)}
                <span class="queue-words">
                    <span class="queue-who">{row.beneficiary.name.clone()} {row.is_renewal.then(tag::renewal)}</span>
                    <span class="queue-what">{what_plain(&row.what)}</span>
                    <span class="queue-when">
                        {window(clock, &row.asked)} " · asked " {clock.relative(row.filed_at)}
                    </span>
                    {pressing(clock, row.pressing)}
                </span>
                {tag::sensitivity(row.what.sensitivity)}
            </a>
        </li>
    }
    .into_any()
}

/// The keys in a dialog of the browser's own, which opens over the page where one looks.
fn hints() -> AnyView {
    view! {
        <button class="keys-open quiet-link" type="button" popovertarget="keys">"Keys " <kbd>"?"</kbd></button>
        <div class="dialog" id="keys" popover="auto" role="dialog" aria-label="Keys in the queue">
            <h2 class="heading">"Keys in the queue"</h2>
            <dl class="keys">
                <div><dt><kbd>"j"</kbd> " " <kbd>"k"</kbd></dt><dd>"walk through the queue"</dd></div>
                <div><dt><kbd>"Enter"</kbd></dt><dd>"opens a request"</dd></div>
                <div><dt><kbd>"a"</kbd></dt><dd>"leads to its approval; a second press makes it"</dd></div>
                <div><dt><kbd>"d"</kbd></dt><dd>"leads to its denial; a second press makes it"</dd></div>
                <div><dt><kbd>"?"</kbd></dt><dd>"shows these keys"</dd></div>
            </dl>
            <p class="quiet">
                "They work while the queue has the focus, and can be switched off in your "
                <a href=routes::SETTINGS>"settings"</a> "."
            </p>
            <button class="button-quiet" type="button" popovertarget="keys" popovertargetaction="hide">"Close"</button>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_decision_comes_what_is_below_and_at_the_end_what_was_passed_over() {
        let place = |n: u8| {
            (
                DateTime::from_timestamp(n.into(), 0).unwrap(),
                format!("00000000-0000-0000-0000-0000000000{n:02}").parse().unwrap(),
            )
        };
        let queue = [place(1), place(3), place(4)];
        assert_eq!(
            next_below(&queue, Some(place(2))),
            Some(queue[1].1),
            "not the oldest, which was passed over"
        );
        assert_eq!(next_below(&queue, Some(place(5))), Some(queue[0].1), "nothing is below");
        assert_eq!(next_below(&queue, None), Some(queue[0].1));
        assert_eq!(next_below(&[], Some(place(1))), None);
    }
}
