//! What is done from an alert, with the powers that one has.

use app::backend::{Access as _, Acting, Alerts, TypedRevokeFrom, TypedSuspendFrom, TypedVerdict};
use app::error::PortalError;
use domain::alert::State;
use domain::caller::Caller;
use domain::id::GrantId;
use sqlx::PgPool;

use super::Post;
use crate::house::fields;

impl Post {
    /// Access of Ben's on what the alert is about.
    async fn held(&self, entitlement: &str) -> GrantId {
        let entitlement = self.house.entitlement(entitlement).await;
        sqlx::query("update entitlement set resource_id = $1 where id = $2")
            .bind(self.resource)
            .bind(entitlement.0)
            .execute(&self.house.pool)
            .await
            .unwrap();
        let (_, grant) = self.house.granted(&self.ben, entitlement).await;
        self.opened(grant).await;
        grant
    }

    /// Its owner says that it is open.
    async fn opened(&self, grant: GrantId) {
        self.house.portal.attest(&self.ana, grant, "").await.unwrap();
    }

    async fn revoke(&self, caller: &Caller, grant: GrantId, reason: &str) -> Result<(), PortalError> {
        let typed =
            TypedRevokeFrom { id: self.alert.to_string(), grant: grant.to_string(), reason: reason.into() };
        self.house.portal.revoke_from(caller, &typed).await
    }

    async fn suspend(&self, caller: &Caller, reason: &str) -> Result<(), PortalError> {
        let typed = TypedSuspendFrom { id: self.alert.to_string(), reason: reason.into() };
        self.house.portal.suspend_from(caller, &typed).await
    }

