//! One request: its thread, and what can be done about it.

use domain::request::{Term, Window};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::grant_forms;
use super::requests::request_rows;
use crate::address;
use crate::backend::{RequestView, ThreadStep};
use crate::components::deciders::deciders;
use crate::components::head::{crumb, head, section};
use crate::components::person::{person, person_with_circle};
use crate::components::prose::said;
use crate::components::reveal::reveal;
use crate::components::tag;
use crate::components::thread::{Mark, Step, thread};
use crate::components::time::Clock;
use crate::components::time_left::time_left;
use crate::components::used::{under_grant, used};
use crate::components::what::{what, what_text};
use crate::desk::{Desk, Page, page};
use crate::forms::requests::CancelRequest;
use crate::frame::Place;
use crate::routes;

/// A request's page.
#[component]
pub fn Request() -> impl IntoView {
    page(Place::Requests, |desk| async move {
        let request = desk.backend.requests.show(&desk.caller, desk.id("id")?).await?;
        let title = what_text(&request.row.what);
        let siblings = (!request.siblings.is_empty()).then(|| {
            section("siblings", "Asked for together with", request_rows(desk.clock(), &request.siblings))
        });
        let body = view! {
            {crumb(routes::REQUESTS, "Requests")}
            {head(asked_sentence(&request), standing(desk.clock(), &request), decide_link(&request))}
            <div class="split">
                <div class="split-main">
                    {section("thread", "What has happened", steps(desk.clock(), &request))}
                    {siblings}
                </div>
                <aside class="split-side" aria-label="Details">{details(&desk, &request)} {actions(&desk, &request)}</aside>
            </div>
        };
        Ok(Page::new(title, body))
    })
}

fn asked_sentence(request: &RequestView) -> AnyView {
    let by_other = request.requester.id != request.row.beneficiary.id;
    let for_whom = by_other.then(|| view! { " for " {person(&request.row.beneficiary)} });
    let verb = if request.row.is_renewal { " asked to renew " } else { " asked for " };
    view! { {person(&request.requester)} {verb} {what(&request.row.what)} {for_whom} }.into_any()
}

fn standing(clock: Clock, request: &RequestView) -> AnyView {
    let state = match &request.row.grant {
        Some(grant) => grant.state.clone(),
        None => request.row.state.clone(),
    };
    let since = request.row.filed_at;
    view! {
        <span class="standing">
            {tag::state(&state)} {request.row.is_imported.then(tag::imported)} {request.row.is_renewal.then(tag::renewal)} {tag::sensitivity(request.row.what.sensitivity)}
            <span>"asked " {clock.relative(since)}</span>
        </span>
    }
    .into_any()
}

fn decide_link(request: &RequestView) -> Option<AnyView> {
    request.may_decide.then(|| {
        let path = address::with(routes::APPROVALS, "open", &request.row.id.to_string());
        view! { <a class="button" href=path>"Decide"</a> }.into_any()
    })
}

/// “4 hours, from when it opens”.
pub(crate) fn window(clock: Clock, window: &Window) -> AnyView {
    let start = window.start_at.map(|at| view! { "from " {clock.short(at)} ", " });
    match window.term {
        Term::Lasting(span) => view! { {start} {span.to_string()} }.into_any(),
        Term::Until(at) => view! { {start} "until " {clock.short(at)} }.into_any(),
    }
}

fn steps(clock: Clock, request: &RequestView) -> AnyView {
    let is_pending = request.row.state == "pending";
    let mut steps: Vec<Step> = request.thread.iter().map(|step| past(clock, step)).collect();
    if is_pending {
        let who = request.row.deciders.as_ref().map(deciders);
        steps.push(Step {
            mark: Mark::Now,
            sentence: view! { "waits for a decision" <span class="step-below">{who}</span> }.into_any(),
            when: Some(view! { "until " {request.row.decide_by.map(|at| clock.short(at))} }.into_any()),
            said: None,
        });
    }
    steps.extend(request.next.iter().map(|words| Step {
        mark: Mark::Next,
        sentence: words.clone().into_any(),
        when: None,
        said: None,
    }));
    thread(steps)
}

