//! A secret, shown once: it is copied first, and works once it is kept.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::address;
use crate::backend::{self, TypedToken};
use crate::components::field::Field;
use crate::components::head::{crumb_to, head};
use crate::desk::{Desk, Page, page};
use crate::forms::sources::KeepToken;
use crate::frame::Place;
use crate::routes;

/// The form for a new token, or for another secret of one.
#[component]
pub fn Token() -> impl IntoView {
    page(Place::Admin, |desk| async move {
        let (slug, token) = (desk.param("slug"), desk.query("token"));
        let offer = desk.backend.sources.offer(&desk.caller, &slug, &token).await?;
        let title = match &offer.token {
            Some(name) => format!("Another secret for {name}"),
            None => "Make a token".to_owned(),
        };
        let lead = match &offer.token {
            None if slug.is_empty() => "Whoever has it reads the whole book, and can write nothing.",
            Some(_) => {
                "The secret of now works for another 24 hours, so that whatever shows it can be changed."
            }
            None => "It lets events of this source in, and nothing else.",
        };
        let body = view! {
            {crumb_to(routes::tokens(&address::encode(&slug)), offer.source.clone())}
            {head(title.clone(), lead, None)}
            {form(&desk, &offer, &slug, token)}
        };
        Ok(Page::new(title, body))
    })
}

fn form(desk: &Desk, offer: &backend::Offer, slug: &str, token: String) -> AnyView {
    let filled = desk.filled::<TypedToken>();
    let is_new = offer.token.is_none();
    let name = is_new.then(|| {
        Field::new("name", "Name")
            .hint("What shows it, such as “collector on host 3”.")
            .error(filled.error("name"))
            .input("typed[name]", "text", filled.typed.name.clone())
    });
    let secret = Field::new("secret", "The secret")
        .hint("Copy it now to where it is needed. It is kept nowhere here, and never shown again.")
        .error(filled.error("secret"));
    let control = view! {
        <input class="input input-code" type="text" id=secret.id.clone() name="typed[secret]" value=offer.secret.clone()
            readonly autocomplete="off" spellcheck="false" aria-describedby=secret.described_by()/>
    };
    view! {
        <form class="form" method="post" action=KeepToken::url()>
            <input type="hidden" name="typed[slug]" value=slug.to_owned()/>
            <input type="hidden" name="typed[token]" value=token/>
            {name}
            {secret.around(control.into_any())}
            <div class="form-end">
                <button class="button" type="submit">"I have copied it: let it work"</button>
                <a class="button-quiet" href=routes::tokens(&address::encode(slug))>"Leave it"</a>
            </div>
        </form>
    }
    .into_any()
}
