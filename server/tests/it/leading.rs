//! Leading a system elsewhere, by form and by file: no access is left behind.

use app::backend::{Access, Administration, Saved, TypedSystem};
use domain::audit::Actor;
use domain::caller::Caller;
use domain::id::GrantId;
use serde_json::{Value, json};
use server::import::{self, File, ImportError, Kind};
use sqlx::PgPool;
use uuid::Uuid;

use crate::house::{House, fields};

/// A system at a database that nothing listens at, with one grant of Ben's.
struct Stage {
    house: House,
    admin: Caller,
    system: Uuid,
    grant: GrantId,
}

fn settings(host: &str, password: &str) -> Value {
    json!({ "url": format!("postgres://gatebook@{host}:1/ledger"), "password": password })
}

impl Stage {
    async fn new(pool: PgPool, connector: &str, settings: Value) -> Self {
        let house = House::new(pool).await;
        let admin = house.administrator("Tom Berg").await;
        let ben = house.person("Ben Okafor").await;
        let system = house.system(connector, settings).await;
        let read = house.entitlement_on(system, "ledger_read", "medium").await;
        house.account(&ben, system, "ben").await;
        let (_, grant) = house.granted(&ben, read).await;
        Self { house, admin, system, grant }
    }

    /// As if the connector had opened it with the settings of now.
    async fn opened(self) -> Self {
        self.run(
            "update access_grant g set state = 'active', active_since = g.created_at, ends_at = g.created_at + interval '4 hours',
               opened_account = 'ben', opened_target = 'ledger_read', opened_settings = s.connector_settings
             from system s where s.connector = 'postgresql' and g.id = $1",
        )
        .await;
        self
    }

    async fn run(&self, sql: &'static str) {
        sqlx::query(sql).bind(self.grant.0).execute(&self.house.pool).await.unwrap();
    }

    async fn form(&self) -> TypedSystem {
        self.house.portal.system(&self.admin, &self.system.to_string()).await.unwrap().typed
    }

    /// Saves what a lonely administrator types: there is nobody to confirm it.
    async fn save(&self, typed: &TypedSystem) -> Result<Saved, app::error::PortalError> {
        self.house.portal.save_system(&self.admin, typed).await.map(|(saved, _)| saved)
    }

    async fn import(&self, cells: &str) -> Result<(), ImportError> {
        let content = format!("slug,connector,connector_settings\ns-{},{cells}\n", self.system);
        let files = [File { name: "systems.csv".into(), content }];
        let actor = Actor::Command { name: "ops".into() };
        import::run(&self.house.store, actor, Kind::Catalogue, &files, false).await.map(|_| ())
    }

    async fn opened_with(&self) -> Value {
        sqlx::query_scalar("select opened_settings from access_grant where id = $1")
            .bind(self.grant.0)
            .fetch_one(&self.house.pool)
            .await
            .unwrap()
    }

    async fn connector(&self) -> String {
        sqlx::query_scalar("select connector from system where id = $1")
            .bind(self.system)
            .fetch_one(&self.house.pool)
            .await
            .unwrap()
    }
}

