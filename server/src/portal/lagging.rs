//! Reading what may be a moment old: of the copy, where there is one.

use std::time::Duration;

use store::Store;
use store::copy::{Reading, broke_off};

use super::Fault;

/// What was read, and how far behind it was read, where that is known.
pub(super) struct Lagging<T> {
    pub(super) found: T,
    pub(super) behind: Option<Duration>,
}

/// Reads of the copy. Where it breaks off, the database itself is asked the same; and so it is for whoever does not see
/// everything: what they own or lead must be as it is now.
pub(super) async fn lagging<T, F>(
    store: &Store,
    sees_all: bool,
    read: impl Fn(Reading) -> F,
) -> Result<Lagging<T>, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let conn = if sees_all { store.read_lagging().await? } else { store.read_itself().await? };
    let copy = store.copy().filter(|_| conn.is_copy());
    match (read(conn).await, copy) {
        (Err(Fault::Hidden(error)), Some(_)) if broke_off(&error) => {
            Ok(Lagging { found: read(store.read_itself().await?).await?, behind: None })
        }
        (done, copy) => Ok(Lagging { found: done?, behind: copy.and_then(|copy| copy.behind()) }),
    }
}
