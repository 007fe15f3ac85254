//! Bundles and job roles: made, edited, deleted, and what they no longer explain.

use std::collections::BTreeSet;

use app::backend::{
    Access, Administration, Caller, GroupKind, People, Saved, TypedGroup, TypedJobRoles, TypedRemoval,
};
use app::error::PortalError;
use domain::audit::Actor;
use domain::id::EntitlementId;
use serde_json::{Value, json};
use server::import::{self, File, Kind};
use sqlx::PgPool;

use crate::house::{House, fields};

struct Stage {
    house: House,
    admin: Caller,
    read: EntitlementId,
    write: EntitlementId,
}

impl Stage {
    async fn new(pool: PgPool) -> Self {
        let house = House::new(pool).await;
        let admin = house.administrator("Tom Berg").await;
        let system = house.system("manual", json!({})).await;
        let read = house.entitlement_on(system, "read", "medium").await;
        let write = house.entitlement_on(system, "write", "medium").await;
        Self { house, admin, read, write }
    }

    fn typed(&self, kind: GroupKind, name: &str, entitlements: &[EntitlementId]) -> TypedGroup {
        TypedGroup {
            kind: kind.as_str().into(),
            name: name.into(),
            entitlements: entitlements.iter().map(ToString::to_string).collect(),
            ..TypedGroup::default()
        }
    }

    async fn save(&self, typed: &TypedGroup) -> Result<Saved, PortalError> {
        self.house.portal.save_group(&self.admin, typed).await.map(|(saved, _)| saved)
    }

    /// Adds it and answers its form.
    async fn add(&self, kind: GroupKind, name: &str, entitlements: &[EntitlementId]) -> TypedGroup {
        let typed = self.typed(kind, name, entitlements);
        let (_, id) = self.house.portal.save_group(&self.admin, &typed).await.unwrap();
        self.house.portal.group(&self.admin, kind, &id).await.unwrap().typed
    }

    async fn delete(&self, typed: &TypedGroup) -> Result<(), PortalError> {
        let removal =
            TypedRemoval { kind: typed.kind.clone(), id: typed.id.clone(), reason: "Not needed.".into() };
        self.house.portal.delete_group(&self.admin, &removal).await
    }

    async fn job_roles(&self, who: &Caller, job_roles: &[&TypedGroup]) -> Result<Saved, PortalError> {
        let form = self.house.portal.job_roles(&self.admin, who.id()).await?.unwrap().typed;
        let job_roles = job_roles.iter().map(|one| one.id.clone()).collect();
        self.house.portal.set_job_roles(&self.admin, &TypedJobRoles { job_roles, ..form }).await
    }

    async fn details(&self, action: &str) -> Vec<Value> {
        sqlx::query_scalar("select detail from event where action = $1 order by recorded_at, id")
            .bind(action)
            .fetch_all(&self.house.pool)
            .await
            .unwrap()
    }

    /// “Ben Okafor read, was Engineer”, as this caller reads it.
    async fn unexplained(&self, caller: &Caller) -> BTreeSet<String> {
        let all = self.house.portal.unexplained(caller).await.unwrap();
        assert_eq!(self.house.portal.home(caller).await.unwrap().unexplained, all.len());
        all.iter()
            .map(|one| format!("{} {}, was {}", one.person.name, one.entitlement, one.job_role))
            .collect()
    }
}

