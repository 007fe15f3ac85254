//! A decision through its use case, against the fewest writes that keep the same facts, by hand.
//!
//! 32 owners decide their queues side by side. The use case reads the request and who may decide it, judges,
//! writes with its events, commits, and looks up what waits next. The yardstick knows everything beforehand and
//! only writes: the guarded change of the request, the decision, the grant and both events, in one transaction.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure ends, and its figures need no more digits than a float has"
)]

mod company;
mod measure;
mod past;
mod taken;

use std::sync::Arc;
use std::time::Instant;

use app::backend::{Approvals as _, TypedDecision};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use company::Size;
use domain::caller::Caller;
use domain::id::RequestId;
use measure::{Figure, Report, rounded};
use past::new_id;
use serde_json::{Value, json};
use server::portal::Portal;
use sqlx::PgPool;
use store::Store;
use taken::Taken;
use tokio::task::JoinSet;
use uuid::Uuid;

const WRITERS: u32 = 32;
const SIZE: Size = Size { people: 1_000, owners: WRITERS as i64, resources: 200 };

#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    shared: measure::Shared,
    /// Events in the book beforehand
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Requests that wait for each owner at the start of a run
    #[arg(long, default_value_t = 64)]
    queue: usize,
}

fn main() {
    tokio::runtime::Runtime::new().unwrap().block_on(run(Options::parse()));
}

async fn run(options: Options) {
    let url = options.shared.fresh_database("bench_append").await;
    let pool = measure::pool(&url, WRITERS).await;
    company::settle(&pool, SIZE).await;
    past::live_through(&pool, options.events).await;
    let owners = past::owners(&pool, SIZE).await;
    let shelf = Arc::new(Shelf::read(&pool, &owners).await);
    let portal = Portal::new(Store::connect(&url, WRITERS).unwrap());

    let (mut runs, mut throughput, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
    // The first pair warms up connections, plans and caches, and is not counted.
    for run in 0..=options.shared.runs {
        let queues = shelf.fill(&pool, options.queue).await;
        let by_gatebook = through_the_use_case(&portal, &owners, &queues).await;
        check(&pool, &queues).await;
        let queues = shelf.fill(&pool, options.queue).await;
        let by_hand = by_hand(&pool, &shelf, &owners, &queues).await;
        check(&pool, &queues).await;
        if run == 0 {
            continue;
        }
        let ratio = by_gatebook.per_second() / by_hand.per_second();
        let p99_ratio = by_gatebook.percentile_ms(99) / by_hand.percentile_ms(99);
        println!(
            "run {run}: {:.0}/s against {:.0}/s by hand: {ratio:.3}; p99 {:.1} ms against {:.1} ms: {p99_ratio:.2}",
            by_gatebook.per_second(),
            by_hand.per_second(),
            by_gatebook.percentile_ms(99),
            by_hand.percentile_ms(99),
        );
        runs.push(json!({
            "ratio": rounded(ratio), "p99_ratio": rounded(p99_ratio),
            "gatebook": by_gatebook.as_json(), "yardstick": by_hand.as_json(),
        }));
        throughput.push(ratio);
        slowest.push(p99_ratio);
    }
    let figures = vec![
        Figure {
            name: "ratio",
            goal_name: "goal",
            label: "decisions in a second, of those by hand",
            goal: 0.6,
            is_floor: true,
            of_runs: throughput,
        },
        Figure {
            name: "p99_ratio",
            goal_name: "p99_goal",
            label: "99th percentile of a decision's time, of that by hand",
            goal: 3.0,
            is_floor: false,
            of_runs: slowest,
        },
    ];
    let measured = json!({
        "thing": "Approvals::decide: rules read and judged, guarded writes, events, commit, what waits next",
        "yardstick": "begin; update request; insert decision, grant, both events; commit: prepared, nothing read",
        "writers": WRITERS, "events": options.events, "queue": options.queue,
    });
    options.shared.report(Report { name: "append", figures, runs, measured }).await;
}

/// What one owner's colleagues can ask for.
struct Right {
    id: Uuid,
    name: String,
    policy: Uuid,
    resource: (Uuid, String),
    system: (Uuid, String),
}

/// What can be asked for, by owner, and who asks.
struct Shelf {
    rights: Vec<Vec<Right>>,
    people: Vec<(Uuid, String)>,
}

/// A request that waits.
#[derive(Clone, Copy)]
struct Waiting {
    id: Uuid,
    /// Among the owner's.
    right: usize,
    /// Among all people.
    person: usize,
}

type RightRow = (Uuid, String, Uuid, Uuid, String, Uuid, String);

impl Shelf {
    async fn read(pool: &PgPool, owners: &[Caller]) -> Self {
        let mut rights = Vec::new();
        for owner in owners {
            let rows: Vec<RightRow> = sqlx::query_as(
                "select e.id, e.name, v.id, o.id, o.name, s.id, s.name
                 from entitlement e join policy_version v on v.entitlement_id = e.id
                 join resource o on o.id = e.resource_id join system s on s.id = o.system_id
                 join owner w on w.resource_id = o.id where w.person_id = $1 order by e.id",
            )
            .bind(owner.id().0)
            .fetch_all(pool)
            .await
            .unwrap();
            let of = |(id, name, policy, resource, resource_name, system, system_name)| Right {
                id,
                name,
                policy,
                resource: (resource, resource_name),
                system: (system, system_name),
            };
            rights.push(rows.into_iter().map(of).collect());
        }
        let people = sqlx::query_as("select id, name from person order by name offset $1")
            .bind(2 * SIZE.owners)
            .fetch_all(pool)
            .await
            .unwrap();
        Self { rights, people }
    }

    /// Lets so many requests wait for each owner.
    async fn fill(&self, pool: &PgPool, each: usize) -> Vec<Vec<Waiting>> {
        let filed_at = server::clock::machine() - TimeDelta::hours(3);
        let queue = |owner: usize| {
            let of = |at: usize| Waiting {
                id: new_id(filed_at),
                right: at % self.rights[owner].len(),
                person: (owner * each + at) % self.people.len(),
            };
            (0..each).map(of).collect::<Vec<_>>()
        };
        let queues: Vec<Vec<Waiting>> = (0..self.rights.len()).map(queue).collect();
        for (rights, queue) in self.rights.iter().zip(&queues) {
            let column = |of: &dyn Fn(&Waiting) -> Uuid| queue.iter().map(of).collect::<Vec<_>>();
            sqlx::query(
                "with made as (select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[])
                     made(id, submission, person, entitlement, policy)),
                   submitted as (insert into submission (id, requester_id, rationale, filed_at)
                     select submission, person, 'To look into the failed payouts of Monday.', $6 from made)
                 insert into access_request (id, submission_id, entitlement_id, requester_id, beneficiary_id,
                   policy_version_id, state, asked_seconds, filed_at, decide_by)
                 select id, submission, entitlement, person, person, policy, 'pending', 14400, $6,
                   $6 + interval '7 days' from made",
            )
            .bind(column(&|waiting| waiting.id))
            .bind(column(&|_| new_id(filed_at)))
            .bind(column(&|waiting| self.people[waiting.person].0))
            .bind(column(&|waiting| rights[waiting.right].id))
            .bind(column(&|waiting| rights[waiting.right].policy))
            .bind(filed_at)
            .execute(pool)
            .await
            .unwrap();
        }
        queues
    }
}

