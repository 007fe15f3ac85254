//! Every route, for everybody who might try it. A route that is not listed here fails the test.

mod changing;
mod forms;
mod pages;

use std::collections::BTreeMap;

use app::backend::{Requests, What};
use domain::id::{GrantId, RequestId};
use http::{Method, StatusCode};
use sqlx::PgPool;

use self::changing::Made;
use crate::door::gate::{Browser, Gate};
use crate::house::{House, caller_of};

/// Who tries. `holder` has asked for the things that are “own” and “other's” in turn.
const ACTORS: [&str; 6] = ["nobody", "holder", "other", "owner", "auditor", "admin"];

/// The answers in the order of [`ACTORS`].
type Expected = [u16; 6];

const EVERYBODY: Expected = [303, 200, 200, 200, 200, 200];
const ADMINISTRATORS: Expected = [303, 403, 403, 403, 403, 200];
const NOT_FOUND: Expected = [303, 404, 404, 404, 404, 404];
/// A form that changes nothing, sent by nobody who is signed in, is refused before anything is looked up.
const FORM_NOT_FOUND: Expected = [401, 404, 404, 404, 404, 404];

struct Stage {
    browsers: BTreeMap<&'static str, Browser>,
    house: House,
    request: RequestId,
    grant: GrantId,
    what: What,
    entitlement: String,
    made: Made,
}

impl Stage {
    async fn set(pool: PgPool) -> Self {
        let gate = Gate::open_onto_the_portal(pool.clone()).await;
        let mut browsers = BTreeMap::from([("nobody", gate.browser())]);
        for actor in &ACTORS[1..] {
            let groups = match *actor {
                "auditor" => serde_json::json!(["auditors"]),
                "admin" => serde_json::json!(["admins"]),
                _ => serde_json::json!([]),
            };
            let browser = gate.signed_in_as(actor, |claims| claims["groups"] = groups).await;
            browsers.insert(*actor, browser);
        }
        let mut owner = caller_of(&pool, "owner").await;
        owner.called_at = gate.now();
        let house = House::around(gate.store.clone(), owner).await;
        let mut holder = caller_of(&pool, "holder").await;
        holder.called_at = gate.now();
        let (held, asked) = (house.entitlement("read").await, house.entitlement("admin").await);
        let (_, grant) = house.granted(&holder, held).await;
        let request = house.ask(&holder, asked).await;
        let what = house.portal.show(&holder, request).await.unwrap().row.what;
        let entitlement = asked.to_string();
        let made = Made::set(&house, &gate.now(), &entitlement).await;
        Self { browsers, house, request, grant, what, entitlement, made }
    }

    async fn person(&self, subject: &str) -> String {
        caller_of(&self.house.pool, subject).await.id().to_string()
    }

    async fn event_of(&self, action: &str) -> String {
        let id: uuid::Uuid = sqlx::query_scalar("select id from event where action = $1 and request_id = $2")
            .bind(action)
            .bind(self.request.0)
            .fetch_one(&self.house.pool)
            .await
            .unwrap();
        id.to_string()
    }

    /// Sends a form that must succeed, and looks that the book has grown.
    async fn leaves_an_event(&mut self, actor: &str, name: &str, body: &str) {
        let before = self.house.count("select count(*) from event where outcome = 'success'").await;
        let browser = self.browsers.get_mut(actor).unwrap();
        let answer = browser.post(&format!("/api/form/{name}"), &[("accept", "text/html")], body).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{name}: {}", answer.body);
        assert!(!answer.location().contains("draft="), "{name} came back: {}", answer.location());
        let after = self.house.count("select count(*) from event where outcome = 'success'").await;
        assert!(after > before, "{name} by {actor} left no event");
    }

    async fn answers(&mut self, method: Method, path: &str, body: &str) -> Expected {
        let mut answers = [0; 6];
        for (answer, actor) in answers.iter_mut().zip(ACTORS) {
            let browser = self.browsers.get_mut(actor).unwrap();
            let got = if method == Method::GET {
                browser.get(path).await
            } else {
                browser.post(path, &[("accept", "application/json")], body).await
            };
            *answer = got.status.as_u16();
        }
        answers
    }
}

const MISSING: &str = "01930000-0000-7000-8000-000000000000";
