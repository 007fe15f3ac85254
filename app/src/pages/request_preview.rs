//! Beside the request form: who decides, the limit and its source, the usual time.

use chrono_tz::Tz;
use domain::local_time::{self, BareDate};
use domain::policy::Deciders;
use domain::request::{Term, Window};
use domain::span::Span;
use leptos::prelude::*;

use crate::backend::{RequestForm, RequestFormItem, TypedRequest};
use crate::components::deciders::deciders;
use crate::components::icon::{Icon, icon};
use crate::components::time::Clock;
use crate::desk::{Desk, Filled};
use crate::forms::requests::chosen;

/// What will come of the request.
pub(crate) fn preview(desk: &Desk, form: &RequestForm, filled: &Filled<TypedRequest>) -> AnyView {
    let clock = desk.clock();
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
            <div aria-live="polite">
                <dt>"Would end"</dt>
                <dd id="ends-preview">{ends(clock, form, filled)}</dd>
            </div>
        </dl>
        <p class="quiet preview-note">
            {if form.renewal.is_some() {
                "You can end it earlier yourself at any time."
            } else {
                "The time starts when the access opens. You can end it earlier yourself at any time."
            }}
        </p>
    }
    .into_any()
}

/// When it would end, or why it cannot be asked for like this.
fn ends(clock: Clock, form: &RequestForm, filled: &Filled<TypedRequest>) -> AnyView {
    let typed = &filled.typed;
    let from = form.renewal.as_ref().map_or(clock.now, |renewal| renewal.starts_at);
    let judged = window(typed, clock.zone).and_then(|window| match window.check(form.limit.as_ref(), from) {
        Ok(()) => Ok(window),
        Err(fault) => Err(fault.to_string()),
    });
    match judged {
        // The field and the summary above say what is wrong.
        Err(_) if filled.is_draft => view! { <span class="quiet">"not known yet"</span> }.into_any(),
        Err(fault) => {
            view! { <p class="unexplained">{icon(Icon::Warning)} <span>{fault}</span></p> }.into_any()
        }
        Ok(window) => {
            let until = clock.short(window.end_if_started(from));
            let condition = match (window.term, window.start_at, &form.renewal) {
                (Term::Until(_), ..) => " · wherever it starts",
                (_, Some(_), _) => " · if it is approved before its start",
                (_, None, Some(_)) => " · counted from where it ends now",
                (_, None, None) => " · if it opened now",
            };
            view! { {until} <span class="quiet">{condition}</span> }.into_any()
        }
    }
}

/// The window that is typed, or what is wrong with it.
fn window(typed: &TypedRequest, zone: Tz) -> Result<Window, String> {
    let typed = chosen(typed);
    let start_at = match typed.start.trim() {
        "" => None,
        start => Some(local_time::parse(start, zone, BareDate::Start).map_err(|fault| fault.to_string())?),
    };
    let term = match (typed.ends.as_str(), typed.duration.trim(), typed.until.trim()) {
        ("until", _, "") => return Err("Choose the date on which it ends.".to_owned()),
        ("until", _, until) => {
            Term::Until(local_time::parse(until, zone, BareDate::End).map_err(|fault| fault.to_string())?)
        }
        (_, "", _) => return Err("Say for how long.".to_owned()),
        (_, duration, _) => Term::Lasting(Span::parse(duration).map_err(|fault| fault.to_string())?),
    };
    Ok(Window { start_at, term })
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
            <dt>"Usually decided in"</dt>
            <dd>{slowest.median.to_string()} <span class="quiet">{format!(" · over the last {} decisions", slowest.decisions)}</span></dd>
        </div>
    };
    Some(view.into_any())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(ends: &str, duration: &str, until: &str) -> TypedRequest {
        TypedRequest {
            ends: ends.into(),
            duration: duration.into(),
            until: until.into(),
            ..Default::default()
        }
    }

    #[test]
    fn the_preview_reads_what_is_chosen_and_says_what_is_missing() {
        let zone = chrono_tz::Europe::Berlin;
        let four = Ok(Window { start_at: None, term: Term::Lasting(Span::hours(4)) });
        assert_eq!(window(&typed("4 hours", "", ""), zone), four);
        assert_eq!(window(&typed("duration", "4h", "nonsense"), zone), four);
        assert_eq!(window(&typed("duration", " ", ""), zone), Err("Say for how long.".to_owned()));
        assert_eq!(
            window(&typed("until", "4h", ""), zone),
            Err("Choose the date on which it ends.".to_owned())
        );
        assert!(window(&typed("until", "", "2026-11-27T18:00"), zone).is_ok());
    }
}
