//! One alert: the sentence, what to do, what it is made of, and what became of it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::alert::question::Answer as Answered;
use domain::alert::{State, Verdict};
use domain::audit::query::value_text;
use domain::local_time;
use leptos::prelude::*;

use super::alert_forms::forms;
use super::alert_rows::{alert_rows, often};
use super::audit_rows::evidence_rows;
use crate::address;
use crate::backend::{AlertRule, AlertStep, AlertView, Ways};
use crate::components::head::{crumb, head, section};
use crate::components::number::thousands;
use crate::components::person::{people, person, person_with_circle};
use crate::components::tag;
use crate::components::thread::{Mark, Step, thread};
use crate::components::time::Clock;
use crate::components::used::under_grant;
use crate::desk::{Desk, Page, page};
use crate::frame::Place;
use crate::routes;

/// An alert's page.
#[component]
pub fn Alert() -> impl IntoView {
    page(Place::Alerts, |desk| async move {
        let alert = desk.backend.alerts.show(&desk.caller, desk.id("id")?).await?;
        let ways = match alert.hindrance {
            None => desk.backend.acting.ways(&desk.caller, alert.row.id).await?,
            Some(_) => Ways::default(),
        };
        let similar = (!alert.similar.is_empty())
            .then(|| section("similar", "Similar ones before", alert_rows(desk.clock(), &alert.similar)));
        let body = view! {
            {crumb(routes::ALERTS, "Alerts")}
            {head(alert.row.sentence.clone(), standing(desk.clock(), &alert), None)}
            <div class="split">
                <div class="split-main">
                    {section("todo", "What to do", what_to_do(&desk, &alert, &ways))}
                    {section("evidence", "What it is made of", evidence(&desk, &alert))}
                    {section("thread", "What became of it", steps(desk.clock(), &alert))}
                    {similar}
                    {alert.rule.as_ref().map(about_rule)}
                </div>
                <aside class="split-side" aria-label="Details">{facts(&desk, &alert)}</aside>
            </div>
        };
        Ok(Page::new(alert.row.sentence.clone(), body))
    })
}

fn standing(clock: Clock, alert: &AlertView) -> AnyView {
    let row = &alert.row;
    let rule = match &alert.rule {
        Some(rule) => view! { <a href=routes::alert_rule(&rule.name)>{row.title.clone()}</a> }.into_any(),
        None => row.title.clone().into_any(),
    };
    let late = alert.late_seconds.map(|seconds| {
        let late = local_time::length(seconds).unwrap_or_else(|| "less than a minute".to_owned());
        view! { <span>"came in " {late} " late"</span> }
    });
    view! {
        <span class="standing">
            {tag::severity(row.severity)} {tag::alert(row.state)} {row.is_overdue.then(tag::overdue)} <span>{rule}</span> <span>{often(clock, row)}</span> {late}
        </span>
    }
    .into_any()
}

fn what_to_do(desk: &Desk, alert: &AlertView, ways: &Ways) -> AnyView {
    let action = alert.rule.as_ref().map(|rule| view! { <p class="alert-words">{rule.action.clone()}</p> });
    let places = places(desk, alert);
    view! { {action} {places} {forms(desk, alert, ways)} }.into_any()
}

/// The pages where one acts on what is behind it.
fn places(desk: &Desk, alert: &AlertView) -> Option<AnyView> {
    let request = alert.request.map(|id| {
        let path = format!("{}/{id}", routes::REQUESTS);
        view! { <li><a href=path>"The request behind the access"</a></li> }
    });
    let grant = alert.grant.filter(|_| desk.sees_all()).map(|id| {
        view! { <li><a href=under_grant(id)>"What was done with this access"</a></li> }
    });
    let whose = alert.person.as_ref().map(|person| {
        let path = crate::components::person::path(person);
        view! { <li><a href=path>{format!("What {} holds", person.name)}</a></li> }
    });
    let resource = alert.resource_slug.as_deref().zip(alert.about.resource.as_deref()).map(|(slug, name)| {
        view! { <li><a href=routes::resource(slug)>{format!("What can be held on {name}")}</a></li> }
    });
    let is_any = request.is_some() || grant.is_some() || whose.is_some() || resource.is_some();
    is_any.then(|| {
        view! { <ul class="links alert-places">{request} {grant} {whose} {resource}</ul> }.into_any()
    })
}

