//! What access is to: the entitlement on its resource.

use leptos::prelude::*;

use crate::backend::What;
use crate::routes;

/// “*read* on **payments-prod**”.
pub fn what(what: &What) -> AnyView {
    let path = format!("{}/{}", routes::CATALOGUE, what.resource_slug);
    view! {
        <span class="what">
            <em class="what-entitlement">{what.entitlement.clone()}</em>
            " on "
            <a class="what-resource" href=path>{what.resource.clone()}</a>
        </span>
    }
    .into_any()
}

/// The same without links, for inside a link.
pub fn what_plain(what: &What) -> AnyView {
    view! {
        <span class="what">
            <em class="what-entitlement">{what.entitlement.clone()}</em>
            " on "
            <strong class="what-resource">{what.resource.clone()}</strong>
        </span>
    }
    .into_any()
}

/// “read on payments-prod” as text.
pub fn what_text(what: &What) -> String {
    format!("{} on {}", what.entitlement, what.resource)
}
