//! One resource: what can be held on it, who decides, who holds it.

use domain::audit::query::value_text;
use leptos::prelude::*;

use super::grant_forms;
use crate::address;
use crate::backend::{EntitlementView, Holder, Holders, ResourceView};
use crate::components::banner;
use crate::components::deciders::deciders;
use crate::components::empty::empty;
use crate::components::head::{crumb, head};
use crate::components::icon::{Icon, icon};
use crate::components::number::{counted, thousands};
use crate::components::person::{people, person_with_circle};
use crate::components::tag;
use crate::desk::{Desk, Page, page};
use crate::frame::Place;
use crate::routes;

/// A resource's page.
#[component]
pub fn Resource() -> impl IntoView {
    page(Place::Catalogue, |desk| async move {
        let resource = desk.backend.catalogue.resource(&desk.caller, &desk.param("resource")).await?;
        let entitlements = if resource.entitlements.is_empty() {
            empty("Nothing to ask for", "No entitlement is set up here, or none that you may see.", None)
        } else {
            let all = resource.entitlements.iter().map(|e| entitlement(&desk, &resource, e)).collect_view();
            view! { <div class="entitlements">{all}</div> }.into_any()
        };
        let body = view! {
            {crumb(routes::CATALOGUE, "Catalogue")}
            {head(resource.name.clone(), lead(&resource), edit(&resource))}
            {unowned(&resource)}
            {about(&resource)}
            {unconfirmed(&desk, &resource)}
            {uncovered(&desk, &resource)}
            {account_missing(&resource)}
            {entitlements}
            {as_of(&resource)}
        };
        Ok(Page::new(resource.name.clone(), body))
    })
}

/// For those who see who holds what.
fn as_of(resource: &ResourceView) -> Option<AnyView> {
    let path = routes::resource_as_of(&resource.slug);
    let link = || {
        view! {
            <p class="after">
                <a class="quiet-link" href=path>{icon(Icon::Clock)} "Who had access on another day"</a>
                " · "
                <a class="quiet-link" href=routes::REPORT>"Access report of a period"</a>
            </p>
        }
        .into_any()
    };
    resource.usage.is_some().then(link)
}

/// For those who look after it.
fn edit(resource: &ResourceView) -> Option<AnyView> {
    let links = view! {
        <a class="button-quiet" href=routes::resource_edit(&resource.slug)>"Edit"</a>
        " "
        <a class="button-quiet" href=routes::entitlement_edit(&resource.slug, "")>"Add an entitlement"</a>
    };
    resource.may_edit.then(|| links.into_any())
}

fn lead(resource: &ResourceView) -> AnyView {
    let system = address::with(routes::CATALOGUE, "system", &resource.system_slug);
    let environment = (!resource.environment.is_empty()).then(|| tag::plain(&resource.environment));
    let tags = resource
        .tags
        .iter()
        .map(|word| {
            let path = address::with(routes::CATALOGUE, "tag", word);
            view! { <a class="tag tag-link" href=path>{word.clone()}</a> }
        })
        .collect_view();
    view! {
        <span class="standing">
            <a href=system>{resource.system.clone()}</a> {environment} {tag::sensitivity(resource.sensitivity)} {tags}
        </span>
    }
    .into_any()
}

/// For those who may change it: what here has lost its owners.
fn unowned(resource: &ResourceView) -> Option<AnyView> {
    if resource.unowned.is_empty() {
        return None;
    }
    let lines = resource
        .unowned
        .iter()
        .map(|one| {
            let who = one.owned_by.join(", ");
            view! { <p>{format!("{} has lost its last owner ({who}), so the next level decides. Give it another one.", one.label)}</p> }
        })
        .collect_view();
    Some(banner::warning(lines))
}

fn about(resource: &ResourceView) -> AnyView {
    let description =
        (!resource.description.is_empty()).then(|| view! { <p>{resource.description.clone()}</p> });
    let owners = (!resource.owners.is_empty())
        .then(|| view! { <p class="quiet">"Owned by " {people(&resource.owners)} "."</p> });
    let manual = resource.is_manual.then(|| {
        view! { <p class="quiet">"Its owners open and close access by hand, so it can take a little longer."</p> }
    });
    view! { <div class="about">{description} {owners} {manual}</div> }.into_any()
}

