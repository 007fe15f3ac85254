//! The document around every page, and which page answers which path.

use http::HeaderMap;
use http::request::Parts;
use leptos::config::LeptosOptions;
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use crate::context::Assets;
use crate::pages;

/// The name of the cookie that remembers the chosen theme.
pub const THEME_COOKIE: &str = "theme";

/// The document around every page.
pub fn shell(_options: LeptosOptions) -> impl IntoView {
    // Pages are not hydrated; islands switch this on for themselves.
    if let Some(shared) = Owner::current_shared_context() {
        shared.set_is_hydrating(false);
    }
    let assets = use_context::<Assets>().unwrap_or_default();
    let theme = chosen_theme();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="preload" href="/inter.woff2" r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <link rel="stylesheet" href=assets.css/>
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Every page by its path.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=pages::missing::Missing>
                <Route path=path!("/") view=pages::home::Home ssr=SsrMode::Async/>
                <Route path=path!("/catalogue") view=pages::catalogue::Catalogue ssr=SsrMode::Async/>
                <Route path=path!("/catalogue/new") view=pages::resource_new::ResourceNew ssr=SsrMode::Async/>
                <Route path=path!("/catalogue/:resource") view=pages::resource::Resource ssr=SsrMode::Async/>
                <Route path=path!("/catalogue/:resource/as-of") view=pages::as_of::OfResource ssr=SsrMode::Async/>
                <Route path=path!("/catalogue/:resource/edit") view=pages::resource_edit::ResourceEdit ssr=SsrMode::Async/>
                <Route path=path!("/catalogue/:resource/entitlements/new") view=pages::entitlement_edit::EntitlementNew ssr=SsrMode::Async/>
                <Route path=path!("/catalogue/:resource/entitlements/:id/edit") view=pages::entitlement_edit::EntitlementEdit ssr=SsrMode::Async/>
                <Route path=path!("/requests") view=pages::requests::Requests ssr=SsrMode::Async/>
                <Route path=path!("/requests/new") view=pages::request_form::RequestForm ssr=SsrMode::Async/>
                <Route path=path!("/requests/:id") view=pages::request::Request ssr=SsrMode::Async/>
                <Route path=path!("/approvals") view=pages::approvals::Approvals ssr=SsrMode::Async/>
                <Route path=path!("/tasks") view=pages::tasks::Tasks ssr=SsrMode::Async/>
                <Route path=path!("/alerts") view=pages::alerts::Alerts ssr=SsrMode::Async/>
                <Route path=path!("/alerts/rules") view=pages::alert_rules::Rules ssr=SsrMode::Async/>
                <Route path=path!("/alerts/rules/:name") view=pages::alert_rules::Rule ssr=SsrMode::Async/>
                <Route path=path!("/alerts/suppressions") view=pages::suppressions::Suppressions ssr=SsrMode::Async/>
                <Route path=path!("/alerts/trends") view=pages::alert_trends::Trends ssr=SsrMode::Async/>
                <Route path=path!("/questions/:id") view=pages::question::Question ssr=SsrMode::Async/>
                <Route path=path!("/alerts/:id") view=pages::alert::Alert ssr=SsrMode::Async/>
                <Route path=path!("/audit") view=pages::audit::Audit ssr=SsrMode::Async/>
                <Route path=path!("/audit/windows") view=pages::windows::Windows ssr=SsrMode::Async/>
                <Route path=path!("/audit/windows/import") view=pages::window_file::WindowFile ssr=SsrMode::Async/>
                <Route path=path!("/audit/windows/:id") view=pages::windows::Window ssr=SsrMode::Async/>
                <Route path=path!("/audit/as-of") view=pages::as_of::OfAll ssr=SsrMode::Async/>
                <Route path=path!("/audit/exports") view=pages::exports::Exports ssr=SsrMode::Async/>
                <Route path=path!("/audit/:event") view=pages::event::Event ssr=SsrMode::Async/>
                <Route path=path!("/reports/period") view=pages::report::Period ssr=SsrMode::Async/>
                <Route path=path!("/people") view=pages::people::People ssr=SsrMode::Async/>
                <Route path=path!("/people/:id") view=pages::person::Person ssr=SsrMode::Async/>
                <Route path=path!("/people/:id/as-of") view=pages::as_of::OfPerson ssr=SsrMode::Async/>
                <Route path=path!("/admin") view=pages::admin::Admin ssr=SsrMode::Async/>
                <Route path=path!("/admin/systems") view=pages::systems::Systems ssr=SsrMode::Async/>
                <Route path=path!("/admin/systems/new") view=pages::system_edit::SystemNew ssr=SsrMode::Async/>
                <Route path=path!("/admin/systems/:id") view=pages::system_edit::System ssr=SsrMode::Async/>
                <Route path=path!("/admin/bundles") view=pages::groups::Bundles ssr=SsrMode::Async/>
                <Route path=path!("/admin/bundles/new") view=pages::group_edit::BundleNew ssr=SsrMode::Async/>
                <Route path=path!("/admin/bundles/:id") view=pages::group_edit::Bundle ssr=SsrMode::Async/>
                <Route path=path!("/admin/job-roles") view=pages::groups::JobRoles ssr=SsrMode::Async/>
                <Route path=path!("/admin/job-roles/new") view=pages::group_edit::JobRoleNew ssr=SsrMode::Async/>
                <Route path=path!("/admin/job-roles/:id") view=pages::group_edit::JobRole ssr=SsrMode::Async/>
                <Route path=path!("/admin/sources") view=pages::sources::Sources ssr=SsrMode::Async/>
                <Route path=path!("/admin/sources/new") view=pages::source::SourceNew ssr=SsrMode::Async/>
                <Route path=path!("/admin/sources/:slug") view=pages::source::Source ssr=SsrMode::Async/>
                <Route path=path!("/admin/sources/:slug/token") view=pages::token::Token ssr=SsrMode::Async/>
                <Route path=path!("/admin/reading-tokens") view=pages::reading_tokens::ReadingTokens ssr=SsrMode::Async/>
                <Route path=path!("/admin/reading-tokens/token") view=pages::token::Token ssr=SsrMode::Async/>
                <Route path=path!("/admin/unmatched") view=pages::unmatched::Unmatched ssr=SsrMode::Async/>
                <Route path=path!("/settings") view=pages::settings::Settings ssr=SsrMode::Async/>
            </Routes>
        </Router>
    }
}

/// `light` or `dark` where the person chose one; otherwise the system's setting stands.
pub(crate) fn chosen_theme() -> Option<&'static str> {
    theme_of(&use_context::<Parts>()?.headers)
}

/// The same from a request's headers.
pub fn theme_of(headers: &HeaderMap) -> Option<&'static str> {
    let cookies = headers.get_all(http::header::COOKIE);
    cookies.iter().filter_map(|value| value.to_str().ok()).find_map(theme_in)
}

fn theme_in(cookies: &str) -> Option<&'static str> {
    let (_, theme) = cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == THEME_COOKIE)?;
    match theme {
        "light" => Some("light"),
        "dark" => Some("dark"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_is_light_dark_or_the_systems_own_whatever_the_cookie_says() {
        assert_eq!(theme_in("a=b; theme=dark"), Some("dark"));
        assert_eq!(theme_in("theme=light; a=b"), Some("light"));
        assert_eq!(theme_in("theme=\" onload=x"), None);
        assert_eq!(theme_in("mytheme=dark"), None);
    }
}