fn past(clock: Clock, step: &ThreadStep) -> Step {
    let is_bad = step.outcome != "success"
        || matches!(step.action.as_str(), "request.denied" | "grant.revoked" | "grant.failed");
    let imported = (step.origin == "imported").then(tag::imported);
    let times = (step.times > 1).then(|| format!(" ({} times)", step.times));
    Step {
        mark: if is_bad { Mark::Bad } else { Mark::Done },
        sentence: view! { {step.sentence.clone()} {times} " " {imported} }.into_any(),
        when: Some(clock.short(step.at)),
        said: step.said.clone(),
    }
}

fn details(desk: &Desk, request: &RequestView) -> AnyView {
    let clock = desk.clock();
    let given = request.given.as_ref().filter(|given| Some(**given) != request.asked);
    let not_recorded = || view! { <span class="quiet">"Not recorded."</span> }.into_any();
    let left =
        request.row.grant.as_ref().filter(|grant| grant.state == "active").and_then(|grant| grant.until);
    let goes_on = request.renewed_until.filter(|_| request.row.state == "pending");
    view! {
        <dl class="facts">
            <div>
                <dt>"For"</dt>
                <dd>{person_with_circle(&request.row.beneficiary)}</dd>
            </div>
            <div>
                <dt>"On"</dt>
                <dd>{request.row.what.system.clone()}</dd>
            </div>
            <div>
                <dt>"Asked for"</dt>
                <dd>{request.asked.as_ref().map_or_else(not_recorded, |asked| window(clock, asked))}</dd>
            </div>
            {request.row.is_imported.then(|| view! {
                <div>
                    <dt>"Decided by"</dt>
                    <dd>{not_recorded()}</dd>
                </div>
            })}
            {given.map(|given| view! {
                <div>
                    <dt>"Given"</dt>
                    <dd>{window(clock, given)}</dd>
                </div>
            })}
            {request.held_since.map(|since| view! {
                <div>
                    <dt>"Held unbroken since"</dt>
                    <dd>{clock.short(since)}</dd>
                </div>
            })}
            {goes_on.map(|until| view! {
                <div>
                    <dt>"Goes on from"</dt>
                    <dd>{clock.short(until)} <span class="quiet">", where the running access ends"</span></dd>
                </div>
            })}
            {left.map(|until| view! {
                <div>
                    <dt>"Time left"</dt>
                    <dd>{time_left(clock, None, until)}</dd>
                </div>
            })}
            {use_of(desk, request)}
            {why(request)}
            {request.ticket.clone().map(|ticket| view! {
                <div>
                    <dt>"Ticket"</dt>
                    <dd>{ticket}</dd>
                </div>
            })}
        </dl>
    }
    .into_any()
}

fn use_of(desk: &Desk, request: &RequestView) -> Option<AnyView> {
    let usage = request.usage.as_ref()?;
    let done = (usage.used.is_some() && desk.sees_all()).then(|| {
        view! { <br/> <a href=under_grant(usage.grant)>"What was done under this request"</a> }
    });
    let words = used(desk, usage.grant, usage.used.as_ref());
    Some(view! { <div><dt>"Used"</dt><dd>{words} {done}</dd></div> }.into_any())
}

/// Why, unless the thread quotes it already.
fn why(request: &RequestView) -> Option<AnyView> {
    let why = match &request.rationale {
        Some(text) if request.thread.iter().any(|step| step.said.as_ref() == Some(text)) => return None,
        Some(text) => said(text),
        None if request.row.is_imported => view! { <span class="quiet">"Not recorded."</span> }.into_any(),
        None => view! { <span class="quiet">"Nothing was said."</span> }.into_any(),
    };
    Some(view! { <div><dt>"Why"</dt><dd>{why}</dd></div> }.into_any())
}

fn actions(desk: &Desk, request: &RequestView) -> AnyView {
    let cancel = request.may_cancel.then(|| {
        reveal(
            "Take this request back",
            false,
            view! {
                <form method="post" action=CancelRequest::url()>
                    <input type="hidden" name="typed[id]" value=request.row.id.to_string()/>
                    <p class="reveal-words">"Nobody needs to decide it any more. You can ask again at any time."</p>
                    <button class="button-danger" type="submit">"Take it back"</button>
                </form>
            },
        )
    });
    let grant = request.row.grant.as_ref().map(|grant| grant.id);
    let back = grant.filter(|_| request.may_give_back).map(|id| grant_forms::give_back(desk, id));
    let revoke = grant
        .filter(|_| request.may_revoke)
        .map(|id| grant_forms::revoke(desk, id, &request.row.beneficiary.name));
    view! { <div class="side-actions">{cancel} {back} {revoke}</div> }.into_any()
}
