//! The binary of before the newest migration serves on while the new one migrates, and the new one goes on from there.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sqlx::PgPool;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use store::MIGRATOR;
use uuid::Uuid;

use crate::ledger;
use crate::servers::{Process, Servers, Visitor, until};

/// So many are approved before the migration begins, and after it.
const EITHER_SIDE: usize = 5;

/// Populates `gatebook_demo` as the old binary's demo does, and stops it.
async fn populate(binary: &Path, superuser: &str) {
    let state = std::env::temp_dir().join(format!("gatebook-test-upgrade-{}", std::process::id()));
    let demo = Process::demo(binary, superuser, &state).await;
    demo.stop().await;
}

/// The company's database, as these two roles from now on.
struct Company {
    admin: PgPool,
    owner_url: String,
    application_url: String,
}

impl Company {
    async fn take_over(superuser: &PgPool) -> Self {
        for role in ["gatebook_owner", "gatebook_app"] {
            let statement = format!("alter role {role} password 'test'");
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(superuser).await.unwrap();
        }
        let options = superuser.connect_options();
        let (host, port) = (options.get_host(), options.get_port());
        let url = |role: &str| format!("postgres://{role}:test@{host}:{port}/gatebook_demo");
        let admin = (*options).clone().database("gatebook_demo");
        Self {
            admin: PgPoolOptions::new().max_connections(4).connect_with(admin).await.unwrap(),
            owner_url: url("gatebook_owner"),
            application_url: url("gatebook_app"),
        }
    }

    /// Things to ask for that Ana decides on.
    async fn put_in_anas_hands(&self) -> Vec<Uuid> {
        sqlx::query_scalar(
            "with wanted as (
               select e.id from entitlement e join resource o on o.id = e.resource_id
               where e.deleted_at is null and o.deleted_at is null and o.sensitivity in ('low', 'medium')),
             ours as (
               insert into owner (person_id, entitlement_id)
               select p.id, wanted.id from wanted, person p where p.email = 'ana.ruiz@fjordpay.example'
               on conflict do nothing)
             select id from wanted",
        )
        .fetch_all(&self.admin)
        .await
        .unwrap()
    }

    /// The book, by event.
    async fn book(&self) -> HashMap<Uuid, serde_json::Value> {
        let events =
            sqlx::query_as("select id, to_jsonb(e) from event e").fetch_all(&self.admin).await.unwrap();
        events.into_iter().collect()
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.admin).await.unwrap()
    }
}

/// Somebody who asks for one thing after the other, and Ana, who approves of it.
struct Load {
    employee: Visitor,
    ana: Visitor,
    wanted: RefCell<Vec<Uuid>>,
    is_over: Cell<bool>,
    /// Answers so far; what was approved; what went wrong.
    answered: Cell<usize>,
    approved: Cell<usize>,
    wrong: RefCell<Vec<String>>,
}

impl Load {
    async fn go_on(&self, port: u16) {
        while !self.is_over.get() {
            self.look_around(port).await;
            if let Some(request) = self.ask(port).await
                && self.approve(port, &request).await
            {
                self.approved.set(self.approved.get() + 1);
            }
        }
    }

    /// Waits until so many more are approved, or something went wrong.
    async fn has_approved(&self, more: usize) {
        let wanted = self.approved.get() + more;
        until("requests to be approved", async || {
            self.approved.get() >= wanted || !self.wrong.borrow().is_empty()
        })
        .await;
    }

    async fn look_around(&self, port: u16) {
        for path in ["/", "/catalogue", "/requests"] {
            self.note(path, self.employee.clone().get(port, path).await.map(|told| told.status), 200);
        }
        self.note("/approvals", self.ana.clone().get(port, "/approvals").await.map(|told| told.status), 200);
    }

    /// Answers the id of the new request.
    async fn ask(&self, port: u16) -> Option<String> {
        let wanted = self.wanted.borrow_mut().pop()?.to_string();
        let typed = [
            ("entitlements", wanted.as_str()),
            ("rationale", "To look into the failed payouts."),
            ("ends", "duration"),
            ("duration", "1 hour"),
        ];
        let told = self.employee.send(port, "submit-request", &typed).await;
        self.note("submit-request", told.as_ref().map(|told| told.status).map_err(|_| ()), 303);
        let told = told.ok().filter(crate::servers::Told::is_done)?;
        Some(told.location.trim_start_matches("/requests/").split('?').next()?.to_owned())
    }

    async fn approve(&self, port: u16, request: &str) -> bool {
        let typed = [("id", request), ("verdict", "approve"), ("summary", "As agreed.")];
        let told = self.ana.send(port, "decide", &typed).await;
        self.note("decide", told.as_ref().map(|told| told.status).map_err(|_| ()), 303);
        told.is_ok_and(|told| told.is_done())
    }

    fn note(&self, what: &str, told: Result<u16, impl std::fmt::Debug>, wanted: u16) {
        self.answered.set(self.answered.get() + 1);
        if told.as_ref().ok() != Some(&wanted) {
            self.wrong.borrow_mut().push(format!("{what}: {told:?}"));
        }
    }
}

