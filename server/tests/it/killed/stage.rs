//! A source that reports, a program that takes the book along, and somebody whose use is covered at times.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::house::House;
use crate::linking::yard::Yard;
use crate::servers::Process;

/// How whoever takes the book along and whoever kills take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Free,
    /// Something is to be killed while an export is under way.
    Wanted,
    /// It is, and nothing of it is read until something is killed.
    Reached,
    Killed,
}

pub struct Stage {
    pub house: House,
    pub writing: String,
    pub reading: String,
    /// Where the portals listen at present.
    pub ports: [Cell<u16>; 2],
    pub is_over: Cell<bool>,
    pub on_their_way: Cell<usize>,
    /// What somebody was told is stored, by what the source calls it.
    pub acknowledged: RefCell<HashSet<String>>,
    /// The answers of each sender in order, by what was stored then for the first time.
    pub in_turn: RefCell<Vec<Vec<Vec<String>>>>,
    /// Batches that were not answered, or not with what became of them.
    pub unanswered: Cell<usize>,
    /// Reports that were there already when they were sent again.
    pub known_already: Cell<usize>,
    pub taker: Cell<Turn>,
    /// At which portal it takes the book along.
    pub taken_from: Cell<usize>,
    pub taken: RefCell<Taken>,
    used_at: DateTime<Utc>,
    pub wire: reqwest::Client,
}

/// What became of the exports.
#[derive(Debug, Default)]
pub struct Taken {
    pub whole: usize,
    pub cut: usize,
    /// Every event that any of them showed.
    pub shown: HashSet<String>,
    pub faults: Vec<String>,
}

impl Stage {
    pub async fn set(pool: &PgPool, portals: &[Process; 2]) -> Self {
        let (yard, admin) = Yard::by_the_clock(pool).await;
        let now = admin.called_at;
        let ben = yard.ben().await;
        yard.held(&ben, yard.read, now - TimeDelta::hours(5), Some(now - TimeDelta::hours(2))).await;
        let (writing, reading) = (yard.token(&admin, "logs").await, yard.token(&admin, "").await);
        Self {
            writing,
            reading,
            ports: [Cell::new(portals[0].port), Cell::new(portals[1].port)],
            is_over: Cell::default(),
            on_their_way: Cell::default(),
            acknowledged: RefCell::default(),
            in_turn: RefCell::default(),
            unanswered: Cell::default(),
            known_already: Cell::default(),
            taker: Cell::new(Turn::Free),
            taken_from: Cell::default(),
            taken: RefCell::default(),
            used_at: now - TimeDelta::hours(4),
            wire: reqwest::Client::new(),
            house: yard.house,
        }
    }

    /// A report; some are of Ben's, and some of these while he held what he used.
    pub fn report(&self, name: &str, number: u64) -> Value {
        let at = self.used_at + TimeDelta::seconds(i64::try_from(number * 337 % 10_000).unwrap());
        // Of one second, so that a rule that counts has all of them in mind, whoever judges.
        let is_denied = number % 50 == 1;
        let who =
            if number.is_multiple_of(3) && !is_denied { "ben@example.com" } else { "nobody@example.com" };
        let (at, outcome) = if is_denied { (self.used_at, "denied") } else { (at, "success") };
        json!({
            "id": name, "time": at.to_rfc3339(), "action": "resource.accessed", "outcome": outcome,
            "actor": { "kind": "person", "name": "somebody", "email": who },
            "resource": "payments-prod", "entitlement": "read",
            "detail": { "note": "so that an export is longer than what is on its way ".repeat(20) },
        })
    }
}
