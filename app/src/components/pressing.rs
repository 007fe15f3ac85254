//! Why a request should be decided soon.

use domain::request::Pressing;
use leptos::prelude::*;

use super::icon::{Icon, icon};
use super::time::Clock;

/// “decide by Tue 24 Nov, 01:32”, or what a late decision would break off.
pub fn pressing(clock: Clock, why: Option<Pressing>) -> Option<AnyView> {
    let words = match why? {
        Pressing::DecideBy(at) => view! { "decide by " {clock.short(at)} }.into_any(),
        Pressing::GapFrom(at) => {
            view! { "decide before " {clock.short(at)} ", or the access breaks off" }.into_any()
        }
        Pressing::GapSince(at) => view! { "the access broke off " {clock.relative(at)} }.into_any(),
    };
    Some(view! { <span class="due">{icon(Icon::Clock)} <span>{words}</span></span> }.into_any())
}
