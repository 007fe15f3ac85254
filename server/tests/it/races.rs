//! Two server processes over one database, and two moves at once: exactly one wins, and the book says which.

mod lane;
mod moves;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::caller::Caller;
use futures::StreamExt as _;
use sqlx::PgPool;
use store::{Clock, Store};

use crate::house::House;
use crate::ledger;
use crate::servers::{Process, Servers, Visitor, drop_role, until};
use lane::Lane;
use moves::{Move, PAIRS};

/// Races of each pair; `GATEBOOK_RACES=1000` makes the long run that releases get.
fn rounds() -> usize {
    std::env::var("GATEBOOK_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

/// Races under way at a time: each may keep two connections of each process waiting.
const AT_ONCE: usize = 12;
/// The jobs look once a second, and what is due is so a moment after the start.
const TIME_COMES_WITHIN: Duration = Duration::from_millis(1_300);

/// Who takes part, and where.
struct Course {
    house: House,
    /// The portal, twice.
    portals: [Process; 2],
    /// The two owners; each decides at a portal of their own.
    owners: [Visitor; 2],
    holder: Visitor,
    holder_caller: Caller,
    owner_ids: [uuid::Uuid; 2],
    system: uuid::Uuid,
}

impl Course {
    async fn lay(pool: &PgPool, servers: &Servers) -> Self {
        let store = Store::new(pool.clone(), Clock::Database);
        let owner = crate::house::newcomer(pool, "Ana Ruiz").await;
        let house = House::around(store, owner).await;
        let (eve, ben) = (house.person("Eve Stone").await, house.person("Ben Okafor").await);
        let portals = [servers.serve().await, servers.serve().await];
        let mut browsers = Vec::new();
        for (caller, sub) in [(&house.owner, "ana"), (&eve, "eve"), (&ben, "ben")] {
            servers.is_known_as(pool, caller.id().0, sub).await;
            let email = format!("{sub}@example.com");
            browsers.push(servers.sign_in(&portals[0], sub, &email, &[]).await);
        }
        let [ana, second, holder]: [Visitor; 3] = browsers.try_into().ok().unwrap();
        let owner_ids = [house.owner.id().0, eve.id().0];
        let system = house.system("manual", serde_json::json!({})).await;
        Self { house, portals, owners: [ana, second], holder, holder_caller: ben, owner_ids, system }
    }

    /// Races on all these lanes at once. With `held`, the rows are locked until both sides stand before them.
    async fn run(&self, lanes: &[Lane], held: bool) -> Vec<String> {
        let mut gate = self.house.pool.begin().await.unwrap();
        if held {
            for table in ["access_request", "access_grant"] {
                let statement = format!("select 1 from {table} where id = any($1) for update");
                let ids: Vec<_> = lanes.iter().map(|lane| lane.raced_for().0).collect();
                sqlx::query(sqlx::AssertSqlSafe(statement)).bind(ids).execute(&mut *gate).await.unwrap();
            }
        }
        let racing = futures::future::join_all(lanes.iter().enumerate().map(|(number, lane)| async move {
            let [one, other] = lane.pair;
            if !held && lane.is_timed() {
                // Against what comes once a second, people come at any moment of it.
                tokio::time::sleep(TIME_COMES_WITHIN.mul_f64(number as f64 / lanes.len() as f64)).await;
            }
            futures::join!(self.act(one, lane, 0), self.act(other, lane, 1))
        }));
        let opening = async {
            if held {
                self.wait_for_the_crowd(lanes).await;
            }
            gate.commit().await.unwrap();
        };
        let (told, ()) = futures::join!(racing, opening);
        self.wait_until_nothing_is_due().await;
        let mut faults = Vec::new();
        for (lane, (one, other)) in lanes.iter().zip(told) {
            faults.extend(lane.judge(&self.house.pool, one, other).await);
        }
        faults
    }

    /// Whether the move was acknowledged; `None` for what time does.
    async fn act(&self, what: Move, lane: &Lane, side: usize) -> Option<bool> {
        let (form, typed) = what.form(lane)?;
        let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let who = if what.is_the_holders() { &self.holder } else { &self.owners[side] };
        let told = who.send(self.portals[side].port, form, &typed).await.unwrap();
        assert_eq!(told.status, 303, "{what:?}: {}", told.body);
        Some(told.is_done())
    }

    /// Until everybody who can come stands before the locked rows. Who cannot is not waited for long.
    async fn wait_for_the_crowd(&self, lanes: &[Lane]) {
        let comers: usize = lanes.iter().map(Lane::comers).sum();
        let is_timed = lanes.iter().any(Lane::is_timed);
        let patience = if is_timed { TIME_COMES_WITHIN } else { Duration::from_millis(400) };
        let asked = Instant::now();
        while asked.elapsed() < patience {
            let waiting = "select count(*) from pg_stat_activity
                           where datname = current_database() and wait_event_type = 'Lock'";
            if usize::try_from(self.house.count(waiting).await).unwrap() >= comers {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn wait_until_nothing_is_due(&self) {
        let due = "select (select count(*) from access_request
                           where state = 'pending' and decide_by < clock_timestamp() + interval '1 minute')
                        + (select count(*) from access_grant
                           where state = 'active' and ends_at < clock_timestamp() + interval '1 minute')";
        until("what is due", async || self.house.count(due).await == 0).await;
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whatever_two_server_processes_do_at_once_exactly_one_wins(pool: PgPool) {
    let begun = Instant::now();
    let servers = Servers::over(&pool).await;
    let course = Course::lay(&pool, &servers).await;
    let workers = [servers.work().await, servers.work().await];
    let mut faults = Vec::new();
    let mut won = BTreeMap::<String, usize>::new();
    // What time does comes once a second, so those races are run together.
    let (timed, quick): (Vec<_>, Vec<_>) =
        PAIRS.iter().copied().partition(|pair| pair.iter().any(|what| what.is_times()));
    for pairs in quick.iter().map(std::slice::from_ref).chain([timed.as_slice()]) {
        let entries: Vec<_> = (0..rounds()).flat_map(|_| pairs.iter().copied()).collect();
        // Half of them with a start that is held, half as they come.
        for (number, pairs) in entries.chunks(entries.len().div_ceil(2).min(AT_ONCE)).enumerate() {
            let lanes = lane::lay(&course, pairs).await;
            faults.extend(course.run(&lanes, number % 2 == 0).await);
            for lane in &lanes {
                *won.entry(lane.outcome(&course.house.pool).await).or_default() += 1;
            }
        }
    }
    for worker in workers {
        worker.stop().await;
    }
    let found = ledger::faults(&pool).await;
    let races = rounds() * PAIRS.len();
    println!("{races} races of {} pairs in {:?}: {won:#?}", PAIRS.len(), begun.elapsed());
    println!("illegal ends: {}", faults.len() + found.count());
    assert_eq!((faults, found), (Vec::new(), ledger::Faults::default()));
    drop(course);
    drop_role(&pool).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_forms_sent_to_two_processes_at_once_make_one_request(pool: PgPool) {
    let servers = Servers::over(&pool).await;
    let course = Course::lay(&pool, &servers).await;
    let entitlements = lane::entitlements(&course, rounds()).await;
    let ends: Vec<usize> = futures::stream::iter(&entitlements)
        .map(async |entitlement| {
            let id = entitlement.to_string();
            let typed = [
                ("entitlements", id.as_str()),
                ("rationale", "To look into the failed payouts."),
                ("ends", "duration"),
                ("duration", "4 hours"),
            ];
            let [one, other] = course.portals.each_ref().map(|portal| portal.port);
            let send =
                async |port| course.holder.send(port, "submit-request", &typed).await.unwrap().is_done();
            let (one, other) = futures::join!(send(one), send(other));
            usize::from(one) + usize::from(other)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    assert_eq!(ends, vec![1; rounds()]);
    let requests = course.house.count("select count(*) from access_request").await;
    assert_eq!(usize::try_from(requests), Ok(rounds()));
    assert_eq!(course.house.count("select count(*) from submission").await, requests, "nothing half-written");
    assert_eq!(ledger::faults(&pool).await, ledger::Faults::default());
    drop(course);
    drop_role(&pool).await;
}
