//! Asking for access.

use app::backend::{Approvals, Catalogue, CatalogueQuery, Holders, Requests, TypedRequest, Wanted};
use app::error::PortalError;
use domain::policy::Deciders;
use sqlx::PgPool;

use crate::house::{House, at, fields, hours, start, typed};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_request_waits_for_the_resource_owner_and_stands_in_the_book(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let id = house.ask(&ben, read).await;
    let view = house.portal.show(&ben, id).await.unwrap();
    assert_eq!(view.row.state, "pending");
    assert!(
        matches!(&view.row.deciders, Some(Deciders::OneOf { people, .. }) if people[0].name == "Ana Ruiz")
    );
    assert_eq!(view.next, ["Once approved, access opens by itself."]);
    assert!(view.may_cancel && !view.may_decide);
    assert_eq!(house.portal.queue(&house.owner).await.unwrap()[0].id, id);
    assert_eq!(house.portal.queue(&ben).await.unwrap().len(), 0);
    assert_eq!(house.story(id).await, ["request.submitted"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn everything_wrong_is_told_at_once_and_nothing_is_written(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let bad = TypedRequest {
        rationale: "  \u{200b} ".into(),
        duration: "9 hours".into(),
        ticket: "x".repeat(201),
        ..typed(read)
    };
    let error = house.portal.submit(&ben, &bad).await.unwrap_err();
    assert_eq!(fields(&error), ["ticket", "rationale", "duration"]);
    let PortalError::Invalid(faults) = error else { panic!() };
    assert_eq!(
        faults[2].message,
        "This is longer than 8 hours, the limit of the policy for read on payments-prod (version 1). Ask for 8 hours or less."
    );
    assert_eq!(house.count("select count(*) from submission").await, 0);
    assert_eq!(house.count("select count(*) from event").await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_duplicate_leads_to_what_is_there(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let id = house.ask(&ben, read).await;
    let again = house.portal.submit(&ben, &typed(read)).await.unwrap_err();
    assert!(
        matches!(&again, PortalError::AlreadyThere { path, .. } if *path == format!("/requests/{id}")),
        "{again:?}"
    );
    let form =
        house.portal.form(&ben, &Wanted { entitlements: vec![read], ..Wanted::default() }).await.unwrap();
    assert!(form.items[0].obstacle.is_some(), "the form says so before anything is sent");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn several_things_make_one_submission_and_are_decided_one_by_one(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let (read, admin) = (house.entitlement("read").await, house.entitlement("admin").await);
    let both = TypedRequest { entitlements: format!("{read},{admin}"), ..typed(read) };
    let submission = house.portal.submit(&ben, &both).await.unwrap();
    let rows = house.portal.submission(&ben, submission).await.unwrap();
    assert_eq!(rows.len(), 2);
    house.decide(&house.owner, rows[0].id, "deny").await.unwrap();
    house.decide(&house.owner, rows[1].id, "approve").await.unwrap();
    let states: Vec<_> =
        house.portal.submission(&ben, submission).await.unwrap().into_iter().map(|r| r.state).collect();
    assert_eq!(states, ["denied", "approved"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_of_several_wrong_files_none(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let (read, admin) = (house.entitlement("read").await, house.entitlement("admin").await);
    house.ask(&ben, admin).await;
    let both = TypedRequest { entitlements: format!("{read},{admin}"), ..typed(read) };
    assert!(matches!(house.portal.submit(&ben, &both).await, Err(PortalError::AlreadyThere { .. })));
    assert_eq!(house.count("select count(*) from access_request").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_decided_in_time_and_it_expires_by_itself(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let id = house.ask(&ben, read).await;
    house.set(start() + hours(7 * 24) - chrono::TimeDelta::seconds(1));
    house.work().await;
    assert_eq!(house.portal.show(&ben, id).await.unwrap().row.state, "pending");
    house.set(start() + hours(7 * 24));
    let late = house.decide(&house.owner, id, "approve").await;
    assert!(matches!(late, Err(PortalError::Conflict(_))), "{late:?}");
    house.work().await;
    assert_eq!(house.portal.show(&ben, id).await.unwrap().row.state, "expired");
    assert_eq!(house.story(id).await, ["request.submitted", "request.expired"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_fixed_end_does_not_move_and_pending_past_it_is_expired(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let fixed = TypedRequest { ends: "until".into(), until: "2026-11-23T15:00".into(), ..typed(read) };
    let id = house.try_ask(&ben, &fixed).await.unwrap();
    let view = house.portal.show(&ben, id).await.unwrap();
    assert_eq!(view.row.decide_by, Some(at("2026-11-23T15:00:00Z")));
    house.set(at("2026-11-23T15:00:00Z"));
    house.work().await;
    assert_eq!(house.portal.show(&ben, id).await.unwrap().row.state, "expired");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn others_see_neither_request_nor_that_it_exists(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, eve) = (house.person("Ben Okafor").await, house.person("Eve Stone").await);
    let read = house.entitlement("read").await;
    let id = house.ask(&ben, read).await;
    assert_eq!(house.portal.show(&eve, id).await.unwrap_err(), PortalError::NotFound);
    assert_eq!(house.portal.item(&eve, id).await.unwrap_err(), PortalError::NotFound);
    assert_eq!(house.portal.cancel(&eve, id).await.unwrap_err(), PortalError::NotFound);
    assert_eq!(house.decide(&eve, id, "approve").await.unwrap_err(), PortalError::NotFound);
    assert_eq!(house.portal.show(&ben, id).await.unwrap().row.state, "pending");
    let denied =
        house.count("select count(*) from event where outcome = 'denied' and action = 'access.denied'").await;
    assert_eq!(denied, 2, "both attempts to change something stand in the book");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_asked_can_take_it_back_once(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let id = house.ask(&ben, read).await;
    house.portal.cancel(&ben, id).await.unwrap();
    assert!(matches!(house.portal.cancel(&ben, id).await, Err(PortalError::Conflict(_))));
    assert!(matches!(house.decide(&house.owner, id, "approve").await, Err(PortalError::Conflict(_))));
    house.ask(&ben, read).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_catalogue_is_found_with_typos_and_tells_numbers_only_from_five(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let query = |text: &str| CatalogueQuery { text: text.into(), ..CatalogueQuery::default() };
    for text in ["", "payments", "paymnets", "databases read"] {
        assert_eq!(house.portal.browse(&ben, &query(text)).await.unwrap().total, 1, "{text}");
    }
    for text in ["salesforce", "100%", "_"] {
        assert_eq!(house.portal.browse(&ben, &query(text)).await.unwrap().total, 0, "{text}");
    }
    let slug = house.portal.browse(&ben, &query("")).await.unwrap().systems[0].resources[0].slug.clone();
    for n in 0..5 {
        let holders = house.portal.resource(&ben, &slug).await.unwrap().entitlements[0].holders.clone();
        assert!(matches!(holders, Holders::FewerThanFive), "{n}");
        let peer = house.person(&format!("Peer {n}")).await;
        house.granted(&peer, read).await;
    }
    let as_seen_by =
        async |caller| house.portal.resource(caller, &slug).await.unwrap().entitlements[0].holders.clone();
    assert!(matches!(as_seen_by(&ben).await, Holders::Count(5)));
    assert!(matches!(as_seen_by(&house.owner).await, Holders::Named(people) if people.len() == 5));
}