fn evidence(desk: &Desk, alert: &AlertView) -> AnyView {
    let shown = alert.evidence.len();
    let gone = (alert.gone > 0).then(|| {
        let words = match alert.gone {
            1 => "One of its events was kept long enough and let go; what the alert says of it stays."
                .to_owned(),
            count => format!(
                "{} of its events were kept long enough and let go; what the alert says of them stays.",
                thousands(count)
            ),
        };
        view! { <p class="quiet">{words}</p> }
    });
    let is_nothing = shown + alert.gone == 0;
    let nothing = is_nothing
        .then(|| view! { <p class="quiet">"No single event is behind it: it is how things stand."</p> });
    let more = alert.row.times.saturating_sub(shown + alert.gone);
    let all = audit_search(desk.clock(), alert);
    let more = (more > 0 && !is_nothing).then(|| {
        let words = format!("and {} more", thousands(more));
        let way = all.map(|path| view! { " · " <a href=path>"Look for them in the audit"</a> });
        view! { <p class="quiet alert-note">{words} {way}</p> }
    });
    let rows = evidence_rows(desk.clock(), alert.evidence.iter().map(|one| (&one.event, one.is_open)));
    view! { {gone} {nothing} {rows} {more} }.into_any()
}

/// The search that shows all of it, as far as who and where say so.
fn audit_search(clock: Clock, alert: &AlertView) -> Option<String> {
    let time = |at: DateTime<Utc>| at.with_timezone(&clock.zone).format("%Y-%m-%dT%H:%M:%S").to_string();
    let term = |field: &str, name: &str| format!("{field}:={}", value_text(name));
    let person = alert.person.as_ref().map(|person| term("person", &person.name));
    let about = &alert.about;
    let place = about.resource.as_deref().map(|name| term("resource", name));
    let place = place.or_else(|| about.system.as_deref().map(|name| term("system", name)));
    if person.is_none() && place.is_none() {
        return None;
    }
    let until = alert.row.last_at + TimeDelta::seconds(1);
    let during = format!("during:{}..{}", time(alert.row.first_at), time(until));
    let terms: Vec<String> = [person, place, Some(during)].into_iter().flatten().collect();
    Some(address::with(routes::AUDIT, "q", &terms.join(" ")))
}

fn steps(clock: Clock, alert: &AlertView) -> AnyView {
    let mut steps: Vec<Step> = alert.steps.iter().map(|step| past(clock, step)).collect();
    let waits = match alert.row.state {
        State::Open => Some("waits for somebody to look at it"),
        State::Acknowledged => Some("waits for an answer"),
        State::Resolved { .. } => None,
    };
    steps.extend(waits.map(|words| Step {
        mark: Mark::Now,
        sentence: view! { {words} <span class="step-below">{keepers(alert)}</span> }.into_any(),
        when: None,
        said: None,
    }));
    if let State::Resolved { verdict: Verdict::Accepted { until }, .. } = alert.row.state
        && until > clock.now
    {
        steps.push(Step {
            mark: Mark::Next,
            sentence: "opens again when the same happens after that".into_any(),
            when: Some(clock.short(until)),
            said: None,
        });
    }
    thread(steps)
}

fn keepers(alert: &AlertView) -> AnyView {
    match (alert.keepers.as_slice(), &alert.row.keeper) {
        ([], _) => "No owner can take care of it, so an administrator does.".into_any(),
        (all, _) if alert.is_assigned => view! { {people(all)} " takes care of it." }.into_any(),
        (_, Some(name)) => view! { {name.clone()} " has taken it up." }.into_any(),
        ([_], None) => view! { {people(&alert.keepers)} " owns what it is about." }.into_any(),
        (all, None) => view! { {people(all)} " own what it is about." }.into_any(),
    }
}

