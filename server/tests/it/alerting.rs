//! What becomes of alerts: who sees them, who acts, and that each step stands in the book.

mod acting;
mod asking;
mod finding;
mod overdue;
pub mod raised;
mod shown;

use app::backend::{
    AlertList, Alerts, AlertsWaiting, AlertsWanted, TypedAlertComment, TypedHandOver, TypedTakeUp,
    TypedVerdict,
};
use app::error::PortalError;
use chrono::TimeDelta;
use domain::alert::{ACCEPTED_MAX_DAYS, State, Verdict, WORDS_MAX_CHARS};
use domain::caller::Caller;
use domain::id::AlertId;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use self::raised::{Raised, resource_of};
use crate::house::{House, at, fields, hours, start};

/// A house with an alert about Ben on what Ana owns.
struct Post {
    house: House,
    resource: Uuid,
    alert: AlertId,
    ana: Caller,
    ben: Caller,
    admin: Caller,
    auditor: Caller,
    stranger: Caller,
}

impl Post {
    async fn stand(pool: PgPool) -> Self {
        let house = House::new(pool).await;
        let read = house.entitlement("read").await;
        let resource = resource_of(&house.pool, read).await;
        let ben = house.person("Ben Okafor").await;
        let alert = Raised::new(1, start() - hours(2)).about(&ben).on(resource).raise(&house.pool).await;
        let mut auditor = house.person("Chiara Lindt").await;
        auditor.roles.auditor = true;
        Self {
            resource,
            alert,
            ana: house.owner.clone(),
            ben,
            admin: house.administrator("Dev Raman").await,
            auditor,
            stranger: house.person("Kim Vale").await,
            house,
        }
    }

    /// Another one about the same on the same.
    async fn another(&self) -> AlertId {
        Raised::new(2, start()).about(&self.ben).on(self.resource).raise(&self.house.pool).await
    }

    async fn take_up(&self, caller: &Caller) -> Result<(), PortalError> {
        let typed = TypedTakeUp { id: self.alert.to_string() };
        self.house.portal.acknowledge(caller, &typed).await
    }

    async fn resolve(
        &self,
        caller: &Caller,
        verdict: &str,
        until: &str,
        why: &str,
    ) -> Result<(), PortalError> {
        let typed = TypedVerdict {
            id: self.alert.to_string(),
            verdict: verdict.into(),
            until: until.into(),
            reason: why.into(),
            reach: String::new(),
        };
        self.house.portal.resolve(caller, &typed).await
    }

    async fn hand_over(&self, caller: &Caller, person: &str) -> Result<(), PortalError> {
        let typed =
            TypedHandOver { id: self.alert.to_string(), person: person.into(), reason: String::new() };
        self.house.portal.hand_over(caller, &typed).await
    }

    async fn comment(&self, caller: &Caller, words: &str) -> Result<(), PortalError> {
        let typed = TypedAlertComment { id: self.alert.to_string(), words: words.into() };
        Alerts::comment(&self.house.portal, caller, &typed).await
    }

    async fn state(&self) -> State {
        let view = Alerts::show(&self.house.portal, &self.auditor, self.alert).await.unwrap();
        view.row.state
    }

    /// Actions about alerts in the book, in order.
    async fn story(&self) -> Vec<String> {
        sqlx::query_scalar("select action from event where action like 'alert.%' order by recorded_at, id")
            .fetch_all(&self.house.pool)
            .await
            .unwrap()
    }

    async fn refused(&self) -> i64 {
        self.house.count("select count(*) from event where action = 'access.denied'").await
    }

    /// Every step but that it was raised has its event, of the same moment and in the same words.
    async fn is_whole(&self) {
        let astray = self
            .house
            .count(
                "select count(*) from alert_step s where s.kind <> 'raised' and not exists (select from event e
                   where e.id = s.event_id and e.action = 'alert.' || s.kind and e.actor_id = s.by_id
                     and e.reason is not distinct from s.words and e.detail->>'alert' = s.alert_id::text)",
            )
            .await;
        assert_eq!(astray, 0);
        let of_events = self.house.count("select count(*) from event where action like 'alert.%'").await;
        let steps = self.house.count("select count(*) from alert_step where kind <> 'raised'").await;
        assert_eq!(of_events, steps);
    }
}

