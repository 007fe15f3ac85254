//! Completing a query: what is offered, and to whom.

use domain::audit::query::Field;
use domain::caller::Caller;
use sqlx::PgPool;

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
