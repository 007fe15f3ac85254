//! What reports say that means nobody and nothing here yet, for administrators: each is answered in one step.

use domain::matching::target_of;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::{Asked, Said, TypedAlias, Waiting};
use crate::components::empty::empty;
use crate::components::field::Field;
use crate::components::head::{crumb, head, section};
use crate::components::number::counted;
use crate::components::person::person;
use crate::components::reveal::reveal;
use crate::components::sentence::sentence;
use crate::components::tag;
use crate::desk::{Desk, Page, page};
use crate::forms::matching::AnswerUnmatched;
use crate::frame::Place;
use crate::routes;

/// Suggestions for people, and for what can be held.
const PEOPLE: &str = "people-here";
const THINGS: &str = "things-here";

/// The page.
#[component]
pub fn Unmatched() -> impl IntoView {
    page(Place::Admin, |desk| async move {
        let waiting = desk.backend.matching.waiting(&desk.caller).await?;
        let is_all_known = waiting.actors.is_empty() && waiting.targets.is_empty();
        let body = if is_all_known {
            empty(
                "Nothing waits",
                "Everybody and everything that reports name is known here, or was answered.",
                None,
            )
        } else {
            view! {
                {section("actors", "Who is that?", asked(&desk, "actor", &waiting.actors))}
                {section("targets", "What is that?", asked(&desk, "target", &waiting.targets))}
                {waiting.is_more.then(|| view! { <p class="quiet">"There is more. It follows once these are answered."</p> })}
            }
            .into_any()
        };
        let body = view! {
            {crumb(routes::ADMIN, "Administration")}
            {head("Not known yet", "Reports name people and things in their own words. What is said here holds for all reports of that source under these words, also for those that are there already; what was logged stays as it is.", None)}
            {body}
            {(!waiting.said.is_empty()).then(|| section("said", "What was answered", said(&desk, &waiting)))}
            {suggestions(PEOPLE, &waiting.people)}
            {suggestions(THINGS, &waiting.things)}
        };
        Ok(Page::new("Not known yet", body))
    })
}

fn suggestions(id: &'static str, values: &[String]) -> AnyView {
    let options = values.iter().map(|value| view! { <option value=value.clone()></option> }).collect_view();
    view! { <datalist id=id>{options}</datalist> }.into_any()
}

fn asked(desk: &Desk, side: &'static str, all: &[Asked]) -> AnyView {
    if all.is_empty() {
        return view! { <p class="quiet">"Nothing here waits for an answer."</p> }.into_any();
    }
    let rows = all.iter().map(|one| asked_row(desk, side, one)).collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

/// A key as people read it: a target's from the system down to the permission.
fn words(side: &str, key: &str) -> String {
    if side == "actor" {
        return key.to_owned();
    }
    let target = target_of(key);
    [target.system, target.resource, target.entitlement].into_iter().flatten().collect::<Vec<_>>().join(" › ")
}

fn asked_row(desk: &Desk, side: &'static str, asked: &Asked) -> AnyView {
    let clock = desk.clock();
    let reports = match (asked.reports, asked.is_more) {
        (1, false) => "one report".to_owned(),
        (count, is_more) => format!("{} reports", counted(count, is_more)),
    };
    let path = format!("{}/{}", routes::AUDIT, asked.last.id);
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title"><code>{words(side, &asked.key)}</code> {tag::plain(&asked.source)}</p>
                <p class="row-sub">
                    {reports} " · first came in " {clock.relative(asked.first_at)} " · last " {clock.relative(asked.last.recorded_at)}
                </p>
                <p class="row-sub">{sentence(&asked.last)} " · " <a href=path>"the last one"</a></p>
            </div>
            <div class="row-actions">{answer(desk, side, &asked.source, &asked.key, false)}</div>
        </li>
    }
    .into_any()
}

/// The form of one key; where it `was_said` already, it can be taken back, too.
fn answer(desk: &Desk, side: &'static str, source: &str, key: &str, was_said: bool) -> AnyView {
    let filled = desk
        .filled_where::<TypedAlias>(|typed| typed.side == side && typed.source == source && typed.key == key);
    let (words, label, hint, list, nobody) = match side {
        "actor" => ("Say who", "Who it is here", "Their email, or their name.", PEOPLE, "Nobody here"),
        _ => (
            "Say what",
            "What it is here",
            "A resource (payments-prod), or with an entitlement (payments-prod/read).",
            THINGS,
            "Nothing here",
        ),
    };
    let words = if was_said { "Change" } else { words };
    let field = Field::new("meaning", label)
        .id(format!("f-meaning-{side}-{source}-{}", key.replace(|c: char| !c.is_ascii_alphanumeric(), "-")))
        .hint(hint)
        .error(filled.error("meaning"));
    let forget = was_said.then(|| {
        view! { <button class="button-quiet" type="submit" name="typed[choice]" value="forget">"Take it back"</button> }
    });
    reveal(
        view! { {words}<span class="sr-only">": " {self::words(side, key)}</span> },
        filled.is_draft,
        view! {
            <form method="post" action=AnswerUnmatched::url()>
                <input type="hidden" name="typed[side]" value=side/>
                <input type="hidden" name="typed[source]" value=source.to_owned()/>
                <input type="hidden" name="typed[key]" value=key.to_owned()/>
                {field.input_listed("typed[meaning]", "text", filled.typed.meaning.clone(), Some(list))}
                <div class="form-end">
                    <button class="button" type="submit" name="typed[choice]" value="is">"Save"</button>
                    <button class="button-quiet" type="submit" name="typed[choice]" value="nobody">{nobody}</button>
                    {forget}
                </div>
            </form>
        },
    )
}

fn said(desk: &Desk, waiting: &Waiting) -> AnyView {
    let rows = waiting.said.iter().map(|one| said_row(desk, one)).collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

fn said_row(desk: &Desk, said: &Said) -> AnyView {
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title"><code>{words(said.side, &said.key)}</code> " is " {said.meaning.clone()} " " {tag::plain(&said.source)}</p>
                <p class="row-sub">"said by " {person(&said.by)} " " {desk.clock().relative(said.at)}</p>
            </div>
            <div class="row-actions">{answer(desk, said.side, &said.source, &said.key, true)}</div>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_as_the_source_wrote_it() {
        assert_eq!(words("target", "github/org%2frepo/"), "github › org/repo");
        assert_eq!(words("actor", "email:a%2fb@example.com"), "email:a%2fb@example.com");
    }
}
