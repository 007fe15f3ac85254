//! A disk that is full beneath a real Postgres: what has to be written is refused and said so, what is only read goes
//! on, and nothing has to be started again once there is room.

use std::collections::BTreeMap;

use domain::id::EntitlementId;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::cluster::Cluster;
use crate::ledger;
use crate::linking::yard::Yard;
use crate::servers::{Process, Servers, Told, Visitor, drop_role, until};

const ROOM_MEBIBYTES: u32 = 64;
/// A page of a table that is there already may have room for some more rows; so many are tried at most.
const TRIES_MAX: usize = 150;

/// What must be refused where it cannot be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Ask,
    Search,
    Export,
    SignIn,
    Report,
    SearchOfAProgram,
    ExportOfAProgram,
}

const DEEDS: [Deed; 7] = [
    Deed::Ask,
    Deed::Search,
    Deed::Export,
    Deed::SignIn,
    Deed::Report,
    Deed::SearchOfAProgram,
    Deed::ExportOfAProgram,
];

impl Deed {
    /// The event that it leaves in the book, one each time.
    fn action(self) -> &'static str {
        match self {
            Self::Ask => "request.submitted",
            Self::Search | Self::SearchOfAProgram => "audit.searched",
            Self::Export | Self::ExportOfAProgram => "audit.exported",
            Self::SignIn => "session.signed_in",
            Self::Report => "resource.accessed",
        }
    }

    fn went_through(self, told: &Told) -> bool {
        match self {
            Self::Ask => told.is_done(),
            Self::SignIn => (told.status, told.location.as_str()) == (303, "/"),
            Self::Export | Self::ExportOfAProgram => told.status == 200 && told.body.contains("{\"end\":"),
            Self::Search | Self::Report | Self::SearchOfAProgram => told.status == 200,
        }
    }

    /// What whoever is refused reads.
    fn words(self) -> [&'static str; 2] {
        match self {
            Self::Ask => ["This could not be written down", "what you typed is still in the form"],
            Self::Search => ["No room to write this down", "no room left"],
            Self::Export => ["Nothing was exported", "no room left"],
            Self::SignIn => ["Signing in does not work right now", "nobody was signed in"],
            Self::Report => ["Not available now", "Send the same again later"],
            Self::SearchOfAProgram | Self::ExportOfAProgram => ["Not available now", "no room left"],
        }
    }
}

struct Office {
    cluster: Cluster,
    yard: Yard,
    servers: Servers,
    portal: Process,
    worker: Process,
    rights: Vec<EntitlementId>,
    /// Asks for access.
    ben: Visitor,
    /// Searches and exports.
    dev: Visitor,
    /// Was given her roles so long ago that they are to be read anew.
    mia: Visitor,
    wire: reqwest::Client,
    writing: String,
    reading: String,
    /// How many went through, by the event that each left.
    done: BTreeMap<&'static str, i64>,
    tried: usize,
}

impl Office {
    async fn open(shared: &PgPool) -> Option<Self> {
        let cluster = Cluster::with_little_room(shared, ROOM_MEBIBYTES).await?;
        let pool = cluster.database("gatebook", "tablespace small").await;
        let servers = Servers::over(&pool).await;
        let (portal, worker) = (servers.serve().await, servers.work().await);
        let (yard, admin) = Yard::by_the_clock(&pool).await;
        let mut rights = Vec::new();
        for number in 0..TRIES_MAX * 3 {
            rights.push(yard.house.entitlement_on(yard.system, &format!("right {number}"), "low").await);
        }
        let ben = yard.ben().await;
        servers.is_known_as(&pool, ben.id().0, "ben").await;
        Some(Self {
            writing: yard.token(&admin, "logs").await,
            reading: yard.token(&admin, "").await,
            ben: servers.sign_in(&portal, "ben", "ben@example.com", &[]).await,
            dev: servers.sign_in(&portal, "dev", "dev@example.com", &["admins"]).await,
            mia: servers.sign_in(&portal, "mia", "mia@example.com", &["admins"]).await,
            cluster,
            yard,
            servers,
            portal,
            worker,
            rights,
            wire: reqwest::Client::new(),
            done: BTreeMap::from([("session.signed_in", 3)]),
            tried: 0,
        })
    }

    fn pool(&self) -> &PgPool {
        &self.yard.house.pool
    }