    /// What the thread says was done: kind, on what, by whom.
    pub(super) async fn done(&self) -> Vec<(String, Option<String>, String)> {
        let view = Alerts::show(&self.house.portal, &self.auditor, self.alert).await.unwrap();
        view.steps.into_iter().skip(1).map(|step| (step.kind, step.what, step.by_name)).collect()
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_owner_takes_away_the_access_behind_an_alert_and_that_stands_on_it_and_in_the_book(pool: PgPool) {
    let post = Post::stand(pool).await;
    let grant = post.held("tap").await;
    let elsewhere = post.house.entitlement("elsewhere").await;
    let (_, other) = post.house.granted(&post.ben, elsewhere).await;
    post.opened(other).await;
    let ways = post.house.portal.ways(&post.ana, post.alert).await.unwrap();
    assert_eq!(ways.held.iter().map(|one| one.grant).collect::<Vec<_>>(), [grant], "not what is elsewhere");
    assert_eq!(fields(&post.revoke(&post.ana, grant, " ").await.unwrap_err()), [format!("revoke-{grant}")]);
    let missing = post.revoke(&post.ana, other, "It is over.").await;
    assert!(matches!(missing, Err(PortalError::Conflict(_))), "what is not behind it: {missing:?}");
    post.revoke(&post.ana, grant, "The laptop is stolen.").await.unwrap();
    assert_eq!(post.house.state(grant).await, "revoking");
    assert_eq!(post.house.state(other).await, "active");
    let [(kind, what, by)] = post.done().await.try_into().unwrap();
    assert!(kind == "revoked" && what.unwrap().starts_with("tap on ") && by == post.ana.person.name);
    let told = post
        .house
        .count(
            "select count(*) from event e join alert_step s on s.event_id = e.id
             where e.action = 'grant.revoking' and e.reason = 'The laptop is stolen.' and e.grant_id is not null
               and not e.detail ? 'alert' and e.detail->>'cause' = 'owner'",
        )
        .await;
    assert_eq!(
        told, 1,
        "one event says it, the thread leads to it, and whoever held it does not read of the alert"
    );
    let again = post.revoke(&post.ana, grant, "Once more.").await;
    assert!(matches!(again, Err(PortalError::Conflict(_))));
    assert_eq!(post.house.tasks(&post.ana).await, 1, "to close it by hand");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn to_whom_an_alert_was_handed_takes_nothing_away_that_is_not_theirs(pool: PgPool) {
    let post = Post::stand(pool).await;
    let grant = post.held("tap").await;
    post.hand_over(&post.ana, "Kim Vale").await.unwrap();
    let ways = post.house.portal.ways(&post.stranger, post.alert).await.unwrap();
    assert!(ways.held.is_empty() && ways.may_suspend.is_none());
    assert!(ways.may_ask.is_some(), "to ask is free");
    let refused = post.revoke(&post.stranger, grant, "I think so.").await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    assert_eq!((post.refused().await, post.house.state(grant).await.as_str()), (1, "active"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_acts_from_an_alert_about_themselves_nor_from_one_they_do_not_see(pool: PgPool) {
    let mut post = Post::stand(pool).await;
    let grant = post.held("tap").await;
    post.ben.roles.administrator = true;
    assert!(matches!(post.revoke(&post.ben, grant, "Tidy.").await, Err(PortalError::Forbidden(_))));
    assert!(matches!(post.suspend(&post.ben, "Tidy.").await, Err(PortalError::Forbidden(_))));
    let ways = post.house.portal.ways(&post.ben, post.alert).await.unwrap();
    assert!(ways.held.is_empty() && ways.may_suspend.is_none() && ways.may_ask.is_none());
    assert_eq!(post.revoke(&post.stranger, grant, "Tidy.").await, Err(PortalError::NotFound));
    assert_eq!(post.suspend(&post.stranger, "Tidy.").await, Err(PortalError::NotFound));
    assert!(matches!(post.suspend(&post.auditor, "Tidy.").await, Err(PortalError::Forbidden(_))));
    assert_eq!(post.house.state(grant).await, "active");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_administrator_suspends_whom_an_alert_is_about_and_everything_of_theirs_ends(pool: PgPool) {
    let post = Post::stand(pool).await;
    let grant = post.held("tap").await;
    let refused = post.suspend(&post.ana, "The laptop is stolen.").await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))), "owners do not: {refused:?}");
    assert_eq!(fields(&post.suspend(&post.admin, "").await.unwrap_err()), ["suspend"]);
    post.suspend(&post.admin, "The laptop is stolen.").await.unwrap();
    assert_eq!(post.house.state(grant).await, "revoking");
    let [(kind, what, by)] = post.done().await.try_into().unwrap();
    assert_eq!((kind.as_str(), what.as_deref(), by.as_str()), ("suspended", Some("Ben Okafor"), "Dev Raman"));
    let told = post
        .house
        .count("select count(*) from event e join alert_step s on s.event_id = e.id where e.action = 'person.suspended'")
        .await;
    assert_eq!(told, 1);
    let again = post.suspend(&post.admin, "Once more.").await;
    assert!(matches!(again, Err(PortalError::Conflict(_))));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whom_an_alert_is_about_never_takes_care_of_it_and_the_next_level_does(pool: PgPool) {
    let post = Post::stand(pool).await;
    let house = &post.house;
    let keepers = async || {
        let view = Alerts::show(&house.portal, &post.admin, post.alert).await.unwrap();
        view.keepers.into_iter().map(|person| person.name).collect::<Vec<_>>()
    };
    assert_eq!(keepers().await, std::slice::from_ref(&post.ana.person.name));
    sqlx::query("update alert set person_id = $1, other_id = $2")
        .bind(post.ana.id().0)
        .bind(post.stranger.id().0)
        .execute(&house.pool)
        .await
        .unwrap();
    assert_eq!(keepers().await, <[String; 0]>::default(), "an administrator");
    let sol = house.person("Sol Reyes").await;
    let system: uuid::Uuid = sqlx::query_scalar("select system_id from resource where id = $1")
        .bind(post.resource)
        .fetch_one(&house.pool)
        .await
        .unwrap();
    house.own(&sol, "system_id", system).await;
    assert_eq!(keepers().await, ["Sol Reyes"]);
    for about in [&post.ana, &post.stranger] {
        let refused = post.hand_over(&post.admin, &about.person.name).await.unwrap_err();
        assert_eq!(fields(&refused), ["person"], "{}", about.person.name);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_word_that_is_no_reach_is_refused_at_its_field_and_nothing_is_accepted(pool: PgPool) {
    let post = Post::stand(pool).await;
    sqlx::query("update alert set person_id = null").execute(&post.house.pool).await.unwrap();
    // Of nobody, “person” and “both” say nothing.
    for reach in ["everything", "person", "both"] {
        let typed = TypedVerdict {
            id: post.alert.to_string(),
            verdict: "accepted".into(),
            until: "2026-12-24".into(),
            reason: "Until then.".into(),
            reach: reach.into(),
        };
        let refused = post.house.portal.resolve(&post.admin, &typed).await.unwrap_err();
        assert_eq!(fields(&refused), ["reach"], "{reach}");
    }
    assert_eq!(post.state().await, State::Open);
}
