//! The thread: a line with the steps of a request's life. Past ones solid, the present one open, coming
//! ones hollow.

use leptos::prelude::*;

use super::prose::said;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It happened.
    Done,
    /// It happened and was refused, taken away or went wrong.
    Bad,
    /// It is happening.
    Now,
    /// It is to come.
    Next,
}

/// One step.
pub struct Step {
    /// Where it stands.
    pub mark: Mark,
    /// One sentence.
    pub sentence: AnyView,
    /// When.
    pub when: Option<AnyView>,
    /// What was said.
    pub said: Option<String>,
}

/// The steps, in their order.
pub fn thread(steps: Vec<Step>) -> AnyView {
    let steps = steps
        .into_iter()
        .map(|step| {
            let (class, words) = match step.mark {
                Mark::Done => ("step step-done", ""),
                Mark::Bad => ("step step-bad", ""),
                Mark::Now => ("step step-now", "Now: "),
                Mark::Next => ("step step-next", "Then: "),
            };
            view! {
                <li class=class aria-current=(step.mark == Mark::Now).then_some("step")>
                    <p class="step-line">
                        <span class="step-sentence"><span class="step-word">{words}</span> {step.sentence}</span>
                        {step.when.map(|when| view! { <span class="step-when">{when}</span> })}
                    </p>
                    {step.said.as_deref().map(said)}
                </li>
            }
        })
        .collect_view();
    view! { <ol class="thread">{steps}</ol> }.into_any()
}

/// The thread as five dots, for lists: filed, decided, opened, active, over.
pub fn dots(request: &str, grant: Option<&str>) -> AnyView {
    let (past, present) = progress(request, grant);
    let dots = ["2", "10", "18", "26", "34"]
        .into_iter()
        .enumerate()
        .map(|(index, x)| {
            let class = match index {
                index if index < past => "dot-done",
                index if index == past && present == Mark::Now => "dot-now",
                index if index == past && present == Mark::Bad => "dot-bad",
                _ => "dot-next",
            };
            view! { <circle class=class cx=x cy="4" r="2.4"/> }
        })
        .collect_view();
    view! {
        <svg class="dots" viewBox="-2 0 40 8" aria-hidden="true">
            <line class="dots-line" x1="2" x2="34" y1="4" y2="4"/>
            {dots}
        </svg>
    }
    .into_any()
}

/// How many steps are past, and how the one after them stands.
fn progress(request: &str, grant: Option<&str>) -> (usize, Mark) {
    match (request, grant) {
        ("pending", _) => (1, Mark::Now),
        ("approved", Some("scheduled" | "activating")) => (2, Mark::Now),
        ("approved", Some("activation_failed" | "failed")) => (2, Mark::Bad),
        ("approved", Some("active")) => (3, Mark::Now),
        ("approved", Some("ending" | "revoking")) => (4, Mark::Now),
        ("approved", Some("removal_failed")) => (4, Mark::Bad),
        ("approved", Some(_)) => (5, Mark::Done),
        ("approved", None) => (2, Mark::Next),
        _ => (1, Mark::Bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_dots_tell_where_a_request_stands() {
        assert_eq!(progress("pending", None), (1, Mark::Now));
        assert_eq!(progress("denied", None), (1, Mark::Bad));
        assert_eq!(progress("approved", Some("active")), (3, Mark::Now));
        assert_eq!(progress("approved", Some("ended")), (5, Mark::Done));
    }
}
