//! Backing up and restoring as docs/operate.md says.

use std::path::PathBuf;
use std::time::Duration;

use app::backend::Access;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use store::{Clock, Store};
use tokio::process::Command;

use crate::house::House;
use crate::ledger;
use crate::servers::{Servers, until};

/// `pg_dump` and its like: of the Postgres that the tests run on, where the driver says so.
fn program(name: &str) -> Option<PathBuf> {
    let told = std::env::var_os("GATEBOOK_POSTGRES_PROGRAMS").map(PathBuf::from);
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut debians: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debians.sort();
    let folders = told.into_iter().chain(on_path.into_iter().flatten()).chain(debians.into_iter().rev());
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A server with two roles and a database, as the page has them made.
struct Home<'a> {
    superuser: &'a PgPool,
    tag: String,
}

impl Home<'_> {
    fn owner(&self) -> String {
        format!("owner_{}", self.tag)
    }

    fn application(&self) -> String {
        format!("application_{}", self.tag)
    }

    fn url(&self, role: &str) -> String {
        let options = self.superuser.connect_options();
        let (host, port) = (options.get_host(), options.get_port());
        format!("postgres://{role}:test@{host}:{port}/gatebook_{}", self.tag)
    }

    async fn run(&self, statement: String) {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(self.superuser).await.unwrap();
    }

    async fn make_empty_database(&self) {
        self.run(format!("create database gatebook_{} owner {}", self.tag, self.owner())).await;
    }

    async fn lose_everything_but_the_owner(&self) {
        self.run(format!("drop database gatebook_{} with (force)", self.tag)).await;
        self.run(format!("drop role {}", self.application())).await;
    }

    async fn migrate(&self, servers: &Servers) {
        servers.migrate(&self.url(&self.owner())).await;
    }

    async fn pool(&self, role: &str) -> PgPool {
        PgPoolOptions::new().max_connections(3).connect(&self.url(role)).await.unwrap()
    }
}

async fn succeed(command: &mut Command) {
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every row of every table but the notes of what has been migrated when.
async fn everything(pool: &PgPool) -> Vec<(String, Vec<String>)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace
           and c.relkind in ('r', 'p') and not c.relispartition order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let rows = format!("select to_jsonb(t)::text from {table} t order by 1");
        all.push((table, sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(pool).await.unwrap()));
    }
    all
}

#[sqlx::test(migrations = false)]
async fn a_backup_is_restored_with_the_book_event_by_event_and_goes_on(pool: PgPool) {
    let (Some(dump), Some(restore)) = (program("pg_dump"), program("pg_restore")) else {
        println!("not run: a_backup_is_restored_…: there is no pg_dump here");
        return;
    };
    let hash = server::secret::hash(pool.connect_options().get_database().unwrap().as_bytes());
    let tag: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let home = Home { superuser: &pool, tag };
    home.run(format!("create role {} login createrole password 'test'", home.owner())).await;
    home.make_empty_database().await;
    let servers = Servers::at(home.url(&home.application())).await;
    home.migrate(&servers).await;

    // Somebody waits, somebody holds on, and somebody's time runs out while there is no database.
    let application = home.pool(&home.application()).await;
    let store = Store::new(application.clone(), Clock::Database);
    let ana = crate::house::newcomer(&application, "Ana Ruiz").await;
    let house = House::around(store, ana).await;
    let ben = house.person("Ben Okafor").await;
    house.ask(&ben, house.entitlement("read").await).await;
    for _ in 0..2 {
        let (_, held) = house.granted(&ben, house.entitlement("read").await).await;
        house.portal.attest(&house.owner, held, "").await.unwrap();
    }
    sqlx::query("update access_grant set ends_at = clock_timestamp() + interval '1 s' where id in (select min(id::text)::uuid from access_grant)")
        .execute(&application)
        .await
        .unwrap();
    let before = everything(&home.pool(&home.owner()).await).await;
    let file = std::env::temp_dir().join(format!("gatebook-test-{}.dump", home.tag));
    let by_owner = home.url(&home.owner());
    succeed(Command::new(dump).args(["--format=custom", "--dbname", &by_owner, "--file"]).arg(&file)).await;

    application.close().await;
    home.lose_everything_but_the_owner().await;
    home.make_empty_database().await;
    let flags = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", "--dbname", &by_owner];
    succeed(Command::new(restore).args(flags).arg(&file)).await;
    assert_eq!(everything(&home.pool(&home.owner()).await).await, before);
    home.migrate(&servers).await;

    let refused = servers.try_serve_as(&by_owner).await;
    assert!(refused.contains("could rewrite the book"), "{refused}");
    let application = home.pool(&home.application()).await;
    let may_rest =
        "select has_function_privilege('public', 'event_ensure_partitions(timestamptz)', 'execute')";
    assert!(!sqlx::query_scalar::<_, bool>(may_rest).fetch_one(&application).await.unwrap());
    let portal = servers.serve().await;
    let worker = servers.work().await;
    let ending = "select count(*) from access_grant where state = 'ending' and next_try_at is null";
    let count =
        async |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&application).await.unwrap();
    until("the grant whose time came meanwhile to end", async || count(ending).await == 1).await;
    assert_eq!(count("select count(*) from access_grant where state = 'active'").await, 1);
    let mut visitor = servers.sign_in(&portal, "new", "new@example.com", &[]).await;
    assert_eq!(visitor.get(portal.port, "/").await.unwrap().status, 200);
    assert_eq!(ledger::faults(&application).await, ledger::Faults::default());
    let events = before.iter().find(|(table, _)| table == "event").unwrap().1.len();
    let newer = "select count(*) from event where recorded_at > (select recorded_at from event
                   where action = 'grant.activated' order by recorded_at desc limit 1)";
    let all = usize::try_from(count("select count(*) from event").await).unwrap();
    assert_eq!(
        usize::try_from(count(newer).await).unwrap(),
        all - events,
        "what is new stands behind what was there"
    );

    for process in [portal, worker] {
        process.stop().await;
    }
    application.close().await;
    tokio::time::timeout(Duration::from_secs(30), home.lose_everything_but_the_owner()).await.unwrap();
    home.run(format!("drop role {}", home.owner())).await;
    std::fs::remove_file(file).unwrap();
}
