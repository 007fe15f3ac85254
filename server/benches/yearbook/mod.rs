//! A year of a company in the book, made from a seed. Its shape is that of real audit logs: a few actors do most of it
//! and most do little (Zipf's law, as with resources and operations), machines come before people, a twentieth is
//! governance, and a twentieth of the use was refused.

use std::time::Instant;

use server::jobs::{holdings, linker, sequencer};
use sqlx::{Connection as _, PgConnection, PgPool, Row as _};
use store::Store;
use store::link::Step;

use crate::company::{self, Size};
use crate::measure::{self, Shared};

/// Events made in one statement.
const BATCH: i64 = 250_000;
/// Events linked and indexed in one step.
const INDEX_BATCH: i64 = 20_000;

/// What the book weighs, in bytes.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Weight {
    /// The events themselves, with their indexes.
    pub events: i64,
    /// What they are searched by.
    pub search: i64,
    /// Everything in the database.
    pub all: i64,
}

/// A book that is full.
pub struct Book {
    /// Where it is.
    pub url: String,
    /// For seeding and for yardsticks.
    pub pool: PgPool,
    /// What it weighs.
    pub weight: Weight,
}

const SIZE: Size = Size { people: 200, owners: 32, resources: 1_000 };
const CONNECTIONS: u32 = 4;

/// The book of so many events: the one that an earlier benchmark on this server has filled, or a new one.
pub async fn open(shared: &Shared, events: u64) -> Book {
    let name = format!("bench_book_{events}");
    let mut admin = PgConnection::connect(&shared.database("postgres")).await.unwrap();
    let is_full: bool = sqlx::query_scalar(
        "select exists (select from pg_database where datname = $1
           and shobj_description(oid, 'pg_database') = 'full')",
    )
    .bind(&name)
    .fetch_one(&mut admin)
    .await
    .unwrap();
    let url = if is_full { shared.database(&name) } else { shared.fresh_database(&name).await };
    let pool = measure::pool(&url, CONNECTIONS).await;
    let store = Store::connect(&url, CONNECTIONS).unwrap();
    if !is_full {
        company::settle(&pool, SIZE).await;
        fill(&pool, &store, events).await;
        let mark = format!("comment on database {name} is 'full'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(mark)).execute(&mut admin).await.unwrap();
    }
    // So that no job has anything to catch up with while it is measured.
    sequencer::catch_up(&store).await.unwrap();
    linker::catch_up(&store).await.unwrap();
    holdings::catch_up(&store).await.unwrap();
    begin_to_judge(&pool).await;
    let weight = weight(&pool).await;
    Book { url, pool, weight }
}

/// Rules begin with what comes from now on, as where a release brings them to a book that is there.
async fn begin_to_judge(pool: &PgPool) {
    sqlx::raw_sql(
        "insert into book_reader (name, position) select 'judge', position from book_reader where name = 'search'
         on conflict (name) do update set position = excluded.position",
    )
    .execute(pool)
    .await
    .unwrap();
}

/// Puts so many events in, as the owner and in bulk, numbers them and makes their index as the product does.
async fn fill(pool: &PgPool, store: &Store, events: u64) {
    let events = i64::try_from(events).unwrap();
    sqlx::query(
        "select event_ensure_partitions(now() - n * interval '30 days') from generate_series(0, 13) n",
    )
    .execute(pool)
    .await
    .unwrap();
    let mut conn = pool.acquire().await.unwrap();
    sqlx::raw_sql("select setseed(0.25); set synchronous_commit = off").execute(&mut *conn).await.unwrap();
    let mut done = 0;
    while done < events {
        let batch = BATCH.min(events - done);
        sqlx::query(EVENTS).bind(done).bind(batch).bind(events).execute(&mut *conn).await.unwrap();
        done += batch;
        println!("    {done} of {events} events are in the book");
    }
    for statement in [
        "insert into event_position (position, event_id, class, recorded_at)
         select row_number() over (order by recorded_at, id), id, class, recorded_at from event",
        "update event_sequence set last_position = (select max(position) from event_position),
           seen = pg_current_snapshot()",
        "vacuum analyze event",
        "analyze event_position",
    ] {
        sqlx::raw_sql(statement).execute(&mut *conn).await.unwrap();
    }
    let start = Instant::now();
    let mut indexed = 0;
    while let Step::Done { read, .. } = store::link::step(store, INDEX_BATCH).await.unwrap() {
        indexed += read;
        if indexed % 500_000 < read {
            println!("    {indexed} indexed, {:.0}/s", indexed as f64 / start.elapsed().as_secs_f64());
        }
    }
    for table in ["vacuum analyze event_search", "vacuum analyze book_name"] {
        sqlx::raw_sql(table).execute(&mut *conn).await.unwrap();
    }
}

