//! What people are called on systems.

use app::backend::{Editing, Saved, TypedAccount};
use app::error::PortalError;
use domain::caller::Caller;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::house::{House, fields};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn accounts_are_set_by_whoever_looks_after_the_system_and_never_for_oneself(pool: PgPool) {
    let house = House::new(pool).await;
    let admin = house.administrator("Tom Berg").await;
    let (ben, eve) = (house.person("Ben Okafor").await, house.person("Eve Stone").await);
    let system = house.system("postgresql", json!({})).await;
    let typed = |who: &Caller, account: &str| TypedAccount {
        person: who.id().to_string(),
        system: system.to_string(),
        account: account.into(),
    };
    let portal = &house.portal;
    for (by, who) in [(&eve, &ben), (&admin, &admin)] {
        let refused = portal.set_account(by, &typed(who, "x")).await;
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    }
    assert_eq!(portal.set_account(&admin, &typed(&ben, " okafor ")).await, Ok(Saved::Done));
    assert_eq!(portal.set_account(&admin, &typed(&ben, "okafor")).await, Ok(Saved::Unchanged));
    let taken = portal.set_account(&admin, &typed(&eve, "okafor")).await.unwrap_err();
    assert_eq!(fields(&taken), ["account"]);
    assert_eq!(portal.accounts(&admin, ben.id()).await.unwrap()[0].name, "okafor");
    assert!(portal.accounts(&eve, ben.id()).await.unwrap().is_empty());
    let detail: Value = sqlx::query_scalar("select detail from event where action = 'person.account_set'")
        .fetch_one(&house.pool)
        .await
        .unwrap();
    assert_eq!(detail, json!({ "before": { "account": null }, "after": { "account": "okafor" } }));
}