    /// Does it, as it was not done before.
    async fn attempt(&mut self, deed: Deed) -> Told {
        self.tried += 1;
        let (port, number) = (self.portal.port, self.tried);
        let told = match deed {
            Deed::Ask => {
                let right = self.rights.pop().unwrap().to_string();
                let typed = [
                    ("entitlements", right.as_str()),
                    ("rationale", "To look into the failed payouts."),
                    ("ends", "duration"),
                    ("duration", "4 hours"),
                ];
                self.ben.send(port, "submit-request", &typed).await.unwrap()
            }
            Deed::Search => self.dev.get(port, &format!("/audit?q=word{number}")).await.unwrap(),
            Deed::Export => self.dev.get(port, "/audit/export?format=jsonl&q=action:person.*").await.unwrap(),
            Deed::SignIn => self.servers.try_sign_in(&self.portal, "ben", "ben@example.com", &[]).await.1,
            Deed::Report => {
                let report = json!([{
                    "id": number.to_string(), "time": "2026-11-23T10:00:00Z", "action": "resource.accessed",
                    "outcome": "success", "actor": { "email": "ben@example.com" }, "resource": "payments-prod",
                }]);
                let request = self.wire.post(self.events("")).bearer_auth(&self.writing);
                told(request.header("content-type", "application/json").body(report.to_string())).await
            }
            Deed::SearchOfAProgram => {
                told(self.wire.get(self.events(&format!("?q=term{number}"))).bearer_auth(&self.reading)).await
            }
            Deed::ExportOfAProgram => {
                let path = "/export?format=jsonl&q=action:person.*";
                told(self.wire.get(self.events(path)).bearer_auth(&self.reading)).await
            }
        };
        if deed.went_through(&told) {
            *self.done.entry(deed.action()).or_default() += 1;
        } else {
            assert_eq!(told.status, 503, "{deed:?}: {told:?}");
            for words in deed.words() {
                assert!(told.body.contains(words), "{deed:?} says no “{words}”: {}", told.body);
            }
        }
        told
    }

    fn events(&self, rest: &str) -> String {
        format!("http://127.0.0.1:{}/api/v1/events{rest}", self.portal.port)
    }

    /// Has no room for anything, and no room in the pages of sessions either.
    async fn fill_up(&self) {
        for statement in [
            "update session set seen_at = seen_at - interval '2 minutes'",
            "update session set roles_read_at = roles_read_at - interval '2 hours'
             where person_id = (select id from person where subject = 'mia')",
        ] {
            sqlx::query(statement).execute(self.pool()).await.unwrap();
        }
        // What a vacuum has to leave for somebody's snapshot is room for whoever comes by later: until none is left.
        for _ in 0..TRIES_MAX {
            self.outlast_snapshots().await;
            sqlx::query("vacuum session").execute(self.pool()).await.unwrap();
            self.cluster.fill_up().await;
            if self.fill_sessions().await == 0 {
                return;
            }
        }
        panic!("there is always room for a session");
    }

    /// Answers how many there was room for.
    async fn fill_sessions(&self) -> usize {
        let nameless = "insert into session (id, id_hash, created_at, seen_at, expires_at, data)
                        select gen_random_uuid(), decode(md5(random()::text) || md5(random()::text), 'hex'),
                          clock_timestamp(), clock_timestamp(), clock_timestamp(), '{}'";
        for count in 0..TRIES_MAX {
            if let Err(error) = sqlx::query(nameless).execute(self.pool()).await {
                assert!(error.to_string().contains("No space left"), "{error}");
                return count;
            }
        }
        panic!("the disk is not full");
    }

