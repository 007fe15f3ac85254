//! Single keys in the queue of approvals, only while the queue has the focus.

use leptos::prelude::*;

/// Around the list of the queue.
#[island]
pub fn QueueKeys(children: Children) -> impl IntoView {
    view! { <div class="queue-keys">{children()}</div> }
}
