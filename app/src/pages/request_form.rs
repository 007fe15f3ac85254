//! The request form: one column; beside it what will come of it.

use domain::id::GrantId;
use domain::span::Span;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::request_preview::preview;
use crate::backend::{RequestForm as FormView, TypedRequest, Wanted};
use crate::components::empty::empty;
use crate::components::field::Field;
use crate::components::head::{crumb, head};
use crate::components::icon::{Icon, icon};
use crate::components::tag;
use crate::components::textarea::textarea;
use crate::desk::{Desk, Filled, Page, page};
use crate::forms::field_id;
use crate::forms::requests::SubmitRequest;
use crate::frame::Place;
use crate::islands::LivePreview;
use crate::routes;

/// The lengths that are offered as far as the limit allows them.
const PRESETS: [Span; 4] = [Span::hours(1), Span::hours(4), Span::days(1), Span::days(7)];

/// The request form's page.
#[component]
pub fn RequestForm() -> impl IntoView {
    page(Place::Catalogue, |desk| async move {
        let mut filled = desk.filled::<TypedRequest>();
        if !filled.is_draft {
            filled.typed = in_address(&desk);
        }
        let wanted = wanted(&desk, &filled);
        if wanted.entitlements.is_empty() && wanted.bundle.is_empty() && wanted.renew.is_none() {
            return Ok(Page::new("Request access", nothing_chosen()));
        }
        let form = desk.backend.requests.form(&desk.caller, &wanted).await?;
        let title = if form.renewal.is_some() { "Renew access" } else { "Request access" };
        // What stands in the way of one thing keeps nobody from asking for the others.
        let clear = form.items.iter().any(|item| item.obstacle.is_none());
        // What was typed is never lost, even where it has been asked for meanwhile in another window.
        let is_shown = clear || filled.is_draft;
        filled.typed.ends = ends_chosen(&form, &filled.typed);
        let preview = preview(&desk, &form, &filled);
        let body = view! {
            {crumb(routes::CATALOGUE, "Catalogue")}
            {head(title, lead(&form), None)}
            <div class="split">
                <div class="split-main">
                    {items(&form, &filled)}
                    {is_shown.then(|| fields(&desk, &form, filled))}
                </div>
                <aside class="split-side" aria-label="What will come of it">{preview}</aside>
            </div>
        };
        let page = Page::new(title, body);
        Ok(if is_shown { page.with_islands() } else { page })
    })
}

/// What the address says about the time: links may, and the preview does.
fn in_address(desk: &Desk) -> TypedRequest {
    TypedRequest {
        ends: desk.query("ends"),
        duration: desk.query("duration"),
        until: desk.query("until"),
        start: desk.query("start"),
        ..TypedRequest::default()
    }
}

fn wanted(desk: &Desk, filled: &Filled<TypedRequest>) -> Wanted {
    let (entitlements, bundle, renew): (Vec<String>, String, String) = if filled.is_draft {
        let typed = &filled.typed;
        (
            typed.entitlements.split(',').map(str::to_owned).collect(),
            typed.bundle.clone(),
            typed.renew.clone(),
        )
    } else {
        (desk.query_all("entitlement"), desk.query("bundle"), desk.query("renew"))
    };
    Wanted {
        entitlements: entitlements.iter().filter_map(|id| id.trim().parse().ok()).collect(),
        bundle,
        renew: renew.parse::<GrantId>().ok(),
    }
}

fn nothing_chosen() -> AnyView {
    view! {
        {head("Request access", "Choose first what you need.", None)}
        {empty(
            "Nothing is chosen yet",
            "Find what you need in the catalogue and press “Request” there.",
            Some((routes::CATALOGUE.to_owned(), "Browse the catalogue")),
        )}
    }
    .into_any()
}

