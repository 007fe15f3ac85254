//! How often the database is asked. Wall time says little on a shared machine; what costs it is counted here.

use std::sync::{Arc, Mutex};

use app::backend::{Approvals, TypedDecision};
use domain::id::RequestId;
use sqlx::PgPool;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::door::gate::Gate;
use crate::house::{House, caller_of};

/// Statements that sqlx has run, as it logs them. `begin` is not among them.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    /// What was asked for while this went on. The test has its thread for itself.
    async fn of<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
        let statements = Self::default();
        let subscriber = tracing_subscriber::registry().with(statements.clone());
        let listening = tracing::subscriber::set_default(subscriber);
        let done = work.await;
        drop(listening);
        (done, statements.0.lock().unwrap().clone())
    }
}

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut summary = Summary::default();
            event.record(&mut summary);
            self.0.lock().unwrap().push(summary.0);
        }
    }
}

#[derive(Default)]
struct Summary(String);

impl Visit for Summary {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "summary" {
            self.0 = format!("{value:?}");
        }
    }
}

#[track_caller]
fn assert_at_most(bound: usize, statements: &[String], what: &str) {
    assert!(!statements.is_empty(), "nothing was counted");
    assert!(statements.len() <= bound, "{what}: {} statements:\n{}", statements.len(), statements.join("\n"));
}

fn decision(id: RequestId, verdict: &str) -> TypedDecision {
    TypedDecision {
        id: id.to_string(),
        verdict: verdict.to_owned(),
        summary: "As agreed.".to_owned(),
        ..TypedDecision::default()
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_decision_takes_few_statements_however_long_the_queue_is(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let mut ids = Vec::new();
    for n in 0..12 {
        let right = house.entitlement(&format!("read {n}")).await;
        ids.push(house.ask(&ben, right).await);
    }
    for (verdict, bound) in [("approve", 7), ("deny", 6)] {
        let typed = decision(ids.pop().unwrap(), verdict);
        let (done, statements) = Statements::of(house.portal.decide(&house.owner, &typed)).await;
        done.unwrap();
        assert_at_most(bound, &statements, verdict);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_takes_few_statements_however_many_rows_it_has(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser = gate.signed_in("ana").await;
    let mut owner = caller_of(&pool, "ana").await;
    owner.called_at = gate.now();
    let house = House::around(gate.store.clone(), owner).await;
    let ben = house.person("Ben Okafor").await;
    for n in 0..12 {
        let right = house.entitlement(&format!("read {n}")).await;
        match n % 2 {
            0 => house.granted(&ben, right).await.0,
            _ => house.ask(&ben, right).await,
        };
    }
    for (path, bound) in [("/", 12), ("/catalogue", 9), ("/requests", 7), ("/approvals", 19), ("/tasks", 8)] {
        let (answer, statements) = Statements::of(browser.get(path)).await;
        assert_eq!(answer.status, http::StatusCode::OK, "{path}: {}", answer.body);
        assert_at_most(bound, &statements, path);
    }
}
