//! Looser rules take a second person, and whoever made them so waits before profiting from them.

use app::backend::{Editing, Requests, Saved, TypedAnswer, TypedEntitlement, TypedResource};
use app::error::PortalError;
use domain::caller::Caller;
use domain::policy::Deciders;
use serde_json::json;
use sqlx::PgPool;

use crate::house::start;
use crate::shelf::Shelf;

impl Shelf {
    /// The owner wants 12 hours instead of 8.
    async fn raise(&self) -> Result<Saved, PortalError> {
        let typed = TypedEntitlement { access_max: "12 hours".into(), ..self.entitlement().await };
        self.save(&self.house.owner, &typed).await
    }

    async fn answer(&self, by: &Caller, verdict: &str) -> Result<(), PortalError> {
        let id: uuid::Uuid =
            sqlx::query_scalar("select id from loosening order by proposed_at desc, id desc limit 1")
                .fetch_one(&self.house.pool)
                .await
                .unwrap();
        let typed = TypedAnswer { id: id.to_string(), verdict: verdict.into(), ..TypedAnswer::default() };
        self.house.portal.answer(by, &typed).await
    }

    async fn limit(&self) -> String {
        self.entitlement().await.access_max
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_looser_limit_waits_for_somebody_else_and_then_holds(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let admin = shelf.house.administrator("Tom Berg").await;
    assert_eq!(shelf.raise().await, Ok(Saved::Proposed));
    assert_eq!(shelf.limit().await, "8 hours");
    let waiting = shelf.house.portal.proposals(&admin).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].changes, ["longest access: 8 hours → 12 hours"]);
    assert!(waiting[0].may_confirm);
    assert!(!shelf.house.portal.proposals(&shelf.house.owner).await.unwrap()[0].may_confirm);
    let own = shelf.answer(&shelf.house.owner, "confirm").await;
    assert!(matches!(own, Err(PortalError::Forbidden(_))), "{own:?}");
    assert_eq!(shelf.details("access.denied").await, [json!({ "tried": "policy.loosening_confirmed" })]);

    assert_eq!(shelf.answer(&admin, "confirm").await, Ok(()));
    assert_eq!(shelf.limit().await, "12 hours");
    let changed = shelf.details("policy.changed").await;
    assert_eq!(changed[0]["after"], json!({ "access_max_seconds": 43_200 }));
    assert_eq!(changed[0]["proposed_by"]["name"], "Ana Ruiz");
    assert_eq!(shelf.details("policy.loosening_proposed").await[0]["loosened"], json!(["limit_raised"]));
    assert_eq!(shelf.details("policy.loosening_confirmed").await.len(), 1);
    assert_eq!(shelf.answer(&admin, "confirm").await, Err(PortalError::NotFound), "answered once");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn rejected_or_withdrawn_looser_rules_change_nothing(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let admin = shelf.house.administrator("Tom Berg").await;
    let eve = shelf.house.person("Eve Stone").await;
    for by in [&admin, &shelf.house.owner] {
        assert_eq!(shelf.raise().await, Ok(Saved::Proposed));
        let second = shelf.raise().await.unwrap_err();
        assert_eq!(second.status(), 409, "one at a time");
        assert!(matches!(shelf.answer(&eve, "confirm").await, Err(PortalError::Forbidden(_))));
        assert_eq!(shelf.answer(by, "reject").await, Ok(()));
        assert_eq!(shelf.limit().await, "8 hours");
    }
    assert_eq!(shelf.details("policy.loosening_rejected").await.len(), 2);
    assert!(shelf.details("policy.changed").await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn with_nobody_else_it_holds_at_once_and_is_flagged_for_good(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    assert_eq!(shelf.raise().await, Ok(Saved::Done));
    assert_eq!(shelf.limit().await, "12 hours");
    assert_eq!(shelf.details("policy.changed").await[0]["alone"], json!(true));
    let flagged = shelf.house.count("select count(*) from policy_version where loosened_alone").await;
    assert_eq!(flagged, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_proposal_that_was_overtaken_is_closed_and_not_forced_through(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let admin = shelf.house.administrator("Tom Berg").await;
    assert_eq!(shelf.raise().await, Ok(Saved::Proposed));
    let stricter = TypedEntitlement { access_max: "2 hours".into(), ..shelf.entitlement().await };
    assert_eq!(shelf.house.portal.save_entitlement(&admin, &stricter).await, Ok(Saved::Done));
    assert_eq!(shelf.answer(&admin, "confirm").await.unwrap_err().status(), 409);
    assert_eq!(shelf.limit().await, "2 hours");
    assert!(shelf.house.portal.proposals(&admin).await.unwrap().is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn confirming_takes_a_fresh_sign_in(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let mut admin = shelf.house.administrator("Tom Berg").await;
    admin.authenticated_at = None;
    assert_eq!(shelf.raise().await, Ok(Saved::Proposed));
    assert_eq!(shelf.answer(&admin, "confirm").await, Err(PortalError::SignInAgain));
    assert_eq!(shelf.limit().await, "8 hours");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_loosened_neither_decides_nor_benefits_for_seven_days(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let house = &shelf.house;
    let mut admin = house.administrator("Tom Berg").await;
    let mut ben = house.person("Ben Okafor").await;
    shelf.raise().await.unwrap();
    shelf.answer(&admin, "confirm").await.unwrap();
    let request = house.ask(&ben, shelf.read).await;
    let refused = house.decide(&house.owner, request, "approve").await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    assert_eq!(house.decide(&admin, request, "approve").await, Ok(()), "the other one does");

    let own = house.ask(&admin, shelf.read).await;
    let view = Requests::show(&house.portal, &admin, own).await.unwrap();
    let Some(Deciders::Held { reason }) = &view.row.deciders else { panic!("{:?}", view.row.deciders) };
    assert!(reason.contains("30 November 2026"), "{reason}");

    let later = start() + chrono::TimeDelta::days(7);
    house.set(later);
    for caller in [&mut admin, &mut ben] {
        caller.called_at = later;
    }
    let eve = house.person("Eve Stone").await;
    let after = house.ask(&eve, shelf.read).await;
    assert_eq!(house.decide(&house.owner, after, "approve").await, Ok(()), "the wait is over");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn owners_and_sensitivity_are_loosened_by_two_as_well(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let admin = shelf.house.administrator("Tom Berg").await;
    shelf.house.person("Eve Stone").await;
    let portal = &shelf.house.portal;
    let now = Editing::resource(portal, &shelf.house.owner, &shelf.slug).await.unwrap();
    assert_eq!(now.seconds, std::slice::from_ref(&admin.person));
    let typed = TypedResource {
        owners: "Ana Ruiz\nEve Stone".into(),
        sensitivity: "low".into(),
        description: "Payouts.".into(),
        ..now.typed
    };
    assert_eq!(portal.save_resource(&shelf.house.owner, &typed).await, Ok(Saved::Proposed));
    assert_eq!(
        shelf.details("policy.loosening_proposed").await[0]["loosened"],
        json!(["owner_added", "sensitivity_lowered"])
    );
    shelf.answer(&admin, "confirm").await.unwrap();
    let after = Editing::resource(portal, &admin, &shelf.slug).await.unwrap().typed;
    assert_eq!(after.owners, "Ana Ruiz\nEve Stone");
    assert_eq!((after.sensitivity.as_str(), after.description.as_str()), ("low", "Payouts."));
    assert_eq!(shelf.details("catalogue.owners_changed").await.len(), 1);
}
