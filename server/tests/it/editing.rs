//! Editing the catalogue: who may, what is refused, what follows from it, and what the book says.

use app::backend::{Editing, Saved, TypedDeletion, TypedEntitlement, TypedResource};
use app::error::PortalError;
use domain::id::EntitlementId;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::house::{fields, hours, start};
use crate::shelf::Shelf;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_owner_changes_the_words_and_the_book_says_just_what_changed(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let typed = TypedResource {
        description: "Where payouts\r\nare written.".into(),
        tags: " pci, payments,pci ".into(),
        ..shelf.resource().await
    };
    assert_eq!(shelf.save_resource(&shelf.house.owner, &typed).await, Ok(Saved::Done));
    assert_eq!(
        shelf.details("catalogue.resource_changed").await,
        [json!({
            "before": { "description": "", "tags": [] },
            "after": { "description": "Where payouts\nare written.", "tags": ["payments", "pci"] },
        })]
    );
    let now = shelf.resource().await;
    assert_eq!(now.tags, "payments, pci");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn saving_what_stands_there_writes_nothing(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let before = shelf.events().await;
    let (resource, read) = (shelf.resource().await, shelf.entitlement().await);
    assert_eq!(shelf.save_resource(&shelf.house.owner, &resource).await, Ok(Saved::Unchanged));
    assert_eq!(shelf.save(&shelf.house.owner, &read).await, Ok(Saved::Unchanged));
    assert_eq!(shelf.events().await, before);
    assert_eq!(shelf.house.count("select count(*) from policy_version").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_neither_owns_nor_administers_is_refused_and_the_attempt_is_written_down(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let eve = shelf.house.person("Eve Stone").await;
    let (resource, read) = (shelf.resource().await, shelf.entitlement().await);
    let new = TypedEntitlement { id: String::new(), name: "write".into(), ..read.clone() };
    let deletion = TypedDeletion { slug: shelf.slug.clone(), reason: "x".into(), ..Default::default() };
    let one = TypedDeletion { id: read.id.clone(), ..deletion.clone() };
    let portal = &shelf.house.portal;
    for refused in [
        Editing::resource(portal, &eve, &shelf.slug).await.map(|_| ()),
        portal.entitlement(&eve, &shelf.slug, &read.id).await.map(|_| ()),
        shelf.save_resource(&eve, &resource).await.map(|_| ()),
        shelf.save(&eve, &read).await.map(|_| ()),
        shelf.save(&eve, &new).await.map(|_| ()),
        portal.delete(&eve, &deletion).await,
        portal.delete(&eve, &one).await,
    ] {
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    }
    let attempts: Vec<Value> = shelf.details("access.denied").await;
    let tried: Vec<&str> = attempts.iter().filter_map(|detail| detail["tried"].as_str()).collect();
    assert_eq!(
        tried,
        [
            "catalogue.resource_changed",
            "catalogue.entitlement_changed",
            "catalogue.entitlement_added",
            "catalogue.resource_deleted",
            "catalogue.entitlement_deleted",
        ],
        "looking is no attempt"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_does_not_exist_is_not_found_whatever_one_may_do(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let owner = &shelf.house.owner;
    let other = shelf.house.entitlement("write").await.to_string();
    let portal = &shelf.house.portal;
    for missing in [
        Editing::resource(portal, owner, "nothing").await.map(|_| ()),
        portal.entitlement(owner, &shelf.slug, "nothing").await.map(|_| ()),
        portal.entitlement(owner, &shelf.slug, &other).await.map(|_| ()),
        portal.delete(owner, &TypedDeletion { slug: "nothing".into(), ..Default::default() }).await,
    ] {
        assert_eq!(missing, Err(PortalError::NotFound));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_owner_of_one_entitlement_edits_that_and_not_the_resource(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let ben = shelf.house.person("Ben Okafor").await;
    shelf.house.own(&ben, "entitlement_id", shelf.read.0).await;
    let read = TypedEntitlement { purpose: "To look.".into(), ..shelf.entitlement().await };
    assert_eq!(shelf.save(&ben, &read).await, Ok(Saved::Done));
    let resource = shelf.resource().await;
    assert!(matches!(shelf.save_resource(&ben, &resource).await, Err(PortalError::Forbidden(_))));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_fault_is_told_at_once_and_nothing_is_saved(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let typed = TypedResource {
        name: " ".into(),
        environment: "x".repeat(41),
        sensitivity: "harmless".into(),
        access_max: "soon".into(),
        owners: "nobody@example.com".into(),
        ..shelf.resource().await
    };
    let error = shelf.save_resource(&shelf.house.owner, &typed).await.unwrap_err();
    assert_eq!(fields(&error), ["name", "environment", "sensitivity", "access_max", "owners"]);
    let typed = TypedEntitlement {
        name: "x".repeat(81),
        purpose: "\u{0}".into(),
        target: "a\nb".into(),
        access_max: "0 h".into(),
        pending_for: String::new(),
        owners: "Nobody".into(),
        ..shelf.entitlement().await
    };
    let error = shelf.save(&shelf.house.owner, &typed).await.unwrap_err();
    assert_eq!(fields(&error), ["name", "purpose", "target", "access_max", "pending_for", "owners"]);
    assert_eq!(shelf.events().await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_second_editor_is_told_what_changed_and_overwrites_nothing(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let admin = shelf.house.administrator("Tom Berg").await;
    let first = TypedEntitlement { access_max: "4 hours".into(), ..shelf.entitlement().await };
    let second = TypedEntitlement { purpose: "To look.".into(), ..shelf.entitlement().await };
    assert_eq!(shelf.save(&shelf.house.owner, &first).await, Ok(Saved::Done));
    let conflict = shelf.save(&admin, &second).await.unwrap_err();
    assert_eq!(conflict.status(), 409);
    assert!(conflict.to_string().contains("longest access: 8 hours → 4 hours"), "{conflict}");
    let now = shelf.entitlement().await;
    assert_eq!((now.access_max.as_str(), now.purpose.as_str()), ("4 hours", ""));
    let again = TypedEntitlement { purpose: "To look.".into(), ..now };
    assert_eq!(shelf.save(&admin, &again).await, Ok(Saved::Done));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn rules_and_owners_take_a_fresh_sign_in_and_words_do_not(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    shelf.house.set(start() + hours(1));
    let owner = &shelf.house.owner;
    let again = Err(PortalError::SignInAgain);
    let stricter = TypedResource { access_max: "1 hour".into(), ..shelf.resource().await };
    assert_eq!(shelf.save_resource(owner, &stricter).await, again);
    let critical = TypedResource { sensitivity: "critical".into(), ..shelf.resource().await };
    assert_eq!(shelf.save_resource(owner, &critical).await, again);
    let alone = TypedResource { owners: String::new(), ..shelf.resource().await };
    assert_eq!(shelf.save_resource(owner, &alone).await, again);
    let other = TypedEntitlement { target: "payments_admin".into(), ..shelf.entitlement().await };
    assert_eq!(shelf.save(owner, &other).await, again);
    let new = TypedEntitlement { id: String::new(), name: "write".into(), ..shelf.entitlement().await };
    assert_eq!(shelf.save(owner, &new).await, again);
    assert_eq!(shelf.events().await, 0);
    let words = TypedResource { description: "Payouts.".into(), ..shelf.resource().await };
    assert_eq!(shelf.save_resource(owner, &words).await, Ok(Saved::Done));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn changed_rules_are_a_new_version_and_pending_requests_keep_theirs(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let ben = shelf.house.person("Ben Okafor").await;
    let request = shelf.house.ask(&ben, shelf.read).await;
    let typed = TypedEntitlement {
        name: "look".into(),
        access_max: "6 hours".into(),
        pending_for: "2 days".into(),
        ..shelf.entitlement().await
    };
    assert_eq!(shelf.save(&shelf.house.owner, &typed).await, Ok(Saved::Done));
    assert_eq!(
        shelf.details("policy.changed").await,
        [json!({
            "before": { "access_max_seconds": 28_800, "pending_seconds": 604_800 },
            "after": { "access_max_seconds": 21_600, "pending_seconds": 172_800 },
            "version": { "before": 1, "after": 2 },
        })]
    );
    assert_eq!(
        shelf.details("catalogue.entitlement_changed").await,
        [json!({ "before": { "name": "read" }, "after": { "name": "look" } })]
    );
    let filed_under: i32 = sqlx::query_scalar(
        "select v.version from access_request r join policy_version v on v.id = r.policy_version_id where r.id = $1",
    )
    .bind(request.0)
    .fetch_one(&shelf.house.pool)
    .await
    .unwrap();
    assert_eq!(filed_under, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_lowered_limit_shortens_what_is_held_each_with_its_own_event(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let (_, early) = shelf.held_by("Ben Okafor").await;
    shelf.house.set(start() + hours(2));
    let (_, late) = shelf.held_by("Eve Stone").await;
    let mut owner = shelf.house.owner.clone();
    owner.authenticated_at = Some(start() + hours(2));
    let typed = TypedResource { access_max: "1 hour".into(), ..shelf.resource().await };
    assert_eq!(shelf.save_resource(&owner, &typed).await, Ok(Saved::Done));
    assert_eq!(shelf.ends_at(late).await, start() + hours(3));
    assert_eq!(shelf.house.state(late).await, "active");
    assert_eq!(shelf.house.state(early).await, "revoking", "it has lasted longer than an hour already");
    assert_eq!(
        shelf.details("grant.shortened").await,
        [json!({
            "before": { "ends_at": start() + hours(6) },
            "after": { "ends_at": start() + hours(3) },
        })]
    );
    assert_eq!(shelf.details("grant.revoking").await, [json!({ "cause": "limit_lowered" })]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_limit_above_the_strictest_one_shortens_nothing(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let (_, grant) = shelf.held_by("Ben Okafor").await;
    let typed = TypedResource { access_max: "9 hours".into(), ..shelf.resource().await };
    assert_eq!(shelf.save_resource(&shelf.house.owner, &typed).await, Ok(Saved::Done));
    assert_eq!(shelf.ends_at(grant).await, start() + hours(4));
    assert!(shelf.details("grant.shortened").await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_added_entitlement_can_be_asked_for_under_its_own_rules(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let blank = shelf.house.portal.entitlement(&shelf.house.owner, &shelf.slug, "").await.unwrap().typed;
    assert_eq!((blank.pending_for.as_str(), blank.rationale_required.as_str()), ("1 week", "on"));
    let taken = TypedEntitlement { name: "READ".into(), ..blank.clone() };
    let error = shelf.save(&shelf.house.owner, &taken).await.unwrap_err();
    assert_eq!(fields(&error), ["name"]);
    let typed = TypedEntitlement { name: "write".into(), access_max: "2 hours".into(), ..blank };
    assert_eq!(shelf.save(&shelf.house.owner, &typed).await, Ok(Saved::Done));
    let id: uuid::Uuid = sqlx::query_scalar("select id from entitlement where name = 'write'")
        .fetch_one(&shelf.house.pool)
        .await
        .unwrap();
    let ben = shelf.house.person("Ben Okafor").await;
    let asked = shelf.house.try_ask(&ben, &crate::house::typed(EntitlementId(id))).await;
    assert_eq!(fields(&asked.unwrap_err()), ["duration"], "four hours are too long");
    assert_eq!(shelf.details("catalogue.entitlement_added").await[0]["after"]["access_max_seconds"], 7_200);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_held_keeps_its_name_at_the_target(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    shelf.held_by("Ben Okafor").await;
    let typed = TypedEntitlement { target: "admin".into(), ..shelf.entitlement().await };
    let error = shelf.save(&shelf.house.owner, &typed).await.unwrap_err();
    assert_eq!(fields(&error), ["target"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn on_a_connected_system_nothing_opens_what_another_one_opens(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let system = shelf.house.system("postgresql", json!({})).await;
    shelf.house.entitlement_on(system, "ledger_read", "medium").await;
    let other = shelf.house.entitlement_on(system, "ledger_write", "medium").await;
    let slug: String = sqlx::query_scalar(
        "select o.slug from resource o join entitlement e on e.resource_id = o.id where e.id = $1",
    )
    .bind(other.0)
    .fetch_one(&shelf.house.pool)
    .await
    .unwrap();
    for (target, is_fault) in [("ledger_read", true), ("", true), ("ledger_all", false)] {
        let new = TypedEntitlement {
            slug: slug.clone(),
            name: "all".into(),
            target: target.into(),
            pending_for: "7 days".into(),
            ..TypedEntitlement::default()
        };
        let saved = shelf.save(&shelf.house.owner, &new).await;
        match is_fault {
            true => assert_eq!(fields(&saved.unwrap_err()), ["target"]),
            false => assert_eq!(saved, Ok(Saved::Done)),
        }
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn of_two_editors_at_once_exactly_one_is_saved(pool: PgPool) {
    let shelf = Shelf::new(pool).await;
    let opened = shelf.entitlement().await;
    let one = TypedEntitlement { access_max: "4 hours".into(), ..opened.clone() };
    let other = TypedEntitlement { access_max: "2 hours".into(), ..opened };
    let owner = &shelf.house.owner;
    let (a, b) = tokio::join!(shelf.save(owner, &one), shelf.save(owner, &other));
    let saved = [&a, &b].into_iter().filter(|saved| **saved == Ok(Saved::Done)).count();
    let conflicts = [&a, &b].into_iter().filter(|s| matches!(s, Err(PortalError::Conflict(_)))).count();
    assert_eq!((saved, conflicts), (1, 1), "{a:?} {b:?}");
    assert_eq!(shelf.details("policy.changed").await.len(), 1);
}