fn lead(form: &FormView) -> String {
    let clear = form.items.iter().filter(|item| item.obstacle.is_none()).count();
    match (&form.bundle, form.items.len()) {
        (_, several) if several > clear && clear > 0 => {
            format!("{clear} of {several} can be asked for now; the others say why not.")
        }
        (Some(bundle), count) => {
            format!("The bundle “{bundle}”: {count} requests, each decided by its own people.")
        }
        (None, 0 | 1) => "It is decided by the people named here, and ends by itself.".to_owned(),
        (None, count) => format!("{count} requests, each decided by its own people."),
    }
}

fn items(form: &FormView, filled: &Filled<TypedRequest>) -> AnyView {
    let rows = form
        .items
        .iter()
        .map(|item| {
            let path = format!("{}/{}", routes::CATALOGUE, item.resource_slug);
            let purpose = (!item.purpose.is_empty()).then(|| view! { <p class="row-sub">{item.purpose.clone()}</p> });
            let obstacle = item.obstacle.clone().map(|obstacle| {
                let way = obstacle.way_out.map(|(path, words)| view! { " " <a href=path>{words}</a> });
                view! { <p class="trouble">{icon(Icon::Warning)} <span>{obstacle.message} {way}</span></p> }
            });
            view! {
                <li class="row">
                    <div class="row-main">
                        <p class="row-title">
                            <span class="what">
                                <em class="what-entitlement">{item.entitlement.clone()}</em> " on "
                                <a class="what-resource" href=path>{item.resource.clone()}</a>
                            </span>
                        </p>
                        {purpose}
                        {obstacle}
                    </div>
                    <div class="row-tags"><span class="quiet">{item.system.clone()}</span> {tag::sensitivity(item.sensitivity)}</div>
                </li>
            }
        })
        .collect_view();
    let error = filled.error("entitlements").map(|error| {
        view! { <p class="field-error">{icon(Icon::Warning)} <span>{error}</span></p> }
    });
    view! { <div id=field_id("entitlements")><ul class="rows asked">{rows}</ul>{error}</div> }.into_any()
}

fn fields(desk: &Desk, form: &FormView, filled: Filled<TypedRequest>) -> AnyView {
    let is_blocked = form.items.iter().all(|item| item.obstacle.is_some());
    let clear = form.items.iter().filter(|item| is_blocked || item.obstacle.is_none());
    let ids: Vec<String> = clear.map(|item| item.entitlement_id.to_string()).collect();
    let before = form.renewal.as_ref().and_then(|renewal| renewal.rationale.clone()).unwrap_or_default();
    let rationale = if filled.is_draft { filled.typed.rationale.clone() } else { before };
    let why = Field::new("rationale", "Why you need it")
        .hint("Whoever decides reads this first: what you will do, and for whom.")
        .error(filled.error("rationale"));
    let why = if form.rationale_required { why } else { why.optional() };
    let ticket = Field::new("ticket", "Ticket")
        .optional()
        .hint("A number or an address elsewhere.")
        .error(filled.error("ticket"));
    let renew = form.renewal.as_ref().map(|renewal| renewal.grant.to_string()).unwrap_or_default();
    let bundle = form
        .bundle
        .as_ref()
        .map(|_| if filled.is_draft { filled.typed.bundle.clone() } else { desk.query("bundle") });
    let is_renewal = form.renewal.is_some();
    let words = match ids.len() {
        _ if is_blocked => "Try again".to_owned(),
        0 | 1 if is_renewal => "Ask for the renewal".to_owned(),
        0 | 1 => "Send the request".to_owned(),
        count => format!("Send {count} requests"),
    };
    let length = length(desk, form, &filled);
    let start = (!is_renewal).then(|| start(desk, &filled));
    view! {
        <form class="form" method="post" action=SubmitRequest::url()>
            <input type="hidden" name="typed[entitlements]" value=ids.join(",")/>
            <input type="hidden" name="typed[bundle]" value=bundle.unwrap_or_default()/>
            <input type="hidden" name="typed[renew]" value=renew/>
            {textarea(why, "typed[rationale]", &rationale, 4)}
            <LivePreview>
                {length}
                {start}
            </LivePreview>
            {ticket.input("typed[ticket]", "text", filled.typed.ticket.clone())}
            <div class="form-end"><button class="button" type="submit">{words}</button></div>
        </form>
    }
    .into_any()
}

