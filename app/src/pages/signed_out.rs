//! After signing out; nobody is signed in here.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::routes;

/// The page after signing out.
#[component]
pub fn SignedOut() -> impl IntoView {
    view! {
        <Title text="Signed out · Gatebook"/>
        <main id="main" class="bare">
            <div class="fault">
                <h1 class="title">"You are signed out"</h1>
                <p class="lead">
                    "This browser no longer knows you. What you hold and what you asked for goes on without you."
                </p>
                <p class="mt-6"><a class="button" href=routes::SIGN_IN>"Sign in"</a></p>
            </div>
        </main>
    }
}
