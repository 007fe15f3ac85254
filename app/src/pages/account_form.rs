//! What somebody is called on the systems that the caller looks after.

use domain::person::PersonRef;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::{AccountRow, TypedAccount};
use crate::components::field::Field;
use crate::components::reveal::reveal;
use crate::components::select::select;
use crate::desk::Desk;
use crate::forms::editing::SetAccount;

/// The accounts, and the form that sets one; nothing where the caller looks after no system.
pub(super) fn set(desk: &Desk, who: &PersonRef, accounts: &[AccountRow]) -> Option<AnyView> {
    if accounts.is_empty() {
        return None;
    }
    let filled = desk.filled::<TypedAccount>();
    let known = accounts
        .iter()
        .filter(|account| !account.name.is_empty())
        .map(|account| {
            view! { <div><dt>{account.system.clone()}</dt><dd><code>{account.name.clone()}</code></dd></div> }
        })
        .collect_view();
    let systems =
        accounts.iter().map(|account| (account.system_id.clone(), account.system.clone())).collect();
    let form = view! {
        <form method="post" action=SetAccount::url()>
            <input type="hidden" name="typed[person]" value=who.id.to_string()/>
            {select(Field::new("system", "System").error(filled.error("system")), "typed[system]", &filled.typed.system, systems)}
            {Field::new("account", "Account")
                .hint("What they are called there. Left empty, they have none.")
                .error(filled.error("account"))
                .input("typed[account]", "text", filled.typed.account.clone())}
            <button class="button" type="submit">"Set the account"</button>
        </form>
    };
    Some(
        view! {
            <dl class="facts">{known}</dl>
            <div class="side-actions">{reveal("Set an account", filled.is_draft, form)}</div>
        }
        .into_any(),
    )
}
