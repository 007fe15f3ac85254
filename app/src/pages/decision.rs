//! The open request of the queue: who, what, why, for how long, what speaks against it, then the decision.

use domain::local_time;
use domain::request::Pressing;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::request::window;
use crate::address;
use crate::backend::{QueueItem, TypedDecision};
use crate::components::banner;
use crate::components::deciders::deciders;
use crate::components::field::Field;
use crate::components::icon::{Icon, icon};
use crate::components::initials::initials;
use crate::components::person::person;
use crate::components::pressing::pressing;
use crate::components::prose::said;
use crate::components::tag;
use crate::components::textarea::textarea;
use crate::components::what::what;
use crate::desk::Desk;
use crate::forms::approvals::Decide;
use crate::routes;

/// Everything that one needs to decide.
pub(crate) fn open_item(desk: &Desk, item: &QueueItem, waiting: usize) -> AnyView {
    let by_other = item.requester.id != item.row.beneficiary.id;
    let filed_by = by_other
        .then(|| view! { <p class="quiet">"Filed by " {person(&item.requester)} " on their behalf."</p> });
    let why = match &item.rationale {
        Some(text) => said(text),
        None => view! { <p class="quiet">"Nothing was said."</p> }.into_any(),
    };
    view! {
        <article class="decide" aria-label="The open request" id="open">
            <a class="decide-back" href=routes::APPROVALS>{icon(Icon::Left)} {format!("The queue ({waiting})")}</a>
            <header class="decide-head">
                {initials(&item.row.beneficiary.name)}
                <div>
                    <h2 class="decide-title">{person(&item.row.beneficiary)} {if item.row.is_renewal { " asks to renew " } else { " asks for " }} {what(&item.row.what)}</h2>
                    <p class="quiet">{who_line(item)}</p>
                    {filed_by}
                </div>
            </header>
            <div class="decide-why">{why} {item.ticket.clone().map(|ticket| view! { <p class="quiet">"Ticket " {ticket}</p> })}</div>
            {facts(desk, item)}
            {form(desk, item)}
        </article>
    }
    .into_any()
}

fn who_line(item: &QueueItem) -> AnyView {
    let parts = [item.title.as_str(), item.department.as_str()];
    let line = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let before = if line.is_empty() { "" } else { " · " };
    let manager = item.manager.as_ref().map(|manager| view! { {before} "reports to " {person(manager)} });
    view! { {line} {manager} }.into_any()
}

fn facts(desk: &Desk, item: &QueueItem) -> AnyView {
    let clock = desk.clock();
    let theirs = item.their_time_zone.map(|zone| {
        let at = local_time::short(item.would_end_at, zone, clock.now);
        view! { <span class="quiet">{format!(" · {at} for them ({})", zone.name())}</span> }
    });
    view! {
        <dl class="facts facts-wide">
            <div><dt>"For"</dt><dd>{window(clock, &item.row.asked)}</dd></div>
            <div><dt>"Would end"</dt><dd>{clock.short(item.would_end_at)} {theirs}</dd></div>
            <div>
                <dt>"On"</dt>
                <dd><span class="standing">{item.row.what.system.clone()} {tag::sensitivity(item.row.what.sensitivity)}</span></dd>
            </div>
            <div><dt>"Explained by"</dt><dd>{explained(item)}</dd></div>
            <div><dt>"Peers"</dt><dd>{peers(item)}</dd></div>
            {renewal(desk, item)}
            {holds(desk, item)}
            {earlier(desk, item)}
            <div><dt>"Decide by"</dt><dd class="decide-by">{clock.short(item.row.decide_by)} {pressing_gap(desk, item)}</dd></div>
            <div><dt>"Who can decide"</dt><dd>{deciders(&item.deciders)}</dd></div>
        </dl>
    }
    .into_any()
}

/// What a renewal goes on with, and what a late decision would do to it.
fn renewal(desk: &Desk, item: &QueueItem) -> AnyView {
    let clock = desk.clock();
    let since = item.held_since.map(|since| {
        view! { <div><dt>"Held since"</dt><dd>{clock.short(since)} <span class="quiet">" without a break"</span></dd></div> }
    });
    let until = item.renewed_until.map(|until| {
        let note = if until > clock.now { " · decided later, there is a gap" } else { " · there is a gap already" };
        view! { <div><dt>"Goes on from"</dt><dd>{clock.short(until)} <span class="quiet">{note}</span></dd></div> }
    });
    view! { {since} {until} }.into_any()
}

/// The deadline stands there already; a gap that threatens or is there presses more.
fn pressing_gap(desk: &Desk, item: &QueueItem) -> Option<AnyView> {
    let gap = item.row.pressing.filter(|why| !matches!(why, Pressing::DecideBy(_)));
    pressing(desk.clock(), gap)
}

