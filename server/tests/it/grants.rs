//! Access that starts and ends by itself, or by hand where there is no connector.

use app::backend::{Access, Approvals, Requests, TaskKind, TypedRequest};
use app::error::PortalError;
use domain::request::Pressing;
use sqlx::PgPool;

use crate::house::{House, fields, hours, start, typed};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn manual_access_is_opened_and_closed_by_an_owner_who_attests_it(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let (request, grant) = house.granted(&ben, read).await;
    house.work().await;
    assert_eq!(house.state(grant).await, "activating");
    assert_eq!(house.portal.tasks(&house.owner).await.unwrap()[0].kind, TaskKind::OpenByHand);
    // Three hours later: the four hours count from here.
    house.set(start() + hours(3));
    house.portal.attest(&house.owner, grant, "Added to the group.").await.unwrap();
    let held = &house.portal.home(&ben).await.unwrap().held[0];
    assert_eq!(held.until, Some(start() + hours(7)));
    house.set(start() + hours(7) - chrono::TimeDelta::seconds(1));
    house.work().await;
    assert_eq!(house.state(grant).await, "active");
    house.set(start() + hours(7));
    house.work().await;
    assert_eq!(house.state(grant).await, "ending");
    assert_eq!(house.portal.tasks(&house.owner).await.unwrap()[0].kind, TaskKind::CloseByHand);
    house.portal.attest(&house.owner, grant, "").await.unwrap();
    assert_eq!(house.state(grant).await, "ended");
    assert_eq!(
        house.story(request).await,
        [
            "request.submitted",
            "request.approved",
            "grant.activating",
            "grant.activated",
            "grant.ending",
            "grant.removal_asked",
            "grant.ended"
        ]
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_attests_their_own_access(pool: PgPool) {
    let house = House::new(pool).await;
    let admin = house.administrator("Tom Berg").await;
    let read = house.entitlement("read").await;
    let request = house.ask(&house.owner, read).await;
    house.decide(&admin, request, "approve").await.unwrap();
    let task = &house.portal.tasks(&house.owner).await.unwrap()[0];
    assert!(task.is_own);
    let refused = house.portal.attest(&house.owner, task.grant, "").await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    house.portal.attest(&admin, task.grant, "").await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_nobody_opens_within_a_day_closes_as_failed(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let (_, grant) = house.granted(&ben, read).await;
    house.set(start() + hours(24));
    assert!(matches!(house.portal.attest(&house.owner, grant, "").await, Err(PortalError::Conflict(_))));
    house.work().await;
    assert_eq!(house.state(grant).await, "failed");
    house.ask(&ben, read).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_scheduled_start_waits_for_its_time(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let later = TypedRequest { start: "2026-11-24T08:00".into(), ..typed(read) };
    let request = house.try_ask(&ben, &later).await.unwrap();
    house.decide(&house.owner, request, "approve").await.unwrap();
    let grant = house.portal.show(&ben, request).await.unwrap().row.grant.unwrap().id;
    house.work().await;
    assert_eq!((house.state(grant).await.as_str(), house.tasks(&house.owner).await), ("scheduled", 0));
    house.set(start() + hours(22));
    house.work().await;
    assert_eq!((house.state(grant).await.as_str(), house.tasks(&house.owner).await), ("activating", 1));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_renewal_is_decided_anew_and_takes_over_without_a_gap(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let (_, first) = house.granted(&ben, read).await;
    house.portal.attest(&house.owner, first, "").await.unwrap();
    let plain = house.portal.submit(&ben, &typed(read)).await.unwrap_err();
    let PortalError::AlreadyThere { path, .. } = &plain else { panic!("{plain:?}") };
    assert_eq!(*path, format!("/requests/new?renew={first}"));

    let renew = TypedRequest { renew: first.to_string(), entitlements: String::new(), ..typed(read) };
    let request = house.try_ask(&ben, &renew).await.unwrap();
    let second_try = house.portal.submit(&ben, &renew).await;
    assert!(matches!(second_try, Err(PortalError::AlreadyThere { .. })), "{second_try:?}");
    let home = house.portal.home(&ben).await.unwrap();
    assert!(
        !home.held[0].may_renew && home.held[0].renewal == Some(request),
        "it leads to what waits already"
    );
    house.decide(&house.owner, request, "approve").await.unwrap();
    let second = house.portal.show(&ben, request).await.unwrap().row.grant.unwrap().id;
    assert_eq!(house.state(second).await, "scheduled");
    let home = house.portal.home(&ben).await.unwrap();
    assert!(
        home.held.iter().all(|held| !held.may_renew && held.renewal.is_none()),
        "what follows on is there"
    );

    house.set(start() + hours(4));
    house.work().await;
    let both = async || (house.state(first).await, house.state(second).await);
    assert_eq!(both().await, ("ending".into(), "activating".into()), "nobody has said yet that it goes on");
    house.portal.attest(&house.owner, second, "").await.unwrap();
    assert_eq!(both().await, ("ended".into(), "active".into()));
    assert_eq!(
        house.count("select count(*) from access_grant where removal_known = 'still_held'").await,
        1,
        "the target was left as it is"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn given_back_early_and_taken_away_with_a_reason(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, eve) = (house.person("Ben Okafor").await, house.person("Eve Stone").await);
    let read = house.entitlement("read").await;
    let (_, bens) = house.granted(&ben, read).await;
    let (_, eves) = house.granted(&eve, read).await;
    assert_eq!(house.portal.give_back(&eve, bens).await, Err(PortalError::NotFound));
    assert_eq!(house.portal.revoke(&eve, bens, "x").await, Err(PortalError::NotFound));
    assert!(matches!(house.portal.give_back(&house.owner, bens).await, Err(PortalError::Forbidden(_))));
    house.portal.give_back(&ben, bens).await.unwrap();
    assert!(matches!(house.portal.give_back(&ben, bens).await, Err(PortalError::Conflict(_))));
    let blank = house.portal.revoke(&house.owner, eves, " \n").await.unwrap_err();
    assert_eq!(fields(&blank), ["reason"]);
    house.portal.revoke(&house.owner, eves, "The incident is over.").await.unwrap();
    house.work().await;
    assert_eq!(
        (house.state(bens).await.as_str(), house.state(eves).await.as_str()),
        ("revoking", "revoking")
    );
    assert_eq!(house.tasks(&house.owner).await, 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_renewal_is_told_as_one_and_presses_before_the_running_access_ends(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let (first_request, first) = house.granted(&ben, read).await;
    house.portal.attest(&house.owner, first, "").await.unwrap();
    house.set(start() + hours(1));
    let renew = TypedRequest { renew: first.to_string(), entitlements: String::new(), ..typed(read) };
    let request = house.try_ask(&ben, &renew).await.unwrap();

    let row = house.portal.queue(&house.owner).await.unwrap().remove(0);
    let ends = start() + hours(4);
    assert!(row.is_renewal);
    assert_eq!(row.pressing, Some(Pressing::GapFrom(ends)), "although there are days left to decide");
    let item = house.portal.item(&house.owner, request).await.unwrap();
    assert_eq!((item.held_since, item.renewed_until), (Some(start()), Some(ends)));
    let view = house.portal.show(&ben, request).await.unwrap();
    assert!(view.row.is_renewal);
    assert_eq!((view.held_since, view.renewed_until), (Some(start()), Some(ends)));
    let first = house.portal.show(&ben, first_request).await.unwrap();
    assert!(!first.row.is_renewal && first.renewed_until.is_none());
}
