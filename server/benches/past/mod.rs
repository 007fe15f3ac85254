//! What has happened before: a book that is full already, and callers who go on writing it.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use domain::caller::{Caller, Roles, Source};
use domain::id::{PersonId, SessionId};
use domain::person::PersonRef;
use sqlx::PgPool;
use uuid::{Timestamp, Uuid};

use crate::company::Size;

/// Those who own resources in turn, as callers.
pub async fn owners(pool: &PgPool, size: Size) -> Vec<Caller> {
    let found: Vec<(Uuid, String)> = sqlx::query_as("select id, name from person order by name limit $1")
        .bind(size.owners)
        .fetch_all(pool)
        .await
        .unwrap();
    found.into_iter().map(|(id, name)| caller(id, name)).collect()
}

fn caller(id: Uuid, name: String) -> Caller {
    let now = server::clock::machine();
    Caller {
        person: PersonRef { id: PersonId(id), name },
        roles: Roles::default(),
        authenticated_at: Some(now),
        session: SessionId(id),
        source: Source {
            origin: "web".to_owned(),
            ip: Some("192.0.2.7".to_owned()),
            user_agent: Some(
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
            ),
        },
        time_zone: chrono_tz::Tz::UTC,
        called_at: now,
    }
}

/// A UUIDv7, as the product makes them.
pub fn new_id(now: DateTime<Utc>) -> Uuid {
    static SEQUENCE: AtomicU64 = AtomicU64::new(0);
    let seconds = u64::try_from(now.timestamp()).unwrap();
    let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
    Uuid::new_v7(Timestamp::from_unix_time(seconds, now.timestamp_subsec_nanos(), sequence.into(), 32))
}

/// Fills the book with this many events of the last sixty days, as its owner and in bulk, and the tables with
/// the requests, decisions and grants that a twentieth of them tell of.
pub async fn live_through(pool: &PgPool, events: u64) {
    let now = server::clock::machine();
    for days in [60, 30, 0] {
        sqlx::query("select event_ensure_partitions($1)")
            .bind(now - TimeDelta::days(days))
            .execute(pool)
            .await
            .unwrap();
    }
    past_requests(pool, i64::try_from(events / 20).unwrap()).await;
    let mut done = 0;
    while done < events {
        let batch = (events - done).min(250_000);
        past_events(pool, i64::try_from(batch).unwrap(), now).await;
        done += batch;
        if events > 250_000 {
            println!("    {done} of {events} events are in the book");
        }
    }
    sqlx::raw_sql("vacuum analyze").execute(pool).await.unwrap();
}

async fn past_requests(pool: &PgPool, requests: i64) {
    sqlx::query(
        "with people as (select array_agg(id) as ids from person),
           rights as (select array_agg(id order by id) as ids, array_agg(policy order by id) as policies
             from (select e.id, v.id as policy from entitlement e join policy_version v on v.entitlement_id = e.id) all_of_them),
           made as (select gen_random_uuid() as id, gen_random_uuid() as submission,
               people.ids[1 + n % array_length(people.ids, 1)] as person,
               1 + (n * 7) % array_length(rights.ids, 1) as at, now() - n % 59 * interval '1 day' - interval '1 hour' as filed_at
             from generate_series(1, $1) n, people, rights),
           submitted as (insert into submission (id, requester_id, rationale, filed_at)
             select submission, person, 'To look into the failed payouts of Monday.', filed_at from made returning id),
           filed as (insert into access_request (id, submission_id, entitlement_id, requester_id, beneficiary_id,
               policy_version_id, state, asked_seconds, given_seconds, filed_at, decide_by, closed_at)
             select made.id, submission, rights.ids[at], person, person, rights.policies[at], 'approved', 14400, 14400,
               filed_at, filed_at + interval '7 days', filed_at + interval '30 minutes' from made, rights returning id),
           decided as (insert into decision (request_id, verdict, summary, decided_at)
             select id, 'approve', 'As agreed.', filed_at + interval '30 minutes' from made returning request_id)
         insert into access_grant (id, request_id, person_id, entitlement_id, state, lasting_seconds, created_at,
           active_since, ends_at, closed_at, removal_known)
         select gen_random_uuid(), made.id, person, rights.ids[at], 'ended', 14400, filed_at + interval '30 minutes',
           filed_at + interval '35 minutes', filed_at + interval '5 hours', filed_at + interval '5 hours', 'verified'
         from made, rights",
    )
    .bind(requests)
    .execute(pool)
    .await
    .unwrap();
}

async fn past_events(pool: &PgPool, events: i64, now: DateTime<Utc>) {
    sqlx::query(
        "with people as (select array_agg(id) as ids, array_agg(name) as names from person),
           rights as (select array_agg(e.id) as ids, array_agg(e.name) as names, array_agg(o.id) as resource_ids,
               array_agg(o.name) as resources, array_agg(s.id) as system_ids, array_agg(s.name) as systems
             from entitlement e join resource o on o.id = e.resource_id join system s on s.id = o.system_id)
         insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_id, actor_name, action, outcome,
           subject_id, subject_name, system_id, system_name, resource_id, resource_name, entitlement_id,
           entitlement_name, request_id, grant_id, origin, ip, user_agent, reason, detail)
         select gen_random_uuid(), 'governance', at, at, 'person', people.ids[actor], people.names[actor],
           (array['request.submitted', 'request.approved', 'grant.activated', 'grant.ended'])[1 + n % 4], 'success',
           people.ids[subject], people.names[subject], system_ids[which], systems[which], resource_ids[which],
           resources[which], rights.ids[which], rights.names[which], gen_random_uuid(), gen_random_uuid(), 'web',
           '192.0.2.7', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
           'To look into the failed payouts of Monday.',
           '{\"given\": {\"term\": {\"lasting\": 14400}, \"start_at\": null}}'
         from people, rights, lateral (
           select n, $2 - random() * interval '59 days' as at, 1 + (random() * (array_length(people.ids, 1) - 1))::int as actor,
             1 + (random() * (array_length(people.ids, 1) - 1))::int as subject,
             1 + (random() * (array_length(rights.ids, 1) - 1))::int as which
           from generate_series(1, $1) n) made",
    )
    .bind(events)
    .bind(now)
    .execute(pool)
    .await
    .unwrap();
}
