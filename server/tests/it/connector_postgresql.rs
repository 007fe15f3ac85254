//! The PostgreSQL connector against a real target: another role, open sessions, inherited rights.

use app::backend::{Access, Catalogue, CatalogueQuery, Requests, Wanted};
use domain::caller::Caller;
use domain::id::EntitlementId;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::house::{House, hours, start};

/// The test's own database is the target, too; roles belong to the whole server and so carry a number.
struct Target {
    account: String,
    right: String,
    connector: String,
    system: Uuid,
    entitlement: EntitlementId,
}

impl Target {
    async fn new(house: &House, holder: &Caller) -> Self {
        let tag = Uuid::from(holder.id()).simple().to_string();
        let (account, right, connector) =
            (format!("ben {tag}"), format!("read\"{tag}"), format!("connector_{tag}"));
        let quoted = right.replace('"', "\"\"");
        run(
            &house.pool,
            format!(
                "create role \"{account}\" login password 'test'; create role \"{quoted}\";
                 create role {connector} login password 'test'; grant pg_signal_backend to {connector};
                 grant \"{quoted}\" to {connector} with admin option"
            ),
        )
        .await;
        let options = house.pool.connect_options();
        let url = format!(
            "postgres://{connector}@{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap()
        );
        let secret = std::env::temp_dir().join(format!("gatebook-test-{tag}"));
        std::fs::write(&secret, "test").unwrap();
        let settings = serde_json::json!({ "url": url, "password": format!("file:{}", secret.display()) });
        let system = house.system("postgresql", settings).await;
        let entitlement = house.entitlement_on(system, &right, "medium").await;
        Self { account, right, connector, system, entitlement }
    }

    async fn session(&self, house: &House) -> PgPool {
        let options: PgConnectOptions =
            (*house.pool.connect_options()).clone().username(&self.account).password("test");
        PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
    }

    async fn has(&self, house: &House) -> bool {
        sqlx::query_scalar("select pg_has_role($1::name, $2::name, 'member')")
            .bind(&self.account)
            .bind(&self.right)
            .fetch_one(&house.pool)
            .await
            .unwrap()
    }

    async fn clean(self, house: &House) {
        let quoted = self.right.replace('"', "\"\"");
        for role in [&self.account, &quoted, &self.connector] {
            run(&house.pool, format!("drop owned by \"{role}\" cascade; drop role \"{role}\"")).await;
        }
    }
}

