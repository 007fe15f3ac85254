//! Who asks, who decides, and a target where access really opens.

use std::cell::{Cell, RefCell};

use domain::id::EntitlementId;
use sqlx::PgPool;
use store::{Clock, Store};
use uuid::Uuid;

use crate::house::House;
use crate::servers::{Process, Servers, Visitor};

const HOLDERS: [&str; 4] = ["ben", "cid", "dan", "fay"];
const RIGHTS: usize = 3;

/// A change that somebody was told of.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The event that must stand in the book.
    pub action: &'static str,
    /// Of the request or of the grant.
    pub id: Uuid,
}

pub struct Holder {
    pub person: Uuid,
    pub browser: Visitor,
    /// What they are called at the target.
    pub account: String,
}

pub struct Right {
    pub id: EntitlementId,
    /// What it is called at the target.
    pub role: String,
}

pub struct Stage {
    pub pool: PgPool,
    pub holders: Vec<Holder>,
    pub owners: [Visitor; 2],
    pub rights: Vec<Right>,
    /// Where the portals listen at present.
    pub ports: [Cell<u16>; 2],
    pub is_over: Cell<bool>,
    pub acknowledged: RefCell<Vec<Acknowledged>>,
    /// Answers that never came, or said that something went wrong.
    pub unanswered: Cell<usize>,
    connector: String,
    running: RefCell<Vec<Process>>,
}

impl Stage {
    /// The test's own database is the target, too: it goes down with everything else.
    pub async fn set(pool: &PgPool, servers: &Servers, portals: &[Process; 2]) -> Self {
        let store = Store::new(pool.clone(), Clock::Database);
        let ana = crate::house::newcomer(pool, "Ana Ruiz").await;
        let house = House::around(store, ana).await;
        let eve = house.person("Eve Stone").await;
        let tag = house.owner.id().0.simple().to_string();
        let connector = format!("connector_{tag}");
        run(pool, format!("create role {connector} login password 'test'")).await;
        let options = pool.connect_options();
        let (host, port, database) =
            (options.get_host(), options.get_port(), options.get_database().unwrap());
        let secret = std::env::temp_dir().join(format!("gatebook-test-{tag}"));
        std::fs::write(&secret, "test").unwrap();
        let settings = serde_json::json!({
            "url": format!("postgres://{connector}@{host}:{port}/{database}"),
            "password": format!("file:{}", secret.display()),
        });
        let system = house.system("postgresql", settings).await;
        let mut rights = Vec::new();
        for number in 0..RIGHTS {
            let role = format!("right_{number}_{tag}");
            run(pool, format!("create role {role}; grant {role} to {connector} with admin option")).await;
            let id = house.entitlement_on(system, &role, "medium").await;
            let resource = "select resource_id from entitlement where id = $1";
            let resource = sqlx::query_scalar(resource).bind(id.0).fetch_one(pool).await.unwrap();
            house.own(&eve, "resource_id", resource).await;
            rights.push(Right { id, role });
        }
        run(pool, format!("grant pg_signal_backend to {connector}")).await;
        let enter = async |person: Uuid, sub: &str| {
            servers.is_known_as(pool, person, sub).await;
            servers.sign_in(&portals[0], sub, &format!("{sub}@example.com"), &[]).await
        };
        let owners = [enter(house.owner.id().0, "ana").await, enter(eve.id().0, "eve").await];
        let mut holders = Vec::new();
        for sub in HOLDERS {
            let caller = house.person(sub).await;
            let account = format!("{sub}_{tag}");
            run(pool, format!("create role {account} login")).await;
            house.account(&caller, system, &account).await;
            let person = caller.id().0;
            holders.push(Holder { person, browser: enter(person, sub).await, account });
        }
        Self {
            pool: pool.clone(),
            holders,
            owners,
            rights,
            ports: [Cell::new(portals[0].port), Cell::new(portals[1].port)],
            is_over: Cell::default(),
            acknowledged: RefCell::default(),
            unanswered: Cell::default(),
            connector,
            running: RefCell::default(),
        }
    }

    /// Makes some of what is to end by itself due now. The database's clock is the only one, so the due times move.
    pub async fn let_time_pass(&self) {
        for statement in [
            "update access_grant set ends_at = clock_timestamp() where id in (
               select id from access_grant where state = 'active' order by random() limit 2 for update skip locked)",
            "update access_request set decide_by = clock_timestamp() where id in (
               select id from access_request where state = 'pending' order by random() limit 1 for update skip locked)",
        ] {
            sqlx::query(statement).execute(&self.pool).await.unwrap();
        }
    }

    /// What runs until [`Stage::strike`].
    pub fn keep(&self, portals: [Process; 2], worker: Process) {
        let mut running = self.running.borrow_mut();
        running.extend(portals);
        running.push(worker);
    }

    /// Ends what runs, and takes the roles away.
    pub async fn strike(&self) {
        let running = self.running.take();
        for process in running {
            process.stop().await;
        }
        let accounts = self.holders.iter().map(|holder| &holder.account);
        for role in accounts.chain(self.rights.iter().map(|right| &right.role)).chain([&self.connector]) {
            run(&self.pool, format!("drop owned by {role} cascade; drop role {role}")).await;
        }
    }
}

async fn run(pool: &PgPool, statement: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
}
