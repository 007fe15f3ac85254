//! What is out of the ordinary: lists, one alert, and the rules behind it.

mod acting;
mod asking;
mod change;
mod facets;
mod rules;
mod silence;
mod trends;
mod view;

use app::backend::{
    Acting, AlertList, AlertRow, AlertRule, AlertRuleView, AlertTrends, AlertView, Alerts, AlertsWaiting,
    AlertsWanted, Answer, QuestionView, SuppressionRow, TypedAlertComment, TypedHandOver, TypedQuestion,
    TypedReply, TypedRevokeFrom, TypedSuppressionEnd, TypedSuspendFrom, TypedTakeUp, TypedVerdict, Ways,
};
use app::error::PortalError;
use async_trait::async_trait;
use domain::alert::Severity;
use domain::alert::overdue::is_overdue;
use domain::caller::Caller;
use domain::id::{AlertId, QuestionId};
use store::alert::{self, AlertRecord, Cursor, Filter, Reader, Which};
use store::{Store, catalogue_edit, person};

use super::{Fault, Portal, cursor, tell};

/// Alerts a page of a list.
const PAGE_ALERTS: usize = 50;

#[async_trait]
impl Alerts for Portal {
    async fn waiting(&self, caller: &Caller) -> Answer<AlertsWaiting> {
        tell(waiting(&self.store, caller).await)
    }

    async fn list(&self, caller: &Caller, wanted: &AlertsWanted) -> Answer<AlertList> {
        tell(list(&self.store, caller, wanted).await)
    }

    async fn show(&self, caller: &Caller, id: AlertId) -> Answer<AlertView> {
        tell(view::show(&self.store, caller, id).await)
    }

    async fn trends(&self, caller: &Caller) -> Answer<AlertTrends> {
        tell(trends::show(&self.store, caller).await)
    }

    async fn rules(&self, caller: &Caller) -> Answer<Vec<AlertRule>> {
        tell(rules::rules(&self.store, caller).await)
    }

    async fn rule(&self, caller: &Caller, name: &str) -> Answer<AlertRuleView> {
        tell(rules::rule(&self.store, caller, name).await)
    }

    async fn acknowledge(&self, caller: &Caller, typed: &TypedTakeUp) -> Answer<()> {
        tell(change::acknowledge(&self.store, caller, typed).await)
    }

    async fn resolve(&self, caller: &Caller, typed: &TypedVerdict) -> Answer<()> {
        tell(change::resolve(&self.store, caller, typed).await)
    }

    async fn hand_over(&self, caller: &Caller, typed: &TypedHandOver) -> Answer<()> {
        tell(change::hand_over(&self.store, caller, typed).await)
    }

    async fn comment(&self, caller: &Caller, typed: &TypedAlertComment) -> Answer<()> {
        tell(change::comment(&self.store, caller, typed).await)
    }
}

#[async_trait]
impl Acting for Portal {
    async fn ways(&self, caller: &Caller, alert: AlertId) -> Answer<Ways> {
        tell(acting::ways(&self.store, caller, alert).await)
    }

    async fn revoke_from(&self, caller: &Caller, typed: &TypedRevokeFrom) -> Answer<()> {
        tell(acting::revoke(&self.store, caller, typed).await)
    }

    async fn suspend_from(&self, caller: &Caller, typed: &TypedSuspendFrom) -> Answer<()> {
        tell(acting::suspend(&self.store, caller, typed).await)
    }

    async fn ask(&self, caller: &Caller, typed: &TypedQuestion) -> Answer<()> {
        tell(asking::ask(&self.store, caller, typed).await)
    }

    async fn questions(&self, caller: &Caller) -> Answer<Vec<(QuestionId, String)>> {
        tell(asking::waiting(&self.store, caller).await)
    }

    async fn question(&self, caller: &Caller, id: QuestionId) -> Answer<QuestionView> {
        tell(asking::show(&self.store, caller, id).await)
    }

    async fn reply(&self, caller: &Caller, typed: &TypedReply) -> Answer<()> {
        tell(asking::reply(&self.store, caller, typed).await)
    }

