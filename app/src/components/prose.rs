//! What somebody wrote: quoted as written, line breaks kept, a long one folded with a way to read on.

use leptos::prelude::*;

/// More characters than this are folded.
const FOLD_OVER_CHARS: usize = 600;

/// A quotation.
pub fn said(text: &str) -> AnyView {
    if text.chars().count() <= FOLD_OVER_CHARS {
        return view! { <blockquote class="said">{text.to_owned()}</blockquote> }.into_any();
    }
    let start: String = text.chars().take(FOLD_OVER_CHARS / 2).collect();
    view! {
        <details class="said-long">
            <summary>
                <span class="said said-start">{start} "…"</span>
                <span class="said-more">"Read all of it"</span>
            </summary>
            <blockquote class="said">{text.to_owned()}</blockquote>
        </details>
    }
    .into_any()
}
