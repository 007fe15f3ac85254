//! Beside the request form: who decides, the limit and its source, the usual time.

use domain::policy::Deciders;
use leptos::prelude::*;

use crate::backend::{RequestForm, RequestFormItem};
use crate::components::deciders::deciders;
use crate::components::time::Clock;

/// What will come of the request.
pub(crate) fn preview(clock: Clock, form: &RequestForm) -> AnyView {
    let renewal = form.renewal.as_ref().map(|renewal| {
        view! {
            <div>
                <dt>"Continues"</dt>
                <dd>"from " {clock.short(renewal.starts_at)} ", held since " {clock.short(renewal.held_since)}</dd>
            </div>
        }
    });
    let limit = match &form.limit {
        Some(limit) => view! {
            {limit.max.to_string()} <span class="quiet">{format!(" · {}", limit.source)}</span>
        }
        .into_any(),
        None => "No limit; an end is still needed.".into_any(),
    };
    view! {
        <h2 class="heading">"What will come of it"</h2>
        <dl class="facts">
            <div><dt>"Who decides"</dt><dd>{who(form)}</dd></div>
            <div><dt>"At most"</dt><dd>{limit}</dd></div>
            {usual(form)}
            {renewal}
        </dl>
        <p class="quiet preview-note">"The time starts when the access opens. You can end it earlier yourself at any time."</p>
    }
    .into_any()
}

fn who(form: &RequestForm) -> AnyView {
    let mut groups: Vec<(&Deciders, Vec<&RequestFormItem>)> = Vec::new();
    for item in &form.items {
        match groups.iter_mut().find(|(deciders, _)| **deciders == item.deciders) {
            Some((_, items)) => items.push(item),
            None => groups.push((&item.deciders, vec![item])),
        }
    }
    let is_one = groups.len() == 1;
    groups
        .into_iter()
        .map(|(who, items)| {
            let names: Vec<String> =
                items.iter().map(|item| format!("{} on {}", item.entitlement, item.resource)).collect();
            let about = (!is_one).then(|| view! { <p class="quiet">{names.join(", ")}</p> });
            view! { <div class="preview-group">{about} {deciders(who)}</div> }
        })
        .collect_view()
        .into_any()
}

/// The longest of the usual times: all of it is there only then.
fn usual(form: &RequestForm) -> Option<AnyView> {
    let slowest = form.items.iter().filter_map(|item| item.usual).max_by_key(|usual| usual.median)?;
    let view = view! {
        <div>
            <dt>"Usually takes"</dt>
            <dd>{slowest.median.to_string()} <span class="quiet">{format!(" · over the last {} decisions", slowest.decisions)}</span></dd>
        </div>
    };
    Some(view.into_any())
}
