//! The top of a page: a title, one line, at most one primary action; and headings inside.

use leptos::prelude::*;

/// A title that is a sentence or a name, and one line that says what stands here.
pub fn head(
    title: impl IntoView + 'static,
    lead: impl IntoView + 'static,
    action: Option<AnyView>,
) -> AnyView {
    view! {
        <header class="head">
            <div class="head-words">
                <h1 class="title">{title}</h1>
                <div class="lead">{lead}</div>
            </div>
            {action.map(|action| view! { <div class="head-action">{action}</div> })}
        </header>
    }
    .into_any()
}

/// Where this page belongs, above its title.
pub fn crumb(path: &'static str, words: &'static str) -> AnyView {
    crumb_to(path.to_owned(), words.to_owned())
}

/// The same where it belongs to one of many.
pub fn crumb_to(path: String, words: String) -> AnyView {
    view! {
        <nav class="crumb" aria-label="Breadcrumb">
            <a href=path>{super::icon::icon(super::icon::Icon::Left)} {words}</a>
        </nav>
    }
    .into_any()
}

/// A section with its heading.
pub fn section(id: &'static str, heading: impl IntoView + 'static, body: impl IntoView + 'static) -> AnyView {
    view! {
        <section class="section" aria-labelledby=id>
            <h2 class="heading" id=id>{heading}</h2>
            {body}
        </section>
    }
    .into_any()
}
