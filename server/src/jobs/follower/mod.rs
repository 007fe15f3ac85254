//! Follows the logs that PostgreSQL servers write themselves: what is done at a system comes in by itself.
//!
//! A system's settings name the folder (`log`). Each file is read as far as its records are whole; how far stands in
//! the database. Rotation, restarts of either side and crashes lose nothing, and what is read twice is stored once.

mod files;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use domain::audit::{About, Action, Actor, NewEvent};
use domain::caller::Source;
use domain::id::{SourceId, SystemId};
use domain::usage::{OutsideEvent, UsageError};
use serde_json::{Value, json};
use store::follow::{self, Followed};
use store::source::{self, ONE_AT_A_SLUG};
use store::{SessionLock, Store, StoreError};
use thiserror::Error;

use crate::connectors::settings;
use crate::formats::split::Records;
use crate::formats::{self, Format, Layout, Reading};
use crate::ingest::{self, Sender, Taken};
use files::{LogFile, Next};

/// Between two looks at the folders.
const EVERY: Duration = Duration::from_secs(1);
/// After a folder could not be read.
const ASIDE_EVERY: Duration = Duration::from_secs(30);
/// The connector whose targets write such logs.
const CONNECTOR: &str = "postgresql";
/// Names that are tried for a source, where others have the first ones.
const SLUGS_MAX: u32 = 20;
/// Longest slug of a source, in characters.
const SLUG_MAX_CHARS: usize = 80;

/// Why a log could not be followed.
#[derive(Debug, Error)]
enum FollowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{path}: {cause}")]
    Read { path: PathBuf, cause: io::Error },
    #[error("there is no name left for a source of {0}")]
    NoSlug(String),
}

/// What was read to its end, so that it is not opened again before it changes. Two databases of one server share its
/// log, and each is read for itself.
#[derive(Debug, Default)]
pub struct Seen(HashMap<(SystemId, PathBuf), (SystemTime, u64)>);

