//! Completing a query: what is offered, and to whom.

use domain::audit::query::Field;
use domain::caller::Caller;
use http::StatusCode;
use sqlx::PgPool;

use crate::door::gate::Gate;
use crate::house::{House, hours, start};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn names_are_offered_to_whoever_may_know_them(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    house.person("Oke Bengtson").await;
    house.person("100% Pure").await;
    for n in 0..20 {
        house.person(&format!("Many {n}")).await;
    }
    house.entitlement("read").await;
    let mut auditor = house.person("Ada Audit").await;
    auditor.roles.auditor = true;
    sqlx::query("insert into change_window values (gen_random_uuid(), 'CHG-1', $1, $2, $1)")
        .bind(start())
        .bind(start() + hours(1))
        .execute(&house.pool)
        .await
        .unwrap();
    let offered = async |caller: &Caller, field: Field, part: &str| {
        house.portal.values(caller, field, part).await.unwrap()
    };
    assert_eq!(offered(&ben, Field::Person, "OK").await, ["Oke Bengtson", "Ben Okafor"]);
    assert_eq!(offered(&ben, Field::Actor, "0%").await, ["100% Pure"], "no wildcards");
    assert_eq!(offered(&ben, Field::Resource, "pay").await, ["payments-prod"]);
    assert_eq!(offered(&ben, Field::Person, "many").await.len(), 8);
    sqlx::query("update resource set tags = '{pci-dss,payments}'").execute(&house.pool).await.unwrap();
    assert_eq!(offered(&ben, Field::Tag, "PCI").await, ["pci-dss"]);
    assert_eq!(offered(&ben, Field::Owner, "oke b").await, ["Oke Bengtson"]);
    assert_eq!(offered(&ben, Field::On, "s-").await.len(), 1);
    assert!(offered(&ben, Field::Window, "chg").await.is_empty());
    assert_eq!(offered(&auditor, Field::Window, "chg").await, ["CHG-1"]);
    assert!(offered(&auditor, Field::Ip, "1").await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_database_in_need_is_told_as_everywhere_else(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser = gate.signed_in("ben").await;
    let path = "/audit/complete?text=system%3Ax&cursor=8";
    assert_eq!(browser.get(path).await.status, StatusCode::OK);
    sqlx::query("alter table system rename to the_system").execute(&pool).await.unwrap();
    for (condition, status) in [("disk_full", 503), ("admin_shutdown", 503), ("data_corrupted", 500)] {
        for statement in [
            format!(
                "create or replace function trouble() returns setof the_system language plpgsql as
                 $$ begin raise exception 'in need' using errcode = '{condition}'; end $$"
            ),
            "create or replace view system as select * from trouble()".to_owned(),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        }
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status, "{condition}: {}", answer.body);
    }
}