/// Flagged for good: nobody else looked at these before they held.
fn unconfirmed(desk: &Desk, resource: &ResourceView) -> Option<AnyView> {
    let rows = resource
        .unconfirmed
        .iter()
        .map(|one| {
            view! {
                <li>{one.of.clone()} ": " {one.what.clone()} ", by " {one.by.clone()} ", " {desk.clock().short(one.since)}</li>
            }
        })
        .collect_view();
    let list = view! {
        <p>"Rules were loosened here without a second person."</p>
        <ul class="banner-list">{rows}</ul>
    };
    (!resource.unconfirmed.is_empty()).then(|| banner::warning(list))
}

fn entitlement(desk: &Desk, resource: &ResourceView, entitlement: &EntitlementView) -> AnyView {
    let purpose = (!entitlement.purpose.is_empty())
        .then(|| view! { <p class="purpose">{entitlement.purpose.clone()}</p> });
    let edit = entitlement.may_edit.then(|| {
        let path = routes::entitlement_edit(&resource.slug, &entitlement.id.to_string());
        view! { <p class="quiet"><a href=path>"Edit " {entitlement.name.clone()} " and its rules"</a></p> }
    });
    view! {
        <section class="entitlement" aria-label=entitlement.name.clone()>
            <div class="entitlement-head">
                <div>
                    <h2 class="entitlement-name">{entitlement.name.clone()}</h2>
                    {purpose}
                </div>
                {ask(resource, entitlement)}
            </div>
            {mine(desk, entitlement)}
            <dl class="facts facts-wide">
                <div><dt>"Who decides"</dt><dd>{deciders(&entitlement.deciders)}</dd></div>
                <div><dt>"At most"</dt><dd>{limit(entitlement)}</dd></div>
                {entitlement.usual.map(|usual| {
                    let over = if usual.decisions == 1 { "one decision".to_owned() } else { format!("the last {} decisions", usual.decisions) };
                    view! {
                        <div>
                            <dt>"Usually decided in"</dt>
                            <dd>{usual.median.to_string()} <span class="quiet">{format!(" · over {over}")}</span></dd>
                        </div>
                    }
                })}
                <div><dt>"Who holds it"</dt><dd>{holders(&entitlement.holders)}</dd></div>
                {used_by(resource, entitlement)}
            </dl>
            {named_holders(desk, resource, &entitlement.holders)}
            {edit}
        </section>
    }
    .into_any()
}

/// For those who see who holds what: whether they need it.
fn used_by(resource: &ResourceView, entitlement: &EntitlementView) -> Option<AnyView> {
    let (usage, used) = (resource.usage.as_ref()?, entitlement.used.as_ref()?);
    let words = if usage.is_reported {
        let (users, holders) = (thousands(used.users), thousands(used.holders));
        let whom = if used.holders == 1 { "holder" } else { "holders" };
        format!("by {users} of {holders} {whom} in the last 90 days")
    } else {
        "no source reports use here".to_owned()
    };
    Some(view! { <div><dt>"Used"</dt><dd>{words}</dd></div> }.into_any())
}

/// For those who see who holds what: what was done here without access that stands in the book.
fn uncovered(desk: &Desk, resource: &ResourceView) -> Option<AnyView> {
    let usage = resource.usage.as_ref().filter(|usage| usage.uncovered > 0)?;
    let query = format!("resource:{} covered:no", value_text(&resource.name));
    let path = address::with(routes::AUDIT, "q", &query);
    // To others the book shows only what concerns themselves.
    let see = desk.sees_all().then(|| view! { <a href=path>"See what"</a> });
    let times = match (usage.uncovered, usage.is_more) {
        (1, false) => "Once".to_owned(),
        (count, is_more) => format!("{} times", counted(count, is_more)),
    };
    Some(banner::warning(view! {
        <p>{times} " in the last 90 days, something was done here that no grant covers. " {see}</p>
    }))
}

