//! Access that was had: until when, how that is known, and by whose decision.

use domain::grant::{Cause, Removal, RemovalKnown};
use domain::holding::{Closed, Decided, Holding};
use domain::person::PersonRef;
use leptos::prelude::*;

use super::number::thousands;
use super::person::person;
use super::tag;
use super::time::Clock;
use crate::routes;

/// “time ran out”, “given back”.
pub fn why(why: Removal) -> &'static str {
    match why {
        Removal::TimeRanOut => "its time ran out",
        Removal::Revoked(cause) => match cause {
            Cause::Holder => "given back",
            Cause::Owner => "taken away by an owner",
            Cause::Administrator => "taken away by an administrator",
            Cause::Leaver => "taken away: they left",
            Cause::Suspended => "taken away: they were suspended",
            Cause::ResourceDeleted => "taken away: it was deleted",
            Cause::LimitLowered => "taken away: the limit was lowered",
            Cause::NotRecorded => "taken away; why is not recorded",
        },
    }
}

/// How the removal is known.
pub fn known(closed: &Closed) -> String {
    match (closed.known, &closed.attested_by) {
        (Some(RemovalKnown::Verified), _) => "read back at the target".to_owned(),
        (Some(RemovalKnown::StillHeld), _) => "still held through other access".to_owned(),
        (Some(RemovalKnown::Attested), Some(name)) => format!("attested by {name}"),
        (Some(RemovalKnown::Attested), None) => "attested".to_owned(),
        (Some(RemovalKnown::NeverActive), _) => "it never was open".to_owned(),
        (Some(RemovalKnown::NotRecorded) | None, _) => "not recorded".to_owned(),
    }
}

/// When it ended and why; of what is held still, when it is to end.
pub fn until(clock: Clock, holding: &Holding) -> AnyView {
    match (&holding.closed, holding.ends_at) {
        (Some(closed), _) => {
            view! { {clock.short(closed.at)} <span class="ledger-sub">{why(closed.why)}</span> }.into_any()
        }
        (None, Some(end)) => {
            view! { "held still" <span class="ledger-sub">"to end " {clock.short(end)}</span> }.into_any()
        }
        (None, None) => view! { "held still" <span class="ledger-sub">"no end is known"</span> }.into_any(),
    }
}

/// Who approved it, with the request where the reader may see that.
pub fn approval(holding: &Holding, sees_request: bool) -> AnyView {
    let request = holding.request.filter(|_| sees_request).map(|id| {
        view! { <span class="ledger-sub"><a href=format!("{}/{id}", routes::REQUESTS)>"the request"</a></span> }
    });
    let by = match &holding.decided {
        _ if holding.is_imported => {
            view! { {tag::imported()} <span class="ledger-sub">"no decision is recorded"</span> }.into_any()
        }
        Some(Decided { by: Some(id), name, .. }) => person(&PersonRef { id: *id, name: name.clone() }),
        Some(decided) => decided.name.clone().into_any(),
        None => view! { <span class="quiet">"not recorded"</span> }.into_any(),
    };
    view! { {by} {request} }.into_any()
}

/// “*read* on **payments-prod**”, leading to the resource where there is one still.
pub fn access(holding: &Holding, resource_slug: Option<&str>) -> AnyView {
    let about = &holding.about;
    let resource = about.resource.clone().unwrap_or_default();
    let resource = match resource_slug {
        Some(slug) => {
            view! { <a class="what-resource" href=routes::resource(slug)>{resource}</a> }.into_any()
        }
        None => view! { <strong class="what-resource">{resource}</strong> }.into_any(),
    };
    view! {
        <span class="what"><em class="what-entitlement">{about.entitlement.clone().unwrap_or_default()}</em> " on " {resource}</span>
        <span class="ledger-sub">{about.system.clone().unwrap_or_default()}</span>
    }
    .into_any()
}

/// From how much of the book who held what was read.
pub fn read_from(read_to: usize, unread: usize) -> String {
    let read = format!("Read from the first {} events of the book.", thousands(read_to));
    match unread {
        0 => read,
        count => format!("{read} {} newer ones are about to be read.", thousands(count)),
    }
}
