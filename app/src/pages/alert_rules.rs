//! What is watched: every rule, and what came of it.

use leptos::prelude::*;

use super::alert_rows::alert_rows;
use crate::address;
use crate::backend::{AlertRule, AlertRuleView};
use crate::components::head::{crumb, crumb_to, head, section};
use crate::components::number::thousands;
use crate::components::tag;
use crate::desk::{Page, page};
use crate::frame::Place;
use crate::routes;

/// All rules.
#[component]
pub fn Rules() -> impl IntoView {
    page(Place::Alerts, |desk| async move {
        let rules = desk.backend.alerts.rules(&desk.caller).await?;
        let lead = format!(
            "{} rules read every event of the book. Numbers are of the last 30 days, as far as you see the alerts.",
            rules.len()
        );
        let rows = rules.iter().map(rule_row).collect_view();
        let body = view! {
            {crumb(routes::ALERTS, "Alerts")}
            {head("What is watched", lead, None)}
            <ul class="rows">{rows}</ul>
        };
        Ok(Page::new("What is watched", body))
    })
}

fn rule_row(rule: &AlertRule) -> AnyView {
    view! {
        <li class="row row-link alert-row">
            <div class="row-main">
                <p class="row-title"><a class="row-cover" href=routes::alert_rule(&rule.name)>{rule.title.clone()}</a></p>
                <p class="row-sub">{rule.meaning.clone()}</p>
            </div>
            <div class="row-kinds">{came_of_it(rule)}</div>
            <div class="row-tags alert-tags alert-tags-one">{tag::severity(rule.severity)}</div>
        </li>
    }
    .into_any()
}

/// “12 alerts, 3 of 8 resolved false (38 %)”.
fn came_of_it(rule: &AlertRule) -> String {
    let alerts = match rule.raised {
        0 => return "no alerts".to_owned(),
        1 => "one alert".to_owned(),
        count => format!("{} alerts", thousands(count)),
    };
    if rule.resolved == 0 {
        return format!("{alerts}, none resolved");
    }
    let share = (rule.found_false * 100 + rule.resolved / 2) / rule.resolved;
    format!(
        "{alerts}, {} of {} resolved false ({share} %)",
        thousands(rule.found_false),
        thousands(rule.resolved)
    )
}

/// One rule.
#[component]
pub fn Rule() -> impl IntoView {
    page(Place::Alerts, |desk| async move {
        let view = desk.backend.alerts.rule(&desk.caller, &desk.param("name")).await?;
        let rule = &view.rule;
        let latest = if view.latest.is_empty() {
            view! { <p class="quiet">"None that you may see."</p> }.into_any()
        } else {
            alert_rows(desk.clock(), &view.latest)
        };
        let all = address::with_all(routes::ALERTS, &[("state", "all"), ("rule", rule.name.as_str())]);
        let all = (!view.latest.is_empty()).then(
            || view! { <p class="more"><a class="button-quiet" href=all>"All alerts of this rule"</a></p> },
        );
        let body = view! {
            {crumb_to(routes::ALERT_RULES.to_owned(), "What is watched".to_owned())}
            {head(rule.title.clone(), rule.meaning.clone(), None)}
            <div class="split">
                <div class="split-main">
                    {section("why", "Why it matters", view! { <p class="alert-words">{rule.why.clone()}</p> })}
                    {section("action", "What to do", view! { <p class="alert-words">{rule.action.clone()}</p> })}
                    {wrong_when(rule)}
                    {section("latest", "Its latest alerts", view! { {latest} {all} })}
                    {source(&view)}
                </div>
                <aside class="split-side" aria-label="Details">{facts(rule)}</aside>
            </div>
        };
        Ok(Page::new(rule.title.clone(), body))
    })
}

fn wrong_when(rule: &AlertRule) -> Option<AnyView> {
    (!rule.wrong_when.is_empty()).then(|| {
        let lines = rule.wrong_when.iter().map(|line| view! { <li>{line.clone()}</li> }).collect_view();
        section("wrong", "When it is wrong", view! { <ul class="lines alert-words">{lines}</ul> })
    })
}

fn source(view: &AlertRuleView) -> AnyView {
    view! {
        <details class="fold section">
            <summary>"The rule as it is written, in Sigma"</summary>
            <pre class="json" tabindex="0"><code>{view.source.clone()}</code></pre>
        </details>
    }
    .into_any()
}

fn facts(rule: &AlertRule) -> AnyView {
    let controls = rule.controls.iter().map(|control| view! { <li>{control.clone()}</li> }).collect_view();
    let of_resource = rule
        .severity_of_resource
        .then(|| view! { <span class="quiet">"or as the resource is sensitive, if that is more"</span> });
    view! {
        <dl class="facts">
            <div><dt>"Severity"</dt><dd>{tag::severity(rule.severity)} " " {of_resource}</dd></div>
            <div><dt>"In the last 30 days"</dt><dd>{came_of_it(rule)}</dd></div>
            <div><dt>"Supports"</dt><dd><ul class="lines">{controls}</ul></dd></div>
            <div><dt>"Name"</dt><dd><code class="break">{rule.name.clone()}</code></dd></div>
        </dl>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::alert::Severity;

    #[test]
    fn the_share_of_false_ones_is_of_those_that_are_resolved() {
        let rule = |raised, resolved, found_false| AlertRule {
            name: "r".into(),
            title: "R".into(),
            severity: Severity::Low,
            severity_of_resource: false,
            meaning: String::new(),
            why: String::new(),
            action: String::new(),
            wrong_when: Vec::new(),
            controls: Vec::new(),
            raised,
            resolved,
            found_false,
        };
        assert_eq!(came_of_it(&rule(0, 0, 0)), "no alerts");
        assert_eq!(came_of_it(&rule(1, 0, 0)), "one alert, none resolved");
        assert_eq!(came_of_it(&rule(12, 8, 3)), "12 alerts, 3 of 8 resolved false (38 %)");
    }
}
