//! How access was used, as far as sources report it.

use domain::id::GrantId;
use leptos::prelude::*;

use super::number::counted;
use crate::address;
use crate::backend::Use;
use crate::desk::Desk;
use crate::routes;

/// The book, filtered by what was done under this grant.
pub fn under_grant(id: GrantId) -> String {
    address::with(routes::AUDIT, "q", &format!("grant:{id}"))
}

/// “last used 2 hours ago, 14 times”; it leads into the book for those to whom the book is open.
pub fn used(desk: &Desk, id: GrantId, used: Option<&Use>) -> AnyView {
    let Some(used) = used else { return view! { <span>"no use reported"</span> }.into_any() };
    let times = if desk.sees_all() {
        view! { <a href=under_grant(id)>{times(used)}</a> }.into_any()
    } else {
        times(used).into_any()
    };
    view! { <span>"last used " {desk.clock().relative(used.last_at)} ", " {times}</span> }.into_any()
}

fn times(used: &Use) -> String {
    match (used.times, used.is_more) {
        (1, false) => "once".to_owned(),
        (times, is_more) => format!("{} times", counted(times, is_more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_is_told_with_how_often_and_leads_to_what_was_done() {
        let of = |times, is_more| Use { last_at: chrono::DateTime::UNIX_EPOCH, times, is_more };
        assert_eq!(times(&of(1, false)), "once");
        assert_eq!(times(&of(10_000, true)), "10,000+ times");
        let id: GrantId = "01930000-0000-7000-8000-000000000000".parse().expect("an id");
        assert_eq!(under_grant(id), "/audit?q=grant%3A01930000-0000-7000-8000-000000000000");
    }
}
