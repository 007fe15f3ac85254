//! Change windows out of a file: first what it would come to, then all of them or none.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::{PlannedFile, PlannedWindow, TypedWindowFile};
use crate::components::field::Field;
use crate::components::head::{crumb, head, section};
use crate::components::textarea::textarea;
use crate::desk::{Desk, Filled, Page, page};
use crate::error::{FieldError, PortalError};
use crate::forms::windows::ImportWindows;
use crate::frame::Place;
use crate::routes;

const EXAMPLE: &str = "name,start,end,systems
CHG-2041 Ledger upgrade,2026-12-05 22:00,2026-12-06 04:00,Ledger; Payments database
CHG-2042 Year-end freeze,2026-12-24,2027-01-02,";

/// The form, and what it would come to.
#[component]
pub fn WindowFile() -> impl IntoView {
    page(Place::Audit, |desk| async move {
        if !desk.caller.roles.administrator {
            return Err(PortalError::Forbidden("Administrators add change windows.".to_owned()));
        }
        let mut filled = desk.filled::<TypedWindowFile>();
        // Where nothing was wrong with it, or it comes to something else than was checked.
        let is_read = filled.is_draft && filled.errors.is_empty();
        let planned = if is_read {
            match desk.backend.windows.check(&desk.caller, &filled.typed.csv).await {
                Ok(planned) => Some(planned),
                // It was right when it was sent, and what is there has changed since.
                Err(PortalError::Invalid(errors)) => {
                    let all: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
                    filled.errors = vec![FieldError::new("csv", all.join(" "))];
                    None
                }
                Err(error) => return Err(error),
            }
        } else {
            None
        };
        let lead = "Nothing is added before you have seen what it comes to, and then all of it or nothing.";
        let body = view! {
            {crumb(routes::WINDOWS, "Change windows")}
            {head("Add windows from CSV", lead, None)}
            {form(&desk, &filled, planned.as_ref())}
        };
        Ok(Page::new("Add windows from CSV", body))
    })
}

fn form(desk: &Desk, filled: &Filled<TypedWindowFile>, planned: Option<&PlannedFile>) -> AnyView {
    let hint = format!(
        "The first line names the columns name, start, end and systems, in any order. Systems go by their name, with ; \
         between several; none is every system. Times are read in {}; a bare date takes in its day.",
        desk.caller.time_zone.name()
    );
    let field = Field::new("csv", "Windows as CSV").hint(hint).error(filled.error("csv"));
    let new = planned.map(|planned| planned.windows.iter().filter(|one| !one.is_there).count());
    let add = new.filter(|new| *new > 0).map(|new| {
        let words = if new == 1 { "Add one window".to_owned() } else { format!("Add {new} windows") };
        view! { <button class="button" type="submit" name="typed[step]" value="add">{words}</button> }
    });
    let check = if add.is_some() { "button-quiet" } else { "button" };
    view! {
        {planned.map(|planned| preview(desk, &planned.windows))}
        <form class="form after" method="post" action=ImportWindows::url()>
            {planned.map(|planned| view! { <input type="hidden" name="typed[checked]" value=planned.mark.clone()/> })}
            {textarea(field, "typed[csv]", &filled.typed.csv, 12)}
            <div class="form-end">
                {add}
                <button class=check type="submit" name="typed[step]" value="check">"Check it"</button>
            </div>
        </form>
        {section("example", "An example", view! { <pre class="json" tabindex="0"><code>{EXAMPLE}</code></pre> }.into_any())}
    }
    .into_any()
}

fn preview(desk: &Desk, planned: &[PlannedWindow]) -> AnyView {
    let clock = desk.clock();
    let rows = planned
        .iter()
        .map(|one| {
            let systems =
                if one.systems.is_empty() { "every system".to_owned() } else { one.systems.join(", ") };
            let becomes = if one.is_there {
                view! { <span class="quiet">"is there already"</span> }.into_any()
            } else {
                "would be added".into_any()
            };
            view! {
                <tr>
                    <td data-name="Name"><span class="ledger-cell">{one.name.clone()}</span></td>
                    <td data-name="Time"><span class="ledger-cell">{clock.short(one.starts_at)} " to " {clock.short(one.ends_at)}</span></td>
                    <td data-name="Systems"><span class="ledger-cell">{systems}</span></td>
                    <td data-name="What happens"><span class="ledger-cell">{becomes}</span></td>
                </tr>
            }
        })
        .collect_view();
    let table = view! {
        <table class="ledger">
            <thead>
                <tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Time"</th>
                    <th scope="col">"Systems"</th>
                    <th scope="col">"What happens"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    };
    section("preview", "What it comes to", table.into_any())
}