    async fn suppressions(&self, caller: &Caller) -> Answer<Vec<SuppressionRow>> {
        tell(silence::list(&self.store, caller).await)
    }

    async fn end_suppression(&self, caller: &Caller, typed: &TypedSuppressionEnd) -> Answer<()> {
        tell(silence::end(&self.store, caller, typed).await)
    }
}

async fn waiting(store: &Store, caller: &Caller) -> Result<AlertsWaiting, Fault> {
    let found = alert::waiting(&mut *store.read().await?, Reader::of(caller)).await?;
    Ok(AlertsWaiting {
        is_concerned: found.is_concerned,
        count: usize::try_from(found.count).unwrap_or_default(),
    })
}

/// What the address asks for; a word that is none of ours asks for nothing that there is.
fn filter(wanted: &AlertsWanted) -> Option<Filter> {
    let which = match wanted.state.as_str() {
        "" => Which::Unresolved,
        "open" => Which::Open,
        "overdue" => Which::Overdue,
        "acknowledged" => Which::Acknowledged,
        "resolved" => Which::Resolved,
        "all" => Which::All,
        _ => return None,
    };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let severity = match wanted.severity.as_str() {
        "" => None,
        word => Some(Severity::parse(word)?),
    };
    let person = match wanted.person.as_str() {
        "" => None,
        id => Some(id.parse().ok()?),
    };
    Some(Filter { which, severity, rule: some(&wanted.rule), resource: some(&wanted.resource), person })
}

async fn list(store: &Store, caller: &Caller, wanted: &AlertsWanted) -> Result<AlertList, Fault> {
    let filter = filter(wanted).ok_or(PortalError::NotFound)?;
    let older_than = match wanted.older.as_str() {
        "" => None,
        text => {
            let (raised_at, id) = cursor::read(text).ok_or(PortalError::NotFound)?;
            Some(Cursor { raised_at, id })
        }
    };
    let mut conn = store.read().await?;
    let reader = Reader::of(caller);
    let limit = i64::try_from(PAGE_ALERTS + 1).unwrap_or(i64::MAX);
    let mut found = alert::list(&mut conn, reader, &filter, older_than, limit).await?;
    let has_more = found.len() > PAGE_ALERTS;
    found.truncate(PAGE_ALERTS);
    let next = found.last().filter(|_| has_more);
    let next = next.map(|last| cursor::write(last.raised_at, last.id)).unwrap_or_default();
    let tallied = alert::tally(&mut conn, reader, &filter).await?;
    let person = match filter.person {
        None => None,
        Some(id) => Some(person::find(&mut conn, id).await?.ok_or(PortalError::NotFound)?.person()),
    };
    let resource = match &filter.resource {
        None => None,
        Some(slug) => {
            let found = catalogue_edit::resource(&mut conn, slug).await?.ok_or(PortalError::NotFound)?;
            Some(found.facts.name)
        }
    };
    Ok(AlertList {
        rows: found.iter().map(|one| row(caller, one)).collect(),
        next,
        states: facets::states(&tallied, &filter),
        severities: facets::severities(&tallied, &filter),
        rules: facets::rules(&tallied, &filter),
        is_more: tallied.iter().map(|one| one.count).sum::<i64>() >= alert::COUNTED_MAX,
        person,
        resource,
        watching: rules::built_in()?.len(),
    })
}

fn row(caller: &Caller, record: &AlertRecord) -> AlertRow {
    let assigned = record.assigned_to.as_ref().map(|person| person.name.clone());
    AlertRow {
        id: record.id,
        rule: record.rule.clone(),
        title: record.title.clone(),
        severity: record.severity,
        sentence: record.sentence.clone(),
        state: record.state,
        raised_at: record.raised_at,
        first_at: record.first_at,
        last_at: record.last_at,
        times: usize::try_from(record.times).unwrap_or_default(),
        is_overdue: is_overdue(record.state, record.severity, record.opened_at, caller.called_at),
        keeper: assigned.or_else(|| record.taken_up_by.clone()),
    }
}
