//! Sensitivity and state: a word and a shape, never colour alone.

use domain::alert::{Severity, State, Verdict};
use domain::audit::Outcome;
use domain::catalogue::Sensitivity;
use domain::export::ExportState;
use domain::person::PersonStatus;
use leptos::prelude::*;

/// The bars as they stand in the document: a list has them a thousand times, so they are not put together anew.
macro_rules! bars {
    ($first:literal, $second:literal, $third:literal, $fourth:literal) => {
        concat!(
            r#"<rect class=""#,
            $first,
            r#"" x="0" y="7" width="2.6" height="3" rx="1"/><rect class=""#,
            $second,
            r#"" x="4" y="5" width="2.6" height="5" rx="1"/><rect class=""#,
            $third,
            r#"" x="8" y="3" width="2.6" height="7" rx="1"/><rect class=""#,
            $fourth,
            r#"" x="12" y="1" width="2.6" height="9" rx="1"/>"#
        )
    };
}

/// Four bars, as many filled as it is sensitive, and the word.
pub fn sensitivity(level: Sensitivity) -> AnyView {
    measured(level, level.as_str())
}

/// The same for how bad an alert is if it is true.
pub fn severity(level: Severity) -> AnyView {
    let bars = match level {
        Severity::Low => Sensitivity::Low,
        Severity::Medium => Sensitivity::Medium,
        Severity::High => Sensitivity::High,
        Severity::Critical => Sensitivity::Critical,
    };
    measured(bars, level.as_str())
}

fn measured(level: Sensitivity, word: &'static str) -> AnyView {
    let (class, bars) = match level {
        Sensitivity::Low => ("sense sense-low", bars!("sense-on", "sense-off", "sense-off", "sense-off")),
        Sensitivity::Medium => {
            ("sense sense-medium", bars!("sense-on", "sense-on", "sense-off", "sense-off"))
        }
        Sensitivity::High => ("sense sense-high", bars!("sense-on", "sense-on", "sense-on", "sense-off")),
        Sensitivity::Critical => {
            ("sense sense-critical", bars!("sense-on", "sense-on", "sense-on", "sense-on"))
        }
    };
    view! {
        <span class=class>
            <svg class="sense-bars" viewBox="0 0 15 10" aria-hidden="true" inner_html=bars></svg>
            {word}
        </span>
    }
    .into_any()
}

/// A state's looks: class, shape and word.
fn looks(state: &str) -> (&'static str, Shape, String) {
    let word = state.replace('_', " ");
    let (class, shape) = match state {
        "pending" => ("state state-waiting", Shape::Ring),
        "scheduled" => ("state state-waiting", Shape::Clock),
        "activating" | "ending" | "revoking" => ("state state-moving", Shape::Half),
        "approved" | "active" => ("state state-good", Shape::Dot),
        "denied" | "failed" | "revoked" => ("state state-bad", Shape::Cross),
        "activation_failed" | "removal_failed" => ("state state-trouble", Shape::Triangle),
        _ => ("state state-over", Shape::Dash),
    };
    let word = match state {
        "activating" => "opening".to_owned(),
        "activation_failed" => "opening failed".to_owned(),
        "ending" | "revoking" => "closing".to_owned(),
        "removal_failed" => "closing failed".to_owned(),
        "cancelled" => "taken back".to_owned(),
        "expired" => "not decided in time".to_owned(),
        "revoked" => "taken away".to_owned(),
        _ => word,
    };
    (class, shape, word)
}

#[derive(Clone, Copy)]
enum Shape {
    Ring,
    Dot,
    Half,
    Clock,
    Cross,
    Dash,
    Triangle,
}

