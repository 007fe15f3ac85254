//! Queries of the book that are kept under a name: private, or shared among those who read the whole book.

use app::backend::{
    Answer, SavedQueries, SavedQueryList, SavedQueryRow, TypedSavedQuery, TypedSavedQueryEnd, context_of,
};
use app::error::PortalError;
use app::pages::audit_columns::Column;
use async_trait::async_trait;
use domain::audit::query::{QUERY_MAX_CHARS, parse};
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::SavedQueryId;
use serde_json::json;
use store::saved_query::{self, ONE_OF_A_NAME, SavedQueryRecord};
use store::{Store, StoreError, Tx};

use super::editing::form;
use super::typed::Faults;
use super::{Fault, Portal, Refused, refuse, tell};

/// Longest name, in characters.
const NAME_MAX_CHARS: usize = 80;
/// Most queries that one person keeps.
const OWN_MAX: i64 = 100;
/// Most that a page shows, own ones first.
const SHOWN_MAX: i64 = 300;

#[async_trait]
impl SavedQueries for Portal {
    async fn list(&self, caller: &Caller) -> Answer<SavedQueryList> {
        tell(list(&self.store, caller).await)
    }

    async fn save(&self, caller: &Caller, typed: &TypedSavedQuery) -> Answer<()> {
        tell(match typed.id.trim() {
            "" => add(&self.store, caller, typed).await,
            id => change(&self.store, caller, id, typed).await,
        })
    }

    async fn delete(&self, caller: &Caller, typed: &TypedSavedQueryEnd) -> Answer<()> {
        tell(delete(&self.store, caller, typed).await)
    }
}

async fn list(store: &Store, caller: &Caller) -> Result<SavedQueryList, Fault> {
    let found =
        saved_query::list(&mut *store.read().await?, caller.id(), caller.roles.sees_all(), SHOWN_MAX).await?;
    let row = |record: SavedQueryRecord| {
        let is_own = record.owner == caller.id();
        SavedQueryRow {
            id: record.id.to_string(),
            name: record.name,
            query: record.query,
            columns: record.columns,
            is_shared: record.is_shared,
            owner: (!is_own).then_some(record.owner_name),
            may_change: is_own,
            may_delete: is_own || caller.roles.administrator,
        }
    };
    Ok(SavedQueryList { queries: found.into_iter().map(row).collect(), may_share: caller.roles.sees_all() })
}

fn wants_sharing(typed: &TypedSavedQuery) -> bool {
    !typed.shared.trim().is_empty()
}

fn refused(tried: Action, message: &'static str) -> Refused<'static> {
    Refused { tried, about: About::default(), request: None, message }
}

/// Sharing is among those who can see what is found.
fn may_share(caller: &Caller, typed: &TypedSavedQuery) -> bool {
    !wants_sharing(typed) || caller.roles.sees_all()
}

const NO_SHARING: &str = "Only auditors and administrators share queries.";

fn one_of_a_name(error: StoreError) -> Fault {
    if error.violates(ONE_OF_A_NAME) {
        PortalError::field("name", "You have saved a query under this name already.").into()
    } else {
        error.into()
    }
}

async fn add(store: &Store, caller: &Caller, typed: &TypedSavedQuery) -> Result<(), Fault> {
    if !may_share(caller, typed) {
        return Err(refuse(store, caller, refused(Action::QuerySaved, NO_SHARING)).await);
    }
    let mut faults = Faults::default();
    let name = form::name(&mut faults, &typed.name, NAME_MAX_CHARS);
    let query = faults.take("query", parse(&typed.query, &context_of(caller)));
    // With times as they were typed: “the last 7 days” stays that.
    let query = query.map(|query| query.as_written()).unwrap_or_default();
    if query.chars().count() > QUERY_MAX_CHARS {
        faults.add("query", format!("A query has at most {QUERY_MAX_CHARS} characters."));
    }
    let columns = Column::write_all(&Column::parse_all(&typed.columns));
    if query.is_empty() && columns.is_empty() && faults.is_empty() {
        faults.add("query", "There is nothing to save yet. Look for something first.");
    }
    faults.check()?;
    let mut tx = store.begin().await?;
    if saved_query::count_locked(tx.conn(), caller.id()).await? >= OWN_MAX {
        let message = format!("You keep {OWN_MAX} queries, which is the most. Delete one first.");
        return Err(PortalError::field("name", message).into());
    }
    let new = SavedQueryRecord {
        id: SavedQueryId(tx.new_id()),
        owner: caller.id(),
        owner_name: caller.person.name.clone(),
        name,
        query,
        columns,
        is_shared: wants_sharing(typed),
    };
    let now = tx.now;
    saved_query::insert(tx.conn(), &new, now).await.map_err(one_of_a_name)?;
    let detail = facts(&new);
    tx.commit(NewEvent::by(caller, Action::QuerySaved).detail(detail)).await?;
    Ok(())
}

fn facts(record: &SavedQueryRecord) -> serde_json::Value {
    json!({ "name": record.name, "query": record.query, "is_shared": record.is_shared })
}

/// The query, if the caller sees it.
async fn find(tx: &mut Tx, caller: &Caller, id: &str) -> Result<SavedQueryRecord, Fault> {
    let id: SavedQueryId = id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let found = saved_query::lock(tx.conn(), id).await?;
    let sees = |record: &SavedQueryRecord| {
        record.owner == caller.id() || (record.is_shared && caller.roles.sees_all())
    };
    Ok(found.filter(sees).ok_or(PortalError::NotFound)?)
}

async fn change(store: &Store, caller: &Caller, id: &str, typed: &TypedSavedQuery) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let before = find(&mut tx, caller, id).await?;
    if before.owner != caller.id() {
        drop(tx);
        let message = "Only who saved a query changes it.";
        return Err(refuse(store, caller, refused(Action::QueryChanged, message)).await);
    }
    if !before.is_shared && !may_share(caller, typed) {
        drop(tx);
        return Err(refuse(store, caller, refused(Action::QueryChanged, NO_SHARING)).await);
    }
    let mut faults = Faults::default();
    let name = form::name(&mut faults, &typed.name, NAME_MAX_CHARS);
    faults.check()?;
    let after = SavedQueryRecord { name, is_shared: wants_sharing(typed), ..before.clone() };
    if after == before {
        return Ok(());
    }
    saved_query::change(tx.conn(), after.id, &after.name, after.is_shared).await.map_err(one_of_a_name)?;
    let detail = json!({ "name": after.name, "before": facts(&before), "after": facts(&after) });
    tx.commit(NewEvent::by(caller, Action::QueryChanged).detail(detail)).await?;
    Ok(())
}

async fn delete(store: &Store, caller: &Caller, typed: &TypedSavedQueryEnd) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let found = find(&mut tx, caller, &typed.id).await?;
    if found.owner != caller.id() && !caller.roles.administrator {
        drop(tx);
        let message = "Only who saved a query and administrators delete it.";
        return Err(refuse(store, caller, refused(Action::QueryDeleted, message)).await);
    }
    saved_query::delete(tx.conn(), found.id).await?;
    let mut detail = facts(&found);
    if found.owner != caller.id()
        && let Some(facts) = detail.as_object_mut()
    {
        facts.insert("owner".to_owned(), json!(found.owner_name));
    }
    tx.commit(NewEvent::by(caller, Action::QueryDeleted).detail(detail)).await?;
    Ok(())
}