async fn weight(pool: &PgPool) -> Weight {
    let row = sqlx::query(
        "select (select sum(pg_total_relation_size(relid))::bigint from pg_partition_tree('event')),
           (select sum(pg_total_relation_size(relid))::bigint from pg_partition_tree('event_search')),
           pg_database_size(current_database())",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    Weight { events: row.get(0), search: row.get(1), all: row.get(2) }
}

/// From the `$1`th on `$2` events of `$3`, spread over a year up to now.
const EVENTS: &str = "
insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_id, actor_name, action, outcome, subject_id,
  subject_name, system_name, resource_name, entitlement_name, request_id, origin, ip, user_agent, reason, detail)
select gen_random_uuid(), case when rules then 'governance' else 'usage' end, at, at + interval '2 seconds',
  case when rules or actor >= 40 then 'person' else 'machine' end,
  case when rules then md5('person' || actor)::uuid end,
  case when actor < 40 then 'ci-runner-' || actor
    else (array['ana', 'ben', 'chloe', 'dmitri', 'emeka', 'farah', 'goran', 'hana'])[1 + actor % 8] || '.'
      || (array['ruiz', 'okafor', 'martin', 'ivanov', 'nwosu', 'aziz', 'horvat', 'sato', 'moreau', 'silva'])[1 + actor % 10]
      || actor || '@example.com' end,
  case when rules then (array['request.submitted', 'request.approved', 'grant.activated', 'grant.ended'])[1 + act % 4]
    else (array['resource.accessed', 'resource.accessed', 'resource.changed', 'resource.created', 'session.opened',
      'session.closed', 'resource.deleted', 'resource.permissions_changed', 'resource.other'])[1 + act % 9] end,
  case when luck < 0.04 and not rules then 'denied' when luck < 0.05 then 'failure' else 'success' end,
  case when rules then md5('person' || res)::uuid end,
  case when rules then 'colleague' || res || '@example.com' end,
  'System ' || lpad((1 + res % 12)::text, 2, '0'),
  'ledger-' || lpad(res::text, 4, '0') || (array['-prod', '-staging', '-dev'])[1 + res % 3],
  case when act % 3 = 0 then (array['read', 'write', 'admin'])[1 + act % 3] end,
  case when rules then gen_random_uuid() end,
  case when rules then 'web' else 'source-' || res % 12 end,
  '10.' || actor % 16 || '.' || actor / 16 % 256 || '.' || 1 + actor % 200,
  'aws-cli/2.15.30 Python/3.11.8',
  case when rules then 'To look into the failed payouts of ticket ' || n % 50000 end,
  case when rules then '{\"given\": {\"term\": {\"lasting\": 14400}, \"start_at\": null}}'::jsonb
    else jsonb_build_object('external_id', gen_random_uuid(), 'operation', 'Operation' || act,
      'actor', jsonb_build_object('account', 'u' || actor),
      'original', jsonb_build_object('eventVersion', '1.08',
        'userIdentity', jsonb_build_object('type', 'IAMUser', 'userName', 'u' || actor),
        'eventTime', at, 'eventSource', 'service' || res % 12 || '.example.com', 'eventName', 'Operation' || act,
        'awsRegion', (array['eu-central-1', 'eu-west-1', 'us-east-1'])[1 + res % 3],
        'requestParameters', jsonb_build_object('bucket', 'ledger-' || res, 'key', 'path/' || n % 5000 || '/object'),
        'readOnly', act % 2 = 0)) end
from (
  select n, luck, rules, now() - interval '364 days' * (1 - (n + random() * 300) / ($3 + 300)) as at,
    floor(exp(random() * ln(5001)))::int - 1 as actor, floor(exp(random() * ln(8001)))::int - 1 as res,
    floor(exp(random() * ln(301)))::int - 1 as act
  from (select n, random() as luck, random() < 0.05 as rules from generate_series($1, $1 + $2 - 1) n) drawn) made";
