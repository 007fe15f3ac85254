//! What just happened, and what went wrong with a form.

use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::error::FieldError;
use crate::forms::field_id;

/// Something was done.
pub fn notice(sentence: impl IntoView + 'static) -> AnyView {
    view! {
        <p class="banner banner-success" role="status">{icon(Icon::Check)} <span>{sentence}</span></p>
    }
    .into_any()
}

/// Something that one should know before going on.
pub fn warning(body: impl IntoView + 'static) -> AnyView {
    view! { <div class="banner banner-warning">{icon(Icon::Warning)} <div>{body}</div></div> }.into_any()
}

/// Something good to know.
pub fn info(body: impl IntoView + 'static) -> AnyView {
    view! { <div class="banner banner-info">{icon(Icon::Info)} <div>{body}</div></div> }.into_any()
}

/// Why a form was not accepted: each fault leads to its field, and the way out stands beside it.
pub fn failure(message: &str, fields: &[FieldError], way_out: Option<(String, String)>) -> AnyView {
    let several = (fields.len() > 1).then(|| {
        let faults = fields
            .iter()
            .map(|fault| {
                let to = format!("#{}", field_id(&fault.field));
                view! { <li><a href=to>{fault.message.clone()}</a></li> }
            })
            .collect_view();
        view! { <ul class="banner-list">{faults}</ul> }
    });
    let message = match fields {
        [only] => {
            let to = format!("#{}", field_id(&only.field));
            view! { <a href=to>{message.to_owned()}</a> }.into_any()
        }
        _ => message.to_owned().into_any(),
    };
    let way_out = way_out.map(|(path, words)| view! { " " <a class="banner-way" href=path>{words}</a> });
    view! {
        <div class="banner banner-danger" role="alert" id="error-summary" tabindex="-1" autofocus>
            {icon(Icon::Warning)}
            <div>
                <p class="banner-message">{message} {way_out}</p>
                {several}
            </div>
        </div>
    }
    .into_any()
}
