//! What somebody may do with an alert: look at it, say what it was, hand it over, say something.

use domain::alert::{ACCEPTED_MAX_DAYS, State};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::alert_acting::acting;
use crate::backend::{AlertView, TypedAlertComment, TypedHandOver, TypedVerdict, Ways};
use crate::components::field::Field;
use crate::components::icon::{Icon, icon};
use crate::components::select::select;
use crate::components::textarea::textarea;
use crate::desk::{Desk, Filled};
use crate::forms::alerts::{AcknowledgeAlert, CommentAlert, HandOverAlert, ResolveAlert};
use crate::forms::field_id;

/// Suggestions of whom to hand it to.
const SUGGESTED: &str = "alert-people";

/// The forms that fit where it stands, or why there are none.
pub(crate) fn forms(desk: &Desk, alert: &AlertView, ways: &Ways) -> AnyView {
    if let Some(hindrance) = &alert.hindrance {
        return view! { <p class="quiet alert-note">{hindrance.clone()}</p> }.into_any();
    }
    let state = alert.row.state;
    let take_up = (state == State::Open).then(|| take_up(alert));
    let is_open = !matches!(state, State::Resolved { .. });
    view! {
        <div class="alert-forms">
            {take_up}
            {is_open.then(|| resolve(desk, alert, ways))}
            {acting(desk, alert, ways)}
            {is_open.then(|| hand_over(desk, alert))}
            {comment(desk, alert)}
        </div>
    }
    .into_any()
}

pub(super) fn hidden_id(alert: &AlertView) -> AnyView {
    view! { <input type="hidden" name="typed[id]" value=alert.row.id.to_string()/> }.into_any()
}

fn take_up(alert: &AlertView) -> AnyView {
    view! {
        <form method="post" action=AcknowledgeAlert::url()>
            {hidden_id(alert)}
            <button class="button" type="submit">"Take it up"</button>
        </form>
    }
    .into_any()
}

/// A form that stands behind its words until it is wanted.
pub(super) fn fold(words: impl IntoView + 'static, is_open: bool, body: AnyView) -> AnyView {
    view! {
        <details class="fold" open=is_open>
            <summary>{words}</summary>
            {body}
        </details>
    }
    .into_any()
}

fn resolve(desk: &Desk, alert: &AlertView, ways: &Ways) -> AnyView {
    let filled = desk.filled::<TypedVerdict>();
    let is_taken_up = alert.row.state == State::Acknowledged;
    let until = Field::new("until", "Until")
        .hint(format!("A date, or a date and time; at most {ACCEPTED_MAX_DAYS} days away."))
        .error(filled.error("until"));
    let reason = Field::new("reason", "Why")
        .hint("How it is known. It stands in the book.")
        .error(filled.error("reason"));
    // A choice of one is none.
    let reach = (ways.reaches.len() > 1).then(|| {
        let field = Field::new("reach", "How far").error(filled.error("reach"));
        let options =
            ways.reaches.iter().map(|(value, words)| ((*value).to_owned(), words.clone())).collect();
        select(field, "typed[reach]", &filled.typed.reach, options)
    });
    // Somebody who looks at it answers next: that is the page's one primary action then.
    let button = if is_taken_up { "button" } else { "button-quiet" };
    let body = view! {
        <form class="form" method="post" action=ResolveAlert::url()>
            {hidden_id(alert)}
            {verdicts(&filled)}
            <div class="verdict-until">
                {until.input("typed[until]", "text", filled.typed.until.clone())}
                {reach}
            </div>
            {textarea(reason, "typed[reason]", &filled.typed.reason, 3)}
            <div class="form-end"><button class=button type="submit">"Resolve it"</button></div>
        </form>
    };
    fold("Say what it was", is_taken_up || filled.is_draft, body.into_any())
}

/// What it can have been, each with what comes of it.
fn verdicts(filled: &Filled<TypedVerdict>) -> AnyView {
    let error = filled.error("verdict");
    let described = error.as_ref().map(|_| "verdict-error");
    let one = |value: &'static str, words: &'static str, hint: &'static str| {
        // The summary of errors leads to the first of them.
        let id =
            if value == "true" { field_id("verdict") } else { format!("{}-{value}", field_id("verdict")) };
        let checked = filled.typed.verdict == value;
        view! {
            <label class="verdict">
                <input class="verdict-input" type="radio" id=id name="typed[verdict]" value=value checked=checked/>
                <span class="verdict-words">{words} <span class="verdict-hint">{hint}</span></span>
            </label>
        }
    };
    view! {
        <fieldset class="field verdicts" aria-describedby=described>
            <legend class="field-label">"It was"</legend>
            {one("true", "True", "What the rule looks for happened. When it happens again, that is another alert.")}
            {one("false", "A false alarm", "The rule was wrong here. It counts against the rule.")}
            {one("accepted", "Accepted for a time", "It is true and may go on until a date. After that it opens again.")}
            {error.map(|error| view! { <p class="field-error" id="verdict-error">{icon(Icon::Warning)} <span>{error}</span></p> })}
        </fieldset>
    }
    .into_any()
}

fn hand_over(desk: &Desk, alert: &AlertView) -> AnyView {
    let filled = desk.filled::<TypedHandOver>();
    let person = Field::new("person", "Who takes care of it")
        .hint("Their email, or their name. They see this alert from then on.")
        .error(filled.error("person"));
    let reason = Field::new("hand-over-reason", "Why").optional().error(filled.error("hand-over-reason"));
    let options =
        alert.suggested.iter().map(|value| view! { <option value=value.clone()></option> }).collect_view();
    let body = view! {
        <form class="form" method="post" action=HandOverAlert::url()>
            {hidden_id(alert)}
            {person.input_listed("typed[person]", "text", filled.typed.person.clone(), Some(SUGGESTED))}
            <datalist id=SUGGESTED>{options}</datalist>
            {textarea(reason, "typed[reason]", &filled.typed.reason, 2)}
            <div class="form-end"><button class="button-quiet" type="submit">"Hand it over"</button></div>
        </form>
    };
    fold("Hand it over", filled.is_draft, body.into_any())
}

fn comment(desk: &Desk, alert: &AlertView) -> AnyView {
    let filled = desk.filled::<TypedAlertComment>();
    let words = Field::new("words", "Comment")
        .hint("Whoever sees this alert reads it. It stands in the book.")
        .error(filled.error("words"));
    let body = view! {
        <form class="form" method="post" action=CommentAlert::url()>
            {hidden_id(alert)}
            {textarea(words, "typed[words]", &filled.typed.words, 3)}
            <div class="form-end"><button class="button-quiet" type="submit">"Add the comment"</button></div>
        </form>
    };
    fold("Say something about it", filled.is_draft, body.into_any())
}
