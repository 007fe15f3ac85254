//! “Was this you?”

use app::backend::{Acting, Alerts, TypedQuestion, TypedReply};
use app::error::PortalError;
use domain::alert::Severity;
use domain::alert::question::Answer;
use domain::caller::Caller;
use domain::id::QuestionId;
use sqlx::PgPool;

use super::Post;
use crate::house::fields;

impl Post {
    async fn ask(&self, caller: &Caller, words: &str) -> Result<(), PortalError> {
        let typed = TypedQuestion { id: self.alert.to_string(), words: words.into() };
        self.house.portal.ask(caller, &typed).await
    }

    async fn waiting(&self, caller: &Caller) -> Option<(QuestionId, String)> {
        self.house.portal.questions(caller).await.unwrap().pop()
    }

    async fn reply(
        &self,
        caller: &Caller,
        id: QuestionId,
        answer: &str,
        said: &str,
    ) -> Result<(), PortalError> {
        let typed = TypedReply { id: id.to_string(), answer: answer.into(), said: said.into() };
        self.house.portal.reply(caller, &typed).await
    }

    async fn severity(&self) -> Severity {
        Alerts::show(&self.house.portal, &self.auditor, self.alert).await.unwrap().row.severity
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whom_an_alert_is_about_is_asked_and_their_answer_stands_on_it(pool: PgPool) {
    let post = Post::stand(pool).await;
    assert_eq!(post.waiting(&post.ben).await, None);
    post.ask(&post.ana, "").await.unwrap();
    let (id, by) = post.waiting(&post.ben).await.unwrap();
    assert_eq!(by, post.ana.person.name);
    let question = post.house.portal.question(&post.ben, id).await.unwrap();
    assert_eq!((question.words.as_str(), question.answer), ("Was this you?", None));
    let twice = post.ask(&post.admin, "Really?").await;
    assert!(matches!(twice, Err(PortalError::Conflict(_))), "they have not answered yet: {twice:?}");
    assert_eq!(fields(&post.reply(&post.ben, id, "perhaps", "").await.unwrap_err()), ["answer"]);
    post.reply(&post.ben, id, "mine", "I tried the new client.").await.unwrap();
    assert_eq!(post.waiting(&post.ben).await, None);
    let question = post.house.portal.question(&post.ben, id).await.unwrap();
    assert_eq!(question.answer, Some(Answer::Mine));
    assert_eq!(question.said.as_deref(), Some("I tried the new client."));
    assert_eq!(post.severity().await, Severity::High, "as bad as it was");
    let again = post.reply(&post.ben, id, "not_mine", "").await;
    assert!(matches!(again, Err(PortalError::Conflict(_))), "an answer is one");
    let steps: Vec<_> = post.done().await.into_iter().map(|(kind, what, _)| (kind, what.unwrap())).collect();
    let expected = [("asked", "Ben Okafor"), ("answered", "mine")];
    assert_eq!(steps, expected.map(|(kind, what)| (kind.to_owned(), what.to_owned())));
    post.is_whole().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_somebody_says_was_not_them_is_critical_from_then_on(pool: PgPool) {
    let post = Post::stand(pool).await;
    post.ask(&post.ana, "Did you read the cards table at three?").await.unwrap();
    let (id, _) = post.waiting(&post.ben).await.unwrap();
    post.reply(&post.ben, id, "not_mine", "I was asleep.").await.unwrap();
    assert_eq!(post.severity().await, Severity::Critical);
    assert_eq!(post.house.count("select count(*) from event where detail->>'answer' = 'not_mine'").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_question_shows_whom_it_asks_nothing_of_the_alert_and_nobody_else_anything(pool: PgPool) {
    let post = Post::stand(pool).await;
    post.ask(&post.ana, "").await.unwrap();
    let (id, _) = post.waiting(&post.ben).await.unwrap();
    for other in [&post.ana, &post.admin, &post.auditor, &post.stranger] {
        let seen = post.house.portal.question(other, id).await;
        assert_eq!(seen.err(), Some(PortalError::NotFound), "{}", other.person.name);
        assert_eq!(post.reply(other, id, "mine", "").await, Err(PortalError::NotFound));
        assert_eq!(post.waiting(other).await, None);
    }
    let seen = Alerts::show(&post.house.portal, &post.ben, post.alert).await;
    assert_eq!(seen.err(), Some(PortalError::NotFound), "being asked opens nothing");
    post.reply(&post.ben, id, "mine", "").await.unwrap();
    let theirs = post
        .house
        .count(
            "select count(*) from event where action = 'alert.answered' and (detail ? 'rule' or detail ? 'severity')",
        )
        .await;
    assert_eq!(theirs, 0, "their own event does not name the rule");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_does_not_work_here_is_not_asked_and_what_is_resolved_waits_for_nobody(pool: PgPool) {
    let post = Post::stand(pool).await;
    post.ask(&post.ana, "").await.unwrap();
    let (id, _) = post.waiting(&post.ben).await.unwrap();
    post.resolve(&post.ana, "false", "", "It was the backup.").await.unwrap();
    assert_eq!(post.waiting(&post.ben).await, None);
    assert!(post.house.portal.question(&post.ben, id).await.unwrap().is_settled);
    assert!(matches!(post.reply(&post.ben, id, "mine", "").await, Err(PortalError::Conflict(_))));
    assert!(matches!(post.ask(&post.ana, "").await, Err(PortalError::Conflict(_))), "it is resolved");
    let other = post.another().await;
    sqlx::query("update person set status = 'suspended' where id = $1")
        .bind(post.ben.id().0)
        .execute(&post.house.pool)
        .await
        .unwrap();
    let typed = TypedQuestion { id: other.to_string(), words: String::new() };
    let asked = post.house.portal.ask(&post.ana, &typed).await;
    assert!(matches!(asked, Err(PortalError::Conflict(_))), "{asked:?}");
    assert!(post.house.portal.ways(&post.ana, other).await.unwrap().may_ask.is_none());
}
