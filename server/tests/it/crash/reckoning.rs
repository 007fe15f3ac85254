//! What is left when everything runs again.

use std::collections::HashSet;
use std::fmt;
use std::time::Instant;

use sqlx::PgPool;
use uuid::Uuid;

use super::stage::{Acknowledged, Stage};
use crate::ledger::{self, Faults};
use crate::servers::{LOOK_EVERY, PATIENCE};

/// What was found; nothing but the first two numbers may be other than 0.
#[derive(Debug)]
pub struct Reckoning {
    acknowledged: usize,
    unanswered: usize,
    /// Acknowledged changes whose event is not in the book.
    lost: Vec<Acknowledged>,
    faults: Faults,
    /// What has not come to rest.
    stuck: i64,
    /// Where the target is otherwise than the book says.
    astray: Vec<String>,
}

impl Reckoning {
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.faults.count() == 0 && self.stuck == 0 && self.astray.is_empty()
    }
}

impl fmt::Display for Reckoning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = &self.faults;
        writeln!(
            f,
            "{} acknowledged changes, {} sent without an answer",
            self.acknowledged, self.unanswered
        )?;
        writeln!(f, "acknowledged changes lost: {}", self.lost.len())?;
        writeln!(f, "changes without event: {}", faults.without_event.len())?;
        writeln!(f, "events without change: {}", faults.without_change.len())?;
        writeln!(f, "illegal stories: {}", faults.illegal.len())?;
        writeln!(f, "requests and grants stuck: {}", self.stuck)?;
        write!(f, "rights at the target that differ from the book: {}", self.astray.len())
    }
}

/// Requests and grants that are not as they should be by the clock.
async fn restless(pool: &PgPool) -> i64 {
    let restless = "select (select count(*) from access_request
                              where state = 'pending' and decide_by <= clock_timestamp())
                         + (select count(*) from access_grant
                              where state in ('activating', 'activation_failed', 'ending', 'revoking', 'removal_failed')
                                 or state = 'active' and ends_at <= clock_timestamp())";
    sqlx::query_scalar(restless).fetch_one(pool).await.unwrap()
}

/// How many of them the jobs have not brought to rest within a minute of everything running again.
pub async fn stuck(pool: &PgPool) -> i64 {
    let begun = Instant::now();
    loop {
        let left = restless(pool).await;
        if left == 0 || begun.elapsed() > PATIENCE {
            println!("came to rest after {:.1} s", begun.elapsed().as_secs_f64());
            return left;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Holds what people were told, the rows, the book and the target against each other.
pub async fn reckon(stage: &Stage, stuck: i64) -> Reckoning {
    let acknowledged = stage.acknowledged.borrow();
    Reckoning {
        acknowledged: acknowledged.len(),
        unanswered: stage.unanswered.get(),
        lost: lost(&stage.pool, &acknowledged).await,
        faults: ledger::faults(&stage.pool).await,
        stuck,
        astray: astray(stage).await,
    }
}

/// Which of these do not stand in the book.
pub async fn lost(pool: &PgPool, acknowledged: &[Acknowledged]) -> Vec<Acknowledged> {
    let told: Vec<(String, Option<Uuid>, Option<Uuid>)> =
        sqlx::query_as("select action, request_id, grant_id from event").fetch_all(pool).await.unwrap();
    let told: HashSet<(&str, Uuid)> = told
        .iter()
        .flat_map(|(action, request, grant)| {
            [*request, *grant].into_iter().flatten().map(move |id| (action.as_str(), id))
        })
        .collect();
    // What had not reached its target when it was taken away was closed at once.
    let stands = |ack: &Acknowledged| {
        told.contains(&(ack.action, ack.id))
            || (ack.action == "grant.revoking" && told.contains(&("grant.revoked", ack.id)))
    };
    acknowledged.iter().filter(|ack| !stands(ack)).cloned().collect()
}

/// Whether everybody has exactly what the book says that they hold.
async fn astray(stage: &Stage) -> Vec<String> {
    let mut astray = Vec::new();
    for holder in &stage.holders {
        for right in &stage.rights {
            let (has, holds): (bool, bool) = sqlx::query_as(
                "select pg_has_role($1::name, $2::name, 'member'), exists (select 1 from access_grant
                   where person_id = $3 and entitlement_id = $4 and state = 'active')",
            )
            .bind(&holder.account)
            .bind(&right.role)
            .bind(holder.person)
            .bind(right.id.0)
            .fetch_one(&stage.pool)
            .await
            .unwrap();
            if has != holds {
                astray.push(format!("{} has {}: {has}, holds it: {holds}", holder.account, right.role));
            }
        }
    }
    astray
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::{Acknowledged, lost, restless};
    use crate::house::{House, at};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_acknowledged_change_that_is_not_in_the_book_counts_as_lost(pool: PgPool) {
        let house = House::new(pool).await;
        let ben = house.person("Ben Okafor").await;
        let request = house.ask(&ben, house.entitlement("read").await).await;
        let told = [Acknowledged { action: "request.submitted", id: request.into() }];
        assert!(lost(&house.pool, &told).await.is_empty());
        let never = [Acknowledged { action: "request.approved", id: request.into() }];
        assert_eq!(lost(&house.pool, &never).await.len(), 1);
        sqlx::query("delete from event where action = 'request.submitted'")
            .execute(&house.pool)
            .await
            .unwrap();
        assert_eq!(lost(&house.pool, &told).await.len(), 1);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_is_over_by_the_clock_and_has_not_ended_counts_as_stuck(pool: PgPool) {
        let house = House::new(pool).await;
        let ben = house.person("Ben Okafor").await;
        house.ask(&ben, house.entitlement("read").await).await;
        for (decide_by, left) in [("9999-01-01T00:00:00Z", 0), ("2020-01-01T00:00:00Z", 1)] {
            let due = sqlx::query("update access_request set decide_by = $1").bind(at(decide_by));
            due.execute(&house.pool).await.unwrap();
            assert_eq!(restless(&house.pool).await, left);
        }
    }
}
