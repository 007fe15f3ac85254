//! Looser rules that wait for a second person.

use domain::person::PersonRef;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::{Proposal, TypedAnswer};
use crate::components::banner;
use crate::components::field::Field;
use crate::components::person::{people, person};
use crate::components::reveal::reveal;
use crate::desk::Desk;
use crate::forms::editing::AnswerLoosening;
use crate::forms::field_id;

/// More names than this are told as a number.
const NAMED_MAX: usize = 4;

/// A row of the tasks.
pub(super) fn row(desk: &Desk, one: &Proposal) -> AnyView {
    let form = one.path.clone();
    let sentence = if one.may_confirm {
        view! { "Confirm or reject looser rules for " <a class="what-resource" href=form>{one.label.clone()}</a> }
            .into_any()
    } else {
        view! { "Your looser rules for " <a class="what-resource" href=form>{one.label.clone()}</a> " wait for somebody else" }
            .into_any()
    };
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title"><span>{sentence}</span></p>
                <p class="row-sub">{one.changes.join("; ")}</p>
                <p class="row-sub">"proposed by " {person(&one.proposed_by)} " " {desk.clock().relative(one.proposed_at)}</p>
            </div>
            <div class="row-actions">{answer(desk, one)}</div>
        </li>
    }
    .into_any()
}

/// The same above the form of what it is about.
pub(super) fn waits(desk: &Desk, one: &Proposal) -> AnyView {
    let changes = one.changes.iter().map(|change| view! { <li>{change.clone()}</li> }).collect_view();
    banner::info(view! {
        <p class="banner-message">
            {person(&one.proposed_by)} " proposed looser rules " {desk.clock().relative(one.proposed_at)}
            ". They wait for a second owner or administrator."
        </p>
        <ul class="banner-list">{changes}</ul>
        {answer(desk, one)}
    })
}

/// What is looser of a resource or an entitlement.
pub(super) const LOOSER: &str = "Longer limits, lower sensitivity, other owners and fewer reasons";

/// Says before saving that looser rules wait, and for whom.
pub(super) fn who_confirms(what: &'static str, seconds: &[PersonRef]) -> AnyView {
    let who = match seconds {
        [] => format!(
            "{what} are looser rules. There is nobody else to confirm them, so they hold at once, and the book \
             flags it for good."
        )
        .into_any(),
        few if few.len() <= NAMED_MAX => view! {
            {what} " are looser rules: they wait until one of these confirms them: " {people(few)} "."
        }
        .into_any(),
        many => format!(
            "{what} are looser rules: they wait until one of {} other owners and administrators confirms them.",
            many.len()
        )
        .into_any(),
    };
    view! { <p class="field-hint">{who}</p> }.into_any()
}

fn answer(desk: &Desk, one: &Proposal) -> AnyView {
    let filled = desk.filled_where::<TypedAnswer>(|typed| typed.id == one.id);
    let reason = Field::new("reason", "Reason").optional().error(filled.error("reason"));
    let reason =
        if filled.is_draft { reason } else { reason.id(format!("{}-{}", field_id("reason"), one.id)) };
    let confirm = one.may_confirm.then(|| {
        view! {
            <button class="button" type="submit" name="typed[verdict]" value="confirm">"Confirm the looser rules"</button>
            " "
        }
    });
    let (words, against) =
        if one.may_confirm { ("Confirm or reject", "Reject them") } else { ("Withdraw", "Withdraw them") };
    reveal(
        words,
        filled.is_draft,
        view! {
            <form method="post" action=AnswerLoosening::url()>
                <input type="hidden" name="typed[id]" value=one.id.clone()/>
                <input type="hidden" name="typed[back]" value=desk.here.clone()/>
                {reason.input("typed[reason]", "text", filled.typed.reason)}
                {confirm}
                <button class="button-quiet" type="submit" name="typed[verdict]" value="reject">{against}</button>
            </form>
        },
    )
}
