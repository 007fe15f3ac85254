//! Editing an entitlement and its policy, or adding one.

use domain::editable::EntitlementFacts;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{editing, proposal};
use crate::backend::{self, Answer, TypedEntitlement};
use crate::components::field::Field;
use crate::components::head::{crumb_to, head};
use crate::components::textarea::textarea;
use crate::desk::{Desk, Filled, Page, page};
use crate::error::PortalError;
use crate::forms::editing::SaveEntitlement;
use crate::frame::Place;
use crate::routes;

/// The form that edits an entitlement.
#[component]
pub fn EntitlementEdit() -> impl IntoView {
    page(Place::Catalogue, |desk| async move {
        let id = desk.param("id");
        if id.is_empty() {
            return Err(PortalError::NotFound);
        }
        read(&desk, &id).await
    })
}

/// The form that adds an entitlement.
#[component]
pub fn EntitlementNew() -> impl IntoView {
    page(Place::Catalogue, |desk| async move { read(&desk, "").await })
}

async fn read(desk: &Desk, id: &str) -> Answer<Page> {
    let edit = desk.backend.editing.entitlement(&desk.caller, &desk.param("resource"), id).await?;
    let is_new = id.is_empty();
    let title = if is_new {
        format!("Add an entitlement to {}", edit.resource)
    } else {
        format!("Edit {} on {}", edit.name, edit.resource)
    };
    let slug = edit.typed.slug.clone();
    let delete = (!is_new).then(|| {
        let delete = editing::delete(desk, &slug, id, &edit.name, edit.at_stake);
        view! { <aside class="split-side" aria-label="Deleting it"><div class="side-actions">{delete}</div></aside> }
    });
    let body = view! {
        {crumb_to(routes::resource(&slug), edit.resource.clone())}
        {head(title.clone(), "What it is called, what it opens, and the rules of asking for it.", None)}
        <div class="split">
            <div class="split-main">{form(desk, &edit, is_new)}</div>
            {delete}
        </div>
    };
    Ok(Page::new(title, body))
}

fn form(desk: &Desk, edit: &backend::EntitlementEdit, is_new: bool) -> AnyView {
    let filled = desk.filled_where::<TypedEntitlement>(|typed| typed.id == edit.typed.id);
    let since = if filled.is_draft && !is_new {
        editing::changed_since::<EntitlementFacts>(&filled.typed.version, &edit.typed.version)
    } else {
        Vec::new()
    };
    let typed = if filled.is_draft { filled.typed.clone() } else { edit.typed.clone() };
    let save = if is_new { "Add the entitlement" } else { "Save the entitlement" };
    view! {
        {editing::meanwhile(&since)}
        {edit.proposal.as_ref().map(|one| proposal::waits(desk, one))}
        {editing::old_sign_in(edit.sign_in_again)}
        <form class="form" method="post" action=SaveEntitlement::url()>
            <input type="hidden" name="typed[slug]" value=edit.typed.slug.clone()/>
            <input type="hidden" name="typed[id]" value=edit.typed.id.clone()/>
            // The form of now: whoever reads this has been told what changed.
            <input type="hidden" name="typed[version]" value=edit.typed.version.clone()/>
            {words(edit, &typed, &filled)}
            {rules(&typed, &filled)}
            {(!is_new).then(|| proposal::who_confirms(proposal::LOOSER, &edit.seconds))}
            <div class="form-end">
                <button class="button" type="submit">{save}</button>
                <a class="button-quiet" href=routes::resource(&edit.typed.slug)>"Leave it as it is"</a>
            </div>
        </form>
    }
    .into_any()
}

fn words(
    edit: &backend::EntitlementEdit,
    typed: &TypedEntitlement,
    filled: &Filled<TypedEntitlement>,
) -> AnyView {
    let purpose = Field::new("purpose", "Purpose")
        .optional()
        .hint("What somebody who holds it can do, and what it is for.")
        .error(filled.error("purpose"));
    let target = Field::new("target", format!("Name in {}", edit.system)).error(filled.error("target"));
    let target = if edit.is_manual {
        target.optional().hint("What whoever opens it by hand looks for.")
    } else {
        target.hint("The role that is granted there.")
    };
    view! {
        {Field::new("name", "Name")
            .hint("Like “read” or “admin”.")
            .error(filled.error("name"))
            .input("typed[name]", "text", typed.name.clone())}
        {textarea(purpose, "typed[purpose]", &typed.purpose, 3)}
        {target.input("typed[target]", "text", typed.target.clone())}
    }
    .into_any()
}

fn rules(typed: &TypedEntitlement, filled: &Filled<TypedEntitlement>) -> AnyView {
    let hint =
        "Emails, one to a line. They decide before anybody else; without any, the resource's owners do.";
    view! {
        {editing::access_max(filled.error("access_max"), typed.access_max.clone())}
        {Field::new("pending_for", "Time to decide")
            .hint("A request that nobody decided by then expires. It holds for requests from now on.")
            .error(filled.error("pending_for"))
            .input("typed[pending_for]", "text", typed.pending_for.clone())}
        <div class="field">
            <label class="check">
                <input
                    class="checkbox"
                    type="checkbox"
                    name="typed[rationale_required]"
                    value="on"
                    checked=typed.rationale_required == "on"
                />
                <span>
                    "Whoever asks says why"
                    <span class="check-hint">"Whoever decides reads it first."</span>
                </span>
            </label>
        </div>
        {editing::owners(filled.error("owners"), &typed.owners, hint)}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FieldError;

    #[test]
    fn what_was_typed_comes_back_inert_with_each_fault_at_its_field() {
        let typed = TypedEntitlement {
            owners: "</textarea><script>alert(1)</script>".into(),
            access_max: "\"soon\"".into(),
            rationale_required: "on".into(),
            ..TypedEntitlement::default()
        };
        let errors = vec![FieldError::new("owners", "Nobody here goes by x.")];
        let filled = Filled { typed: typed.clone(), errors, is_draft: true };
        let html = rules(&typed, &filled).to_html();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("value=\"&quot;soon&quot;\""), "{html}");
        assert!(html.contains(" checked"), "{html}");
        assert!(html.contains("id=\"f-owners-error\""), "{html}");
    }
}