/// Follows for ever.
pub async fn run(store: &Store) {
    let mut seen = Seen::default();
    loop {
        let pause = match round(store, &mut seen).await {
            Ok(true) => EVERY,
            Ok(false) => ASIDE_EVERY,
            Err(error) => {
                tracing::warn!(%error, "the logs of systems could not be followed; the next round goes on");
                ASIDE_EVERY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Reads everything that stands whole in the logs. `false` where one could not be read: the log says why.
///
/// # Errors
/// When the database cannot be reached.
pub async fn round(store: &Store, seen: &mut Seen) -> Result<bool, StoreError> {
    let all = follow::list(&mut *store.read().await?, CONNECTOR).await?;
    let mut is_fine = true;
    for followed in all {
        let Some(lock) = SessionLock::try_following(store, followed.system).await? else { continue };
        if let Err(error) = system(store, &followed, seen).await {
            tracing::warn!(system = followed.slug, %error, "the log of a system could not be followed");
            is_fine = false;
        }
        lock.release().await;
    }
    Ok(is_fine)
}

async fn system(store: &Store, followed: &Followed, seen: &mut Seen) -> Result<(), FollowError> {
    let folder = PathBuf::from(followed.settings.get("log").and_then(Value::as_str).unwrap_or_default());
    let Some(database) = settings::database(&followed.settings) else { return Ok(()) };
    let of_file = |path: &Path| {
        let path = path.to_owned();
        move |cause| FollowError::Read { path, cause }
    };
    let files = files::list(&folder).map_err(of_file(&folder))?;
    let sender = match &followed.source {
        Some((id, slug, true)) => sender(followed, *id, slug.clone()),
        // An administrator has closed it.
        Some((.., false)) => return Ok(()),
        None => match make_source(store, followed).await? {
            Some((id, slug)) => sender(followed, id, slug),
            None => return Ok(()),
        },
    };
    let system = followed.system;
    seen.0.retain(|(of, path), _| *of != system || files.iter().any(|file| file.path == *path));
    let mut unread = None;
    for file in files {
        let state = (file.written_at, file.length);
        let key = (system, file.path.clone());
        if seen.0.get(&key) == Some(&state) {
            continue;
        }
        match read_file(store, system, &sender, &database, &file).await {
            Ok(()) => {
                seen.0.insert(key, state);
            }
            // Taken away between listing and opening: rotation.
            Err(FollowError::Read { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {}
            // One file that cannot be read keeps none of the others from it.
            Err(error @ FollowError::Read { .. }) => unread = unread.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    unread.map_or(Ok(()), Err)
}

fn sender(followed: &Followed, of: SourceId, origin: String) -> Sender {
    let system = Some((followed.system, followed.name.clone()));
    Sender { of, origin, system, by: Actor::System, source: Source::of("job") }
}

/// The log comes in as a source of its own, which stands among the others.
async fn make_source(store: &Store, followed: &Followed) -> Result<Option<(SourceId, String)>, FollowError> {
    for number in 1..=SLUGS_MAX {
        let end = if number == 1 { "-log".to_owned() } else { format!("-log-{number}") };
        let stem: String = followed.slug.chars().take(SLUG_MAX_CHARS - end.len()).collect();
        let slug = format!("{stem}{end}");
        let name = format!("{}: its own log", followed.name);
        let mut tx = store.begin().await?;
        let (id, now) = (SourceId(tx.new_id()), tx.now);
        match source::insert(tx.conn(), id, &slug, &name, Some(followed.system), now).await {
            Err(error) if error.violates(ONE_AT_A_SLUG) => continue,
            done => done?,
        }
        if !follow::insert(tx.conn(), followed.system, id).await? {
            return Ok(None);
        }
        let about = About {
            system_id: Some(followed.system),
            system: Some(followed.name.clone()),
            ..About::default()
        };
        let detail = json!({ "name": name, "slug": slug });
        tx.commit(NewEvent::by_system(Action::SourceAdded).about(about).detail(detail)).await?;
        return Ok(Some((id, slug)));
    }
    Err(FollowError::NoSlug(followed.slug.clone()))
}

async fn read_file(
    store: &Store,
    system: SystemId,
    sender: &Sender,
    database: &str,
    file: &LogFile,
) -> Result<(), FollowError> {
    let failed = |cause| FollowError::Read { path: file.path.clone(), cause };
    let mut open = File::open(&file.path).map_err(failed)?;
    let Some(identity) = files::identity(&mut open).map_err(failed)? else { return Ok(()) };
    let mut position = follow::position(&mut *store.read().await?, system, &identity).await?;
    loop {
        let next = files::next(&mut open, file.kind, position).map_err(failed)?;
        let now = store.now().await?;
        match next {
            Next::Nothing => return Ok(()),
            Next::Unreadable(bytes) => {
                tracing::warn!(path = %file.path.display(), bytes, "a log has what is no record; it is passed over");
                position += bytes;
            }
            Next::Records(bytes) => {
                take(store, sender, database, &bytes).await?;
                position += u64::try_from(bytes.len()).unwrap_or(0);
            }
        }
        follow::advance(&mut *store.read().await?, system, &identity, position, now).await?;
    }
}

/// Stores what records say about this database; a server has others besides.
async fn take(store: &Store, sender: &Sender, database: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let now = store.now().await?;
    let Some(format) = formats::named("postgresql") else { return Ok(()) };
    let mut reports: Vec<Result<OutsideEvent, UsageError>> = Vec::new();
    for (_, record) in Records::new(BufReader::new(bytes), Layout::PostgreSql) {
        match record {
            Ok(record) if record.get("dbname").and_then(Value::as_str) == Some(database) => {
                reports.extend(read(format, record, database, now));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(source = sender.origin, %error, "a record of a log could not be read")
            }
        }
    }
    let mut rest = reports.into_iter();
    loop {
        let batch: Vec<_> = rest.by_ref().take(ingest::REPORTS_MAX).collect();
        if batch.is_empty() {
            return Ok(());
        }
        for taken in ingest::take(store, sender, batch).await? {
            if let Taken::Refused(error) = taken {
                tracing::warn!(source = sender.origin, %error, "a record of a log was refused");
            }
        }
    }
}

/// The events of a record. The database is the system itself: what names nothing else is about the system.
fn read(
    format: &dyn Format,
    record: Value,
    database: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Vec<Result<OutsideEvent, UsageError>> {
    let events = match formats::read(format, record, now) {
        Ok(Reading::Events(events)) => events,
        Ok(Reading::Skipped(_)) => return Vec::new(),
        Err(error) => return vec![Err(error)],
    };
    let narrowed = events.into_iter().map(|mut event| {
        let target = &mut event.target;
        let object = target.resource.take().filter(|name| name != database);
        match object {
            Some(name) => {
                let inner = name.strip_prefix(database).and_then(|name| name.strip_prefix('.'));
                target.resource = Some(inner.unwrap_or(&name).to_owned());
            }
            // The word of a statement is no permission that could be asked for.
            None => target.entitlement = None,
        }
        Ok(event)
    });
    narrowed.collect()
}
