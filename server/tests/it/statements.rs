//! How often the database is asked. Wall time says little on a shared machine; what costs it is counted here.

use std::cell::RefCell;
use std::sync::Once;

use app::backend::{Approvals, TypedDecision};
use domain::id::RequestId;
use sqlx::PgPool;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::door::gate::Gate;
use crate::house::{House, caller_of};

thread_local! {
    /// What a test on this thread listens to. Tests have a thread each, and their statements run on it.
    static HEARD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Hears statements as sqlx logs them. `begin` is not among them.
struct Listener;

/// What was asked of the database while this went on.
pub async fn statements_of<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    static LISTENING: Once = Once::new();
    // For the whole process, so that no test switches the log off for another.
    LISTENING.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Listener)).unwrap();
    });
    HEARD.set(Some(Vec::new()));
    let done = work.await;
    (done, HEARD.take().unwrap())
}

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut summary = Summary::default();
            event.record(&mut summary);
            HEARD.with_borrow_mut(|heard| heard.iter_mut().for_each(|heard| heard.push(summary.0.clone())));
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
        let (done, statements) = statements_of(house.portal.decide(&house.owner, &typed)).await;
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
    for (path, bound) in
        [("/", 19), ("/catalogue", 11), ("/requests", 8), ("/approvals", 20), ("/tasks", 10), ("/alerts", 8)]
    {
        let (answer, statements) = statements_of(browser.get(path)).await;
        assert_eq!(answer.status, http::StatusCode::OK, "{path}: {}", answer.body);
        assert_at_most(bound, &statements, path);
    }
}
