//! Above the events: new ones appear while somebody watches, unless they would move what is pointed at or read.

use std::cell::RefCell;
use std::time::Duration;

use leptos::html::Button;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use web_sys::{DocumentFragment, Element, Event, EventSource, HtmlTemplateElement, MessageEvent};

/// Counts of new events are spoken at most this often.
const SPOKEN_EVERY: Duration = Duration::from_secs(5);
/// After so many the page would grow without end.
const SHOWN_MAX: usize = 300;
const GAP: &str = " More happened in between. Load the page again to see all of it.";
/// What holds the events and what comes below them.
const BELOW: &str = "below";
const LIST: &str = "events";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Off,
    Watching,
    Paused,
    /// Only the page anew leads on.
    Over,
}

/// What the browser holds for the page's one tail. Not in the island's own state, which the server makes and drops too.
#[derive(Default)]
struct Tail {
    path: String,
    /// Up to here everything has come.
    from: String,
    source: Option<EventSource>,
    waiting: Vec<DocumentFragment>,
    shown: usize,
    unspoken: usize,
}

thread_local! {
    static TAIL: RefCell<Tail> = RefCell::default();
}

/// What people see of it.
#[derive(Clone, Copy)]
struct Face {
    state: RwSignal<State>,
    /// Rows that wait to be shown.
    held: RwSignal<usize>,
    /// What went otherwise than hoped.
    trouble: RwSignal<String>,
    /// Whether something is missing here, which no connection brings back.
    has_gap: RwSignal<bool>,
    spoken: RwSignal<String>,
}

/// The button that begins to watch, and what becomes of it.
#[island]
pub fn LiveTail(
    /// Where the stream is, with its query.
    path: String,
    /// Up to this position the page shows everything.
    from: i64,
) -> impl IntoView {
    let face = Face {
        state: RwSignal::new(State::Off),
        held: RwSignal::new(0),
        trouble: RwSignal::new(String::new()),
        has_gap: RwSignal::new(false),
        spoken: RwSignal::new(String::new()),
    };
    let button = NodeRef::<Button>::new();
    button.on_load(move |button| {
        TAIL.with_borrow_mut(|tail| (tail.path, tail.from) = (path.clone(), from.to_string()));
        listen_to_page(face);
        // From now on it does something.
        if let Some(bar) = button.parent_element() {
            let _ = bar.class_list().add_1("live-ready");
        }
    });
    let press = move |_| match face.state.get_untracked() {
        State::Off => {
            face.state.set(State::Watching);
            connect(face);
        }
        State::Watching => face.state.set(State::Paused),
        State::Paused => {
            face.state.set(State::Watching);
            show_waiting(face);
        }
        State::Over => {
            let _ = window().location().reload();
        }
    };
    let show = move |_| {
        show_waiting(face);
        // The pressed button goes away.
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    view! {
        <div class="live" class:live-on=move || face.state.get() == State::Watching>
            <button class="button-quiet live-button" type="button" node_ref=button on:click=press>
                <span class="live-dot" aria-hidden="true"></span>
                {move || match face.state.get() {
                    State::Off => "Watch",
                    State::Watching => "Pause",
                    State::Paused => "Go on watching",
                    State::Over => "Load the page again",
                }}
            </button>
            <button class="button-quiet live-button" type="button" hidden=move || face.held.get() == 0 on:click=show>
                "Show " {move || face.held.get()} " new"
            </button>
            <span class="live-words">
                {move || match face.state.get() {
                    State::Off => "New events appear here as they happen.",
                    State::Watching => "Watching: new events appear here.",
                    State::Paused => "Paused.",
                    State::Over => "Not watching any more.",
                }}
                " "
                {move || face.trouble.get()}
                {move || face.has_gap.get().then_some(GAP)}
            </span>
            <span class="sr-only" aria-live="polite">{move || face.spoken.get()}</span>
        </div>
    }
}

/// Rows that were held back come once the pointer is elsewhere; a page that nobody sees holds no connection.
fn listen_to_page(face: Face) {
    let on_leave = Closure::<dyn FnMut()>::new(move || {
        if face.state.get_untracked() == State::Watching && may_move() {
            show_waiting(face);
        }
    });
    if let Some(below) = document().get_element_by_id(BELOW) {
        let _ = below.add_event_listener_with_callback("pointerleave", &callback(on_leave));
    }
    let on_sight = Closure::<dyn FnMut()>::new(move || {
        let is_on = matches!(face.state.get_untracked(), State::Watching | State::Paused);
        if document().hidden() {
            disconnect();
        } else if is_on {
            connect(face);
        }
    });
    let _ = document().add_event_listener_with_callback("visibilitychange", &callback(on_sight));
}

/// For as long as the page is there.
fn callback<T: ?Sized + leptos::wasm_bindgen::closure::WasmClosure>(
    closure: Closure<T>,
) -> web_sys::js_sys::Function {
    closure.into_js_value().unchecked_into()
}

fn disconnect() {
    if let Some(source) = TAIL.with_borrow_mut(|tail| tail.source.take()) {
        source.close();
    }
}

fn connect(face: Face) -> Option<()> {
    disconnect();
    let path = TAIL.with_borrow(|tail| {
        let mark = if tail.path.contains('?') { '&' } else { '?' };
        format!("{}{mark}from={}", tail.path, tail.from)
    });
    let source = EventSource::new(&path).ok()?;
    let listen = |name: &str, closure: Closure<dyn FnMut(MessageEvent)>| {
        source.add_event_listener_with_callback(name, &callback(closure)).ok()
    };
    listen("rows", Closure::new(move |message: MessageEvent| take_rows(face, &message)))?;
    listen(
        "gap",
        Closure::new(move |message: MessageEvent| {
            keep_place(&message);
            face.has_gap.set(true);
        }),
    )?;
    listen(
        "end",
        Closure::new(move |message: MessageEvent| {
            end(face, &message.data().as_string().unwrap_or_default());
        }),
    )?;
    let on_open = Closure::<dyn FnMut()>::new(move || face.trouble.set(String::new()));
    source.set_onopen(Some(&callback(on_open)));
    let on_error = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        let source = event.target().and_then(|target| target.dyn_into::<EventSource>().ok());
        if source.is_some_and(|source| source.ready_state() == EventSource::CLOSED) {
            end(face, "The server refused it.");
        } else {
            face.trouble.set("The connection is lost; it is tried again by itself.".to_owned());
        }
    });
    source.set_onerror(Some(&callback(on_error)));
    TAIL.with_borrow_mut(|tail| tail.source = Some(source));
    Some(())
}