/// Every owner decides their queue from its beginning to its end.
async fn through_the_use_case(portal: &Portal, owners: &[Caller], queues: &[Vec<Waiting>]) -> Taken {
    let mut writers = JoinSet::new();
    let start = Instant::now();
    for (owner, queue) in owners.iter().zip(queues) {
        let (portal, mut owner, queue) = (portal.clone(), owner.clone(), queue.clone());
        owner.called_at = server::clock::machine();
        writers.spawn(async move {
            let mut each = Vec::with_capacity(queue.len());
            for waiting in queue {
                let typed = TypedDecision {
                    id: RequestId(waiting.id).to_string(),
                    verdict: "approve".to_owned(),
                    summary: "As agreed.".to_owned(),
                    shorter: String::new(),
                };
                let start = Instant::now();
                portal.decide(&owner, &typed).await.expect("a decision");
                each.push(start.elapsed());
            }
            each
        });
    }
    let each = writers.join_all().await.concat();
    Taken::new(start.elapsed(), each)
}

/// The same, by somebody who knows already that all is well.
async fn by_hand(pool: &PgPool, shelf: &Arc<Shelf>, owners: &[Caller], queues: &[Vec<Waiting>]) -> Taken {
    let mut writers = JoinSet::new();
    let start = Instant::now();
    for (at, (owner, queue)) in owners.iter().zip(queues).enumerate() {
        let (pool, shelf, owner, queue) = (pool.clone(), shelf.clone(), owner.clone(), queue.clone());
        writers.spawn(async move {
            let mut each = Vec::with_capacity(queue.len());
            for waiting in queue {
                let start = Instant::now();
                let (right, person) = (&shelf.rights[at][waiting.right], &shelf.people[waiting.person]);
                write(&pool, &owner, &waiting, right, person).await.expect("a decision");
                each.push(start.elapsed());
            }
            each
        });
    }
    let each = writers.join_all().await.concat();
    Taken::new(start.elapsed(), each)
}

