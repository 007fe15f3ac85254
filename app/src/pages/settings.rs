//! Own settings and signed-in devices.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::{self, Device};
use crate::components::field::Field;
use crate::components::head::{head, section};
use crate::components::select::select;
use crate::components::tag;
use crate::desk::{Desk, Filled, Page, page};
use crate::forms::account::{EndDevice, SaveSettings, TypedSettings};
use crate::frame::Place;

/// The caller's settings.
#[component]
pub fn Settings() -> impl IntoView {
    page(Place::Elsewhere, |desk| async move {
        let (settings, devices) = futures::join!(
            desk.backend.account.settings(&desk.caller),
            desk.backend.account.devices(&desk.caller)
        );
        let (settings, devices) = (settings?, devices?);
        let body = view! {
            {head("Settings", "How Gatebook shows things to you, and where you are signed in.", None)}
            <div class="reading">
                {section("preferences", "Preferences", form(&settings, &desk.filled()))}
                {section("devices", "Signed-in devices", device_rows(&desk, &devices))}
            </div>
        };
        Ok(Page::new("Settings", body))
    })
}

fn form(settings: &backend::Settings, filled: &Filled<TypedSettings>) -> AnyView {
    let (zone, keys) = if filled.is_draft {
        (filled.typed.time_zone.clone(), filled.typed.queue_keys == "on")
    } else {
        (settings.time_zone.clone(), settings.queue_keys)
    };
    let zone_field = if settings.time_zone_is_given {
        view! {
            <div class="field">
                <p class="field-label">"Time zone"</p>
                <p>{settings.time_zone.clone()}</p>
                <p class="field-hint">"It comes from your sign-in, and is changed there."</p>
                <input type="hidden" name="typed[time_zone]" value=settings.time_zone.clone()/>
            </div>
        }
        .into_any()
    } else {
        let zones =
            chrono_tz::TZ_VARIANTS.iter().map(|zone| (zone.name().to_owned(), zone.name().replace('_', " ")));
        let field = Field::new("time_zone", "Time zone")
            .hint("All times are shown and read in it.")
            .error(filled.error("time_zone"));
        select(field, "typed[time_zone]", &zone, zones.collect())
    };
    view! {
        <form class="form" method="post" action=SaveSettings::url()>
            {zone_field}
            <div class="field">
                <label class="check">
                    <input class="checkbox" type="checkbox" name="typed[queue_keys]" value="on" checked=keys/>
                    <span>
                        "Single keys in the approvals queue"
                        <span class="check-hint">
                            "j and k walk, a and d open a decision. They work only while the queue has the focus."
                        </span>
                    </span>
                </label>
            </div>
            <div class="form-end"><button class="button" type="submit">"Save settings"</button></div>
        </form>
    }
    .into_any()
}

fn device_rows(desk: &Desk, devices: &[Device]) -> AnyView {
    let clock = desk.clock();
    let rows = devices
        .iter()
        .map(|device| {
            let ip = device.ip.clone().map(|ip| view! { " · " <code>{ip}</code> });
            let end = (!device.is_this).then(|| {
                view! {
                    <form method="post" action=EndDevice::url()>
                        <input type="hidden" name="typed[id]" value=device.id.to_string()/>
                        <button class="button-quiet" type="submit">
                            "Sign out" <span class="sr-only">" " {device.name.clone()}</span>
                        </button>
                    </form>
                }
            });
            view! {
                <li class="row">
                    <div class="row-main">
                        <p class="row-title">{device.name.clone()} " " {device.is_this.then(|| tag::plain("this one"))}</p>
                        <p class="row-sub">
                            "signed in " {clock.relative(device.signed_in_at)} " · seen " {clock.relative(device.seen_at)} {ip}
                        </p>
                    </div>
                    <div class="row-actions">{end}</div>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}
