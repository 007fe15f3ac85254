//! How alerts went: which rules say too much that is false, and where things happen.

use domain::local_time;
use leptos::prelude::*;

use crate::address;
use crate::backend::{AlertTrend, TREND_WEEKS};
use crate::components::empty::empty_with;
use crate::components::head::{crumb, head, section};
use crate::components::number::thousands;
use crate::desk::{Page, page};
use crate::frame::Place;
use crate::routes;

/// The page of it.
#[component]
pub fn Trends() -> impl IntoView {
    page(Place::Alerts, |desk| async move {
        let trends = desk.backend.alerts.trends(&desk.caller).await?;
        let whose = if desk.sees_all() { "" } else { " on what you own or was handed to you" };
        let more = if trends.is_more { " Of more than 10,000, the newest." } else { "" };
        let lead = format!("The alerts{whose} of the last {TREND_WEEKS} weeks, the most first.{more}");
        let body = if trends.rules.is_empty() {
            empty_with(
                "No alerts",
                "Nothing out of the ordinary was found in these weeks.",
                Some((routes::ALERT_RULES.to_owned(), "What is watched".to_owned())),
            )
        } else {
            let rules = trends.rules.iter().map(|one| row(one, "rule")).collect_view();
            let resources = trends.resources.iter().map(|one| row(one, "resource")).collect_view();
            let resources = (!trends.resources.is_empty())
                .then(|| section("resources", "By resource", view! { <ul class="rows">{resources}</ul> }));
            view! { {section("rules", "By rule", view! { <ul class="rows">{rules}</ul> })} {resources} }
                .into_any()
        };
        Ok(Page::new(
            "How alerts went",
            view! { {crumb(routes::ALERTS, "Alerts")} {head("How alerts went", lead, None)} {body} },
        ))
    })
}

fn row(trend: &AlertTrend, field: &'static str) -> AnyView {
    let name = match &trend.address {
        Some(value) => {
            let path = address::with_all(routes::ALERTS, &[("state", "all"), (field, value)]);
            view! { <a class="row-cover" href=path>{trend.name.clone()}</a> }.into_any()
        }
        None => view! { {trend.name.clone()} <span class="quiet">", which is deleted"</span> }.into_any(),
    };
    let noisy = trend.is_noisy.then(|| view! { <span class="tag">"mostly false"</span> });
    view! {
        <li class="row row-link">
            <div class="row-main">
                <p class="row-title">{name} " " {noisy}</p>
                <p class="row-sub">{became(trend)}</p>
            </div>
            <div class="trend">{bars(&trend.weeks)}</div>
        </li>
    }
    .into_any()
}

/// “12 alerts · 4 wait · 3 of 8 resolved were false (38 %) · looked at after 2 hours”.
fn became(trend: &AlertTrend) -> String {
    let raised = trend.unresolved + trend.resolved;
    let mut parts = vec![match raised {
        1 => "one alert".to_owned(),
        count => format!("{} alerts", thousands(count)),
    }];
    if trend.unresolved > 0 {
        parts.push(format!("{} unresolved", thousands(trend.unresolved)));
    }
    if let Some(share) = (trend.found_false * 100 + trend.resolved / 2).checked_div(trend.resolved) {
        let (found_false, resolved) = (thousands(trend.found_false), thousands(trend.resolved));
        parts.push(format!("{found_false} of {resolved} resolved were false ({share} %)"));
    }
    if let Some(seconds) = trend.looked_at_seconds {
        let length = local_time::length(seconds).unwrap_or_else(|| "less than a minute".to_owned());
        parts.push(format!("half of those looked at, within {length}"));
    }
    parts.join(" · ")
}

/// A bar a week, oldest first.
fn bars(weeks: &[usize; TREND_WEEKS]) -> AnyView {
    let most = weeks.iter().copied().max().unwrap_or_default().max(1);
    let bars = weeks
        .iter()
        .enumerate()
        .map(|(index, count)| {
            // What is there at all is seen.
            let height = if *count == 0 { 1 } else { (count * 24).div_ceil(most).max(3) };
            view! { <rect x=(index * 8).to_string() y=(24 - height).to_string() width="6" height=height.to_string()/> }
        })
        .collect_view();
    let words = weeks.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let words = format!("Alerts a week, oldest first: {words}");
    view! { <svg class="trend-bars" viewBox="0 0 94 24" role="img" aria-label=words>{bars}</svg> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_alerts_is_said_as_far_as_there_is_something_to_say() {
        let trend = AlertTrend {
            address: None,
            name: "Use".into(),
            weeks: [0; TREND_WEEKS],
            unresolved: 1,
            resolved: 0,
            found_false: 0,
            is_noisy: false,
            looked_at_seconds: None,
        };
        assert_eq!(became(&trend), "one alert · 1 unresolved");
        let trend = AlertTrend {
            unresolved: 4,
            resolved: 8,
            found_false: 3,
            looked_at_seconds: Some(7_300),
            ..trend
        };
        let said = "12 alerts · 4 unresolved · 3 of 8 resolved were false (38 %) · half of those looked at, within 2 hours";
        assert_eq!(became(&trend), said);
    }
}
