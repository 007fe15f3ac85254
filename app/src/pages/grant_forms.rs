//! The two ways in which access ends before its time, each pressed twice.

use domain::id::GrantId;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::components::field::Field;
use crate::components::reveal::reveal;
use crate::desk::Desk;
use crate::forms::access::{GiveBack, Revoke, TypedRevoke};
use crate::forms::field_id;

/// “End my access”.
pub(crate) fn give_back(desk: &Desk, id: GrantId) -> AnyView {
    reveal(
        "End my access",
        false,
        view! {
            <form method="post" action=GiveBack::url()>
                <input type="hidden" name="typed[id]" value=id.to_string()/>
                <input type="hidden" name="typed[back]" value=desk.here.clone()/>
                <p class="reveal-words">"It closes now. To have it again, you ask again."</p>
                <button class="button-danger" type="submit">"End it now"</button>
            </form>
        },
    )
}

/// Whether access in this state can still be ended: what is being closed cannot.
pub(crate) fn can_end(state: &str) -> bool {
    !matches!(state, "ending" | "revoking" | "removal_failed")
}

/// “Take away”, with a reason.
pub(crate) fn revoke(desk: &Desk, id: GrantId, whose: &str) -> AnyView {
    let grant = id.to_string();
    let filled = desk.filled_where::<TypedRevoke>(|typed| typed.id == grant);
    let field = Field::new("reason", "Reason")
        .hint(format!("{whose} and the book will read it."))
        .error(filled.error("reason"));
    let field = if filled.is_draft { field } else { field.id(format!("{}-{grant}", field_id("reason"))) };
    reveal(
        view! { "Take away" <span class="sr-only">{format!(" from {whose}")}</span> },
        filled.is_draft,
        view! {
            <form method="post" action=Revoke::url()>
                <input type="hidden" name="typed[id]" value=grant/>
                <input type="hidden" name="typed[back]" value=desk.here.clone()/>
                {field.input("typed[reason]", "text", filled.typed.reason)}
                <button class="button-danger" type="submit">"Take it away now"</button>
            </form>
        },
    )
}
