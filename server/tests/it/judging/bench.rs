//! A yard with a judge.

use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::Outcome;
use domain::id::PersonId;
use server::jobs::judge;
use sqlx::{FromRow, PgPool};

use crate::house::start;
use crate::linking::yard::Yard;

pub struct Bench {
    pub yard: Yard,
}

/// An alert, as far as most tests look at it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Raised {
    pub rule: String,
    pub sentence: String,
    pub severity: String,
    pub state: String,
    pub times: i64,
    pub person: Option<uuid::Uuid>,
}

impl Bench {
    pub async fn open(pool: PgPool) -> Self {
        Self { yard: Yard::open(pool).await }
    }

    /// Time goes on; what Gatebook's own clock says, and what comes in at once.
    pub fn after(&self, since_start: TimeDelta) -> DateTime<Utc> {
        let now = start() + since_start;
        self.yard.house.set(now);
        now
    }

    /// Numbers, links and judges everything there is.
    pub async fn work(&self) {
        self.yard.work().await;
        judge::catch_up(&self.yard.house.store).await.unwrap();
    }

    /// Every alert, in the order in which they were raised.
    pub async fn raised(&self) -> Vec<Raised> {
        self.work().await;
        sqlx::query_as(
            "select rule, sentence, severity, state, times, person_id as person from alert order by raised_at, id",
        )
        .fetch_all(&self.yard.house.pool)
        .await
        .unwrap()
    }

    /// The rules that raised alerts, in order.
    pub async fn fired(&self) -> Vec<String> {
        self.raised().await.into_iter().map(|alert| alert.rule).collect()
    }

    /// The one alert of this rule.
    pub async fn alert_of(&self, rule: &str) -> Raised {
        let mut found: Vec<_> = self.raised().await.into_iter().filter(|alert| alert.rule == rule).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// So many attempts of Ben's that are denied there, a second apart, from now on.
    pub async fn denied(&self, prefix: &str, times: i64) {
        let first = self.yard.house.store.now().await.unwrap();
        for number in 0..times {
            let at = first + TimeDelta::seconds(number);
            self.yard.house.set(at);
            self.yard
                .report(&format!("{prefix}{number}"), |event| {
                    (event.outcome, event.occurred_at) = (Outcome::Denied, at);
                })
                .await;
        }
    }

    pub async fn set_status(&self, person: PersonId, status: &str) {
        sqlx::query("update person set status = $2 where id = $1")
            .bind(person.0)
            .bind(status)
            .execute(&self.yard.house.pool)
            .await
            .unwrap();
    }

    pub async fn set_sensitivity(&self, sensitivity: &str) {
        sqlx::query("update resource set sensitivity = $2 where id = $1")
            .bind(self.yard.resource)
            .bind(sensitivity)
            .execute(&self.yard.house.pool)
            .await
            .unwrap();
    }

    pub async fn resolve(&self, rule: &str, verdict: &str, accepted_until: Option<DateTime<Utc>>) {
        let now = self.yard.house.store.now().await.unwrap();
        sqlx::query(
            "update alert set state = 'resolved', verdict = $2, accepted_until = $3, resolved_at = $4 where rule = $1
               and state <> 'resolved'",
        )
        .bind(rule)
        .bind(verdict)
        .bind(accepted_until)
        .bind(now)
        .execute(&self.yard.house.pool)
        .await
        .unwrap();
    }
}