fn explained(item: &QueueItem) -> AnyView {
    match (item.explained_by.as_slice(), item.has_job_roles) {
        ([], true) => {
            view! { <span class="unexplained">{icon(Icon::Warning)} "none of their job roles"</span> }
                .into_any()
        }
        ([], false) => view! { <span class="quiet">"they have no job role"</span> }.into_any(),
        (roles, _) => roles.join(", ").into_any(),
    }
}

fn peers(item: &QueueItem) -> String {
    match item.peers {
        Some(count) => format!("{count} others in {} hold it", item.department),
        None => "fewer than five in their department hold it".to_owned(),
    }
}

fn holds(desk: &Desk, item: &QueueItem) -> Option<AnyView> {
    if item.holds.is_empty() {
        return None;
    }
    let lines = item
        .holds
        .iter()
        .map(|held| {
            let until = match held.until {
                Some(until) => view! { " until " {desk.clock().short(until)} }.into_any(),
                None => ().into_any(),
            };
            view! { <li><em class="what-entitlement">{held.entitlement.clone()}</em> " on " {held.resource.clone()} {until}</li> }
        })
        .collect_view();
    Some(view! { <div><dt>"Holds there"</dt><dd><ul class="lines">{lines}</ul></dd></div> }.into_any())
}

fn earlier(desk: &Desk, item: &QueueItem) -> Option<AnyView> {
    if item.earlier.is_empty() {
        return None;
    }
    let lines = item
        .earlier
        .iter()
        .map(|request| {
            let path = format!("{}/{}", routes::REQUESTS, request.id);
            let summary = request.summary.clone().map(|text| view! { <span class="quiet">" “" {text} "”"</span> });
            view! { <li><a href=path>{desk.clock().short(request.filed_at)}</a> " " {tag::state(&request.state)} {summary}</li> }
        })
        .collect_view();
    Some(view! { <div><dt>"Asked before"</dt><dd><ul class="lines">{lines}</ul></dd></div> }.into_any())
}

fn form(desk: &Desk, item: &QueueItem) -> AnyView {
    let id = item.row.id.to_string();
    if item.sign_in_again {
        let back = address::with(routes::APPROVALS, "open", &id);
        let path = address::with(&address::with(routes::SIGN_IN, "again", "1"), "return_to", &back);
        return banner::info(view! {
            <p>"Deciding on critical access needs a sign-in of the last 15 minutes."</p>
            <p class="mt-3"><a class="button" href=path>"Sign in again"</a></p>
        });
    }
    let filled = desk.filled_where::<TypedDecision>(|typed| typed.id == id);
    // Where the keys of the queue lead: what the verdict needs first.
    let wish = desk.query("then");
    let wants_words = wish == "d" || (wish == "a" && item.summary_required);
    let summary = Field::new("summary", "Summary")
        .hint(if item.summary_required {
            "Why, in a sentence. It is needed here, for either answer, and stands in the book."
        } else {
            "Why, in a sentence. A denial needs one; it stands in the book."
        })
        .error(filled.error("summary"))
        .focus_if(wants_words && !filled.is_draft);
    let summary = if item.summary_required { summary } else { summary.optional() };
    let shorter = Field::new("shorter", "End earlier")
        .optional()
        .hint(format!(
            "Like “2 hours”, or a date and time in {}. Never longer than asked.",
            desk.caller.time_zone.name()
        ))
        .error(filled.error("shorter"));
    let shorter_open = filled.error("shorter").is_some() || !filled.typed.shorter.is_empty();
    let until = desk.clock().short_text(item.would_end_at);
    view! {
        <form class="form decide-form" id="decision" method="post" action=Decide::url() data-summary-required=item.summary_required>
            // Return in a field decides nothing: the form's first button is no button.
            <button class="hidden" type="submit" disabled aria-hidden="true" tabindex="-1"></button>
            <input type="hidden" name="typed[id]" value=id/>
            {textarea(summary, "typed[summary]", &filled.typed.summary, 2)}
            <details class="fold" open=shorter_open>
                <summary>"Give less time"</summary>
                {shorter.input("typed[shorter]", "text", filled.typed.shorter.clone())}
            </details>
            <div class="decide-buttons">
                <button class="button" type="submit" name="typed[verdict]" value="approve" data-key="a" autofocus=wish == "a" && !wants_words>
                    // Where less time is given, the end that was asked for is not the one to name.
                    "Approve" <span class="decide-until">" until " {until}</span>
                </button>
                <button class="button-danger" type="submit" name="typed[verdict]" value="deny">"Deny"</button>
            </div>
        </form>
    }
    .into_any()
}
