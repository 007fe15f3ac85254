//! A program that takes the whole book along, again and again, and reads slowly. It speaks HTTP/1.0, where nothing but
//! the export's own end tells that it is whole.

use std::collections::HashSet;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use super::stage::{Stage, Turn};
use crate::crash::Dice;
use crate::servers::{LOOK_EVERY, until};

/// So little is read ahead that most of an export is not written yet while nothing is read.
const READ_AHEAD_BYTES: u32 = 16 * 1024;

/// An export as far as it came.
#[derive(Debug, Default)]
pub struct Export {
    /// What sources call the events in it; of others, their ids.
    pub names: Vec<String>,
    /// How many events its end says, where it has one.
    pub end: Option<u64>,
}

/// Takes it along until it is over, and once more until it is whole.
pub async fn go_on(stage: &Stage, seed: u64) {
    let mut dice = Dice::new(seed.wrapping_add(1_000));
    let (mut length, mut was_whole) = (1, true);
    while !(stage.is_over.get() && was_whole) {
        let side = usize::from(dice.below(2) == 0);
        stage.taken_from.set(side);
        let acknowledged: HashSet<String> = stage.acknowledged.borrow().clone();
        let stop_at = usize::try_from(dice.below(length)).unwrap();
        let Some(text) = take(stage, side, "", Some(stop_at)).await else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        let export = read(&text);
        was_whole = export.end.is_some();
        if was_whole {
            length = u64::try_from(text.len()).unwrap();
        }
        note(stage, &export, &acknowledged);
    }
}

/// What is wrong with an export: it lacks what was acknowledged before it, or its end says otherwise.
fn note(stage: &Stage, export: &Export, acknowledged: &HashSet<String>) {
    let mut taken = stage.taken.borrow_mut();
    let names: HashSet<&String> = export.names.iter().collect();
    if names.len() != export.names.len() {
        taken.faults.push("an export shows something twice".to_owned());
    }
    taken.shown.extend(export.names.iter().cloned());
    let Some(end) = export.end else {
        taken.cut += 1;
        return;
    };
    taken.whole += 1;
    if end != u64::try_from(export.names.len()).unwrap() {
        taken.faults.push(format!("an export of {} events says {end}", export.names.len()));
    }
    let lacking = acknowledged.iter().filter(|name| !names.contains(name)).count();
    if lacking > 0 {
        taken.faults.push(format!("a whole export lacks {lacking} events that were acknowledged before it"));
    }
}

/// The text of an export, as far as it comes; nothing, where none began. Where something is to be killed, nothing is
/// read past `stop_at` before it is.
pub async fn take(stage: &Stage, side: usize, query: &str, stop_at: Option<usize>) -> Option<String> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(READ_AHEAD_BYTES).unwrap();
    let mut stream = socket.connect(([127, 0, 0, 1], stage.ports[side].get()).into()).await.ok()?;
    let (secret, path) = (&stage.reading, "/api/v1/events/export?format=jsonl&q=");
    let request =
        format!("GET {path}{query} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut read = Vec::new();
    let mut chunk = vec![0; 32 * 1024];
    loop {
        let is_there = read.len() > stop_at.unwrap_or(usize::MAX);
        if is_there && stage.taker.get() == Turn::Wanted {
            stage.taker.set(Turn::Reached);
            until("something to be killed", async || stage.taker.get() == Turn::Killed).await;
            stage.taker.set(Turn::Free);
        }
        match stream.read(&mut chunk).await {
            Ok(1..) if read.is_empty() && !chunk.starts_with(b"HTTP/1.0 200") => return None,
            Ok(length @ 1..) => read.extend_from_slice(&chunk[..length]),
            _ => break,
        }
    }
    // Its last character may be cut in the midst.
    let text = String::from_utf8_lossy(&read);
    Some(text.split_once("\r\n\r\n")?.1.to_owned())
}

pub fn read(text: &str) -> Export {
    let mut export = Export::default();
    for line in text.lines() {
        // A line that is cut is none.
        let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
        assert!(export.end.is_none(), "something stands behind the end: {value}");
        if let Some(end) = value.get("end") {
            export.end = end["events"].as_u64();
        } else if value.get("export").is_none() {
            let name = value["detail"]["external_id"].as_str().or(value["id"].as_str());
            export.names.push(name.unwrap().to_owned());
        }
    }
    export
}
