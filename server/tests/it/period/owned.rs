//! The report of somebody who owns something.

use app::backend::{Audit, AuditPage, Reports, TypedPeriod};
use app::error::PortalError;
use domain::report::Table;
use sqlx::PgPool;

use super::{auditor, of, report, view};
use crate::as_of::town::caught_up;
use crate::house::{hours, start};
use crate::linking::yard::Yard;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn owners_report_on_what_they_own_and_its_queries_find_them_the_same(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let house = &yard.house;
    let (ben, sol) = (yard.ben().await, house.person("Sol Reyes").await);
    house.own(&sol, "system_id", yard.system).await;
    yard.report_at("alone", start() - hours(1)).await;
    yard.opened(&ben, yard.read).await;
    // Of the same name, on a system of nobody's but Ana.
    let other = house.entitlement("read").await;
    yard.opened(&ben, other).await;
    yard.work().await;
    caught_up(house).await;
    for (caller, opened) in [(&sol, 1), (&house.owner, 2)] {
        let report = report(house, caller, &TypedPeriod::default()).await;
        assert!(report.tables.iter().all(|one| one.table != Table::Left));
        assert_eq!(report.scope.as_deref(), Some("what you own"));
        for one in &report.tables {
            let page = house.portal.search(caller, &one.query, &AuditPage::Newest).await.unwrap();
            let rows: Vec<_> = one.rows.iter().map(|row| row.event.id).collect();
            assert_eq!(page.events.iter().map(|event| event.id).collect::<Vec<_>>(), rows, "{:?}", one.table);
        }
        let new = of(&report, Table::New);
        assert_eq!(new.total, opened, "{}", caller.person.name);
        assert!(new.rows.iter().all(|row| row.sees_request));
        let mut others = new.rows.iter().filter(|row| row.event.actor.id() != Some(caller.id()));
        assert!(others.all(|row| row.event.source.ip.is_none()));
        assert_eq!(of(&report, Table::Uncovered).total, 1);
    }
    let slug: String = sqlx::query_scalar("select slug from system where id = $1")
        .bind(yard.system)
        .fetch_one(&house.pool)
        .await
        .unwrap();
    let narrowed = TypedPeriod { system: slug, ..TypedPeriod::default() };
    assert_eq!(of(&report(house, &sol, &narrowed).await, Table::New).total, 1);
    let others = view(house, &sol, &narrowed).await.systems;
    assert_eq!(others.len(), 1, "systems of others are not offered");
    let refused = house.portal.period(&ben, &TypedPeriod::default()).await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_reported_under_another_name_stands_in_the_report_of_its_owner(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let house = &yard.house;
    yard.ben().await;
    let (sol, kim) = (house.person("Sol Reyes").await, house.person("Kim Ode").await);
    house.own(&sol, "system_id", yard.system).await;
    house.own(&kim, "resource_id", yard.resource).await;
    let slug = |table: &str, id: uuid::Uuid| {
        let query = sqlx::AssertSqlSafe(format!("select slug from {table} where id = $1"));
        sqlx::query_scalar::<_, String>(query).bind(id).fetch_one(&house.pool)
    };
    let (system, resource) =
        (slug("system", yard.system).await.unwrap(), slug("resource", yard.resource).await.unwrap());
    // By its slug, by the name that it has, and by the name that it is about to have had.
    yard.report("by slug", |event| event.target.resource = Some(resource)).await;
    yard.report("by name", |_| ()).await;
    yard.work().await;
    sqlx::query("update resource set name = 'Payouts' where id = $1")
        .bind(yard.resource)
        .execute(&house.pool)
        .await
        .unwrap();
    sqlx::query("update system set name = 'Banking' where id = $1")
        .bind(yard.system)
        .execute(&house.pool)
        .await
        .unwrap();
    caught_up(house).await;
    let on_it = TypedPeriod { system, ..TypedPeriod::default() };
    for (caller, typed) in [&sol, &kim, &auditor(house).await]
        .into_iter()
        .flat_map(|caller| [(caller, TypedPeriod::default()), (caller, on_it.clone())])
    {
        let report = report(house, caller, &typed).await;
        let uncovered = of(&report, Table::Uncovered);
        let who = (&caller.person.name, uncovered.query.as_written());
        assert_eq!((uncovered.total, uncovered.rows.len()), (2, 2), "{who:?}");
        let page = house.portal.search(caller, &uncovered.query, &AuditPage::Newest).await.unwrap();
        let rows: Vec<_> = uncovered.rows.iter().map(|row| row.event.id).collect();
        assert_eq!(page.events.iter().map(|event| event.id).collect::<Vec<_>>(), rows, "{who:?}");
    }
}