#[sqlx::test(migrations = false)]
#[ignore = "run by cargo xtask upgrade, which builds the binary of before the newest migration"]
async fn the_old_binary_serves_through_a_migration_and_the_new_one_goes_on(pool: PgPool) {
    let old = std::env::var_os("GATEBOOK_OLD_BINARY").map(PathBuf::from).expect("run by cargo xtask upgrade");
    populate(&old, &std::env::var("DATABASE_URL").unwrap()).await;
    let company = Company::take_over(&pool).await;
    let new = Servers::at(company.application_url.clone()).await;
    let before = new.of_binary(old);
    let (portal, worker) = (before.serve().await, before.work().await);
    let sign_in = async |sub| before.sign_in(&portal, sub, &format!("{sub}@fjordpay.example"), &[]).await;
    let load = Load {
        employee: sign_in("noa.new").await,
        ana: sign_in("ana.ruiz").await,
        wanted: RefCell::new(company.put_in_anas_hands().await),
        is_over: Cell::default(),
        answered: Cell::default(),
        approved: Cell::default(),
        wrong: RefCell::default(),
    };
    let (schema, book) = (company.count("select count(*) from _sqlx_migrations").await, company.book().await);

    let migration = async {
        load.has_approved(EITHER_SIDE).await;
        let begun = Instant::now();
        new.migrate(&company.owner_url).await;
        let took = begun.elapsed();
        load.has_approved(EITHER_SIDE).await;
        load.is_over.set(true);
        took
    };
    let (took, ()) = futures::join!(migration, load.go_on(portal.port));
    let migrated = company.count("select count(*) from _sqlx_migrations").await - schema;
    assert!(migrated > 0, "the old binary knew this schema already");
    println!(
        "{migrated} migrations in {took:?} beneath {} answers of the old binary, {} requests approved",
        load.answered.get(),
        load.approved.get()
    );
    assert_eq!(load.wrong.take(), Vec::<String>::new(), "answers of the old binary");
    replace(&company, &new, (portal, worker), &load).await;
    let today = company.book().await;
    let differs = book.iter().filter(|(id, told)| today.get(id).is_none_or(|now| !holds(now, told)));
    assert_eq!(differs.count(), 0, "events of before are as they were");
    assert_eq!(ledger::faults(&company.admin).await, ledger::Faults::default());
}

/// One after the other, as operators do; what was asked of the old is decided with the new.
async fn replace(company: &Company, new: &Servers, old: (Process, Process), load: &Load) {
    let waiting = load.ask(old.0.port).await.expect("something is left to ask for");
    let (portal, worker) = (new.serve().await, new.work().await);
    old.1.stop().await;
    assert!(load.approve(portal.port, &waiting).await, "{:?}", load.wrong);
    load.look_around(portal.port).await;
    let last = load.ask(portal.port).await.expect("something is left to ask for");
    assert!(load.approve(old.0.port, &last).await, "the old one serves beside the new: {:?}", load.wrong);
    old.0.stop().await;
    load.look_around(portal.port).await;
    let due =
        "select count(*) from access_grant where state = 'activating' and next_try_at <= clock_timestamp()";
    until("the new worker to take up what is due", async || company.count(due).await == 0).await;
    assert_eq!(load.wrong.take(), Vec::<String>::new(), "answers while the processes were replaced");
    portal.stop().await;
    worker.stop().await;
}

/// Whether `now` says all that `then` said; a migration may have added to it.
fn holds(now: &serde_json::Value, then: &serde_json::Value) -> bool {
    then.as_object().unwrap().iter().all(|(name, value)| now.get(name) == Some(value))
}

#[sqlx::test(migrations = false)]
async fn a_migration_that_must_wait_for_a_table_lets_everybody_else_at_it(pool: PgPool) {
    // 5 changes the table of grants.
    let older = MIGRATOR.migrations.iter().filter(|migration| migration.version < 5).cloned().collect();
    Migrator { migrations: older, ..Migrator::DEFAULT }.run(&pool).await.unwrap();
    let mut reader = pool.begin().await.unwrap();
    sqlx::query("select count(*) from access_grant").execute(&mut *reader).await.unwrap();
    let mut url: url::Url = std::env::var("DATABASE_URL").unwrap().parse().unwrap();
    url.set_path(pool.connect_options().get_database().unwrap());
    let others = async {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        let is_waiting = async || sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.unwrap() > 0;
        until("the migration to wait", is_waiting).await;
        let begun = Instant::now();
        sqlx::query("select count(*) from access_grant").execute(&pool).await.unwrap();
        let waited = begun.elapsed();
        reader.commit().await.unwrap();
        waited
    };
    let (migrated, waited) = futures::join!(store::migration::run(url.as_str()), others);
    migrated.unwrap();
    assert!(waited.as_secs() < 10, "{waited:?}");
    let versions: i64 =
        sqlx::query_scalar("select count(*) from _sqlx_migrations").fetch_one(&pool).await.unwrap();
    assert_eq!(usize::try_from(versions).unwrap(), MIGRATOR.migrations.len());
}