    /// Waits until nobody looks at the rows of before any more: a vacuum leaves these, and whoever comes by later finds
    /// room in their place.
    async fn outlast_snapshots(&self) {
        let now: i64 = sqlx::query_scalar("select pg_current_xact_id()::text::bigint")
            .fetch_one(self.pool())
            .await
            .unwrap();
        let is_looked_at = "select exists (select from pg_stat_activity
                              where pid <> pg_backend_pid()
                                and least(backend_xmin::text::bigint, backend_xid::text::bigint) <= $1)";
        while sqlx::query_scalar(is_looked_at).bind(now).fetch_one(self.pool()).await.unwrap() {
            tokio::task::yield_now().await;
        }
    }

    /// Tries all until all are refused.
    async fn wear_out(&mut self) {
        for _ in 0..TRIES_MAX {
            let mut refused = 0;
            for deed in DEEDS {
                let told = self.attempt(deed).await;
                refused += usize::from(!deed.went_through(&told));
            }
            if refused == DEEDS.len() {
                return;
            }
        }
        panic!("the disk is not full");
    }

    /// Signs out one after the other, until that is refused: whoever is told so is signed in as before. Answers who.
    async fn stay(&mut self) -> usize {
        let port = self.portal.port;
        for at in 0..self.visitors().len() {
            let told = self.visitors()[at].post(port, "/sign-out").await.unwrap();
            if told.status == 303 {
                *self.done.entry("session.signed_out").or_default() += 1;
                continue;
            }
            assert_eq!(told.status, 503, "{told:?}");
            assert!(told.body.contains("You are still signed in"), "{}", told.body);
            let told = self.visitors()[at].get(port, "/catalogue").await.unwrap();
            assert_eq!(told.status, 200, "{told:?}");
            return at;
        }
        panic!("the disk is not full");
    }

    /// Who may have to be signed in is last.
    fn visitors(&mut self) -> [&mut Visitor; 3] {
        [&mut self.mia, &mut self.dev, &mut self.ben]
    }

    /// What goes through stands in the book, and nothing else does.
    async fn assert_book(&self) {
        for (action, done) in &self.done {
            let told: i64 =
                sqlx::query_scalar("select count(*) from event where action = $1 and outcome = 'success'")
                    .bind(action)
                    .fetch_one(self.pool())
                    .await
                    .unwrap();
            assert_eq!(told, *done, "{action}");
        }
        assert_eq!(ledger::faults(self.pool()).await, ledger::Faults::default());
    }

    /// Pages that nobody has to write anything down for.
    async fn assert_open(&mut self) {
        for path in ["/", "/catalogue", "/requests", "/approvals", "/settings", "/people"] {
            let told = self.ben.get(self.portal.port, path).await.unwrap();
            assert!([200, 404].contains(&told.status), "{path}: {told:?}");
        }
        let told = self.mia.get(self.portal.port, "/catalogue").await.unwrap();
        assert_eq!(told.status, 200, "{told:?}");
        let said = self.portal.said();
        assert!(said.contains("could not be marked as seen"), "{said}");
        assert!(said.contains("roles are not read anew"), "{said}");
    }
}

async fn told(request: reqwest::RequestBuilder) -> Told {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    if status != 200 {
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["status"], status);
    }
    Told { status, location: String::new(), body }
}

#[sqlx::test(migrations = false)]
async fn on_a_full_disk_nothing_goes_through_without_its_event_and_what_is_only_read_goes_on(shared: PgPool) {
    let Some(mut office) = Office::open(&shared).await else { return };
    for deed in DEEDS {
        let told = office.attempt(deed).await;
        assert!(deed.went_through(&told), "{deed:?}: {told:?}");
    }
    office.fill_up().await;
    office.assert_open().await;
    office.wear_out().await;
    office.assert_open().await;
    // Last: whoever gets away leaves room for the session of another.
    let stayed = office.stay().await;
    office.assert_book().await;

    office.cluster.make_room().await;
    if stayed > 1 {
        office.dev = office.servers.sign_in(&office.portal, "dev", "dev@example.com", &["admins"]).await;
        *office.done.entry("session.signed_in").or_default() += 1;
    }
    for deed in DEEDS {
        let told = office.attempt(deed).await;
        assert!(deed.went_through(&told), "{deed:?}: {told:?}");
    }
    let port = office.portal.port;
    let told = office.visitors()[stayed].post(port, "/sign-out").await.unwrap();
    assert_eq!(told.status, 303, "{told:?}");
    *office.done.entry("session.signed_out").or_default() += 1;
    office.assert_book().await;
    let behind = "select (select count(*) from event) - coalesce(min(position), 0) from book_reader";
    until("the jobs to go on by themselves", async || office.yard.house.count(behind).await == 0).await;
    let Office { portal, worker, yard, .. } = office;
    portal.stop().await;
    worker.stop().await;
    drop_role(&yard.house.pool).await;
    yard.house.pool.close().await;
}
