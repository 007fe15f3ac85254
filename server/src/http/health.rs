//! Alive, and ready to serve.

use std::time::Duration;

use axum::extract::State;
use http::StatusCode;
use store::copy::{ReadCopy, Standing};

use super::Door;

/// A database that takes longer is not there.
const DATABASE_WITHIN: Duration = Duration::from_secs(2);

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The database answers, too. The provider is not asked: signed-in people go on working without it. Nor does it need the
/// copy to read from; how that is stands in a line of its own.
pub(super) async fn ready(State(door): State<Door>) -> (StatusCode, String) {
    let refused = |words: &str| (StatusCode::SERVICE_UNAVAILABLE, words.to_owned());
    match tokio::time::timeout(DATABASE_WITHIN, store::session::reach(&door.store)).await {
        Ok(Ok(())) => (StatusCode::OK, format!("ready\n{}", copy_line(&door))),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            refused("the database does not answer\n")
        }
        Err(_) => refused("the database does not answer in time\n"),
    }
}

/// Why it is away is for the log.
fn copy_line(door: &Door) -> String {
    match door.store.copy().map(ReadCopy::standing) {
        None => String::new(),
        Some(Standing::There { behind: Some(behind) }) => {
            format!("copy to read from: {:.1} seconds behind\n", behind.as_secs_f64())
        }
        Some(Standing::There { behind: None } | Standing::Unknown) => {
            "copy to read from: not known yet how far behind\n".to_owned()
        }
        Some(Standing::Away(_) | Standing::Foreign(_)) => {
            "copy to read from: away; the database itself is read\n".to_owned()
        }
    }
}
