//! “Was this you?”: somebody who takes care of an alert asks whom it is about.

use domain::alert::question::Answer as Answered;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::audit_rows::evidence_rows;
use crate::backend::{QuestionView, TypedReply};
use crate::components::field::Field;
use crate::components::head::{crumb, head, section};
use crate::components::icon::{Icon, icon};
use crate::components::prose;
use crate::components::textarea::textarea;
use crate::desk::{Desk, Page, page};
use crate::forms::acting::AnswerQuestion;
use crate::forms::field_id;
use crate::frame::Place;
use crate::routes;

/// A question's page.
#[component]
pub fn Question() -> impl IntoView {
    page(Place::Home, |desk| async move {
        let question = desk.backend.acting.question(&desk.caller, desk.id("id")?).await?;
        let title = format!("{} asks you", question.by.name);
        let when = desk.clock().short(question.asked_at);
        let events = evidence_rows(desk.clock(), question.events.iter().map(|event| (event, false)));
        let events =
            (!question.events.is_empty()).then(|| section("what", "What was done under your name", events));
        let body = view! {
            {crumb(routes::HOME, "Home")}
            {head(title.clone(), view! { "Asked " {when} ". Your answer stands in the book." }, None)}
            {prose::said(&question.words)}
            {events}
            {section("answer", "Your answer", answer(&desk, &question))}
        };
        Ok(Page::new(title, body))
    })
}

fn answer(desk: &Desk, question: &QuestionView) -> AnyView {
    if let Some(answer) = question.answer {
        let words = match answer {
            Answered::Mine => "You said that it was you.",
            Answered::NotMine => "You said that it was not you. Whoever takes care of it knows.",
        };
        let said = question.said.as_deref().map(prose::said);
        return view! { <p>{words}</p> {said} }.into_any();
    }
    if question.is_settled {
        return view! { <p class="quiet">"This is settled by now. Nothing waits for you."</p> }.into_any();
    }
    let filled = desk.filled::<TypedReply>();
    let error = filled.error("answer");
    let described = error.as_ref().map(|_| "answer-error");
    let choice = |answer: Answered, words: &'static str, hint: &'static str| {
        let id = match answer {
            Answered::Mine => field_id("answer"),
            Answered::NotMine => format!("{}-not", field_id("answer")),
        };
        let checked = filled.typed.answer == answer.as_str();
        view! {
            <label class="verdict">
                <input class="verdict-input" type="radio" id=id name="typed[answer]" value=answer.as_str() checked=checked/>
                <span class="verdict-words">{words} <span class="verdict-hint">{hint}</span></span>
            </label>
        }
    };
    let said = Field::new("said", "What there is to say")
        .hint("What you did it for, or what seems wrong.")
        .optional()
        .error(filled.error("said"));
    view! {
        <form class="form" method="post" action=AnswerQuestion::url()>
            <input type="hidden" name="typed[id]" value=question.id.to_string()/>
            <fieldset class="field verdicts" aria-describedby=described>
                <legend class="field-label">"It was"</legend>
                {choice(Answered::Mine, "Me", "I did this.")}
                {choice(Answered::NotMine, "Not me", "Somebody else acts under my name. It becomes an alert of the highest severity.")}
                {error.map(|error| view! { <p class="field-error" id="answer-error">{icon(Icon::Warning)} <span>{error}</span></p> })}
            </fieldset>
            {textarea(said, "typed[said]", &filled.typed.said, 3)}
            <div class="form-end"><button class="button" type="submit">"Answer"</button></div>
        </form>
    }
    .into_any()
}

/// What Home says of questions that wait: each leads to its page.
pub(crate) fn calls(questions: &[(domain::id::QuestionId, String)]) -> Option<AnyView> {
    let calls = questions
        .iter()
        .map(|(id, who)| {
            let path = routes::question(&id.to_string());
            let words = format!("{who} asks whether something was you");
            view! { <a class="call call-soon" href=path>{icon(Icon::Alert)} <span>{words}</span> <span class="call-way">"Answer"</span> {icon(Icon::Right)}</a> }
        })
        .collect_view();
    (!questions.is_empty()).then(|| view! { <div class="calls">{calls}</div> }.into_any())
}
