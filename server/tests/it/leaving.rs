//! What happens when somebody leaves or is suspended.

use app::backend::{Access, People, Requests};
use app::error::PortalError;
use sqlx::PgPool;

use crate::house::{House, fields, typed};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_leaver_loses_everything_at_once_and_nothing_comes_back(pool: PgPool) {
    let house = House::new(pool).await;
    let admin = house.administrator("Tom Berg").await;
    let ben = house.person("Ben Okafor").await;
    let (read, write) = (house.entitlement("read").await, house.entitlement("write").await);
    let (_, grant) = house.granted(&ben, read).await;
    house.portal.attest(&house.owner, grant, "").await.unwrap();
    let pending = house.ask(&ben, write).await;

    house.portal.set_status(&admin, ben.id(), "left", "Last day.").await.unwrap();
    house.work().await;
    assert_eq!(house.state(grant).await, "revoking");
    assert_eq!(Requests::show(&house.portal, &house.owner, pending).await.unwrap().row.state, "denied");
    assert_eq!(house.story(pending).await, ["request.submitted", "request.denied"]);
    assert!(matches!(house.portal.submit(&ben, &typed(write)).await, Err(PortalError::Forbidden(_))));

    house.portal.set_status(&admin, ben.id(), "active", "A mistake.").await.unwrap();
    house.work().await;
    assert_eq!(house.state(grant).await, "revoking", "nothing comes back by itself");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn only_another_administrator_changes_who_works_here_and_says_why(pool: PgPool) {
    let house = House::new(pool).await;
    let admin = house.administrator("Tom Berg").await;
    let ben = house.person("Ben Okafor").await;
    for (caller, target) in [(&ben, house.owner.id()), (&house.owner, ben.id()), (&admin, admin.id())] {
        let refused = house.portal.set_status(caller, target, "left", "x").await;
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    }
    let blank = house.portal.set_status(&admin, ben.id(), "suspended", " ").await.unwrap_err();
    assert_eq!(fields(&blank), ["reason"]);
    let unknown = house.portal.set_status(&admin, ben.id(), "fired", "x").await.unwrap_err();
    assert_eq!(fields(&unknown), ["status"]);
    assert_eq!(house.count("select count(*) from event where action = 'access.denied'").await, 3);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn somebody_suspended_since_the_decision_is_not_let_in(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let request = house.ask(&ben, read).await;
    sqlx::query("update person set status = 'suspended' where id = $1")
        .bind(ben.id().0)
        .execute(&house.pool)
        .await
        .unwrap();
    let refused = house.decide(&house.owner, request, "approve").await;
    assert!(matches!(refused, Err(PortalError::Conflict(_))), "{refused:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_person_holds_is_for_themselves_their_manager_auditors_and_administrators(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, eve, boss) =
        (house.person("Ben Okafor").await, house.person("Eve Stone").await, house.person("Mia Boss").await);
    sqlx::query("update person set manager_id = $1 where id = $2")
        .bind(boss.id().0)
        .bind(ben.id().0)
        .execute(&house.pool)
        .await
        .unwrap();
    let read = house.entitlement("read").await;
    house.granted(&ben, read).await;
    let mut auditor = house.person("Ada Audit").await;
    auditor.roles.auditor = true;
    for (caller, sees) in [(&ben, true), (&boss, true), (&auditor, true), (&eve, false)] {
        let view = People::show(&house.portal, caller, ben.id()).await.unwrap();
        assert_eq!(view.holds.is_some(), sees, "{}", caller.person.name);
    }
}
