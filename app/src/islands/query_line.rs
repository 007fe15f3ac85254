//! The line that a query is typed into: what could come next stands below it, to be taken with the keyboard or a click.
//! A combobox with a list (WAI-ARIA 1.2); nothing is chosen until somebody chooses, so Enter searches as ever.

use std::cell::RefCell;
use std::time::Duration;

use leptos::ev::KeyboardEvent;
use leptos::html::{Input, Ul};
use leptos::leptos_dom::helpers::debounce;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlDocument, HtmlInputElement, HtmlUListElement, UrlSearchParams, XmlHttpRequest};

/// How long typing must rest before it is asked what could come next.
const REST: Duration = Duration::from_millis(120);
const LIST: &str = "suggest";

thread_local! {
    /// The latest question, and the text that it was asked of.
    static LATEST: RefCell<Option<XmlHttpRequest>> = const { RefCell::new(None) };
    static ASKED: RefCell<String> = const { RefCell::new(String::new()) };
    /// The text that everything was asked for, which a question of before must not take away again.
    static ALL_OF: RefCell<Option<String>> = const { RefCell::new(None) };
}

#[derive(Clone, Copy)]
struct Line {
    input: NodeRef<Input>,
    list: NodeRef<Ul>,
    spoken: RwSignal<String>,
}

/// The field `q` of the form around it.
#[island]
pub fn QueryLine(
    /// Where completions are asked for.
    path: String,
    /// What stands in the line at first.
    value: String,
    /// What it shows while it is empty.
    placeholder: String,
    /// Whether what stands there cannot be read.
    is_mistaken: bool,
) -> impl IntoView {
    let line = Line { input: NodeRef::new(), list: NodeRef::new(), spoken: RwSignal::new(String::new()) };
    line.input.on_load(move |input| {
        // Only now there is a list to speak of.
        for (name, value) in [
            ("role", "combobox"),
            ("aria-autocomplete", "list"),
            ("aria-expanded", "false"),
            ("aria-controls", LIST),
        ] {
            let _ = input.set_attribute(name, value);
        }
    });
    let (typing, composed, keys) = (path.clone(), path.clone(), path);
    let mut follow = debounce(REST, move |()| {
        ask(line, &typing, false);
    });
    view! {
        <input
            class="input"
            type="search"
            name="q"
            id="audit-q"
            value=value
            aria-label="Query"
            placeholder=placeholder
            autocomplete="off"
            spellcheck="false"
            autocapitalize="off"
            maxlength="1000"
            aria-invalid=is_mistaken.then_some("true")
            node_ref=line.input
            on:input=move |event| {
                close(line);
                let is_composing = event.dyn_ref::<web_sys::InputEvent>().is_some_and(web_sys::InputEvent::is_composing);
                if !is_composing {
                    follow(());
                }
            }
            on:compositionend=move |_| { ask(line, &composed, false); }
            on:keydown=move |event| { press(line, &keys, &event); }
            on:blur=move |_| { close(line); }
            on:click=move |_| { close(line); }
        />
        <ul
            class="suggest"
            id=LIST
            role="listbox"
            aria-label="What could come next"
            hidden
            node_ref=line.list
            // The line keeps the focus.
            on:mousedown=|event| event.prevent_default()
            on:click=move |event| {
                let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
                if let Some(option) = target.and_then(|target| target.closest("[role=option]").ok().flatten()) {
                    take(line, &option);
                }
            }
        ></ul>
        <span class="sr-only" aria-live="polite">{move || line.spoken.get()}</span>
    }
}

fn parts(line: Line) -> Option<(HtmlInputElement, HtmlUListElement)> {
    Some((line.input.get_untracked()?, line.list.get_untracked()?))
}

fn forget_question() {
    if let Some(before) = LATEST.take() {
        let _ = before.abort();
    }
}

