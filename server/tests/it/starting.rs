//! What somebody new finds on their first page.

use app::backend::Access;
use domain::id::EntitlementId;
use sqlx::PgPool;
use uuid::Uuid;

use crate::house::{House, start};

async fn job_role(house: &House, person: Uuid, explains: &[EntitlementId]) {
    let sql = "with role as (insert into job_role (id, slug, name) values (gen_random_uuid(), 'clerk', 'Clerk') returning id),
        held as (insert into person_job_role (person_id, job_role_id) select $1, id from role)
        insert into job_role_entitlement (job_role_id, entitlement_id) select role.id, e from role, unnest($2::uuid[]) e";
    let ids: Vec<Uuid> = explains.iter().map(|id| id.0).collect();
    sqlx::query(sql).bind(person).bind(ids).execute(&house.pool).await.unwrap();
}

async fn bundle(house: &House, slug: &str, holds: &[EntitlementId]) {
    let sql = "with made as (insert into bundle (id, slug, name, created_at) values (gen_random_uuid(), $1, $1, $3) returning id)
        insert into bundle_entitlement (bundle_id, entitlement_id) select made.id, e from made, unnest($2::uuid[]) e";
    let ids: Vec<Uuid> = holds.iter().map(|id| id.0).collect();
    sqlx::query(sql).bind(slug).bind(ids).bind(start()).execute(&house.pool).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn somebody_new_begins_with_the_bundle_of_their_job_role_and_what_else_it_explains(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, eve) = (house.person("Ben Okafor").await, house.person("Eve Stone").await);
    let (read, write, admin) =
        (house.entitlement("read").await, house.entitlement("write").await, house.entitlement("admin").await);
    job_role(&house, ben.id().0, &[read, write]).await;
    bundle(&house, "begin", &[read]).await;
    bundle(&house, "elsewhere", &[admin]).await;

    let begin = house.portal.home(&ben).await.unwrap().start.unwrap();
    assert_eq!(begin.job_roles, ["Clerk"]);
    assert_eq!(begin.bundle.map(|bundle| bundle.slug), Some("begin".into()));
    let others: Vec<EntitlementId> = begin.others.iter().map(|(id, _)| *id).collect();
    assert_eq!(others, [write]);
    assert!(house.portal.home(&eve).await.unwrap().start.is_none(), "no job role explains anything");

    house.ask(&ben, admin).await;
    assert!(house.portal.home(&ben).await.unwrap().start.is_none(), "they know their way by now");
}
