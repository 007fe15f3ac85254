//! Making and editing systems and resources: who may, what is refused, and what the book says.

use app::backend::{Administration, Editing, Saved, TypedDeletion, TypedRemoval, TypedResource, TypedSystem};
use app::error::PortalError;
use domain::caller::Caller;
use serde_json::json;
use sqlx::PgPool;

use crate::house::{fields, start};
use crate::shelf::Shelf;

fn ledger() -> TypedSystem {
    TypedSystem {
        name: "Ledger (EU)".into(),
        connector: "postgresql".into(),
        url: "postgres://gatebook@db.example:5432/ledger".into(),
        password: "env:LEDGER_PASSWORD".into(),
        access_max: "2 days".into(),
        owners: "Ana Ruiz".into(),
        ..TypedSystem::default()
    }
}

impl Shelf {
    /// Adds the system and answers its form.
    async fn add(&self, admin: &Caller, typed: &TypedSystem) -> TypedSystem {
        let (saved, id) = self.house.portal.save_system(admin, typed).await.unwrap();
        assert_eq!(saved, Saved::Done);
        self.house.portal.system(admin, &id).await.unwrap().typed
    }

    async fn refused(&self, admin: &Caller, typed: &TypedSystem) -> PortalError {
        self.house.portal.save_system(admin, typed).await.unwrap_err()
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_administrator_makes_a_system_and_the_book_says_what_with_its_reference(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let admin = shelf.house.administrator("Tom Berg").await;
    let typed = shelf.add(&admin, &ledger()).await;
    let told = shelf.details("catalogue.system_added").await;
    assert_eq!(told[0]["after"]["slug"], "ledger-eu");
    assert_eq!(
        told[0]["after"]["connector_settings"],
        json!({ "url": "postgres://gatebook@db.example:5432/ledger", "password": "env:LEDGER_PASSWORD" })
    );
    assert_eq!((typed.access_max.as_str(), typed.owners.as_str()), ("2 days", "Ana Ruiz"));
    let again = shelf.refused(&admin, &ledger()).await;
    assert_eq!(fields(&again), ["address"], "one at an address");
    let words = TypedSystem { description: "The books.".into(), ..typed };
    assert_eq!(shelf.house.portal.save_system(&admin, &words).await.unwrap().0, Saved::Done);
    assert_eq!(
        shelf.details("catalogue.system_changed").await,
        [json!({ "before": { "description": "" }, "after": { "description": "The books." } })]
    );
    let stale = TypedSystem { description: "Books.".into(), ..words };
    assert_eq!(shelf.refused(&admin, &stale).await.status(), 409);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_fault_of_a_system_is_told_at_its_field_and_no_secret_is_repeated(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let admin = shelf.house.administrator("Tom Berg").await;
    let before = shelf.events().await;
    let typed = TypedSystem {
        name: " ".into(),
        address: "Not a slug".into(),
        password: "hunter2".into(),
        url: "postgres://me:hunter2@db/app".into(),
        access_max: "soon".into(),
        owners: "nobody@example.com".into(),
        ..ledger()
    };
    let error = shelf.refused(&admin, &typed).await;
    assert_eq!(fields(&error), ["address", "name", "password", "url", "access_max", "owners"]);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    for (typed, field) in [
        (TypedSystem { connector: "teleport".into(), ..ledger() }, "connector"),
        (TypedSystem { url: String::new(), ..ledger() }, "url"),
        (TypedSystem { url: "https://db/app".into(), ..ledger() }, "url"),
        (TypedSystem { name: "支付".into(), ..ledger() }, "address"),
        (TypedSystem { address: "new".into(), ..ledger() }, "address"),
    ] {
        assert_eq!(fields(&shelf.refused(&admin, &typed).await), [field], "{typed:?}");
    }
    assert_eq!(shelf.events().await, before);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn only_administrators_make_systems_and_its_owners_see_theirs(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let (house, portal) = (&shelf.house, &shelf.house.portal);
    let admin = house.administrator("Tom Berg").await;
    let eve = house.person("Eve Stone").await;
    let typed = shelf.add(&admin, &ledger()).await;
    let removal = TypedRemoval { kind: "system".into(), id: typed.id.clone(), reason: "x".into() };
    for by in [&eve, &house.owner] {
        for refused in [
            portal.save_system(by, &ledger()).await.map(|_| ()),
            portal.save_system(by, &typed).await.map(|_| ()),
            portal.delete_system(by, &removal).await,
            portal.systems(by).await.map(|_| ()),
            portal.system(by, "").await.map(|_| ()),
        ] {
            assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
        }
    }
    assert!(matches!(portal.system(&eve, &typed.id).await, Err(PortalError::Forbidden(_))));
    assert!(!portal.system(&house.owner, &typed.id).await.unwrap().may_edit);
    assert!(matches!(portal.system(&admin, "nonsense").await, Err(PortalError::NotFound)));
    let tried: Vec<_> = shelf.details("access.denied").await;
    assert_eq!(tried.len(), 6, "looking is no attempt");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_looser_system_waits_for_one_of_its_owners_and_then_holds_for_all_of_it(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let (house, portal) = (&shelf.house, &shelf.house.portal);
    let admin = house.administrator("Tom Berg").await;
    let typed = shelf.add(&admin, &ledger()).await;
    let looser = TypedSystem { access_max: String::new(), ..typed.clone() };
    assert_eq!(portal.save_system(&admin, &looser).await.unwrap().0, Saved::Proposed);
    let second = TypedSystem { url: "postgres://gatebook@other/ledger".into(), ..typed.clone() };
    assert_eq!(shelf.refused(&admin, &second).await.status(), 409, "one at a time");
    let waiting = portal.proposals(&house.owner).await.unwrap();
    assert_eq!(waiting[0].changes, ["longest access: 2 days → none"]);
    assert_eq!(waiting[0].path, format!("/admin/systems/{}", typed.id));
    let answer = |verdict: &str| app::backend::TypedAnswer {
        id: waiting[0].id.clone(),
        verdict: verdict.into(),
        ..Default::default()
    };
    let own = portal.answer(&admin, &answer("confirm")).await;
    assert!(matches!(own, Err(PortalError::Forbidden(_))), "{own:?}");
    portal.answer(&house.owner, &answer("confirm")).await.unwrap();
    let now = portal.system(&admin, &typed.id).await.unwrap().typed;
    assert_eq!(now.access_max, "");
    assert_eq!(shelf.details("catalogue.system_changed").await[0]["proposed_by"]["name"], "Tom Berg");
    assert_eq!(portal.answer(&house.owner, &answer("confirm")).await, Err(PortalError::NotFound));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_lowered_limit_of_a_system_shortens_what_is_held_on_it(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let admin = shelf.house.administrator("Tom Berg").await;
    let (_, grant) = shelf.held_by("Ben Okafor").await;
    let id: uuid::Uuid = sqlx::query_scalar("select system_id from resource where slug = $1")
        .bind(&shelf.slug)
        .fetch_one(&shelf.house.pool)
        .await
        .unwrap();
    let typed = shelf.house.portal.system(&admin, &id.to_string()).await.unwrap().typed;
    let stricter = TypedSystem { access_max: "1 hour".into(), ..typed };
    assert_eq!(shelf.house.portal.save_system(&admin, &stricter).await.unwrap().0, Saved::Done);
    assert_eq!(shelf.ends_at(grant).await, start() + crate::house::hours(1));
    assert_eq!(shelf.details("grant.shortened").await.len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn rules_of_a_system_take_a_fresh_sign_in(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let mut admin = shelf.house.administrator("Tom Berg").await;
    let typed = shelf.add(&admin, &ledger()).await;
    admin.authenticated_at = None;
    let stricter = TypedSystem { access_max: "1 hour".into(), ..typed.clone() };
    assert_eq!(shelf.refused(&admin, &stricter).await, PortalError::SignInAgain);
    let new = TypedSystem { name: "Other".into(), ..ledger() };
    assert_eq!(shelf.refused(&admin, &new).await, PortalError::SignInAgain);
    let words = TypedSystem { description: "The books.".into(), ..typed };
    assert_eq!(shelf.house.portal.save_system(&admin, &words).await.unwrap().0, Saved::Done);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_system_is_deleted_once_nothing_is_on_it_and_its_address_begins_anew(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let (house, portal) = (&shelf.house, &shelf.house.portal);
    let admin = house.administrator("Tom Berg").await;
    let typed = shelf.add(&admin, &TypedSystem { connector: "manual".into(), ..ledger() }).await;
    let resource = TypedResource {
        system: "ledger-eu".into(),
        name: "Ledger".into(),
        sensitivity: "high".into(),
        ..Default::default()
    };
    let slug = portal.add_resource(&house.owner, &resource).await.unwrap();
    assert_eq!(slug, "ledger");
    let removal = TypedRemoval { kind: "system".into(), id: typed.id.clone(), reason: "Replaced.".into() };
    let blank = TypedRemoval { reason: " ".into(), ..removal.clone() };
    assert_eq!(fields(&portal.delete_system(&admin, &blank).await.unwrap_err()), ["reason"]);
    let error = portal.delete_system(&admin, &removal).await.unwrap_err();
    assert!(error.to_string().contains("has a resource still"), "{error}");
    let deletion = TypedDeletion { slug, reason: "Gone.".into(), ..Default::default() };
    portal.delete(&admin, &deletion).await.unwrap();
    portal.delete_system(&admin, &removal).await.unwrap();
    assert_eq!(portal.delete_system(&admin, &removal).await, Err(PortalError::NotFound));
    assert_eq!(shelf.details("catalogue.system_deleted").await[0]["before"]["slug"], "ledger-eu");
    let new = shelf.add(&admin, &ledger()).await;
    assert_ne!(new.id, typed.id, "a reused name is another system");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn owners_of_a_system_add_resources_to_it_and_to_no_other(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let (house, portal) = (&shelf.house, &shelf.house.portal);
    let admin = house.administrator("Tom Berg").await;
    let eve = house.person("Eve Stone").await;
    shelf.add(&admin, &ledger()).await;
    shelf.add(&admin, &TypedSystem { name: "Wiki".into(), owners: String::new(), ..ledger() }).await;
    let form = portal.new_resource(&house.owner, "").await.unwrap();
    assert_eq!(form.systems, [("ledger-eu".to_owned(), "Ledger (EU)".to_owned())]);
    let typed = TypedResource {
        system: "ledger-eu".into(),
        name: "Ledger prod".into(),
        environment: "production".into(),
        sensitivity: "critical".into(),
        tags: "pci, finance".into(),
        access_max: "4 hours".into(),
        owners: "Eve Stone".into(),
        ..TypedResource::default()
    };
    let elsewhere = TypedResource { system: "wiki".into(), ..typed.clone() };
    for (by, typed) in [(&house.owner, &elsewhere), (&eve, &typed)] {
        let refused = portal.add_resource(by, typed).await;
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    }
    assert!(matches!(portal.new_resource(&house.owner, "wiki").await, Err(PortalError::Forbidden(_))));
    assert!(matches!(portal.new_resource(&eve, "").await, Err(PortalError::Forbidden(_))));
    assert!(!portal.may_add_resources(&eve).await.unwrap());
    let missing = TypedResource { system: "missing".into(), ..typed.clone() };
    assert_eq!(portal.add_resource(&admin, &missing).await, Err(PortalError::NotFound));
    let faulty = TypedResource {
        name: String::new(),
        sensitivity: "x".into(),
        address: "A b".into(),
        ..typed.clone()
    };
    let error = portal.add_resource(&house.owner, &faulty).await.unwrap_err();
    assert_eq!(fields(&error), ["address", "name", "sensitivity"]);
    assert_eq!(portal.add_resource(&house.owner, &typed).await, Ok("ledger-prod".into()));
    assert_eq!(fields(&portal.add_resource(&house.owner, &typed).await.unwrap_err()), ["address"]);
    let told = shelf.details("catalogue.resource_added").await;
    assert_eq!((told.len(), &told[0]["after"]["access_max_seconds"]), (1, &json!(14_400)));
    let saved = Editing::resource(portal, &eve, "ledger-prod").await.unwrap().typed;
    assert_eq!((saved.tags.as_str(), saved.owners.as_str()), ("finance, pci", "Eve Stone"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_resource_at_the_address_of_a_deleted_one_inherits_nothing(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let (house, portal) = (&shelf.house, &shelf.house.portal);
    let admin = house.administrator("Tom Berg").await;
    let (ben, grant) = shelf.held_by("Ben Okafor").await;
    let slug: String = sqlx::query_scalar(
        "select s.slug from system s join resource o on o.system_id = s.id where o.slug = $1",
    )
    .bind(&shelf.slug)
    .fetch_one(&house.pool)
    .await
    .unwrap();
    let deletion = TypedDeletion { slug: shelf.slug.clone(), reason: "Gone.".into(), ..Default::default() };
    portal.delete(&house.owner, &deletion).await.unwrap();
    let typed = TypedResource {
        system: slug,
        address: shelf.slug.clone(),
        name: "payments-prod".into(),
        sensitivity: "low".into(),
        ..Default::default()
    };
    assert_eq!(portal.add_resource(&admin, &typed).await, Ok(shelf.slug.clone()));
    let view = app::backend::Catalogue::resource(portal, &ben, &shelf.slug).await.unwrap();
    assert!(view.entitlements.is_empty() && view.owners.is_empty());
    assert!(matches!(
        Editing::resource(portal, &house.owner, &shelf.slug).await,
        Err(PortalError::Forbidden(_))
    ));
    assert_eq!(house.state(grant).await, "revoking", "nothing is revived");
}