fn past(clock: Clock, step: &AlertStep) -> Step {
    let when = clock.short(step.at);
    let when = match step.event {
        Some(event) => view! { <a href=format!("{}/{event}", routes::AUDIT)>{when}</a> }.into_any(),
        None => when,
    };
    let (mark, what) = match (step.kind.as_str(), step.verdict) {
        ("raised", _) => (Mark::Done, "raised it".into_any()),
        ("acknowledged", _) => (Mark::Done, "took it up".into_any()),
        ("assigned", _) => {
            let to = step.to.as_ref().map(|to| view! { " to " {person(to)} });
            (Mark::Done, view! { "handed it over" {to} }.into_any())
        }
        ("commented", _) => (Mark::Done, "said".into_any()),
        ("revoked", _) => (Mark::Bad, format!("took away {}", done(step)).into_any()),
        ("suspended", _) => (Mark::Bad, format!("suspended {}", done(step)).into_any()),
        ("asked", _) => (Mark::Done, format!("asked {}", done(step)).into_any()),
        ("answered", _) => match step.what.as_deref().and_then(Answered::parse) {
            Some(Answered::NotMine) => (Mark::Bad, "answered that it was not them".into_any()),
            _ => (Mark::Done, "answered that it was them".into_any()),
        },
        ("escalated", _) => (Mark::Bad, "noted that nobody took it up in time".into_any()),
        ("reopened", _) => (Mark::Done, "opened it again: the same happened".into_any()),
        (_, Some(Verdict::True)) => (Mark::Bad, "found it true".into_any()),
        (_, Some(Verdict::False)) => (Mark::Done, "found it a false alarm".into_any()),
        (_, Some(Verdict::Accepted { until })) => {
            (Mark::Done, view! { "accepted it until " {clock.short(until)} }.into_any())
        }
        (_, None) => (Mark::Done, "resolved it".into_any()),
    };
    Step {
        mark,
        sentence: view! { {step.by_name.clone()} " " {what} }.into_any(),
        when: Some(when),
        said: step.words.clone(),
    }
}

fn done(step: &AlertStep) -> &str {
    step.what.as_deref().unwrap_or_default()
}

fn about_rule(rule: &AlertRule) -> AnyView {
    let path = routes::alert_rule(&rule.name);
    section(
        "rule",
        "Why this is an alert",
        view! {
            <p class="alert-words">{rule.meaning.clone()}</p>
            <p class="alert-words">{rule.why.clone()}</p>
            <p class="more"><a href=path>"About the rule"</a></p>
        },
    )
}

fn facts(desk: &Desk, alert: &AlertView) -> AnyView {
    let clock = desk.clock();
    let row = &alert.row;
    let whose = alert
        .person
        .as_ref()
        .map(|who| view! { <div><dt>"About"</dt><dd>{person_with_circle(who)}</dd></div> });
    let about = &alert.about;
    let resource = about.resource.clone().map(|name| {
        let name = match &alert.resource_slug {
            Some(slug) => view! { <a href=routes::resource(slug)>{name}</a> }.into_any(),
            None => view! { {name} <span class="quiet">", which is deleted"</span> }.into_any(),
        };
        view! { <div><dt>"On"</dt><dd>{about.entitlement.clone().map(|what| format!("{what} on "))} {name}</dd></div> }
    });
    let system = about.system.clone().map(|name| view! { <div><dt>"System"</dt><dd>{name}</dd></div> });
    let keepers = (!matches!(row.state, State::Resolved { .. }))
        .then(|| view! { <div><dt>"Takes care of it"</dt><dd>{keepers(alert)}</dd></div> });
    let once = row.first_at == row.last_at;
    let times = if once {
        view! { <div><dt>"Happened"</dt><dd>{clock.exact(row.first_at)}</dd></div> }.into_any()
    } else {
        view! {
            <div><dt>"First"</dt><dd>{clock.exact(row.first_at)}</dd></div>
            <div><dt>"Last"</dt><dd>{clock.exact(row.last_at)}</dd></div>
        }
        .into_any()
    };
    view! {
        <dl class="facts">
            {whose} {resource} {system} {keepers} {times}
            <div><dt>"Raised"</dt><dd>{clock.exact(row.raised_at)}</dd></div>
        </dl>
    }
    .into_any()
}
