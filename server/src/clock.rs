//! The only reading of this machine's clock. Rules and rows take the database's time instead.

use chrono::{DateTime, Utc};
use store::Clock;

/// The time to judge a provider's tokens by: what the store's clock was set to, or else this machine's,
/// which saves a way to the database for each token.
pub fn now(clock: &Clock) -> DateTime<Utc> {
    clock.given().unwrap_or_else(machine)
}

/// This machine's time.
#[expect(clippy::disallowed_methods, reason = "this is the one place that the ban leads to")]
pub fn machine() -> DateTime<Utc> {
    Utc::now()
}
