//! Programs that send what they have until they are told that it is stored, whatever happens in between.

use std::time::Duration;

use serde_json::{Value, json};

use super::stage::{Stage, Turn};
use crate::crash::Dice;
use crate::servers::until;

const SENDERS: u64 = 5;
/// Before anything is killed, so that an export takes a while.
const BEFOREHAND: u64 = 4_000;
const BATCH_MAX: u64 = 60;
/// Between two batches of a sender, and before one is sent again.
const BREATH: Duration = Duration::from_millis(100);

/// What was there before.
pub async fn fill(stage: &Stage) {
    for batch in 0..BEFOREHAND / 500 {
        let names: Vec<String> = (0..500).map(|number| format!("before-{}", batch * 500 + number)).collect();
        send_until_acknowledged(stage, 0, &names).await;
    }
}

pub async fn all(stage: &Stage, seed: u64) {
    stage.in_turn.borrow_mut().resize(usize::try_from(SENDERS).unwrap(), Vec::new());
    futures::future::join_all((0..SENDERS).map(|sender| go_on(stage, sender, seed))).await;
}

async fn go_on(stage: &Stage, sender: u64, seed: u64) {
    let mut dice = Dice::new(seed.wrapping_mul(31).wrapping_add(sender + 1));
    let mut number = 0;
    while !stage.is_over.get() {
        // So that the index comes near enough: nothing is exported of a book that is not found yet.
        until("an export to begin", async || stage.taker.get() != Turn::Wanted).await;
        let mut names = Vec::new();
        for _ in 0..=dice.below(BATCH_MAX) {
            names.push(format!("{sender}-{number}"));
            number += 1;
        }
        // Some that others send, too, and some that this one has sent before: all in any order.
        for _ in 0..dice.below(5) {
            names.push(format!("all-{}", dice.below(number)));
            names.push(format!("{sender}-{}", dice.below(number)));
        }
        let side = usize::from(dice.below(2) == 0);
        let stored = send_until_acknowledged(stage, side, &names).await;
        let own = format!("{sender}-");
        let own: Vec<String> = stored.into_iter().filter(|name| name.starts_with(&own)).collect();
        stage.in_turn.borrow_mut()[usize::try_from(sender).unwrap()].push(own);
        tokio::time::sleep(BREATH).await;
    }
}

/// Answers which of them were stored by the answer that came; of an answer that was lost, nobody knows.
async fn send_until_acknowledged(stage: &Stage, side: usize, names: &[String]) -> Vec<String> {
    let batch: Vec<Value> = names.iter().zip(0..).map(|(name, number)| stage.report(name, number)).collect();
    let (mut tries, mut stored) = (0, Vec::new());
    until("a batch to be acknowledged", async || {
        if tries > 0 {
            tokio::time::sleep(BREATH).await;
        }
        // The other portal where this one does not answer.
        let port = stage.ports[(side + tries) % 2].get();
        tries += 1;
        stage.on_their_way.set(stage.on_their_way.get() + 1);
        let answer = send(stage, port, &batch).await;
        stage.on_their_way.set(stage.on_their_way.get() - 1);
        let Some(results) = answer else {
            stage.unanswered.set(stage.unanswered.get() + 1);
            return false;
        };
        assert_eq!(results.len(), names.len());
        for (name, result) in names.iter().zip(&results) {
            match result["status"].as_str().unwrap() {
                "stored" => stored.push(name.clone()),
                "duplicate" => stage.known_already.set(stage.known_already.get() + 1),
                _ => panic!("{result}"),
            }
            stage.acknowledged.borrow_mut().insert(name.clone());
        }
        true
    })
    .await;
    stored
}

/// What became of each; nothing, where it was not answered, or with an error of the server's.
async fn send(stage: &Stage, port: u16, batch: &[Value]) -> Option<Vec<Value>> {
    let request = stage.wire.post(format!("http://127.0.0.1:{port}/api/v1/events"));
    let request = request.bearer_auth(&stage.writing).header("content-type", "application/json");
    let answer = request.body(json!(batch).to_string()).send().await.ok()?;
    let status = answer.status().as_u16();
    let body = answer.text().await.ok()?;
    assert!([200, 503].contains(&status), "{status}: {body}");
    if status == 503 {
        return None;
    }
    // Cut off, it is no answer.
    let answer: Value = serde_json::from_str(&body).ok()?;
    Some(answer["results"].as_array()?.clone())
}
