//! The rules, as people read them, with what came of each.

use std::sync::LazyLock;

use app::backend::{AlertRule, AlertRuleView};
use app::error::PortalError;
use chrono::TimeDelta;
use domain::caller::Caller;
use store::alert::{self, Filter, Reader, RuleCount, Which};
use store::{PgConnection, Store};

use crate::portal::Fault;
use crate::rules::{self, Rule};

/// What came of a rule is counted so far back.
const LATELY: TimeDelta = TimeDelta::days(30);
/// So many of its alerts stand on a rule's page.
const LATEST_MAX: i64 = 10;

/// Read once: they come with the binary.
static BUILT_IN: LazyLock<Result<Vec<Rule>, rules::RuleError>> = LazyLock::new(rules::built_in);

pub(super) fn built_in() -> Result<&'static [Rule], PortalError> {
    BUILT_IN.as_deref().map_err(|error| {
        tracing::error!(%error, "the rules cannot be read");
        PortalError::Internal
    })
}

/// The rule of this name, with what came of it.
pub(super) async fn named(
    conn: &mut PgConnection,
    caller: &Caller,
    name: &str,
) -> Result<Option<AlertRule>, Fault> {
    let Some(rule) = built_in()?.iter().find(|rule| rule.name == name) else { return Ok(None) };
    let counts = alert::rule_counts(conn, Reader::of(caller), caller.called_at - LATELY).await?;
    Ok(Some(told(rule, &counts)))
}

pub(super) async fn rules(store: &Store, caller: &Caller) -> Result<Vec<AlertRule>, Fault> {
    let mut conn = store.read().await?;
    let counts = alert::rule_counts(&mut conn, Reader::of(caller), caller.called_at - LATELY).await?;
    let mut all: Vec<AlertRule> = built_in()?.iter().map(|rule| told(rule, &counts)).collect();
    all.sort_by_key(|rule| std::cmp::Reverse(rule.severity));
    Ok(all)
}

pub(super) async fn rule(store: &Store, caller: &Caller, name: &str) -> Result<AlertRuleView, Fault> {
    let mut conn = store.read().await?;
    let rule = named(&mut conn, caller, name).await?.ok_or(PortalError::NotFound)?;
    let source = built_in()?.iter().find(|rule| rule.name == name).map(|rule| rule.source.to_owned());
    let filter = Filter { which: Which::All, rule: Some(name.to_owned()), ..Filter::default() };
    let latest = alert::list(&mut conn, Reader::of(caller), &filter, None, LATEST_MAX).await?;
    Ok(AlertRuleView {
        rule,
        source: source.unwrap_or_default(),
        latest: latest.iter().map(|one| super::row(caller, one)).collect(),
    })
}

fn told(rule: &Rule, counts: &[RuleCount]) -> AlertRule {
    let counted = counts.iter().find(|count| count.rule == rule.name);
    let number = |of: fn(&RuleCount) -> i64| {
        counted.and_then(|count| usize::try_from(of(count)).ok()).unwrap_or_default()
    };
    AlertRule {
        name: rule.name.clone(),
        title: rule.title.clone(),
        severity: rule.severity,
        severity_of_resource: rule.own.severity_of_resource,
        meaning: rule.meaning.clone(),
        why: rule.own.why.clone(),
        action: rule.own.action.clone(),
        wrong_when: rule.wrong_when.clone(),
        controls: rule.own.controls.clone(),
        raised: number(|count| count.raised),
        resolved: number(|count| count.resolved),
        found_false: number(|count| count.found_false),
    }
}
