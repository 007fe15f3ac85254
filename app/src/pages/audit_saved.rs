//! Saved queries, beside the line that they are typed into.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::audit::Asked;
use super::audit_columns::Look;
use crate::address;
use crate::backend::{SavedQueryList, SavedQueryRow, TypedSavedQuery, TypedSavedQueryEnd};
use crate::components::field::Field;
use crate::components::reveal::reveal;
use crate::desk::{Desk, Filled};
use crate::forms::field_id;
use crate::forms::saved_queries::{DeleteQuery, SaveQuery};
use crate::routes;

/// Where the page stands, for the forms to come back to.
struct Here {
    query: String,
    columns: String,
}

impl Here {
    fn fields(&self) -> AnyView {
        view! {
            <input type="hidden" name="typed[query]" value=self.query.clone()/>
            <input type="hidden" name="typed[columns]" value=self.columns.clone()/>
        }
        .into_any()
    }
}

/// The list, and the form that saves what the page shows.
pub(crate) fn fold(desk: &Desk, asked: &Asked, look: &Look, list: &SavedQueryList) -> AnyView {
    let (query, is_query) = match asked {
        Asked::Query(query, _) => (query.as_written(), true),
        _ => (String::new(), false),
    };
    let here = Here { query, columns: look.written() };
    let is_draft = desk.filled::<TypedSavedQuery>().is_draft || desk.filled::<TypedSavedQueryEnd>().is_draft;
    let summary = match list.queries.len() {
        0 => "Saved queries".to_owned(),
        count => format!("Saved queries ({count})"),
    };
    let rows = list.queries.iter().map(|row| saved(desk, &here, list, row)).collect_view();
    let rows = (!list.queries.is_empty()).then(|| view! { <ul class="saved">{rows}</ul> });
    let can_save = is_query && (!here.query.is_empty() || !here.columns.is_empty());
    let save = if can_save {
        save(desk, &here, list)
    } else {
        view! { <p class="quiet">"Look for something, then save it here under a name."</p> }.into_any()
    };
    view! {
        <details class="fold bar-more" open=is_draft>
            <summary>{summary}</summary>
            {rows}
            {save}
        </details>
    }
    .into_any()
}

fn saved(desk: &Desk, here: &Here, list: &SavedQueryList, row: &SavedQueryRow) -> AnyView {
    let path = address::with_all(routes::AUDIT, &[("q", &row.query), ("columns", &row.columns)]);
    let whose = match (&row.owner, row.is_shared) {
        (Some(owner), _) => Some(format!("shared by {owner}")),
        (None, true) => Some("shared".to_owned()),
        (None, false) => None,
    };
    let whose = whose.map(|words| view! { <span class="tag">{words}</span> });
    let filled = desk.filled_where::<TypedSavedQuery>(|typed| typed.id == row.id);
    let is_open = filled.is_draft;
    let change = row.may_change.then(|| change(here, list, row, &filled));
    let delete = row.may_delete.then(|| {
        view! {
            <form method="post" action=DeleteQuery::url()>
                <input type="hidden" name="typed[id]" value=row.id.clone()/>
                {here.fields()}
                <button class="button-danger" type="submit">"Delete it"</button>
            </form>
        }
    });
    let edit = (row.may_change || row.may_delete).then(|| {
        let words = view! { "Change" <span class="sr-only">" " {row.name.clone()}</span> };
        reveal(words, is_open, view! { {change} {delete} })
    });
    let text = if row.query.is_empty() { "everything".to_owned() } else { row.query.clone() };
    view! {
        <li class="saved-one">
            <p class="saved-words"><a class="saved-name" href=path>{row.name.clone()}</a> " " {whose} " " <code class="saved-query">{text}</code></p>
            {edit}
        </li>
    }
    .into_any()
}

fn share(id: String, list: &SavedQueryList, is_shared: bool) -> Option<AnyView> {
    (list.may_share || is_shared).then(|| {
        view! {
            <label class="pick-one">
                <input class="checkbox" type="checkbox" id=id name="typed[shared]" value="on" checked=is_shared/>
                <span>"Share with auditors and administrators"</span>
            </label>
        }
        .into_any()
    })
}

fn change(
    here: &Here,
    list: &SavedQueryList,
    row: &SavedQueryRow,
    filled: &Filled<TypedSavedQuery>,
) -> AnyView {
    let (name, is_shared) = if filled.is_draft {
        (filled.typed.name.clone(), !filled.typed.shared.is_empty())
    } else {
        (row.name.clone(), row.is_shared)
    };
    // The summary of errors leads to the form that failed.
    let id = if filled.is_draft { field_id("name") } else { format!("f-name-{}", row.id) };
    let field = Field::new("name", "Name").id(id).error(filled.error("name"));
    view! {
        <form method="post" action=SaveQuery::url()>
            <input type="hidden" name="typed[id]" value=row.id.clone()/>
            {here.fields()}
            {field.input("typed[name]", "text", name)}
            {share(format!("f-shared-{}", row.id), list, is_shared)}
            <button class="button-quiet" type="submit">"Save the change"</button>
        </form>
    }
    .into_any()
}

fn save(desk: &Desk, here: &Here, list: &SavedQueryList) -> AnyView {
    let filled = desk.filled_where::<TypedSavedQuery>(|typed| typed.id.is_empty());
    let is_of_another = desk.filled::<TypedSavedQuery>().is_draft && !filled.is_draft;
    let id = if is_of_another { "f-name-new".to_owned() } else { field_id("name") };
    let field = Field::new("name", "Save this query as").id(id).error(filled.error("name"));
    view! {
        <form class="saved-new" method="post" action=SaveQuery::url()>
            {here.fields()}
            {field.input("typed[name]", "text", filled.typed.name.clone())}
            {share("f-shared".to_owned(), list, !filled.typed.shared.is_empty())}
            <button class="button-quiet" type="submit">"Save the query"</button>
        </form>
    }
    .into_any()
}
