//! Own settings, signed-in devices, and the theme.

use domain::id::SessionId;
use http::HeaderValue;
use http::header::SET_COOKIE;
use http::request::Parts;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_axum::ResponseOptions;
use serde::{Deserialize, Serialize};

use super::{Counter, Form, accepts_html, go, id};
use crate::address;
use crate::components::icon::{Icon, icon};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;
use crate::shell::THEME_COOKIE;

/// Own settings, as typed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSettings {
    /// An IANA name.
    pub time_zone: String,
    /// `on` or empty.
    pub queue_keys: String,
}

impl Form for TypedSettings {
    const NAME: &'static str = "settings";

    fn path(&self) -> String {
        routes::SETTINGS.to_owned()
    }
}

/// Saves the caller's settings.
#[server(prefix = "/api/form", endpoint = "save-settings")]
pub async fn save_settings(typed: TypedSettings) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let keys = typed.queue_keys == "on";
    let done = counter.backend.account.save_settings(&counter.caller, &typed.time_zone, keys).await;
    counter.close(&typed, done, |()| Notice::SettingsSaved.on(routes::SETTINGS)).await
}

/// Which device is signed out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedDevice {
    /// The session.
    pub id: String,
}

impl Form for TypedDevice {
    const NAME: &'static str = "device";

    fn path(&self) -> String {
        routes::SETTINGS.to_owned()
    }
}

/// Signs one of the caller's devices out.
#[server(prefix = "/api/form", endpoint = "end-device")]
pub async fn end_device(typed: TypedDevice) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done =
        async { counter.backend.account.end_device(&counter.caller, id::<SessionId>(&typed.id)?).await }
            .await;
    counter.close(&typed, done, |()| Notice::DeviceEnded.on(routes::SETTINGS)).await
}

/// Remembers `light`, `dark` or, for anything else, the system's own setting, and goes back.
#[server(prefix = "/api/form", endpoint = "set-theme")]
pub async fn set_theme(
    #[server(default)] theme: String,
    #[server(default)] back: String,
) -> Result<(), PortalError> {
    let response = use_context::<ResponseOptions>().ok_or(PortalError::Internal)?;
    response.append_header(SET_COOKIE, theme_cookie(&theme));
    go(&response, use_context::<Parts>().is_some_and(|parts| accepts_html(&parts)), &back);
    Ok(())
}

fn theme_cookie(theme: &str) -> HeaderValue {
    let cookie = match theme {
        "light" => format!("{THEME_COOKIE}=light; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"),
        "dark" => format!("{THEME_COOKIE}=dark; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"),
        _ => format!("{THEME_COOKIE}=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly"),
    };
    HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""))
}

/// The switch between the themes; `back` is the page that it stands on.
pub(crate) fn theme_form(chosen: Option<&'static str>, back: &str) -> AnyView {
    let back = address::safe_local(back, routes::HOME).to_owned();
    let choice = |value: &'static str, words: &'static str, sign: Icon| {
        let pressed = if chosen.unwrap_or("system") == value { "true" } else { "false" };
        view! {
            <button class="theme-choice" type="submit" name="theme" value=value aria-pressed=pressed title=words>
                {icon(sign)}
                <span class="sr-only">{words}</span>
            </button>
        }
    };
    view! {
        <form class="theme" method="post" action=SetTheme::url()>
            <input type="hidden" name="back" value=back/>
            <span class="theme-label" id="theme-label">"Theme"</span>
            <span class="theme-choices" role="group" aria-labelledby="theme-label">
                {choice("system", "As the system", Icon::Screen)}
                {choice("light", "Light", Icon::Sun)}
                {choice("dark", "Dark", Icon::Moon)}
            </span>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_nobody_knows_is_the_systems_own() {
        assert!(theme_cookie("dark").to_str().is_ok_and(|c| c.starts_with("theme=dark;")));
        for other in ["system", "", "dark; Domain=evil.example"] {
            assert_eq!(theme_cookie(other), "theme=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly", "{other}");
        }
    }
}