const EVENTS: &str = "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_id, actor_name, action,
     outcome, subject_id, subject_name, system_id, system_name, resource_id, resource_name, entitlement_id,
     entitlement_name, request_id, grant_id, origin, ip, user_agent, reason, detail)
   values
     ($1, 'governance', $2, $2, 'person', $3, $4, 'request.approved', 'success', $5, $6, $7, $8, $9, $10, $11, $12,
      $13, null, 'web', $14, $15, $16, $17),
     ($18, 'governance', $2, $2, 'system', null, 'Gatebook', 'grant.activating', 'success', $5, $6, $7, $8, $9, $10,
      $11, $12, $13, $19, 'job', null, null, null, $20)";

/// One decision in the fewest writes.
async fn write(
    pool: &PgPool,
    owner: &Caller,
    waiting: &Waiting,
    right: &Right,
    person: &(Uuid, String),
) -> Result<(), sqlx::Error> {
    let now: DateTime<Utc> = server::clock::machine();
    let (grant, deadline) = (new_id(now), now + TimeDelta::hours(24));
    let mut tx = pool.begin().await?;
    let updated = sqlx::query(
        "update access_request set state = 'approved', closed_at = $2, given_seconds = $3
         where id = $1 and state = 'pending' and decide_by > $2",
    )
    .bind(waiting.id)
    .bind(now)
    .bind(14_400_i64)
    .execute(&mut *tx)
    .await?;
    assert_eq!(updated.rows_affected(), 1, "somebody else decided");
    sqlx::query(
        "insert into decision (request_id, decided_by, verdict, summary, decided_at)
         values ($1, $2, 'approve', $3, $4)",
    )
    .bind(waiting.id)
    .bind(owner.id().0)
    .bind("As agreed.")
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into access_grant (id, request_id, person_id, entitlement_id, state, lasting_seconds, created_at,
           activation_deadline, next_try_at) values ($1, $2, $3, $4, 'activating', $5, $6, $7, $7)",
    )
    .bind(grant)
    .bind(waiting.id)
    .bind(person.0)
    .bind(right.id)
    .bind(14_400_i64)
    .bind(now)
    .bind(deadline)
    .execute(&mut *tx)
    .await?;
    let window: Value = json!({ "start_at": null, "term": { "lasting": 14_400 } });
    sqlx::query(EVENTS)
        .bind(new_id(now))
        .bind(now)
        .bind(owner.id().0)
        .bind(&owner.person.name)
        .bind(person.0)
        .bind(&person.1)
        .bind(right.system.0)
        .bind(&right.system.1)
        .bind(right.resource.0)
        .bind(&right.resource.1)
        .bind(right.id)
        .bind(&right.name)
        .bind(waiting.id)
        .bind(&owner.source.ip)
        .bind(&owner.source.user_agent)
        .bind("As agreed.")
        .bind(json!({ "asked": window, "given": window }))
        .bind(new_id(now))
        .bind(grant)
        .bind(json!({ "window": window, "by_hand": true }))
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Both ways leave the same facts behind.
async fn check(pool: &PgPool, queues: &[Vec<Waiting>]) {
    let ids: Vec<Uuid> = queues.iter().flatten().map(|waiting| waiting.id).collect();
    let complete: i64 = sqlx::query_scalar(
        "select count(*) from access_request r
         join decision d on d.request_id = r.id and d.decided_by is not null and d.summary = 'As agreed.'
         join access_grant g on g.request_id = r.id and g.state = 'activating' and g.lasting_seconds = 14400
           and g.next_try_at = g.activation_deadline
         join event a on a.request_id = r.id and a.action = 'request.approved' and a.actor_id = d.decided_by
           and a.subject_id = r.beneficiary_id and a.system_name <> '' and a.detail ? 'given' and a.ip <> ''
         join event b on b.request_id = r.id and b.action = 'grant.activating' and b.grant_id = g.id
           and b.entitlement_name <> '' and b.detail ? 'window'
         where r.id = any($1) and r.state = 'approved' and r.given_seconds = 14400",
    )
    .bind(&ids)
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(usize::try_from(complete), Ok(ids.len()), "a decision is not complete");
}