async fn run(pool: &PgPool, statement: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_approval_opens_access_and_its_end_ends_even_a_session_that_has_set_the_role(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let target = Target::new(&house, &ben).await;
    house.account(&ben, target.system, &target.account).await;
    let (request, grant) = house.granted(&ben, target.entitlement).await;
    assert!(!target.has(&house).await, "not before the job");
    house.work().await;
    assert!(target.has(&house).await);
    assert_eq!(house.state(grant).await, "active");

    let session = target.session(&house).await;
    let quoted = target.right.replace('"', "\"\"");
    let mut open = session.acquire().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("set role \"{quoted}\""))).execute(&mut *open).await.unwrap();

    house.set(start() + hours(4));
    house.work().await;
    assert_eq!(house.state(grant).await, "ended");
    assert!(!target.has(&house).await);
    assert!(sqlx::query("select 1").execute(&mut *open).await.is_err(), "the session is gone");
    let known: String = sqlx::query_scalar("select removal_known from access_grant where id = $1")
        .bind(grant.0)
        .fetch_one(&house.pool)
        .await
        .unwrap();
    assert_eq!(known, "verified");
    assert_eq!(
        house.story(request).await[1..],
        ["request.approved", "grant.activating", "grant.activated", "grant.ending", "grant.ended"]
    );
    drop(open);
    target.clean(&house).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn rights_inherited_another_way_are_not_called_removed(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let target = Target::new(&house, &ben).await;
    house.account(&ben, target.system, &target.account).await;
    let (_, grant) = house.granted(&ben, target.entitlement).await;
    house.work().await;
    let quoted = target.right.replace('"', "\"\"");
    let team = format!("team_{}", Uuid::from(ben.id()).simple());
    run(
        &house.pool,
        format!("create role {team}; grant \"{quoted}\" to {team}; grant {team} to \"{}\"", target.account),
    )
    .await;
    house.set(start() + hours(4));
    house.work().await;
    assert_eq!(house.state(grant).await, "removal_failed");
    let task = &house.portal.tasks(&house.owner).await.unwrap()[0];
    assert!(task.error.as_deref().unwrap().contains(&format!("through “{team}”")), "{:?}", task.error);
    // The owner mends it at the target and asks for another try.
    run(&house.pool, format!("drop role {team}")).await;
    house.portal.retry(&house.owner, grant).await.unwrap();
    house.work().await;
    assert_eq!(house.state(grant).await, "ended");
    target.clean(&house).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn membership_that_was_there_before_is_never_adopted(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let target = Target::new(&house, &ben).await;
    house.account(&ben, target.system, &target.account).await;
    let quoted = target.right.replace('"', "\"\"");
    run(&house.pool, format!("grant \"{quoted}\" to \"{}\"", target.account)).await;
    let (_, grant) = house.granted(&ben, target.entitlement).await;
    house.work().await;
    assert_eq!(house.state(grant).await, "activation_failed");
    let task = &house.portal.tasks(&house.owner).await.unwrap()[0];
    assert!(task.error.as_deref().unwrap().contains("not through Gatebook"), "{:?}", task.error);
    // Nor taken away, when the trying ends: it was never ours.
    house.set(start() + hours(24));
    house.work().await;
    assert_eq!(house.state(grant).await, "failed");
    assert!(target.has(&house).await);
    target.clean(&house).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_try_whose_end_was_not_seen_is_simply_tried_again(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let target = Target::new(&house, &ben).await;
    house.account(&ben, target.system, &target.account).await;
    let (_, grant) = house.granted(&ben, target.entitlement).await;
    house.work().await;
    // As after a crash between the target and the book.
    sqlx::query("update access_grant set state = 'activating', next_try_at = $2 where id = $1")
        .bind(grant.0)
        .bind(start())
        .execute(&house.pool)
        .await
        .unwrap();
    house.work().await;
    assert_eq!(house.state(grant).await, "active");
    target.clean(&house).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_unreachable_target_is_retried_and_none_of_the_time_is_lost(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let target = Target::new(&house, &ben).await;
    house.account(&ben, target.system, &target.account).await;
    let (_, grant) = house.granted(&ben, target.entitlement).await;
    run(&house.pool, format!("alter role {} nologin", target.connector)).await;
    house.work().await;
    assert_eq!(house.state(grant).await, "activation_failed");
    run(&house.pool, format!("alter role {} login", target.connector)).await;
    house.work().await;
    assert_eq!(house.state(grant).await, "activation_failed", "not before the next try is due");
    house.set(start() + hours(1));
    house.work().await;
    assert_eq!(house.portal.home(&ben).await.unwrap().held[0].until, Some(start() + hours(5)));
    target.clean(&house).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_missing_account_is_named_before_anything_is_sent(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let target = Target::new(&house, &ben).await;
    let wanted = Wanted { entitlements: vec![target.entitlement], ..Wanted::default() };
    let form = house.portal.form(&ben, &wanted).await.unwrap();
    assert!(form.items[0].obstacle.as_ref().unwrap().message.contains("no account on Databases"));
    let slug = house.portal.browse(&ben, &CatalogueQuery::default()).await.unwrap().systems[0].resources[0]
        .slug
        .clone();
    assert!(house.portal.resource(&ben, &slug).await.unwrap().entitlements[0].account_missing);
    assert!(house.portal.submit(&ben, &crate::house::typed(target.entitlement)).await.is_err());
    target.clean(&house).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_opened_is_closed_even_if_the_account_is_called_otherwise_by_then(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let target = Target::new(&house, &ben).await;
    house.account(&ben, target.system, &target.account).await;
    let (_, grant) = house.granted(&ben, target.entitlement).await;
    house.work().await;
    sqlx::query("update account set name = 'somebody_else'").execute(&house.pool).await.unwrap();
    house.set(start() + hours(4));
    house.work().await;
    assert_eq!(house.state(grant).await, "ended");
    assert!(!target.has(&house).await);
    target.clean(&house).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_worker_that_died_after_opening_leaves_nothing_open(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let target = Target::new(&house, &ben).await;
    house.account(&ben, target.system, &target.account).await;
    let (_, grant) = house.granted(&ben, target.entitlement).await;
    house.work().await;
    // As after a crash between the target and the book, found again only when the trying is over.
    sqlx::query(
        "update access_grant set state = 'activating', next_try_at = $2, attempts = 0, active_since = null,
            ends_at = null where id = $1",
    )
    .bind(grant.0)
    .bind(start())
    .execute(&house.pool)
    .await
    .unwrap();
    house.set(start() + hours(24));
    house.work().await;
    assert_eq!(house.state(grant).await, "failed");
    assert!(!target.has(&house).await);
    target.clean(&house).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_entitlements_of_the_same_role_do_not_take_it_from_each_other(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let target = Target::new(&house, &ben).await;
    house.account(&ben, target.system, &target.account).await;
    let same = house.entitlement_on(target.system, &target.right, "medium").await;
    let (_, first) = house.granted(&ben, target.entitlement).await;
    house.set(start() + hours(2));
    let (_, second) = house.granted(&ben, same).await;
    house.work().await;
    house.portal.give_back(&ben, first).await.unwrap();
    house.work().await;
    assert_eq!(
        (house.state(first).await.as_str(), house.state(second).await.as_str()),
        ("revoked", "active")
    );
    assert!(target.has(&house).await);
    target.clean(&house).await;
}
