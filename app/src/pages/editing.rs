//! What the pages that edit the catalogue share: what changed meanwhile, what waits, owners, limits, deleting.

use domain::editable::{Change, Facts};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::{AtStake, TypedDeletion, TypedRemoval};
use crate::components::banner;
use crate::components::field::Field;
use crate::components::reveal::reveal;
use crate::components::textarea::textarea;
use crate::desk::Desk;
use crate::forms::administration::DeleteMade;
use crate::forms::editing::DeleteFromCatalogue;

/// What somebody changed between the opening of a form and now, both as the form carries them.
pub(super) fn changed_since<T: Facts>(opened: &str, now: &str) -> Vec<Change> {
    let now = serde_json::from_str::<T>(now).ok();
    let opened = serde_json::from_str::<T>(opened).ok();
    now.zip(opened).map(|(now, opened)| opened.changes(&now)).unwrap_or_default()
}

/// Tells what somebody changed meanwhile: the next press of the button is made in its knowledge.
pub(super) fn meanwhile(changes: &[Change]) -> Option<AnyView> {
    if changes.is_empty() {
        return None;
    }
    let list = changes.iter().map(|change| view! { <li>{change.words()}</li> }).collect_view();
    Some(banner::warning(view! {
        <p class="banner-message">"This changed since you opened it. What you typed is below; saving it now puts yours in its place."</p>
        <ul class="banner-list">{list}</ul>
    }))
}

/// Says beforehand what would be refused afterwards.
pub(super) fn old_sign_in(sign_in_again: bool) -> Option<AnyView> {
    sign_in_again.then(|| {
        banner::info(
            "Owners, limits and rules need a sign-in of the last 15 minutes. You will be asked to sign in again; \
             what you type is kept.",
        )
    })
}

/// The field for owners.
pub(super) fn owners(error: Option<String>, value: &str, hint: &'static str) -> AnyView {
    let field = Field::new("owners", "Owners").optional().hint(hint).error(error);
    textarea(field, "typed[owners]", value, 3)
}

/// The field for the longest access.
pub(super) fn access_max(error: Option<String>, value: String) -> AnyView {
    Field::new("access_max", "Longest access")
        .optional()
        .hint("Like “8 hours” or “30 days”. The strictest of entitlement, resource and system counts; lowering it shortens what is held.")
        .error(error)
        .input("typed[access_max]", "text", value)
}

/// The field for the slug of something new.
pub(super) fn address(error: Option<String>, value: String) -> AnyView {
    Field::new("address", "Short name")
        .optional()
        .hint("What addresses and import files call it: lower case letters, digits and hyphens. It is made of the name if you leave it empty, and stays as it is.")
        .error(error)
        .input("typed[address]", "text", value)
}

/// Deleting a system, bundle or job role: pressed twice and with a reason.
pub(super) fn delete_made(desk: &Desk, typed: TypedRemoval, name: &str, words: &'static str) -> AnyView {
    let filled = desk.filled_where::<TypedRemoval>(|one| one.kind == typed.kind && one.id == typed.id);
    let reason = Field::new("reason", "Reason").hint("It stands in the book.").error(filled.error("reason"));
    let press = format!("Delete {name}");
    reveal(
        press.clone(),
        filled.is_draft,
        view! {
            <form method="post" action=DeleteMade::url()>
                <input type="hidden" name="typed[kind]" value=typed.kind/>
                <input type="hidden" name="typed[id]" value=typed.id/>
                <p class="reveal-words">{words}</p>
                {reason.input("typed[reason]", "text", filled.typed.reason)}
                <button class="button-danger" type="submit">{press}</button>
            </form>
        },
    )
}

/// Deleting from a resource, pressed twice and with a reason.
pub(super) fn delete(desk: &Desk, slug: &str, id: &str, name: &str, at_stake: AtStake) -> AnyView {
    let filled = desk.filled_where::<TypedDeletion>(|typed| typed.slug == slug && typed.id == id);
    let reason = Field::new("reason", "Reason").hint("It stands in the book.").error(filled.error("reason"));
    let words = format!("Delete {name}");
    reveal(
        words.clone(),
        filled.is_draft,
        view! {
            <form method="post" action=DeleteFromCatalogue::url()>
                <input type="hidden" name="typed[slug]" value=slug.to_owned()/>
                <input type="hidden" name="typed[id]" value=id.to_owned()/>
                <p class="reveal-words">{what_ends(at_stake)}</p>
                {reason.input("typed[reason]", "text", filled.typed.reason)}
                <button class="button-danger" type="submit">{words}</button>
            </form>
        },
    )
}

fn what_ends(at_stake: AtStake) -> String {
    let count = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(one.to_owned()),
        number => Some(format!("{number} {many}")),
    };
    let taken = count(at_stake.grants, "one person's access is taken away", "accesses are taken away");
    let denied = count(at_stake.requests, "one pending request is denied", "pending requests are denied");
    let ends: Vec<String> = taken.into_iter().chain(denied).collect();
    if ends.is_empty() {
        "Nobody holds it or waits for it. Its history stays.".to_owned()
    } else {
        format!("It cannot be taken back: {}. The history stays.", ends.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleting_says_beforehand_what_it_ends() {
        assert_eq!(what_ends(AtStake::default()), "Nobody holds it or waits for it. Its history stays.");
        assert_eq!(
            what_ends(AtStake { grants: 1, requests: 2 }),
            "It cannot be taken back: one person's access is taken away, 2 pending requests are denied. The history stays."
        );
    }
}
