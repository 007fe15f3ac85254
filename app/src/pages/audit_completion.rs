//! What could come next in the line of the query: the list that is shown below it.

use domain::audit::query::{Completion, value_text};
use leptos::prelude::*;

/// Shown at most.
const SHOWN_MAX: usize = 12;

/// The options of the list, as text; empty where there is nothing to offer. `of_text` is what was typed, and `values` are
/// names for the completion's open field. Places in the text are told as browsers count: in units of UTF-16.
pub fn options_text(of_text: &str, completion: &Completion, values: &[String]) -> String {
    let place = |chars: usize| of_text.chars().take(chars).map(char::len_utf16).sum::<usize>();
    let replaced: String =
        of_text.chars().skip(completion.replace.start).take(completion.replace.len()).collect();
    let known = completion.candidates.iter().map(|one| {
        let words = view! { <code>{one.text.clone()}</code> " " <span class="suggest-words">{one.explanation.clone()}</span> };
        (one.text.clone(), words.into_any())
    });
    let named = values.iter().map(|name| {
        let whole = if completion.values_of.is_some_and(|field| field.is_name()) { "=" } else { "" };
        (format!("{whole}{}", value_text(name)), view! { <span>{name.clone()}</span> }.into_any())
    });
    let is_at_end = completion.replace.end == of_text.chars().count();
    let offered: Vec<(String, AnyView)> =
        named.chain(known).filter(|(text, _)| *text != replaced).take(SHOWN_MAX).collect();
    if offered.is_empty() {
        return String::new();
    }
    let (start, end) =
        (place(completion.replace.start).to_string(), place(completion.replace.end).to_string());
    offered
        .into_iter()
        .enumerate()
        .map(|(at, (text, words))| {
            // After a value comes something else; after a field, its value.
            let put = if is_at_end && !text.ends_with(':') { format!("{text} ") } else { text };
            view! {
                <li class="suggest-one" role="option" id=format!("suggest-{at}") aria-selected="false"
                    data-put=put data-start=start.clone() data-end=end.clone()>
                    {words}
                </li>
            }
        })
        .collect_view()
        .to_html()
}

#[cfg(test)]
mod tests {
    use domain::audit::query::complete;

    use super::*;

    fn options(text: &str, values: &[&str]) -> String {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        options_text(text, &complete(text, text.chars().count()), &values)
    }

    #[test]
    fn places_are_counted_as_browsers_count() {
        let html = options("🔑 ac", &[]);
        assert!(html.contains(r#"data-start="3""#) && html.contains(r#"data-end="5""#), "{html}");
        assert!(html.contains(r#"data-put="actor:""#), "{html}");
    }

    #[test]
    fn names_are_offered_whole_and_inert_with_room_for_what_follows() {
        let html = options("person:an", &["Ana \"<b>\" Ruiz"]);
        assert!(!html.contains("<b>"), "{html}");
        assert!(html.contains("=&quot;Ana \\&quot;"), "{html}");
        assert!(options("source:w", &["wiki"]).contains(r#"data-put="wiki ""#));
    }

    #[test]
    fn what_stands_there_already_is_not_offered() {
        assert_eq!(options("outcome:denied", &[]), "");
        assert_eq!(options("nothing-is-called-that", &[]), "");
    }
}
