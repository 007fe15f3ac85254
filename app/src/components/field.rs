//! A form field: label, hint, control, error, tied together for people who hear the page.

use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::forms::field_id;

/// A field around its control.
pub struct Field {
    /// The control's id.
    pub id: String,
    label: String,
    hint: Option<String>,
    error: Option<String>,
    is_optional: bool,
    /// Whether the page opens with the focus here.
    pub has_focus: bool,
}

impl Field {
    /// The field `name` of the page's one form.
    pub fn new(name: &str, label: impl Into<String>) -> Self {
        Self {
            id: field_id(name),
            label: label.into(),
            hint: None,
            error: None,
            is_optional: false,
            has_focus: false,
        }
    }

    /// Another id, where the same form stands several times on a page.
    #[must_use]
    pub fn id(mut self, id: String) -> Self {
        self.id = id;
        self
    }

    /// What helps to fill it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong with it.
    #[must_use]
    pub fn error(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }

    /// It may stay empty, and says so.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// The page opens with the focus here, if `has_focus`.
    #[must_use]
    pub fn focus_if(mut self, has_focus: bool) -> Self {
        self.has_focus = has_focus;
        self
    }

    /// `aria-describedby` of the control.
    pub fn described_by(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.id));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.id));
        match (error, hint) {
            (Some(error), Some(hint)) => Some(format!("{error} {hint}")),
            (error, hint) => error.or(hint),
        }
    }

    /// `aria-invalid` of the control.
    pub fn invalid(&self) -> Option<&'static str> {
        self.error.as_ref().map(|_| "true")
    }

    /// The field with this control in it.
    pub fn around(self, control: AnyView) -> AnyView {
        let optional = self.is_optional.then(|| view! { <span class="field-optional">" optional"</span> });
        view! {
            <div class="field">
                <label class="field-label" for=self.id.clone()>{self.label} {optional}</label>
                {self.hint.map(|hint| {
                    view! { <p class="field-hint" id=format!("{}-hint", self.id)>{hint}</p> }
                })}
                {control}
                {self.error.map(|error| {
                    view! {
                        <p class="field-error" id=format!("{}-error", self.id)>
                            {icon(Icon::Warning)}
                            <span>{error}</span>
                        </p>
                    }
                })}
            </div>
        }
        .into_any()
    }

    /// A line of text; `kind` is the input's type.
    pub fn input(self, name: &'static str, kind: &'static str, value: String) -> AnyView {
        self.input_listed(name, kind, value, None)
    }

    /// A line of text with suggestions from the `<datalist>` of this id.
    pub fn input_listed(
        self,
        name: &'static str,
        kind: &'static str,
        value: String,
        list: Option<&'static str>,
    ) -> AnyView {
        let control = view! {
            <input
                class="input"
                type=kind
                id=self.id.clone()
                name=name
                value=value
                list=list
                autocomplete="off"
                aria-describedby=self.described_by()
                aria-invalid=self.invalid()
            />
        };
        self.around(control.into_any())
    }
}