/// Once for all that stands here.
fn account_missing(resource: &ResourceView) -> Option<AnyView> {
    let is_missing = resource.entitlements.iter().any(|entitlement| entitlement.account_missing);
    is_missing.then(|| {
        banner::warning(format!(
            "You have no account on {} yet, so access could not be opened. An administrator can set one.",
            resource.system
        ))
    })
}

fn ask(resource: &ResourceView, entitlement: &EntitlementView) -> AnyView {
    let whose = format!(" {} on {}", entitlement.name, resource.name);
    match (entitlement.pending, &entitlement.mine) {
        (Some(request), _) => {
            let path = format!("{}/{request}", routes::REQUESTS);
            view! { <a class="button-quiet" href=path>"See your request"<span class="sr-only">" for" {whose}</span></a> }
                .into_any()
        }
        (None, Some(mine)) => {
            let path = address::with(routes::REQUEST_FORM, "renew", &mine.grant.to_string());
            view! { <a class="button-quiet" href=path>"Renew"<span class="sr-only">{whose}</span></a> }
                .into_any()
        }
        (None, None) => {
            let path = address::with(routes::REQUEST_FORM, "entitlement", &entitlement.id.to_string());
            let class = if entitlement.account_missing { "button-quiet" } else { "button" };
            view! { <a class=class href=path>"Request"<span class="sr-only">{whose}</span></a> }.into_any()
        }
    }
}

fn limit(entitlement: &EntitlementView) -> AnyView {
    match &entitlement.limit {
        Some(limit) => view! {
            {limit.max.to_string()} <span class="quiet">{format!(" · {}", limit.source)}</span>
        }
        .into_any(),
        None => "as long as you say, with an end".into_any(),
    }
}

fn mine(desk: &Desk, entitlement: &EntitlementView) -> Option<AnyView> {
    let mine = entitlement.mine.as_ref()?;
    let until = mine.until.map(|until| view! { " until " {desk.clock().short(until)} });
    let line = view! {
        <p class="mine">{icon(Icon::Check)} <span>"You hold this" {until} "."</span> {tag::state(&mine.state)}</p>
    };
    Some(line.into_any())
}

fn holders(holders: &Holders) -> String {
    match holders {
        Holders::Named(all) => match all.len() {
            0 => "nobody".to_owned(),
            1 => "one person".to_owned(),
            count => format!("{} people", thousands(count)),
        },
        Holders::Count(count) => format!("{} people", thousands(*count)),
        Holders::FewerThanFive => "fewer than five people".to_owned(),
    }
}

fn named_holders(desk: &Desk, resource: &ResourceView, holders: &Holders) -> Option<AnyView> {
    let Holders::Named(all) = holders else { return None };
    if all.is_empty() {
        return None;
    }
    let has_draft = desk.draft.as_ref().is_some_and(|draft| draft.form == "revoke");
    let rows = all.iter().map(|one| holder(desk, resource.may_revoke, one)).collect_view();
    let list = view! {
        <details class="fold" open=has_draft>
            <summary>"Holders by name"</summary>
            <ul class="rows rows-tight">{rows}</ul>
        </details>
    };
    Some(list.into_any())
}

fn holder(desk: &Desk, may_revoke: bool, holder: &Holder) -> AnyView {
    let until = match holder.until {
        Some(until) => view! { "until " {desk.clock().short(until)} }.into_any(),
        None if holder.state == "active" => "without an end".into_any(),
        None => ().into_any(),
    };
    let is_self = holder.person.id == desk.caller.id();
    let revoke = (may_revoke && !is_self && grant_forms::can_end(&holder.state))
        .then(|| grant_forms::revoke(desk, holder.grant, &holder.person.name));
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title">{person_with_circle(&holder.person)} {tag::state(&holder.state)}</p>
            </div>
            <div class="row-time"><p class="left-words">{until}</p></div>
            <div class="row-actions">{revoke}</div>
        </li>
    }
    .into_any()
}
