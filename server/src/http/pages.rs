//! Where the pages come in. (A placeholder page until the face arrives.)

use axum::Extension;
use axum::response::Html;
use axum::{Router, routing};

use super::guard::Visiting;
use super::plain_page::{document, escape};

/// The pages, for [`super::router`] to put behind the guard.
pub fn pages() -> Router {
    Router::new().route(app::routes::HOME, routing::get(home))
}

async fn home(Extension(Visiting(caller)): Extension<Visiting>) -> Html<String> {
    let roles = match (caller.roles.administrator, caller.roles.auditor) {
        (true, _) => "administrator",
        (false, true) => "auditor",
        (false, false) => "employee",
    };
    Html(document(
        "Gatebook",
        &format!(
            "<h1>Hello, {}</h1><p>{roles}, {}</p><form method=\"post\" action=\"{}\"><button>Sign out</button></form>",
            escape(&caller.person.name),
            caller.time_zone,
            app::routes::SIGN_OUT
        ),
    ))
}