fn shape(which: Shape) -> AnyView {
    let path = match which {
        Shape::Ring => {
            "M5 1.2a3.800 3.800 0 1 1 0 7.600 3.800 3.800 0 0 1 0-7.600Zm0 1.600a2.200 2.200 0 1 0 0 4.400 2.200 2.200 0 0 0 0-4.400Z"
        }
        Shape::Dot => "M5 1a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z",
        Shape::Half => {
            "M5 1.2a3.800 3.800 0 1 1 0 7.600Zm0 1.500A2.300 2.300 0 0 0 5 7.300V8.800a3.800 3.800 0 0 1 0-7.600Z"
        }
        Shape::Clock => "M5 1a4 4 0 1 1 0 8 4 4 0 0 1 0-8Zm-.6 1.700v2.700l2 1.200.6-1-1.400-.8V2.700Z",
        Shape::Cross => {
            "m1.500 2.600 1.100-1.100L5 3.900l2.400-2.400 1.100 1.100L6.100 5l2.400 2.400-1.100 1.100L5 6.100 2.600 8.500 1.500 7.400 3.900 5Z"
        }
        Shape::Dash => "M1.500 4.200h7v1.600h-7Z",
        Shape::Triangle => "M5 .8 9.500 9h-9Z",
    };
    view! {
        <svg class="shape" viewBox="0 0 10 10" aria-hidden="true"><path fill-rule="evenodd" d=path/></svg>
    }
    .into_any()
}

/// The state of a request or grant.
pub fn state(word: &str) -> AnyView {
    let (class, which, words) = looks(word);
    view! { <span class=class>{shape(which)} {words}</span> }.into_any()
}

/// How an event came out; success says nothing.
pub fn outcome(outcome: Outcome) -> Option<AnyView> {
    let (class, which, words) = match outcome {
        Outcome::Success => return None,
        Outcome::Denied => ("state state-bad", Shape::Cross, "refused"),
        Outcome::Failure => ("state state-trouble", Shape::Triangle, "failed"),
    };
    Some(view! { <span class=class>{shape(which)} {words}</span> }.into_any())
}

/// How an export in the background is.
pub fn export(state: ExportState) -> AnyView {
    let (class, which, words) = match state {
        ExportState::Waiting => ("state state-waiting", Shape::Ring, "waiting"),
        ExportState::Running => ("state state-moving", Shape::Half, "being prepared"),
        ExportState::Done => ("state state-good", Shape::Dot, "ready"),
        ExportState::Failed => ("state state-bad", Shape::Cross, "failed"),
        ExportState::Cancelled => ("state state-over", Shape::Dash, "cancelled"),
        ExportState::Expired => ("state state-over", Shape::Dash, "let go"),
    };
    view! { <span class=class>{shape(which)} {words}</span> }.into_any()
}

/// Where an alert stands, and what it was found to be.
pub fn alert(state: State) -> AnyView {
    let (class, which, words) = match state {
        State::Open => ("state state-waiting", Shape::Ring, "open"),
        State::Acknowledged => ("state state-moving", Shape::Half, "taken up"),
        State::Resolved { verdict: Verdict::True, .. } => ("state state-bad", Shape::Cross, "found true"),
        State::Resolved { verdict: Verdict::False, .. } => ("state state-over", Shape::Dash, "false alarm"),
        State::Resolved { verdict: Verdict::Accepted { .. }, .. } => {
            ("state state-over", Shape::Clock, "accepted")
        }
    };
    view! { <span class=class>{shape(which)} {words}</span> }.into_any()
}

/// Of an alert that has waited too long for somebody to take it up.
pub fn overdue() -> AnyView {
    view! { <span class="state state-trouble">{shape(Shape::Clock)} "waits too long"</span> }.into_any()
}

/// Whether somebody works here; those who do need no word.
pub fn status(status: PersonStatus) -> Option<AnyView> {
    let (class, which, words) = match status {
        PersonStatus::Active => return None,
        PersonStatus::Suspended => ("state state-trouble", Shape::Triangle, "suspended"),
        PersonStatus::Left => ("state state-over", Shape::Dash, "has left"),
    };
    Some(view! { <span class=class>{shape(which)} {words}</span> }.into_any())
}

/// A word of the catalogue: an environment, a tag.
pub fn plain(word: &str) -> AnyView {
    view! { <span class="tag">{word.to_owned()}</span> }.into_any()
}

/// A request that goes on with access that is held.
pub fn renewal() -> AnyView {
    view! { <span class="tag tag-renewal">"renewal"</span> }.into_any()
}

/// Access that was found beforehand.
pub fn imported() -> AnyView {
    view! {
        <span class="tag tag-imported" title="Found beforehand and brought in; nobody approved it here.">
            "imported"
        </span>
    }
    .into_any()
}