/// The lengths on offer, shortest first, the limit last.
fn spans(form: &FormView) -> Vec<Span> {
    let limit = form.limit.as_ref().map(|limit| limit.max);
    PRESETS.into_iter().filter(|span| limit.is_none_or(|limit| *span < limit)).chain(limit).collect()
}

/// What is chosen; at first the second length on offer.
fn ends_chosen(form: &FormView, typed: &TypedRequest) -> String {
    if !typed.ends.is_empty() {
        return typed.ends.clone();
    }
    let spans = spans(form);
    spans.get(1).or(spans.first()).map_or_else(|| "duration".to_owned(), ToString::to_string)
}

/// How long: presets within the limit, the limit itself, an exact length, or a date.
fn length(desk: &Desk, form: &FormView, filled: &Filled<TypedRequest>) -> AnyView {
    let limit = form.limit.as_ref().map(|limit| limit.max);
    let chosen = filled.typed.ends.clone();
    let presets = spans(form)
        .iter()
        .enumerate()
        .map(|(index, span)| {
            let hint = (Some(*span) == limit).then_some("the limit");
            choice(format!("ends-{index}"), span.to_string(), span.to_string(), hint, &chosen)
        })
        .collect_view();
    let errors = filled.error("ends").or_else(|| filled.error("duration")).or_else(|| filled.error("until"));
    let is_preset = !matches!(chosen.as_str(), "duration" | "until");
    let preset_error = errors.filter(|_| is_preset || filled.error("ends").is_some()).map(|error| {
        view! { <p class="field-error" id="f-ends-error">{icon(Icon::Warning)} <span>{error}</span></p> }
    });
    let duration = Field::new("duration", "Exactly how long")
        .hint("Like “6 hours” or “3 days”.")
        .error((chosen == "duration").then(|| filled.error("duration")).flatten());
    let until = Field::new("until", "Until")
        .hint(format!("In {}; a fixed end never moves.", desk.caller.time_zone.name()))
        .error((chosen == "until").then(|| filled.error("until")).flatten());
    view! {
        <fieldset class="field ends" id=field_id("ends")>
            <legend class="field-label">"For how long"</legend>
            <p class="field-hint">
                {if form.renewal.is_some() {
                    "Counts from where the running access ends."
                } else {
                    "Counts from when the access opens, not from now."
                }}
            </p>
            <div class="choices">
                {presets}
                {choice("ends-exact".to_owned(), "duration".to_owned(), "Exactly …".to_owned(), None, &chosen)}
                {choice("ends-until".to_owned(), "until".to_owned(), "Until a date …".to_owned(), None, &chosen)}
            </div>
            {preset_error}
            <div class="ends-exact-field">{duration.input("typed[duration]", "text", filled.typed.duration.clone())}</div>
            <div class="ends-until-field">{until.input("typed[until]", "datetime-local", filled.typed.until.clone())}</div>
        </fieldset>
    }
    .into_any()
}

fn choice(id: String, value: String, words: String, hint: Option<&'static str>, chosen: &str) -> AnyView {
    let checked = value == chosen;
    view! {
        <label class="choice">
            <input class="choice-input" type="radio" id=id name="typed[ends]" value=value checked=checked/>
            <span class="choice-words">{words} {hint.map(|hint| view! { <span class="choice-hint">" · " {hint}</span> })}</span>
        </label>
    }
    .into_any()
}

fn start(desk: &Desk, filled: &Filled<TypedRequest>) -> AnyView {
    let is_open = !filled.typed.start.is_empty() || filled.error("start").is_some();
    let field = Field::new("start", "Not before")
        .hint(format!("In {}. Left empty, it opens as soon as it is approved.", desk.caller.time_zone.name()))
        .error(filled.error("start"));
    view! {
        <details class="fold" open=is_open>
            <summary>"Start later"</summary>
            {field.input("typed[start]", "datetime-local", filled.typed.start.clone())}
        </details>
    }
    .into_any()
}