fn told(error: ImportError) -> String {
    let ImportError::Faulty(faults) = error else { panic!("{error}") };
    faults.to_string()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn while_people_open_and_close_access_by_hand_no_connector_takes_over(pool: PgPool) {
    let stage = Stage::new(pool, "manual", json!({})).await;
    let connected = r#"postgresql,"{""url"":""postgres://gatebook@db/ledger""}""#;
    for state in ["activating", "active", "revoking"] {
        match state {
            "active" => {
                Access::attest(&stage.house.portal, &stage.house.owner, stage.grant, "").await.unwrap()
            }
            "revoking" => {
                Access::revoke(&stage.house.portal, &stage.house.owner, stage.grant, "Over.").await.unwrap();
            }
            _ => {}
        }
        assert_eq!(stage.house.state(stage.grant).await, state);
        let typed = TypedSystem {
            connector: "postgresql".into(),
            url: "postgres://gatebook@db/ledger".into(),
            ..stage.form().await
        };
        let error = stage.save(&typed).await.unwrap_err();
        assert_eq!(fields(&error), ["connector"], "{state}");
        assert!(error.to_string().contains("take it away first"), "{error}");
        let told = told(stage.import(connected).await.unwrap_err());
        assert!(told.contains("row 2, connector: One piece of access"), "{told}");
    }
    stage.house.work().await;
    Access::attest(&stage.house.portal, &stage.house.owner, stage.grant, "").await.unwrap();
    assert_eq!(stage.house.state(stage.grant).await, "revoked");
    stage.import(connected).await.unwrap();
    assert_eq!(stage.connector().await, "postgresql");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_connector_opened_is_not_left_to_people(pool: PgPool) {
    let stage = Stage::new(pool, "postgresql", settings("db", "env:A")).await.opened().await;
    let manual = TypedSystem { connector: "manual".into(), ..stage.form().await };
    assert_eq!(fields(&stage.save(&manual).await.unwrap_err()), ["connector"]);
    assert!(told(stage.import("manual,").await.unwrap_err()).contains("connector"));
    assert_eq!(stage.connector().await, "postgresql");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_open_is_closed_where_it_was_opened_with_the_credentials_of_now(pool: PgPool) {
    let stage = Stage::new(pool, "postgresql", settings("db", "env:A")).await.opened().await;
    let rotated = TypedSystem { password: "file:/run/b".into(), ..stage.form().await };
    assert_eq!(stage.save(&rotated).await, Ok(Saved::Done));
    assert_eq!(stage.opened_with().await, settings("db", "file:/run/b"), "its old password may be gone");
    let moved = TypedSystem {
        url: "postgres://gatebook@db2:1/ledger".into(),
        password: "env:C".into(),
        ..stage.form().await
    };
    assert_eq!(stage.save(&moved).await, Ok(Saved::Done));
    assert_eq!(stage.opened_with().await, settings("db", "file:/run/b"), "it was opened at the old place");
    let back = r#"postgresql,"{""url"":""postgres://other@DB:1/ledger"",""password"":""env:D""}""#;
    stage.import(back).await.unwrap();
    let now = json!({ "url": "postgres://other@DB:1/ledger", "password": "env:D" });
    assert_eq!(stage.opened_with().await, now);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_opened_before_settings_were_kept_keeps_the_place_it_was_opened_at(pool: PgPool) {
    let stage = Stage::new(pool, "postgresql", settings("db", "env:A")).await.opened().await;
    stage.run("update access_grant set opened_settings = null where id = $1").await;
    let moved = TypedSystem { url: "postgres://gatebook@db2:1/ledger".into(), ..stage.form().await };
    assert_eq!(stage.save(&moved).await, Ok(Saved::Done));
    assert_eq!(stage.opened_with().await, settings("db", "env:A"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_wrong_address_can_be_mended_while_openings_fail_there_but_not_while_one_may_have_got_through(
    pool: PgPool,
) {
    let nowhere = settings("127.0.0.1", "env:GATEBOOK_TEST_NOT_SET");
    let stage = Stage::new(pool, "postgresql", nowhere).await;
    stage.house.work().await;
    assert_eq!(stage.house.state(stage.grant).await, "activation_failed");
    let moved = |typed: TypedSystem, host: &str| TypedSystem {
        url: format!("postgres://gatebook@{host}:1/ledger"),
        ..typed
    };
    assert_eq!(stage.save(&moved(stage.form().await, "db2")).await, Ok(Saved::Done));
    // As a worker leaves it that died, or heard nothing, after it had asked the target.
    stage.run("update access_grant set opening_unclear = true where id = $1").await;
    let error = stage.save(&moved(stage.form().await, "db3")).await.unwrap_err();
    assert_eq!(fields(&error), ["url"]);
    assert!(error.to_string().contains("without a clear answer"), "{error}");
    Access::revoke(&stage.house.portal, &stage.house.owner, stage.grant, "Over.").await.unwrap();
    assert_eq!(stage.save(&moved(stage.form().await, "db3")).await, Ok(Saved::Done));
    let kept = stage.opened_with().await;
    assert_eq!(kept["url"], "postgres://gatebook@db2:1/ledger", "it is closed where it may be open");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_connector_takes_over_only_where_each_entitlement_has_a_name_of_its_own_there(pool: PgPool) {
    let house = House::new(pool).await;
    let admin = house.administrator("Tom Berg").await;
    let system = house.system("manual", json!({})).await;
    house.entitlement_on(system, "read", "medium").await;
    let same = house.entitlement_on(system, "read", "medium").await;
    let form = house.portal.system(&admin, &system.to_string()).await.unwrap().typed;
    let typed =
        TypedSystem { connector: "postgresql".into(), url: "postgres://gatebook@db/ledger".into(), ..form };
    let error = house.portal.save_system(&admin, &typed).await.unwrap_err();
    assert_eq!(fields(&error), ["connector"]);
    assert!(error.to_string().contains("read on payments-prod and 1 more"), "{error}");
    sqlx::query("update entitlement set target = 'other' where id = $1")
        .bind(same.0)
        .execute(&house.pool)
        .await
        .unwrap();
    // The owner of the resources is not one of the system: the administrator is alone with it.
    assert_eq!(house.portal.save_system(&admin, &typed).await.unwrap().0, Saved::Done);
}
