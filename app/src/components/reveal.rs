//! A step that is taken twice: the first press shows what will happen, the second does it.

use leptos::prelude::*;

/// Words on a quiet button that open `body`, which holds the form with the second press.
pub fn reveal(words: impl IntoView + 'static, is_open: bool, body: impl IntoView + 'static) -> AnyView {
    view! {
        <details class="reveal" open=is_open>
            <summary class="button-quiet reveal-summary">{words}</summary>
            <div class="reveal-body">{body}</div>
        </details>
    }
    .into_any()
}