async fn list(house: &House, caller: &Caller, wanted: &AlertsWanted) -> AlertList {
    Alerts::list(&house.portal, caller, wanted).await.unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_alert_is_taken_up_discussed_handed_over_and_resolved_and_all_of_it_stands_in_the_book(
    pool: PgPool,
) {
    let post = Post::stand(pool).await;
    post.take_up(&post.ana).await.unwrap();
    assert_eq!(post.state().await, State::Acknowledged);
    post.comment(&post.ana, "  The client tried by itself.\r\nAsked Ben. ").await.unwrap();
    post.hand_over(&post.ana, "dev raman").await.unwrap();
    post.resolve(&post.admin, "accepted", "2026-12-24", "The migration runs until then.").await.unwrap();
    let until = at("2026-12-24T23:59:59Z");
    assert_eq!(post.state().await, State::Resolved { verdict: Verdict::Accepted { until }, at: start() });
    assert_eq!(
        post.story().await,
        ["alert.acknowledged", "alert.commented", "alert.assigned", "alert.resolved"]
    );
    post.is_whole().await;
    let (subject, resource, reason, detail): (Uuid, Uuid, String, Value) = sqlx::query_as(
        "select subject_id, resource_id, reason, detail from event where action = 'alert.resolved'",
    )
    .fetch_one(&post.house.pool)
    .await
    .unwrap();
    assert_eq!((subject, resource), (post.ben.id().0, post.resource));
    assert_eq!(reason, "The migration runs until then.");
    let id = post.alert.to_string();
    assert_eq!(
        detail,
        json!({ "alert": id, "rule": "use-not-covered", "verdict": "accepted", "until": "2026-12-24T23:59:59Z" })
    );
    let view = Alerts::show(&post.house.portal, &post.ana, post.alert).await.unwrap();
    let told: Vec<_> = view.steps.iter().map(|step| (step.kind.as_str(), step.words.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("raised", None),
            ("acknowledged", None),
            ("commented", Some("The client tried by itself.\nAsked Ben.")),
            ("assigned", None),
            ("resolved", Some("The migration runs until then.")),
        ]
    );
    let opened = view.steps.iter().map(|step| step.event.is_some()).collect::<Vec<_>>();
    assert_eq!(opened, [false, true, true, true, false], "the events of others are not an owner's to open");
    assert_eq!(view.steps[3].to.as_ref().map(|to| to.id), Some(post.admin.id()));
    // What is over is still spoken about.
    post.comment(&post.ana, "Looked at it again.").await.unwrap();
    post.is_whole().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_owns_it_or_was_handed_it_and_whoever_reads_the_whole_book_sees_an_alert_and_nobody_else(
    pool: PgPool,
) {
    let post = Post::stand(pool).await;
    let house = &post.house;
    let waits = async |caller: &Caller| house.portal.waiting(caller).await.unwrap();
    let seen = |is_concerned, count| AlertsWaiting { is_concerned, count };
    for (caller, expected) in [
        (&post.ana, seen(true, 1)),
        (&post.admin, seen(true, 1)),
        // Reads all of it, and nothing of it waits for them.
        (&post.auditor, seen(true, 0)),
        (&post.ben, seen(false, 0)),
        (&post.stranger, seen(false, 0)),
    ] {
        let who = &caller.person.name;
        let sees = caller.roles.sees_all() || expected.count > 0;
        assert_eq!(waits(caller).await, expected, "{who}");
        let shown = Alerts::show(&house.portal, caller, post.alert).await;
        assert_eq!(shown.err(), (!sees).then_some(PortalError::NotFound), "{who}");
        let listed = list(house, caller, &AlertsWanted::default()).await;
        assert_eq!(
            (listed.rows.len(), listed.states[0].count),
            (usize::from(sees), usize::from(sees)),
            "{who}"
        );
    }
    post.hand_over(&post.ana, "Kim Vale").await.unwrap();
    assert_eq!(waits(&post.stranger).await, seen(true, 1));
    assert!(Alerts::show(&house.portal, &post.stranger, post.alert).await.is_ok());
    // An owner is not told of an alert about themselves; an administrator is, and does not decide about it.
    house.own(&post.ben, "resource_id", post.resource).await;
    assert_eq!(waits(&post.ben).await, seen(true, 0));
    assert_eq!(Alerts::show(&house.portal, &post.ben, post.alert).await.err(), Some(PortalError::NotFound));
    assert!(list(house, &post.ben, &AlertsWanted::default()).await.rows.is_empty());
    let about_admin = Raised::new(2, start()).about(&post.admin).on(post.resource).raise(&house.pool).await;
    assert_eq!(waits(&post.admin).await.count, 1);
    let shown = Alerts::show(&house.portal, &post.admin, about_admin).await.unwrap();
    assert!(shown.hindrance.is_some_and(|why| why.contains("about you")));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn owners_of_a_system_see_what_is_on_it_and_owners_of_an_entitlement_what_its_grants_did(pool: PgPool) {
    let post = Post::stand(pool).await;
    let house = &post.house;
    let (sol, eve) = (house.person("Sol Reyes").await, house.person("Eve Stone").await);
    let system: Uuid = sqlx::query_scalar("select system_id from resource where id = $1")
        .bind(post.resource)
        .fetch_one(&house.pool)
        .await
        .unwrap();
    house.own(&sol, "system_id", system).await;
    let entitlement: Uuid = sqlx::query_scalar("select id from entitlement where resource_id = $1")
        .bind(post.resource)
        .fetch_one(&house.pool)
        .await
        .unwrap();
    let (_, grant) = house.granted(&post.ben, domain::id::EntitlementId(entitlement)).await;
    house.own(&eve, "entitlement_id", entitlement).await;
    assert_eq!(house.portal.waiting(&sol).await.unwrap().count, 1);
    assert_eq!(house.portal.waiting(&eve).await.unwrap().count, 0, "it is of no grant");
    sqlx::query("update alert set grant_id = $1").bind(grant.0).execute(&house.pool).await.unwrap();
    assert_eq!(house.portal.waiting(&eve).await.unwrap().count, 1);
    let view = Alerts::show(&house.portal, &eve, post.alert).await.unwrap();
    assert_eq!(view.about.entitlement.as_deref(), Some("read"));
    // The grant is Ben's: its request is shown to those who see requests of his.
    assert!(Alerts::show(&house.portal, &post.ana, post.alert).await.unwrap().request.is_some());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_may_not_decide_is_refused_and_that_is_written_down(pool: PgPool) {
    let post = Post::stand(pool).await;
    sqlx::query("update alert set person_id = $1")
        .bind(post.admin.id().0)
        .execute(&post.house.pool)
        .await
        .unwrap();
    let refusals = async |caller: &Caller| {
        [
            post.take_up(caller).await.unwrap_err(),
            post.resolve(caller, "false", "", "No.").await.unwrap_err(),
            post.hand_over(caller, "Ana Ruiz").await.unwrap_err(),
            post.comment(caller, "Hm.").await.unwrap_err(),
        ]
    };
    let about = "This alert is about you, so somebody else decides what becomes of it.";
    assert_eq!(refusals(&post.admin).await, [about; 4].map(|why| PortalError::Forbidden(why.into())));
    assert!(refusals(&post.auditor).await.iter().all(|error| matches!(error, PortalError::Forbidden(_))));
    assert_eq!(post.refused().await, 8);
    assert_eq!(refusals(&post.stranger).await, [const { PortalError::NotFound }; 4]);
    assert_eq!(post.refused().await, 12, "tries on what one does not see are written down, too");
    let named = "select count(*) from event where action = 'access.denied' and resource_id is not null";
    assert_eq!(post.house.count(named).await, 8, "and name nothing to whoever tried");
    assert_eq!(post.story().await, Vec::<String>::new());
    assert_eq!(post.state().await, State::Open);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn of_two_who_take_up_or_resolve_the_same_at_once_one_does_and_the_other_is_told(pool: PgPool) {
    let post = Post::stand(pool).await;
    let (one, other) = futures::join!(post.take_up(&post.ana), post.take_up(&post.admin));
    let late = [one, other].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(matches!(late.as_slice(), [PortalError::Conflict(_)]), "{late:?}");
    assert_eq!(post.story().await, ["alert.acknowledged"]);
    let (one, other) = futures::join!(
        post.resolve(&post.ana, "true", "", "It was."),
        post.resolve(&post.admin, "false", "", "It was not.")
    );
    let late = [one, other].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(matches!(late.as_slice(), [PortalError::Conflict(_)]), "{late:?}");
    assert_eq!(post.story().await, ["alert.acknowledged", "alert.resolved"]);
    for late in [post.take_up(&post.ana).await, post.hand_over(&post.ana, "Dev Raman").await] {
        assert!(matches!(late, Err(PortalError::Conflict(_))), "{late:?}");
    }
    post.is_whole().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_cannot_be_read_is_said_at_its_field_and_changes_nothing(pool: PgPool) {
    let post = Post::stand(pool).await;
    let long = "ü".repeat(WORDS_MAX_CHARS + 1);
    let day = |days: i64| (start() + TimeDelta::days(days)).format("%Y-%m-%d").to_string();
    let verdicts = [
        ("true", String::new(), "", "reason"),
        ("true", String::new(), " \n ", "reason"),
        ("true", String::new(), long.as_str(), "reason"),
        ("true", String::new(), "a\u{7}b", "reason"),
        ("", String::new(), "Why.", "verdict"),
        ("maybe", String::new(), "Why.", "verdict"),
        ("accepted", String::new(), "Why.", "until"),
        ("accepted", "soon".to_owned(), "Why.", "until"),
        ("accepted", day(-1), "Why.", "until"),
        ("accepted", "2026-11-23 10:00".to_owned(), "Why.", "until"),
        // A bare date means its end.
        ("accepted", day(ACCEPTED_MAX_DAYS), "Why.", "until"),
        ("accepted", day(ACCEPTED_MAX_DAYS + 1), "Why.", "until"),
    ];
    for (verdict, until, why, field) in verdicts {
        let error = post.resolve(&post.ana, verdict, &until, why).await.unwrap_err();
        assert_eq!(fields(&error), [field], "{verdict} {until} {why:.10}");
    }
    let error = post.resolve(&post.ana, "", "", &long).await.unwrap_err();
    assert_eq!(fields(&error), ["verdict", "reason"], "all at once");
    let gone = post.house.person("Eve Stone").await;
    sqlx::query("update person set status = 'left' where id = $1")
        .bind(gone.id().0)
        .execute(&post.house.pool)
        .await
        .unwrap();
    post.house.person("Sam Cole").await;
    post.house.person("Sam Cole").await;
    for person in ["", "nobody@example.com", "Eve Stone", "Ben Okafor", "Sam Cole", "a\nb", long.as_str()] {
        let error = post.hand_over(&post.ana, person).await.unwrap_err();
        assert_eq!(fields(&error), ["person"], "{person:.20}");
    }
    for words in ["", " ", long.as_str()] {
        assert_eq!(fields(&post.comment(&post.ana, words).await.unwrap_err()), ["words"], "{words:.10}");
    }
    assert_eq!(post.story().await, Vec::<String>::new());
    let most = "ü".repeat(WORDS_MAX_CHARS);
    post.comment(&post.ana, &most).await.unwrap();
    post.hand_over(&post.ana, "Kim Vale").await.unwrap();
    assert_eq!(
        fields(&post.hand_over(&post.ana, "Kim Vale").await.unwrap_err()),
        ["person"],
        "has it already"
    );
    post.resolve(&post.ana, "accepted", &day(ACCEPTED_MAX_DAYS - 1), &most).await.unwrap();
    post.is_whole().await;
    let unknown = TypedTakeUp { id: "nonsense".into() };
    assert_eq!(post.house.portal.acknowledge(&post.ana, &unknown).await, Err(PortalError::NotFound));
}
