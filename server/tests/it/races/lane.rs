//! One race: a request or a grant of its own, and what two do to it.

use app::backend::{Access, TypedRequest};
use domain::id::EntitlementId;
use futures::{StreamExt as _, TryStreamExt as _};
use sqlx::PgPool;
use uuid::Uuid;

use super::Course;
use super::moves::Move;
use crate::house::typed;

/// So long after the start is the deadline of what ends by itself.
const DUE_AFTER_MILLISECONDS: i32 = 150;
/// Filed at a time; the test's own pool is small.
const FILED_AT_ONCE: usize = 4;

pub struct Lane {
    pub pair: [Move; 2],
    pub request: Uuid,
    /// What was approved beforehand, where the race is for a grant.
    pub grant: Option<Uuid>,
    /// A pending request that would renew it.
    pub renewal: Option<Uuid>,
}

/// New things to ask for, owned by both owners.
pub async fn entitlements(course: &Course, count: usize) -> Vec<EntitlementId> {
    let made: Vec<Uuid> = sqlx::query_scalar(
        "with thing as (
           insert into resource (id, system_id, slug, name, created_at)
           select gen_random_uuid(), $1, 'r-' || gen_random_uuid(), 'payments-prod', clock_timestamp()
           from generate_series(1, $2) returning id),
         ours as (
           insert into owner (person_id, resource_id) select person, id from thing, unnest($3::uuid[]) person),
         right_to as (
           insert into entitlement (id, resource_id, name, target, created_at)
           select gen_random_uuid(), id, 'read', 'read', clock_timestamp() from thing returning id)
         insert into policy_version (id, entitlement_id, version, pending_seconds, access_max_seconds,
           rationale_required, created_at)
         select gen_random_uuid(), id, 1, 604800, 28800, true, clock_timestamp() from right_to
         returning entitlement_id",
    )
    .bind(course.system)
    .bind(i32::try_from(count).unwrap())
    .bind(course.owner_ids)
    .fetch_all(&course.house.pool)
    .await
    .unwrap();
    made.into_iter().map(EntitlementId).collect()
}

/// Makes ready for these pairs. What is to end by itself is due in a moment.
pub async fn lay(course: &Course, pairs: &[[Move; 2]]) -> Vec<Lane> {
    let entitlements = entitlements(course, pairs.len()).await;
    let lanes: Vec<Lane> = futures::stream::iter(pairs.iter().zip(entitlements))
        .map(async |(pair, entitlement)| Ok::<_, ()>(prepared(course, *pair, entitlement).await))
        .buffered(FILED_AT_ONCE)
        .try_collect()
        .await
        .unwrap();
    let ids = |what: Move| -> Vec<Uuid> {
        lanes.iter().filter(|lane| lane.pair.contains(&what)).map(|lane| lane.raced_for().0).collect()
    };
    for (what, statement) in [
        (
            Move::Expire,
            "update access_request set decide_by = clock_timestamp() + $2 * interval '1 ms' where id = any($1)",
        ),
        (
            Move::End,
            "update access_grant set ends_at = clock_timestamp() + $2 * interval '1 ms' where id = any($1)",
        ),
    ] {
        let due = sqlx::query(statement).bind(ids(what)).bind(DUE_AFTER_MILLISECONDS);
        due.execute(&course.house.pool).await.unwrap();
    }
    lanes
}

async fn prepared(course: &Course, pair: [Move; 2], entitlement: EntitlementId) -> Lane {
    let (house, ben) = (&course.house, &course.holder_caller);
    if pair.iter().all(|what| what.is_on_a_request()) {
        let request = house.ask(ben, entitlement).await.into();
        return Lane { pair, request, grant: None, renewal: None };
    }
    let (request, grant) = house.granted(ben, entitlement).await;
    if !pair.contains(&Move::Open) {
        house.portal.attest(&house.owner, grant, "").await.unwrap();
    }
    let renewal = if pair.contains(&Move::Renew) {
        let wish =
            TypedRequest { renew: grant.to_string(), entitlements: String::new(), ..typed(entitlement) };
        Some(house.try_ask(ben, &wish).await.unwrap().into())
    } else {
        None
    };
    Lane { pair, request: request.into(), grant: Some(grant.into()), renewal }
}

impl Lane {
    /// The id of what the race is for, and whether that is a grant.
    pub fn raced_for(&self) -> (Uuid, bool) {
        (self.grant.unwrap_or(self.request), self.grant.is_some())
    }

    /// Whether one of the two is time.
    pub fn is_timed(&self) -> bool {
        self.pair.iter().any(|what| what.is_times())
    }

    /// How many will stand before the locked row.
    pub fn comers(&self) -> usize {
        self.pair.iter().filter(|what| !what.is_times()).count()
    }

    async fn state(&self, pool: &PgPool) -> (String, Option<String>) {
        let statement = match self.grant {
            None => "select state, null::text from access_request where id = $1",
            Some(_) => "select state, cause from access_grant where id = $1",
        };
        sqlx::query_as(statement).bind(self.raced_for().0).fetch_one(pool).await.unwrap()
    }

    /// Who won, for the report.
    pub async fn outcome(&self, pool: &PgPool) -> String {
        let (state, cause) = self.state(pool).await;
        let renewed = match self.renewal {
            Some(id) => {
                format!(", renewal {}", one(pool, "select state from access_request where id = $1", id).await)
            }
            None => String::new(),
        };
        format!(
            "{:?} against {:?}: {state} {}{renewed}",
            self.pair[0],
            self.pair[1],
            cause.unwrap_or_default()
        )
    }

    /// What is wrong with how it ended, given what each side was told.
    pub async fn judge(&self, pool: &PgPool, one: Option<bool>, other: Option<bool>) -> Vec<String> {
        let (state, cause) = self.state(pool).await;
        let told: Vec<Move> = [one, other]
            .iter()
            .zip(self.pair)
            .filter(|(said, _)| **said == Some(true))
            .map(|(_, what)| what)
            .collect();
        let is_shared = self.pair.contains(&Move::Renew) || self.pair.contains(&Move::Open);
        let has_time = self.is_timed();
        let mut wrong = Vec::new();
        if told.len() > 1 && !is_shared {
            wrong.push("both were told that they had done it");
        }
        if told.is_empty() && !has_time {
            wrong.push("nobody was told that they had done it");
        }
        if has_time && told.is_empty() != matches!(&*state, "expired" | "ending" | "ended") {
            wrong.push("it did not end as people were told");
        }
        for what in told {
            let held = match what {
                Move::Approve => state == "approved",
                Move::Deny => state == "denied",
                Move::Cancel => state == "cancelled",
                Move::Revoke => cause.as_deref() == Some("owner"),
                Move::GiveBack => cause.as_deref() == Some("holder"),
                Move::Open | Move::Renew | Move::Expire | Move::End => true,
            };
            if !held {
                wrong.push("what somebody was told is not so");
            }
        }
        if self.renewal.is_some() && self.is_held_on(pool).await {
            wrong.push("what was to follow on from a revoked grant is held on");
        }
        wrong.iter().map(|wrong| format!("{wrong}: {:?} {state} {cause:?}", self.pair)).collect()
    }

    async fn is_held_on(&self, pool: &PgPool) -> bool {
        let live = "select coalesce(max(state), '') from access_grant where request_id = $1";
        let state = one(pool, live, self.renewal.unwrap()).await;
        !matches!(&*state, "" | "revoked")
    }
}

async fn one(pool: &PgPool, statement: &'static str, id: Uuid) -> String {
    sqlx::query_scalar(statement).bind(id).fetch_one(pool).await.unwrap()
}