fn just(one: &str) -> BTreeSet<String> {
    BTreeSet::from([one.to_owned()])
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_bundle_is_made_edited_and_deleted_and_the_book_says_what_was_in_it(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let typed = stage.add(GroupKind::Bundle, "On call", &[stage.read, stage.write]).await;
    let told = stage.details("catalogue.bundle_added").await;
    assert_eq!(
        (&told[0]["after"]["slug"], &told[0]["after"]["name"]),
        (&json!("on-call"), &json!("On call"))
    );
    assert_eq!(told[0]["after"]["entitlements"].as_array().unwrap().len(), 2);
    let fewer = TypedGroup { entitlements: vec![stage.read.to_string()], ..typed.clone() };
    assert_eq!(stage.save(&fewer).await, Ok(Saved::Done));
    let changed = stage.details("catalogue.bundle_changed").await;
    assert_eq!(changed[0]["before"]["entitlements"].as_array().unwrap().len(), 2);
    assert_eq!(changed[0]["after"]["entitlements"].as_array().unwrap().len(), 1);
    assert_eq!(changed[0]["slug"], "on-call");
    assert_eq!(stage.save(&typed).await.unwrap_err().status(), 409, "it was opened before that");
    let now = stage.house.portal.group(&stage.admin, GroupKind::Bundle, &typed.id).await.unwrap();
    assert_eq!(stage.save(&now.typed).await, Ok(Saved::Unchanged));
    let again = stage.typed(GroupKind::Bundle, "On call", &[stage.read]);
    assert_eq!(fields(&stage.save(&again).await.unwrap_err()), ["address"]);
    stage.delete(&typed).await.unwrap();
    assert_eq!(stage.delete(&typed).await, Err(PortalError::NotFound));
    assert_eq!(stage.details("catalogue.bundle_deleted").await[0]["before"]["name"], "On call");
    assert_eq!(stage.save(&again).await, Ok(Saved::Done), "its address is free again");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn faults_of_bundles_and_job_roles_are_told_at_once_at_their_fields(pool: PgPool) {
    let stage = Stage::new(pool).await;
    for kind in [GroupKind::Bundle, GroupKind::JobRole] {
        let typed = TypedGroup { description: "x".repeat(2_001), ..stage.typed(kind, " ", &[]) };
        assert_eq!(fields(&stage.save(&typed).await.unwrap_err()), ["name", "description", "entitlements"]);
        let mut typed = stage.typed(kind, "One", &[stage.read]);
        typed.entitlements.push("nonsense".into());
        assert_eq!(fields(&stage.save(&typed).await.unwrap_err()), ["entitlements"]);
    }
    let unknown = TypedGroup { kind: "team".into(), ..stage.typed(GroupKind::Bundle, "One", &[stage.read]) };
    assert_eq!(stage.save(&unknown).await, Err(PortalError::NotFound));
    assert_eq!(stage.house.count("select count(*) from event").await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn only_administrators_make_bundles_and_job_roles_and_nobody_sets_their_own(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let (house, portal) = (&stage.house, &stage.house.portal);
    let typed = stage.add(GroupKind::JobRole, "Engineer", &[stage.read]).await;
    let removal = TypedRemoval { kind: typed.kind.clone(), id: typed.id.clone(), reason: "x".into() };
    let own = |who: &Caller| TypedJobRoles { person: who.id().to_string(), ..TypedJobRoles::default() };
    for refused in [
        portal.groups(&house.owner, GroupKind::JobRole).await.map(|_| ()),
        portal.group(&house.owner, GroupKind::JobRole, &typed.id).await.map(|_| ()),
        portal.save_group(&house.owner, &typed).await.map(|_| ()),
        portal.delete_group(&house.owner, &removal).await,
        portal.set_job_roles(&house.owner, &own(&stage.admin)).await.map(|_| ()),
        portal.set_job_roles(&stage.admin, &own(&stage.admin)).await.map(|_| ()),
        portal.overview(&house.owner).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    }
    assert!(portal.job_roles(&house.owner, stage.admin.id()).await.unwrap().is_none());
    assert_eq!(stage.details("access.denied").await.len(), 4);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn job_roles_are_set_with_before_and_after_and_not_over_somebody_elses_change(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let ben = stage.house.person("Ben Okafor").await;
    let engineer = stage.add(GroupKind::JobRole, "Engineer", &[stage.read]).await;
    let analyst = stage.add(GroupKind::JobRole, "Analyst", &[stage.write]).await;
    let stale = stage.house.portal.job_roles(&stage.admin, ben.id()).await.unwrap().unwrap().typed;
    assert_eq!(stage.job_roles(&ben, &[&engineer, &analyst]).await, Ok(Saved::Done));
    assert_eq!(stage.job_roles(&ben, &[&engineer, &analyst]).await, Ok(Saved::Unchanged));
    assert_eq!(
        stage.details("person.updated").await,
        [json!({ "job_roles": { "before": [], "after": ["analyst", "engineer"] } })]
    );
    let conflict = stage.house.portal.set_job_roles(&stage.admin, &stale).await.unwrap_err();
    assert_eq!(conflict.status(), 409);
    let form = stage.house.portal.job_roles(&stage.admin, ben.id()).await.unwrap().unwrap().typed;
    let unknown = TypedJobRoles { job_roles: vec!["x".into()], ..form };
    let error = stage.house.portal.set_job_roles(&stage.admin, &unknown).await.unwrap_err();
    assert_eq!(fields(&error), ["job_roles"]);
    let view = People::show(&stage.house.portal, &ben, ben.id()).await.unwrap();
    assert_eq!(view.job_roles, ["Analyst", "Engineer"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_mover_holds_that_nothing_explains_any_more_is_shown_to_manager_and_owner_alone(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let house = &stage.house;
    let (ben, boss, eve) =
        (house.person("Ben Okafor").await, house.person("Mia Boss").await, house.person("Eve Stone").await);
    sqlx::query("update person set manager_id = $1 where id = $2")
        .bind(boss.id().0)
        .bind(ben.id().0)
        .execute(&house.pool)
        .await
        .unwrap();
    let engineer = stage.add(GroupKind::JobRole, "Engineer", &[stage.read]).await;
    let analyst = stage.add(GroupKind::JobRole, "Analyst", &[stage.read]).await;
    stage.job_roles(&ben, &[&engineer]).await.unwrap();
    house.granted(&ben, stage.read).await;
    // Never explained by anything: no news.
    house.granted(&ben, stage.write).await;
    assert!(stage.unexplained(&boss).await.is_empty());
    stage.job_roles(&ben, &[]).await.unwrap();
    let expected = just("Ben Okafor read, was Engineer");
    for caller in [&boss, &house.owner, &stage.admin] {
        assert_eq!(stage.unexplained(caller).await, expected, "{}", caller.person.name);
    }
    for caller in [&ben, &eve] {
        assert!(stage.unexplained(caller).await.is_empty(), "{}", caller.person.name);
    }
    let sees = |all: Vec<app::backend::Unexplained>| all[0].sees_person;
    assert!(sees(house.portal.unexplained(&boss).await.unwrap()));
    assert!(!sees(house.portal.unexplained(&house.owner).await.unwrap()));
    stage.job_roles(&ben, &[&analyst]).await.unwrap();
    assert!(stage.unexplained(&boss).await.is_empty(), "another job role explains it");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_job_role_that_shrinks_or_goes_leaves_unexplained_what_it_explained(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let house = &stage.house;
    let ben = house.person("Ben Okafor").await;
    let engineer = stage.add(GroupKind::JobRole, "Engineer", &[stage.read, stage.write]).await;
    stage.job_roles(&ben, &[&engineer]).await.unwrap();
    let (_, read) = house.granted(&ben, stage.read).await;
    house.granted(&ben, stage.write).await;
    let smaller = TypedGroup { entitlements: vec![stage.write.to_string()], ..engineer.clone() };
    assert_eq!(stage.save(&smaller).await, Ok(Saved::Done));
    assert_eq!(stage.unexplained(&house.owner).await, just("Ben Okafor read, was Engineer"));
    stage.delete(&engineer).await.unwrap();
    assert_eq!(stage.unexplained(&house.owner).await.len(), 2);
    assert_eq!(
        stage.details("person.updated").await.last().unwrap(),
        &json!({ "job_roles": { "before": ["engineer"], "after": [] } }),
        "it was taken from Ben, and his timeline says so"
    );
    Access::revoke(&house.portal, &house.owner, read, "Moved on.").await.unwrap();
    assert_eq!(stage.unexplained(&house.owner).await, just("Ben Okafor write, was Engineer"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_imported_move_is_shown_like_one_in_the_portal(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let house = &stage.house;
    let ben = house.person("Ben Okafor").await;
    sqlx::query("update person set email = 'ben@x.example' where id = $1")
        .bind(ben.id().0)
        .execute(&house.pool)
        .await
        .unwrap();
    let engineer = stage.add(GroupKind::JobRole, "Engineer", &[stage.read, stage.write]).await;
    stage.job_roles(&ben, &[&engineer]).await.unwrap();
    house.granted(&ben, stage.read).await;
    house.granted(&ben, stage.write).await;
    let run = async |kind: Kind, name: &str, content: String| {
        let files = [File { name: name.into(), content }];
        import::run(&house.store, Actor::Command { name: "ops".into() }, kind, &files, false).await.unwrap();
    };
    let slug: String = sqlx::query_scalar(
        "select o.slug from resource o join entitlement e on e.resource_id = o.id where e.id = $1",
    )
    .bind(stage.read.0)
    .fetch_one(&house.pool)
    .await
    .unwrap();
    run(Kind::Catalogue, "job_roles.csv", format!("slug,entitlements\nengineer,{slug}/read\n")).await;
    assert_eq!(stage.unexplained(&house.owner).await, just("Ben Okafor write, was Engineer"));
    run(Kind::People, "people.csv", "email,job_roles\nben@x.example,\n".to_owned()).await;
    assert_eq!(stage.unexplained(&house.owner).await.len(), 2);
}