fn end(face: Face, words: &str) {
    disconnect();
    face.state.set(State::Over);
    face.trouble.set(words.to_owned());
}

fn keep_place(message: &MessageEvent) {
    let id = message.last_event_id();
    if !id.is_empty() {
        TAIL.with_borrow_mut(|tail| tail.from = id);
    }
}

fn take_rows(face: Face, message: &MessageEvent) {
    keep_place(message);
    let Some((rows, count)) = message.data().as_string().and_then(|html| read(&html)) else { return };
    if count == 0 {
        return;
    }
    TAIL.with_borrow_mut(|tail| tail.waiting.push(rows));
    face.held.update(|held| *held += count);
    speak(face, count);
    if face.state.get_untracked() == State::Watching && may_move() {
        show_waiting(face);
    } else if face.held.get_untracked() >= SHOWN_MAX {
        end(face, "There is more than fits here.");
    }
}

/// The rows that are not there yet, and how many.
fn read(html: &str) -> Option<(DocumentFragment, usize)> {
    let template: HtmlTemplateElement = document().create_element("template").ok()?.dyn_into().ok()?;
    template.set_inner_html(html);
    let rows = template.content();
    let links = rows.query_selector_all("a.event-time").ok()?;
    let mut count = 0;
    for link in (0..links.length()).filter_map(|at| links.item(at)?.dyn_into::<Element>().ok()) {
        let there = format!("#{LIST} a.event-time[href='{}']", link.get_attribute("href")?);
        match document().query_selector(&there) {
            Ok(Some(_)) => link.closest("li, tr").ok()??.remove(),
            _ => count += 1,
        }
    }
    Some((rows, count))
}

/// Whether rows can come without moving what somebody points at, reads further down, or has the focus on.
fn may_move() -> bool {
    let (Some(below), Some(list)) = (document().get_element_by_id(BELOW), document().get_element_by_id(LIST))
    else {
        return false;
    };
    let has_focus = document().active_element().is_some_and(|active| below.contains(Some(&active)));
    let is_pointed_at = below.matches(":hover").unwrap_or(false);
    !has_focus && !is_pointed_at && list.get_bounding_client_rect().top() >= 0.0
}

/// Puts what waits before what is there.
fn show_waiting(face: Face) {
    let waiting = TAIL.with_borrow_mut(|tail| std::mem::take(&mut tail.waiting));
    let count = face.held.get_untracked();
    if count == 0 {
        return;
    }
    for rows in waiting {
        put(&rows);
    }
    face.held.set(0);
    let shown = TAIL.with_borrow_mut(|tail| {
        tail.shown += count;
        tail.shown
    });
    if shown >= SHOWN_MAX {
        end(face, "There is more than fits here.");
    }
}

fn put(rows: &DocumentFragment) -> Option<()> {
    let list = document().get_element_by_id(LIST)?;
    if let Ok(Some(nothing)) = list.query_selector(":scope > .empty") {
        nothing.remove();
    }
    let sections = rows.query_selector_all("[data-rows]").ok()?;
    for section in (0..sections.length()).rev().filter_map(|at| sections.item(at)?.dyn_into::<Element>().ok())
    {
        let new = section.query_selector("[data-row-list]").ok()??;
        for at in 0..new.child_element_count() {
            let _ = new.children().item(at)?.class_list().add_1("event-new");
        }
        let first = list.query_selector(":scope > [data-rows]").ok()?;
        let same = first
            .as_ref()
            .filter(|first| first.get_attribute("data-rows") == section.get_attribute("data-rows"));
        match same {
            Some(same) => {
                let there = same.query_selector("[data-row-list]").ok()??;
                while let Some(row) = new.last_element_child() {
                    there.insert_before(&row, there.first_child().as_ref()).ok()?;
                }
            }
            None if new.child_element_count() > 0 => {
                list.insert_before(&section, list.first_child().as_ref()).ok()?;
            }
            None => {}
        }
    }
    Some(())
}

/// Says how many came, seldom enough to be listened to.
fn speak(face: Face, count: usize) {
    let is_first = TAIL.with_borrow_mut(|tail| {
        let is_first = tail.unspoken == 0;
        tail.unspoken += count;
        is_first
    });
    if is_first {
        set_timeout(
            move || {
                let count = TAIL.with_borrow_mut(|tail| std::mem::take(&mut tail.unspoken));
                let words = if count == 1 { " new event" } else { " new events" };
                face.spoken.set(format!("{count}{words}"));
            },
            SPOKEN_EVERY,
        );
    }
}