/// Asks what could come next, and shows it if nothing was typed meanwhile.
fn ask(line: Line, path: &str, all: bool) -> Option<()> {
    let (input, _) = parts(line)?;
    let text = input.value();
    let query = UrlSearchParams::new().ok()?;
    query.set("text", &text);
    query.set("cursor", &input.selection_end().ok()??.to_string());
    if all {
        ALL_OF.set(Some(text.clone()));
    }
    let all = ALL_OF.with_borrow(|of| of.as_ref() == Some(&text));
    query.set("all", if all { "true" } else { "false" });
    forget_question();
    let request = XmlHttpRequest::new().ok()?;
    request.open_with_async("GET", &format!("{path}?{}", String::from(query.to_string())), true).ok()?;
    let answered = request.clone();
    let on_load = Closure::once_into_js(move || {
        if answered.status() == Ok(200) {
            show(line, &text, &answered.response_text().ok().flatten().unwrap_or_default());
        }
    });
    request.set_onload(Some(on_load.unchecked_ref()));
    request.send().ok()?;
    LATEST.set(Some(request));
    Some(())
}

fn show(line: Line, of_text: &str, options: &str) -> Option<()> {
    let (input, list) = parts(line)?;
    let has_focus = document().active_element().is_some_and(|active| active.is_same_node(Some(&input)));
    if options.is_empty() || !has_focus || input.value() != of_text {
        close(line);
        return None;
    }
    ASKED.set(of_text.to_owned());
    list.set_inner_html(options);
    list.set_hidden(false);
    input.set_attribute("aria-expanded", "true").ok()?;
    let count = list.child_element_count();
    line.spoken.set(if count == 1 { "1 suggestion".to_owned() } else { format!("{count} suggestions") });
    Some(())
}

fn close(line: Line) -> Option<()> {
    forget_question();
    let (input, list) = parts(line)?;
    if !list.hidden() {
        list.set_hidden(true);
        list.set_inner_html("");
        line.spoken.set(String::new());
        input.set_attribute("aria-expanded", "false").ok()?;
        input.remove_attribute("aria-activedescendant").ok()?;
    }
    Some(())
}

/// `None` where the key is the line's own.
fn press(line: Line, path: &str, event: &KeyboardEvent) -> Option<()> {
    if event.is_composing() || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return None;
    }
    let (_, list) = parts(line)?;
    let is_open = !list.hidden();
    match event.key().as_str() {
        "ArrowDown" if is_open => walk(line, 1)?,
        "ArrowUp" if is_open => walk(line, -1)?,
        "ArrowDown" => ask(line, path, true)?,
        "Escape" if is_open => {
            ALL_OF.set(None);
            close(line)?;
        }
        "Enter" | "Tab" if is_open && !event.shift_key() => {
            let chosen = list.query_selector("[aria-selected=true]").ok()??;
            take(line, &chosen)?;
        }
        _ => return None,
    }
    event.prevent_default();
    Some(())
}

/// To the option `by` further on; from the last to the first.
fn walk(line: Line, by: i64) -> Option<()> {
    let (input, list) = parts(line)?;
    let options = list.children();
    let count = i64::from(options.length());
    let chosen = (0..options.length()).find(|at| {
        options.item(*at).is_some_and(|one| one.get_attribute("aria-selected").as_deref() == Some("true"))
    });
    let next = match chosen {
        Some(at) => (i64::from(at) + by).rem_euclid(count),
        None if by > 0 => 0,
        None => count - 1,
    };
    for at in 0..options.length() {
        let is_next = i64::from(at) == next;
        let option = options.item(at)?;
        option.set_attribute("aria-selected", if is_next { "true" } else { "false" }).ok()?;
        if is_next {
            input.set_attribute("aria-activedescendant", &option.id()).ok()?;
            let nearest = web_sys::ScrollIntoViewOptions::new();
            nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&nearest);
        }
    }
    Some(())
}

/// Puts an option in place of what is typed, as if it were typed: undo takes it back.
fn take(line: Line, option: &Element) -> Option<()> {
    let (input, _) = parts(line)?;
    let place = |name: &str| option.get_attribute(name)?.parse::<u32>().ok();
    let (put, start, end) = (option.get_attribute("data-put")?, place("data-start")?, place("data-end")?);
    let is_same = ASKED.with_borrow(|asked| *asked == input.value());
    close(line);
    if !is_same {
        return None;
    }
    input.focus().ok()?;
    input.set_selection_range(start, end).ok()?;
    let typed = document().dyn_into::<HtmlDocument>().ok()?;
    match typed.exec_command_with_show_ui_and_value("insertText", false, &put) {
        Ok(true) => {}
        // Where a browser does not know it: without undo.
        _ => input.set_range_text_with_start_and_end(&put, start, end).ok()?,
    }
    Some(())
}
