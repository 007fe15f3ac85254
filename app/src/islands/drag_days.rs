//! Around the strip of days: dragging over some of them looks for what happened then. With a mouse or a pen; a finger
//! scrolls, and takes single days.

use std::cell::Cell;

use leptos::ev::PointerEvent;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::{Element, UrlSearchParams};

thread_local! {
    /// The day at which the drag began, and the one that it has come to.
    static DRAG: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// Around an `svg` with a `data-chosen` rectangle, and words with `data-words`.
#[island]
pub fn DragDays(
    /// The page.
    path: String,
    /// The query up to the days that it is narrowed to.
    start: String,
    /// The page's columns.
    columns: String,
    /// The days of the strip, divided by commas.
    days: String,
    /// How they are called, likewise divided.
    names: String,
    children: Children,
) -> impl IntoView {
    let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    let (days, names) = (list(&days), list(&names));
    let count = days.len();
    view! {
        <div
            class="days-drag"
            on:pointerdown=move |event| { begin(&event, count); }
            on:pointermove=move |event| { go(&event, &names); }
            on:pointerup=move |event| {
                let days = chosen(&event).and_then(|(from, to)| Some((days.get(from)?, days.get(to)?)));
                if let Some((from, to)) = days {
                    look_for(&path, &format!("{start}{from}..{to}"), &columns);
                }
            }
            on:pointercancel=move |event| { end(&event); }
            // The bars are links, which browsers let drag away.
            on:dragstart=|event| event.prevent_default()
        >
            {children()}
        </div>
    }
}

fn around(event: &PointerEvent) -> Option<Element> {
    event.current_target()?.dyn_into().ok()
}

/// Which day the pointer is over, or the first or last one.
fn day_at(event: &PointerEvent, count: usize) -> Option<usize> {
    let place = around(event)?.query_selector("svg").ok()??.get_bounding_client_rect();
    let share = (f64::from(event.client_x()) - place.left()) / place.width();
    let count_f = f64::from(u32::try_from(count).ok()?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped to the days")]
    let day = (share * count_f).floor().clamp(0.0, count_f - 1.0) as usize;
    Some(day)
}

fn begin(event: &PointerEvent, count: usize) -> Option<()> {
    let is_in_strip = event.target()?.dyn_into::<Element>().ok()?.closest("svg").ok()?.is_some();
    if event.pointer_type() != "touch" && event.button() == 0 && is_in_strip {
        let day = day_at(event, count)?;
        DRAG.set(Some((day, day)));
    }
    Some(())
}

fn go(event: &PointerEvent, names: &[String]) -> Option<()> {
    let (from, before) = DRAG.get()?;
    // Let go elsewhere, where nobody told us.
    if event.buttons() & 1 == 0 {
        return end(event);
    }
    let day = day_at(event, names.len())?;
    if day == before {
        return None;
    }
    DRAG.set(Some((from, day)));
    let around = around(event)?;
    // From here on it is no click on a day.
    around.set_pointer_capture(event.pointer_id()).ok()?;
    let (first, last) = (from.min(day), from.max(day));
    mark(&around, Some((first, last)))?;
    let words = around.query_selector("[data-words]").ok()??;
    if !words.has_attribute("data-kept") {
        words.set_attribute("data-kept", &words.text_content().unwrap_or_default()).ok()?;
    }
    words.set_text_content(Some(&format!("{} to {}", names.get(first)?, names.get(last)?)));
    Some(())
}

fn mark(around: &Element, days: Option<(usize, usize)>) -> Option<()> {
    let rectangle = around.query_selector("[data-chosen]").ok()??;
    let width: usize = rectangle.get_attribute("data-chosen")?.parse().ok()?;
    let (first, count) = days.map_or((0, 0), |(first, last)| (first, last - first + 1));
    rectangle.set_attribute("x", &(first * width).to_string()).ok()?;
    rectangle.set_attribute("width", &(count * width).to_string()).ok()
}

/// Ends the drag; the days that were chosen, if it went over several.
fn chosen(event: &PointerEvent) -> Option<(usize, usize)> {
    let (from, to) = DRAG.get()?;
    end(event);
    (from != to).then_some((from.min(to), from.max(to)))
}

fn end(event: &PointerEvent) -> Option<()> {
    DRAG.set(None);
    let around = around(event)?;
    mark(&around, None)?;
    let words = around.query_selector("[data-words]").ok()??;
    let kept = words.get_attribute("data-kept")?;
    words.set_text_content(Some(&kept));
    words.remove_attribute("data-kept").ok()
}

fn look_for(path: &str, text: &str, columns: &str) -> Option<()> {
    let query = UrlSearchParams::new().ok()?;
    query.set("q", text);
    if !columns.is_empty() {
        query.set("columns", columns);
    }
    window().location().set_href(&format!("{path}?{}", String::from(query.to_string()))).ok()
}
